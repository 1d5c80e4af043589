import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type DlmsToolErrorCode =
  | 'GRIDCARD_KEY_FILE_EXPOSED'
  | 'GRIDCARD_KEY_FILE_UNUSABLE'
  | 'GRIDCARD_COUNTERS_UNUSABLE'
  | 'GRIDCARD_COUNTERS_LOCKED'
  | 'GRIDCARD_COUNTER_START_UNKNOWN'
  | 'GRIDCARD_MODEL_INVALID'
  | 'GRIDCARD_CANNOT_LISTEN'
  | 'GRIDCARD_UNREACHABLE'
  | 'GRIDCARD_NOT_CONFIRMED'

/** What `gridcard dlms` cannot or will not do. Messages never hold a key. */
export class DlmsToolError extends GridcardError {
  declare readonly code: DlmsToolErrorCode
  constructor(code: DlmsToolErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
