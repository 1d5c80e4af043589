import { concatBytes, equalBytes } from '@gridcard/bytes'
import { bytesToNumberBE } from '@noble/curves/utils.js'
import { CryptoPortError } from '../errors.ts'
import type { Hashes } from '../port/hashes.ts'
import type { Randomness } from '../port/randomness.ts'
import type { Rsa, RsaPrivateOperations, RsaPublicOperations, RsaSignatureScheme } from '../port/rsa.ts'
import { requireDigest } from './ec-keys.ts'
import { padded, unpadded } from './rsa-encryption-padding.ts'
import {
  privateNumbers,
  publicNumbers,
  type RsaPrivateNumbers,
  type RsaPublicNumbers,
  requireModulusBits,
} from './rsa-keys.ts'
import { isPssEncoded, pkcs1Encoded, pssEncoded } from './rsa-signature-padding.ts'

/** What a provider has to bring: the bare operations. Blocks are as long as the modulus, and smaller than it. */
export interface RsaEngine {
  publicTransform(key: RsaPublicNumbers): Transform
  privateTransform(key: RsaPrivateNumbers): Transform
  generateRsaKeyPair: Rsa['generateRsaKeyPair']
}

export type Transform = (block: Uint8Array) => Uint8Array

type Pieces = Pick<Hashes, 'hash'> & Randomness

interface Modulus {
  readonly n: bigint
  readonly lengthBytes: number
}

function fits(block: Uint8Array, { n, lengthBytes }: Modulus): boolean {
  return block.length === lengthBytes && bytesToNumberBE(Uint8Array.from(block)) < n
}

/** The operation behind a check of its block. */
function checked(modulus: Modulus, transform: Transform): Transform {
  return (block) => {
    if (block.length !== modulus.lengthBytes) {
      throw new CryptoPortError(
        'CRYPTO_BAD_DATA_LENGTH',
        `the block has ${modulus.lengthBytes} bytes, not ${block.length}`,
      )
    }
    if (!fits(block, modulus))
      throw new CryptoPortError('CRYPTO_OUT_OF_RANGE', 'the block is not smaller than the modulus')
    return transform(block)
  }
}

const bitsOf = (number: bigint): number => number.toString(2).length

function publicOperations(pieces: Pieces, key: RsaPublicNumbers, raw: Transform): RsaPublicOperations {
  const verifyDigest = (scheme: RsaSignatureScheme, digest: Uint8Array, signature: Uint8Array): boolean => {
    requireDigest(scheme.hash, digest)
    if (!fits(signature, key)) return false
    const encoded = raw(signature)
    if (scheme.padding === 'pss') return isPssEncoded(pieces, scheme, digest, encoded, bitsOf(key.n))
    return equalBytes(encoded, pkcs1Encoded(scheme.hash, digest, key.lengthBytes))
  }
  return {
    modulusLengthBytes: key.lengthBytes,
    transform: checked(key, raw),
    encrypt: (scheme, message) => raw(padded(pieces, scheme, message, key.lengthBytes)),
    verify: (scheme, message, signature) => verifyDigest(scheme, pieces.hash(scheme.hash, message), signature),
    verifyDigest,
  }
}

function privateOperations(pieces: Pieces, key: RsaPrivateNumbers, raw: Transform): RsaPrivateOperations {
  const signDigest = (scheme: RsaSignatureScheme, digest: Uint8Array): Uint8Array => {
    requireDigest(scheme.hash, digest)
    if (scheme.padding === 'pkcs1') return raw(pkcs1Encoded(scheme.hash, digest, key.lengthBytes))
    const encoded = pssEncoded(pieces, scheme, digest, bitsOf(key.n))
    return raw(concatBytes(new Uint8Array(key.lengthBytes - encoded.length), encoded))
  }
  return {
    modulusLengthBytes: key.lengthBytes,
    transform: checked(key, raw),
    decrypt: (scheme, ciphertext) => (fits(ciphertext, key) ? unpadded(pieces, scheme, raw(ciphertext)) : undefined),
    sign: (scheme, message) => signDigest(scheme, pieces.hash(scheme.hash, message)),
    signDigest,
  }
}

/**
 * RSA over a provider's bare operation. The paddings stand here and not in OpenSSL's hands because a card also signs
 * digests that were made elsewhere and has keys without primes, for which Node has no door; tests compare with OpenSSL.
 */
export function rsaOver(pieces: Pieces, engine: RsaEngine): Rsa {
  return {
    generateRsaKeyPair(modulusBits, publicExponent) {
      requireModulusBits(modulusBits, publicExponent)
      return engine.generateRsaKeyPair(modulusBits, publicExponent)
    },
    openRsaPublicKey(key) {
      const numbers = publicNumbers(key)
      return publicOperations(pieces, numbers, engine.publicTransform(numbers))
    },
    openRsaPrivateKey(key) {
      const numbers = privateNumbers(key)
      return privateOperations(pieces, numbers, engine.privateTransform(numbers))
    },
  }
}
