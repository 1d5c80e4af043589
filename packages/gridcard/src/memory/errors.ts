import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type MemoryCommandErrorCode = 'GRIDCARD_MEMORY_REFUSED' | 'GRIDCARD_MEMORY_DECLINED'

/** The card did not do what was asked, or the user thought better of it. Exit code 1. */
export class MemoryCommandError extends GridcardError {
  declare readonly code: MemoryCommandErrorCode
  constructor(code: MemoryCommandErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
