import { concatBytes, equalBytes } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import { type Hashes, hashes } from '../port/hashes.ts'
import { type RecoveryScheme, trailerOf } from './message-recovery.ts'
import { maskedBy } from './mgf1.ts'

/*
 * ISO/IEC 9796-2, digital signature schemes 2 (with a salt) and 3 (without), for moduli of whole bytes. What RSA signs is
 * that of PSS, with the beginning of the message before the salt:
 *
 *   masked (00 .. 00 01 | beginning | salt) | H | trailer
 *   H = hash(bits of the beginning, 8 bytes | beginning | hash(rest of the message) | salt)
 */

export interface SaltedRecoveryScheme extends RecoveryScheme {
  /** 0 in scheme 3. */
  readonly saltLengthBytes: number
}

export interface SaltedRecovery {
  readonly beginning: Uint8Array
  readonly salt: Uint8Array
  /** H. */
  readonly salted: Uint8Array
}

type HashFunction = Hashes['hash']

/** How many bytes of a message a block takes. @throws CryptoPortError `CRYPTO_BAD_DATA_LENGTH` if none at all */
export function saltedRecoverableLength(scheme: SaltedRecoveryScheme, modulusLengthBytes: number): number {
  const { digestLengthBytes } = hashes[scheme.hash]
  const room = modulusLengthBytes - 1 - scheme.saltLengthBytes - digestLengthBytes - trailerOf(scheme).length
  if (room < 1) throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'the modulus is too short for digest and salt')
  return room
}

function saltedDigest(
  hash: HashFunction,
  scheme: SaltedRecoveryScheme,
  { beginning, salt }: Pick<SaltedRecovery, 'beginning' | 'salt'>,
  restDigest: Uint8Array,
): Uint8Array {
  const bits = new Uint8Array(8)
  new DataView(bits.buffer).setUint32(4, beginning.length * 8)
  return hash(scheme.hash, concatBytes(bits, beginning, restDigest, salt))
}

/**
 * @param beginning of the message, at most `saltedRecoverableLength` bytes
 * @param restDigest hash of what follows, be it nothing
 * @param salt as long as the scheme says, drawn for this signature
 */
export function saltedRecoverableEncoded(
  hash: HashFunction,
  scheme: SaltedRecoveryScheme,
  o: { readonly beginning: Uint8Array; readonly restDigest: Uint8Array; readonly salt: Uint8Array },
  modulusLengthBytes: number,
): Uint8Array {
  const filler = saltedRecoverableLength(scheme, modulusLengthBytes) - o.beginning.length
  if (filler < 0 || o.salt.length !== scheme.saltLengthBytes) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'more of the message than there is room for, or another salt')
  }
  const salted = saltedDigest(hash, scheme, o, o.restDigest)
  const block = concatBytes(new Uint8Array(filler), Uint8Array.of(1), o.beginning, o.salt)
  const masked = maskedBy(hash, scheme.hash, salted, block)
  masked[0]! &= 0x7f
  return concatBytes(masked, salted, trailerOf(scheme))
}

/** What a block holds; undefined if it is none. Whether it is of the message is for `isSaltedRecovery` to say. */
export function saltedRecovered(
  hash: HashFunction,
  scheme: SaltedRecoveryScheme,
  block: Uint8Array,
): SaltedRecovery | undefined {
  const trailer = trailerOf(scheme)
  const end = block.length - trailer.length
  const start = end - hashes[scheme.hash].digestLengthBytes
  if (start < 1 + scheme.saltLengthBytes || block[0]! >= 0x80 || !equalBytes(block.subarray(end), trailer))
    return undefined
  const salted = block.slice(start, end)
  const opened = maskedBy(hash, scheme.hash, salted, block.subarray(0, start))
  opened[0]! &= 0x7f
  const mark = opened.findIndex((byte) => byte !== 0)
  const saltStart = start - scheme.saltLengthBytes
  if (mark < 0 || opened[mark] !== 1 || mark >= saltStart) return undefined
  return { beginning: opened.slice(mark + 1, saltStart), salt: opened.slice(saltStart), salted }
}

export function isSaltedRecovery(
  hash: HashFunction,
  scheme: SaltedRecoveryScheme,
  found: SaltedRecovery,
  restDigest: Uint8Array,
): boolean {
  return equalBytes(found.salted, saltedDigest(hash, scheme, found, restDigest))
}
