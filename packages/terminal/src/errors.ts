import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type TerminalErrorCode =
  | 'TERMINAL_BAD_COMMAND'
  | 'TERMINAL_BAD_EVIDENCE'
  | 'TERMINAL_BAD_IMAGE'
  | 'TERMINAL_BAD_QUOTE'
  | 'TERMINAL_BAD_RESPONSE'
  | 'TERMINAL_BINDING_REFUSED'
  | 'TERMINAL_CARD_REFUSED'
  | 'TERMINAL_GP_BAD_ANSWER'
  | 'TERMINAL_GP_BAD_INPUT'
  | 'TERMINAL_GP_CARD_NOT_AUTHENTIC'
  | 'TERMINAL_GP_CERTIFICATE'
  | 'TERMINAL_GP_CHANNEL_CLOSED'
  | 'TERMINAL_GP_KEY_CHECK'
  | 'TERMINAL_GP_RECEIPT'
  | 'TERMINAL_GP_RESPONSE_MAC'
  | 'TERMINAL_GP_UNSUPPORTED'
  | 'TERMINAL_LINE_CARD_DIFFERS'
  | 'TERMINAL_LINE_CERTIFICATE'
  | 'TERMINAL_LINE_DAMAGED'
  | 'TERMINAL_LINE_DUPLICATE'
  | 'TERMINAL_LINE_KEY_FILE'
  | 'TERMINAL_LINE_KEY_REFUSED'
  | 'TERMINAL_LINE_LOCKED'
  | 'TERMINAL_PCSC_BAD_MESSAGE'
  | 'TERMINAL_PCSC_CARD_FAILED'
  | 'TERMINAL_PCSC_NO_READER'
  | 'TERMINAL_PCSC_READER_NAME'
  | 'TERMINAL_PCSC_SLOT_OCCUPIED'
  | 'TERMINAL_PCSC_SOCKET'
  | 'TERMINAL_PCSC_TOO_MANY_READERS'
  | 'TERMINAL_PCSC_UNAVAILABLE'
  | 'TERMINAL_VPCD_BAD_MESSAGE'
  | 'TERMINAL_VPCD_UNREACHABLE'

/** A command that no card could take, an answer that no card may give, a reader that fails. Carries status words, never data. */
export class TerminalError extends GridcardError {
  declare readonly code: TerminalErrorCode
  constructor(code: TerminalErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
