import type { Jcre } from '../../runtime/jcre.ts'
import type { BerFault } from './ber.ts'

export const TLV = {
  INVALID_PARAM: 1,
  ILLEGAL_SIZE: 2,
  EMPTY_TAG: 3,
  EMPTY_TLV: 4,
  MALFORMED_TAG: 5,
  MALFORMED_TLV: 6,
  TAG_NUMBER_GREATER_THAN_32767: 9,
  TLV_SIZE_GREATER_THAN_32767: 10,
  TLV_LENGTH_GREATER_THAN_32767: 11,
} as const

export function failTlv(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacardx/framework/tlv/TLVException', reason)
}

/** A value, or the exception for its fault. Without `outside` the array ended: ArrayIndexOutOfBoundsException. */
export function orFail<T extends object>(
  jcre: Jcre,
  found: T | BerFault,
  reasons: { readonly malformed: number; readonly tooLarge: number; readonly outside?: number },
): T {
  if (typeof found !== 'string') return found
  if (found === 'malformed') return failTlv(jcre, reasons.malformed)
  if (found === 'too-large') return failTlv(jcre, reasons.tooLarge)
  if (reasons.outside !== undefined) return failTlv(jcre, reasons.outside)
  return jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
}
