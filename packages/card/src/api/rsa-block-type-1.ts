import { concatBytes } from '@gridcard/bytes'

/**
 * What a private key encrypts: 00 01 FF .. FF 00 and the message, without saying which hash it may be of. The scheme of
 * RFC 2409 for signatures is this over a bare digest.
 *
 * @source PKCS #1 v1.5 §8.1, block type 1; RFC 2409 §5.1
 */
const LEAST_FILLER_BYTES = 8

/** Undefined if the message leaves no room for the padding. */
export function type1Block(message: Uint8Array, length: number): Uint8Array | undefined {
  const filler = length - 3 - message.length
  if (filler < LEAST_FILLER_BYTES) return undefined
  return concatBytes(Uint8Array.of(0, 1), new Uint8Array(filler).fill(0xff), Uint8Array.of(0), message)
}

/** Undefined if the block is none. */
export function type1Message(block: Uint8Array): Uint8Array | undefined {
  const end = block.indexOf(0, 1)
  const isRight = block[0] === 0 && block[1] === 1 && end >= 2 + LEAST_FILLER_BYTES
  if (!isRight || block.subarray(2, end).some((byte) => byte !== 0xff)) return undefined
  return block.slice(end + 1)
}
