import { concatBytes, equalBytes } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import { type HashName, hashes } from '../port/hashes.ts'

/*
 * ISO/IEC 9796-2, digital signature scheme 1, for moduli of whole bytes: what stands in the block that RSA signs. The
 * beginning of the message travels in it and can be recovered:
 *
 *   partial recovery   6A | beginning | digest | trailer
 *   total recovery     4B BB .. BA | message | digest | trailer      (4A if the message leaves no room)
 *
 * EMV book 2 A2.1 and ICAO 9303-11 (active authentication) use it with the trailer BC.
 */

export interface RecoveryScheme {
  readonly hash: RecoveryHashName
  /** One byte BC, or two: the hash's number and CC. */
  readonly trailer: 'implicit' | 'explicit'
}

/** Numbers of dedicated hash functions. @source ISO/IEC 10118-3 */
const HASH_NUMBER = { ripemd160: 0x31, sha1: 0x33, sha256: 0x34, sha512: 0x35, sha384: 0x36, sha224: 0x38 } as const
export type RecoveryHashName = keyof typeof HASH_NUMBER

export const isRecoveryHash = (hash: HashName): hash is RecoveryHashName => hash in HASH_NUMBER

export interface RecoveredMessage {
  /** The message, or its beginning. */
  readonly message: Uint8Array
  readonly isWhole: boolean
  readonly digest: Uint8Array
}

export const trailerOf = ({ hash, trailer }: RecoveryScheme): Uint8Array => {
  return trailer === 'implicit' ? Uint8Array.of(0xbc) : Uint8Array.of(HASH_NUMBER[hash], 0xcc)
}

/** How many bytes of a message a block takes. @throws CryptoPortError `CRYPTO_BAD_DATA_LENGTH` if not one */
export function recoverableLength(scheme: RecoveryScheme, modulusLengthBytes: number): number {
  const room = modulusLengthBytes - 1 - hashes[scheme.hash].digestLengthBytes - trailerOf(scheme).length
  if (room < 1) throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'the modulus is too short for this digest')
  return room
}

/** @param message all of it, or as much of its beginning as `recoverableLength` at least */
export function recoverableEncoded(
  scheme: RecoveryScheme,
  message: Uint8Array,
  isWhole: boolean,
  digest: Uint8Array,
  modulusLengthBytes: number,
): Uint8Array {
  const room = recoverableLength(scheme, modulusLengthBytes)
  const body = message.subarray(0, room)
  const head = new Uint8Array(1 + room - body.length).fill(0xbb)
  head[0] = isWhole ? 0x4b : 0x6b
  head[head.length - 1]! &= 0xfa
  return concatBytes(head, body, digest, trailerOf(scheme))
}

/** What a block holds; undefined if it is none. Whether the digest is right is for the caller to see. */
export function recovered(scheme: RecoveryScheme, block: Uint8Array): RecoveredMessage | undefined {
  const trailer = trailerOf(scheme)
  const bodyEnd = block.length - trailer.length - hashes[scheme.hash].digestLengthBytes
  if (bodyEnd < 1 || !equalBytes(block.subarray(block.length - trailer.length), trailer)) return undefined
  if ((block[0]! & 0xf0) !== 0x40 && (block[0]! & 0xf0) !== 0x60) return undefined
  let end = 0
  let nibble = block[0]! & 0x0f
  while (nibble === 0x0b) {
    end++
    if (end >= bodyEnd || block[end]! >> 4 !== 0x0b) return undefined
    nibble = block[end]! & 0x0f
  }
  if (nibble !== 0x0a) return undefined
  const isWhole = (block[0]! & 0x20) === 0
  // Only a whole message can be shorter than its room.
  if (!isWhole && end > 0) return undefined
  return {
    message: block.slice(end + 1, bodyEnd),
    isWhole,
    digest: block.slice(bodyEnd, block.length - trailer.length),
  }
}
