import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type DebugErrorCode = 'GRIDCARD_DEBUG_REFUSED' | 'GRIDCARD_DEBUG_ENDED' | 'GRIDCARD_EXPRESSION'

/** Something a debugger asked for that cannot be. Its message is shown in the editor. */
export class DebugError extends GridcardError {
  declare readonly code: DebugErrorCode
  constructor(code: DebugErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
