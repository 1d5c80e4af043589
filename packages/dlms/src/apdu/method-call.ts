import type { CosemData } from '../cosem/cosem-data.ts'
import { emitXdlms } from './apdu.ts'
import type { MethodRef } from './references.ts'

/** Tag, choice, invoke-id-and-priority. */
const HEAD_BYTES = 3

/**
 * A method call on its own, for whoever signs one: method descriptor and parameters, as they stand in an
 * ACTION-Request-Normal after the invoke-id.
 * @source Green Book ed. 8 §9.5
 */
export function methodCallOctets({ classId, logicalName, methodIndex }: MethodRef, parameter?: CosemData): Uint8Array {
  const method = { classId, logicalName, methodIndex }
  return emitXdlms({ kind: 'action-request-normal', invokeIdAndPriority: 0, method, parameter }).slice(HEAD_BYTES)
}
