import { concatBytes, emitTlv, equalBytes, fromHex } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import { type Hashes, type HashName, hashes } from '../port/hashes.ts'
import type { Randomness } from '../port/randomness.ts'
import type { RsaSignatureScheme } from '../port/rsa.ts'
import { maskedBy } from './mgf1.ts'

/** Object identifiers as DER. @source RFC 8017 B.1, RFC 9879; TeleTrusT for RIPEMD-160 */
const HASH_OID: Readonly<Record<HashName, string>> = {
  md5: '06082A864886F70D0205',
  ripemd160: '06052B24030201',
  sha1: '06052B0E03021A',
  sha224: '0609608648016503040204',
  sha256: '0609608648016503040201',
  sha384: '0609608648016503040202',
  sha512: '0609608648016503040203',
  'sha3-224': '0609608648016503040207',
  'sha3-256': '0609608648016503040208',
  'sha3-384': '0609608648016503040209',
  'sha3-512': '060960864801650304020A',
}

const NULL = Uint8Array.of(0x05, 0x00)

type PssScheme = Extract<RsaSignatureScheme, { padding: 'pss' }>
type Pieces = Pick<Hashes, 'hash'> & Randomness

function tooShort(): CryptoPortError {
  return new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'the modulus is too short for this digest and padding')
}

/** 00 01 FF .. FF 00 DigestInfo. @source RFC 8017 §9.2 */
export function pkcs1Encoded(hash: HashName, digest: Uint8Array, lengthBytes: number): Uint8Array {
  const algorithm = emitTlv(0x30, concatBytes(fromHex(HASH_OID[hash]), NULL))
  const digestInfo = emitTlv(0x30, concatBytes(algorithm, emitTlv(0x04, digest)))
  const filler = lengthBytes - digestInfo.length - 3
  if (filler < 8) throw tooShort()
  return concatBytes(Uint8Array.of(0, 1), new Uint8Array(filler).fill(0xff), Uint8Array.of(0), digestInfo)
}

function saltLengthOf(scheme: PssScheme): number {
  const length = scheme.saltLengthBytes ?? hashes[scheme.hash].digestLengthBytes
  if (!Number.isInteger(length) || length < 0) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'a salt has a whole number of bytes')
  }
  return length
}

/** Eight zero bytes, the digest and the salt, hashed. */
function saltedDigest(
  { hash }: Pick<Hashes, 'hash'>,
  scheme: PssScheme,
  digest: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  return hash(scheme.hash, concatBytes(new Uint8Array(8), digest, salt))
}

/** @param modulusBits one more than the encoded message has. @source RFC 8017 §9.1.1 */
export function pssEncoded(pieces: Pieces, scheme: PssScheme, digest: Uint8Array, modulusBits: number): Uint8Array {
  const lengthBytes = Math.ceil((modulusBits - 1) / 8)
  const saltLength = saltLengthOf(scheme)
  const filler = lengthBytes - saltLength - digest.length - 2
  if (filler < 0) throw tooShort()
  const salt = pieces.randomBytes(saltLength)
  const salted = saltedDigest(pieces, scheme, digest, salt)
  const block = concatBytes(new Uint8Array(filler), Uint8Array.of(1), salt)
  const masked = maskedBy(pieces.hash, scheme.mgfHash ?? scheme.hash, salted, block)
  masked[0]! &= 0xff >>> (8 * lengthBytes - (modulusBits - 1))
  return concatBytes(masked, salted, Uint8Array.of(0xbc))
}

/** @source RFC 8017 §9.1.2 */
export function isPssEncoded(
  pieces: Pick<Hashes, 'hash'>,
  scheme: PssScheme,
  digest: Uint8Array,
  encoded: Uint8Array,
  modulusBits: number,
): boolean {
  const lengthBytes = Math.ceil((modulusBits - 1) / 8)
  const saltLength = saltLengthOf(scheme)
  const filler = lengthBytes - saltLength - digest.length - 2
  // A modulus of 8k + 1 bits has one byte more than the encoded message; that byte is zero.
  const message = encoded.subarray(encoded.length - lengthBytes)
  if (filler < 0 || encoded.subarray(0, encoded.length - lengthBytes).some((byte) => byte !== 0)) return false
  const unusedBits = 8 * lengthBytes - (modulusBits - 1)
  const masked = message.subarray(0, filler + 1 + saltLength)
  const salted = message.subarray(masked.length, -1)
  if (message.at(-1) !== 0xbc || masked[0]! & ~(0xff >>> unusedBits)) return false
  const block = maskedBy(pieces.hash, scheme.mgfHash ?? scheme.hash, salted, masked)
  block[0]! &= 0xff >>> unusedBits
  if (block.subarray(0, filler).some((byte) => byte !== 0) || block[filler] !== 1) return false
  return equalBytes(salted, saltedDigest(pieces, scheme, digest, block.subarray(filler + 1)))
}
