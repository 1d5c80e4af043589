import { findServer } from '../../globalplatform/services.ts'
import { JAVA_THROW, VM_HALT } from '../../vm/machine.ts'
import { JCRE_OWNER } from '../../vm/memory/handle-entry.ts'
import { aidBytes } from '../javacard-framework/aid.ts'
import { handleAt, type JcreMethod, requireObject, shortAt } from '../native-call.ts'
import { requireGlobalPlatform } from './entry-points.ts'

/** Virtual method token of Applet.getShareableInterfaceObject. */
const GET_SHAREABLE = 5
/** Parameter that asks an application for its GlobalService. */
const GLOBAL_SERVICE_IDENTIFIER = 0x80

/**
 * GPSystem.getService: the GlobalService of the application that offers a service, or null. The application itself is
 * asked for it, as any server for a shareable object.
 * @source GPC 2.3.1 §8.1.2
 */
export const findService: JcreMethod = (jcre, at) => {
  const gp = requireGlobalPlatform(jcre)
  const aid = handleAt(jcre, at)
  if (aid !== 0) requireObject(jcre, aid, 'javacard/framework/AID')
  const server = findServer(gp, shortAt(jcre, at + 1) & 0xffff, aid === 0 ? undefined : aidBytes(jcre, aid))
  if (server === undefined) return 0
  const { machine } = jcre
  const method = machine.classOf(server.applet).virtualMethods[GET_SHAREABLE]!
  const { owner, frame } = machine
  machine.owner = JCRE_OWNER
  machine.frame = 0
  const shared = jcre.call(method, server.owner, [server.applet, 0, (GLOBAL_SERVICE_IDENTIFIER << 24) >> 24])
  machine.owner = owner
  machine.frame = frame
  if (machine.halted !== undefined) throw VM_HALT
  if (machine.thrown !== 0) throw JAVA_THROW
  const handle = shared & 0xffff
  const isService = handle !== 0 && !machine.isArray(handle)
  return isService && machine.classOf(handle).isKindOf(jcre.requireClass('org/globalplatform/GlobalService'))
    ? handle
    : 0
}
