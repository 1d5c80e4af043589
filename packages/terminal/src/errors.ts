import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type TerminalErrorCode = 'TERMINAL_BAD_COMMAND' | 'TERMINAL_BAD_RESPONSE' | 'TERMINAL_CARD_REFUSED'

/** A command that no card could take, or an answer that no card may give. Carries status words, never data. */
export class TerminalError extends GridcardError {
  declare readonly code: TerminalErrorCode
  constructor(code: TerminalErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
