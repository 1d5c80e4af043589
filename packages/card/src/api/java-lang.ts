import { JCRE_EXCEPTIONS } from '../vm/jcre-objects.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { handleAt, type JcreMethod, natives } from './native-call.ts'

const nothing: JcreMethod = () => 0

const throwables = ['Throwable', 'Exception', ...JCRE_EXCEPTIONS.filter((name) => name.startsWith('java/lang/'))]

/** java.lang: Object and the exceptions. Both have no state of their own. */
export const javaLang: NativeBinding = {
  package: 'java/lang',
  methods: natives({
    'Object.<init>()V': nothing,
    'Object.equals(Ljava/lang/Object;)Z': (jcre, at) => (handleAt(jcre, at) === handleAt(jcre, at + 1) ? 1 : 0),
    ...Object.fromEntries(throwables.map((name) => [`${name.replace('java/lang/', '')}.<init>()V`, nothing])),
  }),
}
