import type { CommandApdu } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import type { ResponseApdu } from '../response-apdu.ts'

/** An open session with one security domain or application: what goes in is plain, what comes out is for the wire. */
export interface SecureChannel {
  readonly protocol: 'SCP02' | 'SCP03' | 'SCP11'
  /** Key version number that the card used. */
  readonly keyVersion: number
  readonly level: number
  /** Most bytes of plain data that a short command carries. */
  readonly largestDataBytes: number
  /** Of the keys that PUT KEY may carry: DES in SCP02, AES in the others. */
  readonly keyType: 'des' | 'aes'
  /** @throws TerminalError `TERMINAL_GP_CHANNEL_CLOSED` */
  wrap(command: CommandApdu): CommandApdu
  /**
   * @param command as it went into `wrap`
   * @throws TerminalError `TERMINAL_GP_RESPONSE_MAC`; the channel is closed then
   */
  unwrap(command: CommandApdu, response: ResponseApdu): ResponseApdu
  /** A key, or other whole blocks of secrets, under the data encryption key. */
  encryptSecret(secret: Uint8Array): Uint8Array
  /** Forgets the keys. */
  close(): void
}

/** Done, or done with a warning: only then an answer carries a MAC. */
export function carriesData(sw: number): boolean {
  return sw === 0x9000 || sw >>> 8 === 0x62 || sw >>> 8 === 0x63
}

export function channelClosed(): TerminalError {
  return new TerminalError('TERMINAL_GP_CHANNEL_CLOSED', 'the secure channel is closed; open another one')
}

export function wrongResponseMac(): TerminalError {
  return new TerminalError(
    'TERMINAL_GP_RESPONSE_MAC',
    "the answer is not the card's: its MAC is missing or wrong; the secure channel was closed",
  )
}

/** Lc as on the wire: one byte, or 00 and two. */
export function lengthField(lengthBytes: number): Uint8Array {
  return lengthBytes > 0xff ? Uint8Array.of(0, lengthBytes >> 8, lengthBytes & 0xff) : Uint8Array.of(lengthBytes)
}

/** CLA without channel number, and with the bit of GlobalPlatform's secure messaging. @source GPC 2.3.1 §11.1.4 */
export function securedClass(cla: number): { readonly sent: number; readonly inMac: number } {
  const further = (cla & 0x40) !== 0
  return { sent: cla | (further ? 0x20 : 0x04), inMac: (cla & 0x80) | 0x04 }
}
