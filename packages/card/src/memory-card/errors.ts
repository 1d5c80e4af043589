import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type MemoryCardErrorCode = 'CARD_MEMORY_CHIP_UNKNOWN' | 'CARD_MEMORY_BAD_CODE'

/** A memory card that cannot be made as asked. An image that cannot be opened is a CardError, as for processor cards. */
export class MemoryCardError extends GridcardError {
  declare readonly code: MemoryCardErrorCode
  constructor(code: MemoryCardErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
