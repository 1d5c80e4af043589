import { TerminalError } from './errors.ts'

/** Response data and the status word SW1 SW2 as one number. */
export interface ResponseApdu {
  readonly data: Uint8Array
  readonly sw: number
}

/** @throws TerminalError `TERMINAL_BAD_RESPONSE` for fewer than the two status bytes */
export function parseResponse(bytes: Uint8Array): ResponseApdu {
  if (bytes.length < 2) {
    throw new TerminalError('TERMINAL_BAD_RESPONSE', `a response has 2 bytes or more, not ${bytes.length}`)
  }
  const end = bytes.length - 2
  return { data: bytes.slice(0, end), sw: bytes[end]! * 256 + bytes[end + 1]! }
}
