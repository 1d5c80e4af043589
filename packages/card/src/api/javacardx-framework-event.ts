import { NULL_POINTER } from '../vm/jcre-objects.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { handleAt, type JcreMethod, natives } from './native-call.ts'

/**
 * javacardx.framework.event. Nothing on this platform is a source of events: packages with such sources (I/O, timers)
 * are not part of API level 3.2. An object that an applet made one of its own is refused with
 * SystemException.ILLEGAL_VALUE.
 */
const ILLEGAL_VALUE = 1

const refuse: JcreMethod = (jcre, at) => {
  if (handleAt(jcre, at) === 0) {
    jcre.machine.thrown = NULL_POINTER
    throw JAVA_THROW
  }
  return jcre.machine.throwNew('javacard/framework/SystemException', ILLEGAL_VALUE)
}

export const javacardxFrameworkEvent: NativeBinding = {
  package: 'javacardx/framework/event',
  methods: natives({
    'EventRegistry.getEventRegistry(Ljavacardx/framework/event/EventSource;)Ljavacardx/framework/event/EventRegistry;':
      refuse,
    'EventRegistry.register(Ljavacardx/framework/event/EventListener;)V': refuse,
    'EventRegistry.unregister(Ljavacardx/framework/event/EventListener;)V': refuse,
  }),
}
