import { concatBytes, equalBytes } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import type { Hashes } from '../port/hashes.ts'
import type { Randomness } from '../port/randomness.ts'
import type { RsaEncryptionScheme } from '../port/rsa.ts'
import { maskedBy } from './mgf1.ts'

type OaepScheme = Extract<RsaEncryptionScheme, { padding: 'oaep' }>
type Pieces = Pick<Hashes, 'hash'> & Randomness

function requireRoom(messageLengthBytes: number, mostBytes: number): void {
  if (messageLengthBytes > mostBytes) {
    throw new CryptoPortError(
      'CRYPTO_BAD_DATA_LENGTH',
      `${messageLengthBytes} bytes do not fit; this key and padding take ${Math.max(mostBytes, 0)}`,
    )
  }
}

/** Random bytes without a zero among them. */
function nonZeroBytes({ randomBytes }: Randomness, lengthBytes: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array()
  while (bytes.length < lengthBytes)
    bytes = concatBytes(
      bytes,
      randomBytes(lengthBytes).filter((byte) => byte !== 0),
    )
  return bytes.subarray(0, lengthBytes)
}

/** 00 02 random 00 message. @source RFC 8017 §7.2.1 */
function pkcs1Padded(pieces: Pieces, message: Uint8Array, lengthBytes: number): Uint8Array {
  requireRoom(message.length, lengthBytes - 11)
  const filler = nonZeroBytes(pieces, lengthBytes - message.length - 3)
  return concatBytes(Uint8Array.of(0, 2), filler, Uint8Array.of(0), message)
}

function pkcs1Unpadded(block: Uint8Array): Uint8Array | undefined {
  const end = block.indexOf(0, 2)
  return block[0] === 0 && block[1] === 2 && end >= 10 ? block.slice(end + 1) : undefined
}

/** 00, a masked seed, and masked: hash of the label, zeros, 01, message. @source RFC 8017 §7.1.1 */
function oaepPadded(pieces: Pieces, scheme: OaepScheme, message: Uint8Array, lengthBytes: number): Uint8Array {
  const labelHash = pieces.hash(scheme.hash, scheme.label ?? new Uint8Array())
  const room = lengthBytes - 2 * labelHash.length - 2
  requireRoom(message.length, room)
  const mgfHash = scheme.mgfHash ?? scheme.hash
  const seed = pieces.randomBytes(labelHash.length)
  const block = concatBytes(labelHash, new Uint8Array(room - message.length), Uint8Array.of(1), message)
  const maskedBlock = maskedBy(pieces.hash, mgfHash, seed, block)
  return concatBytes(Uint8Array.of(0), maskedBy(pieces.hash, mgfHash, maskedBlock, seed), maskedBlock)
}

function oaepUnpadded({ hash }: Pieces, scheme: OaepScheme, block: Uint8Array): Uint8Array | undefined {
  const labelHash = hash(scheme.hash, scheme.label ?? new Uint8Array())
  if (block.length < 2 * labelHash.length + 2) return undefined
  const mgfHash = scheme.mgfHash ?? scheme.hash
  const maskedBlock = block.subarray(1 + labelHash.length)
  const seed = maskedBy(hash, mgfHash, maskedBlock, block.subarray(1, 1 + labelHash.length))
  const content = maskedBy(hash, mgfHash, seed, maskedBlock)
  const separator = content.findIndex((byte, i) => i >= labelHash.length && byte !== 0)
  const isRight =
    block[0] === 0 && equalBytes(content.subarray(0, labelHash.length), labelHash) && content[separator] === 1
  return isRight ? content.slice(separator + 1) : undefined
}

export function padded(
  pieces: Pieces,
  scheme: RsaEncryptionScheme,
  message: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  return scheme.padding === 'pkcs1'
    ? pkcs1Padded(pieces, message, lengthBytes)
    : oaepPadded(pieces, scheme, message, lengthBytes)
}

/** Undefined when the padding is wrong. How long that takes may tell how: see the room's README. */
export function unpadded(pieces: Pieces, scheme: RsaEncryptionScheme, block: Uint8Array): Uint8Array | undefined {
  return scheme.padding === 'pkcs1' ? pkcs1Unpadded(block) : oaepUnpadded(pieces, scheme, block)
}
