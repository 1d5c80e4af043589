import type { Jcre } from '../../runtime/jcre.ts'
import { arrayFault, throwFault } from '../../vm/firewall.ts'
import { NULL_POINTER } from '../../vm/jcre-objects.ts'
import { JAVA_THROW } from '../../vm/machine.ts'
import { handleAt, type JcreMethod } from '../native-call.ts'

/**
 * javacard.framework.SensitiveArrays. Integrity-sensitive arrays are optional, and not there: against faults in the memory
 * of a virtual card they would prove nothing. No array is one; to make one is ILLEGAL_USE.
 *
 * @source API 3.0.5 SensitiveArrays
 */
const SYSTEM = { ILLEGAL_VALUE: 1, ILLEGAL_USE: 6 } as const

function requireAccess(jcre: Jcre, at: number): void {
  const { machine } = jcre
  const handle = handleAt(jcre, at)
  const fault = machine.isArray(handle) ? arrayFault(machine, handle, 0) : throwFault(machine, handle)
  if (handle !== 0 && fault === 0) return
  machine.thrown = handle === 0 ? NULL_POINTER : fault
  throw JAVA_THROW
}

const refuseOrdinary: JcreMethod = (jcre, at) => {
  requireAccess(jcre, at)
  return jcre.machine.throwNew('javacard/framework/SystemException', SYSTEM.ILLEGAL_VALUE)
}

export const sensitiveArraysMethods: Readonly<Record<string, JcreMethod>> = {
  'SensitiveArrays.isIntegritySensitiveArraysSupported()Z': () => 0,
  'SensitiveArrays.isIntegritySensitive(Ljava/lang/Object;)Z': (jcre, at) => {
    requireAccess(jcre, at)
    return 0
  },
  'SensitiveArrays.assertIntegrity(Ljava/lang/Object;)V': refuseOrdinary,
  'SensitiveArrays.clearArray(Ljava/lang/Object;)S': refuseOrdinary,
  'SensitiveArrays.makeIntegritySensitiveArray(BBS)Ljava/lang/Object;': (jcre) =>
    jcre.machine.throwNew('javacard/framework/SystemException', SYSTEM.ILLEGAL_USE),
}
