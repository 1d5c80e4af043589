import { ByteReader, concatBytes } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'
import { purposes } from './metering-messages.ts'

// What a Metering applet signs for others to check. Layouts: applets/metering/README.md.

const COMMAND_BYTES = 58
/** r || s on P-256, or on P-384. */
const SIGNATURE_BYTES = [64, 96]

/** What a card says of the command that was redeemed last. */
export interface CommandResponse {
  /** The header as it came. */
  readonly command: Uint8Array
  readonly result: number
  /** When, seconds since 1970-01-01 UTC. */
  readonly time: number
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** @throws TerminalError `TERMINAL_BAD_EVIDENCE` for bytes of another form; whether it is genuine is for the caller to see */
export function parseCommandResponse(bytes: Uint8Array): CommandResponse {
  const { body, signature } = signedParts(bytes, COMMAND_BYTES + 6, 'response to a command')
  const reader = new ByteReader(body)
  return {
    command: reader.take(COMMAND_BYTES),
    result: reader.u16(),
    time: reader.u32(),
    signed: concatBytes(purposes.response, body),
    signature,
  }
}

/** How far a card's log has come, at a time and for a nonce. */
export interface LogSeal {
  /** System title of the device. */
  readonly device: Uint8Array
  /** Entries ever. */
  readonly number: number
  readonly head: Uint8Array
  readonly time: number
  readonly nonce: Uint8Array
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** @throws TerminalError `TERMINAL_BAD_EVIDENCE` */
export function parseLogSeal(bytes: Uint8Array, nonceBytes: number): LogSeal {
  const { body, signature } = signedParts(bytes, 8 + 4 + 32 + 4 + nonceBytes, 'seal of a log')
  const reader = new ByteReader(body)
  return {
    device: reader.take(8),
    number: reader.u32(),
    head: reader.take(32),
    time: reader.u32(),
    nonce: reader.take(nonceBytes),
    signed: concatBytes(purposes.logSeal, body),
    signature,
  }
}

/** Head of the log after one more entry. */
export function extendedLogHead(
  head: Uint8Array,
  number: number,
  digest: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const four = new Uint8Array(4)
  new DataView(four.buffer).setUint32(0, number)
  return sha256(concatBytes(head, four, digest))
}

function signedParts(bytes: Uint8Array, bodyBytes: number, what: string) {
  if (!SIGNATURE_BYTES.includes(bytes.length - bodyBytes)) {
    throw new TerminalError('TERMINAL_BAD_EVIDENCE', `a ${what} does not have ${bytes.length} bytes`)
  }
  return { body: bytes.slice(0, bodyBytes), signature: bytes.slice(bodyBytes) }
}
