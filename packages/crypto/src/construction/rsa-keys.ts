import { invert, mod } from '@noble/curves/abstract/modular.js'
import { bytesToNumberBE, numberToVarBytesBE } from '@noble/curves/utils.js'
import { gcd } from 'micro-rsa-dsa-dh/utils.js'
import { CryptoPortError } from '../errors.ts'
import type { RsaKeyPair, RsaPrivateKey, RsaPublicKey } from '../port/rsa.ts'

// RSA keys as numbers, checked as far as their parts can be compared. That primes are prime is believed.

export interface RsaPublicNumbers {
  readonly n: bigint
  readonly e: bigint
  readonly lengthBytes: number
}

export interface RsaPrivateNumbers {
  readonly n: bigint
  readonly d: bigint
  readonly lengthBytes: number
  /** What a key given by its primes has besides. */
  readonly crt?: RsaCrtNumbers
}

export interface RsaCrtNumbers {
  readonly e: bigint
  readonly p: bigint
  readonly q: bigint
  readonly dp: bigint
  readonly dq: bigint
  readonly qInverse: bigint
}

const LEAST_BITS = 512
const MOST_BITS = 4096

const bitsOf = (number: bigint): number => number.toString(2).length
const isOdd = (number: bigint): boolean => (number & 1n) === 1n
const refuseKey = (reason: string): CryptoPortError => new CryptoPortError('CRYPTO_BAD_PRIVATE_KEY', reason)

/** Longer than any component here; keeps the arithmetic short whatever comes. */
function numberOf(bytes: Uint8Array): bigint {
  if (bytes.length > 2 * (MOST_BITS / 8)) {
    throw new CryptoPortError('CRYPTO_BAD_KEY_LENGTH', `${bytes.length} bytes are more than any part of an RSA key`)
  }
  return bytes.length === 0 ? 0n : bytesToNumberBE(Uint8Array.from(bytes))
}

/** A modulus may have a few leading zero bits: 2047 bits are still 256 bytes. */
function modulusLengthBytes(n: bigint): number {
  const bits = bitsOf(n)
  if (bits <= LEAST_BITS - 8 || bits > MOST_BITS || !isOdd(n)) {
    throw new CryptoPortError('CRYPTO_UNSUPPORTED', `an RSA modulus is odd and has 512 to 4096 bits, not ${bits}`)
  }
  return Math.ceil(bits / 8)
}

export function requireModulusBits(bits: number, publicExponent: number): void {
  if (!Number.isInteger(bits) || bits < LEAST_BITS || bits > MOST_BITS || bits % 16 !== 0) {
    throw new CryptoPortError('CRYPTO_UNSUPPORTED', `no RSA keys of ${bits} bits are made: 512, 528, .. 4096`)
  }
  if (
    !Number.isInteger(publicExponent) ||
    publicExponent < 3 ||
    publicExponent > 0xffffffff ||
    publicExponent % 2 === 0
  ) {
    throw new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'a public exponent is odd, 3 or more, and has 4 bytes at most')
  }
}

export function publicNumbers(key: RsaPublicKey): RsaPublicNumbers {
  const [n, e] = [numberOf(key.modulus), numberOf(key.publicExponent)]
  const lengthBytes = modulusLengthBytes(n)
  if (e < 3n || e >= n || !isOdd(e)) {
    throw new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'a public exponent is odd and between 3 and the modulus')
  }
  return { n, e, lengthBytes }
}

export function privateNumbers(key: RsaPrivateKey): RsaPrivateNumbers {
  if ('p' in key) return crtNumbers(key)
  const [n, d] = [numberOf(key.modulus), numberOf(key.privateExponent)]
  const lengthBytes = modulusLengthBytes(n)
  if (d < 3n || d >= n || !isOdd(d)) throw refuseKey('a private exponent is odd and between 3 and the modulus')
  return { n, d, lengthBytes }
}

/** The public exponent is not among the parts, but follows from them: e = dp⁻¹ mod p - 1. */
function crtNumbers(key: Extract<RsaPrivateKey, { p: Uint8Array }>): RsaPrivateNumbers {
  const parts = [key.p, key.q, key.dp, key.dq, key.qInverse].map(numberOf)
  const [p, q, dp, dq, qInverse] = parts as [bigint, bigint, bigint, bigint, bigint]
  const n = p * q
  if (p < 3n || q < 3n || !isOdd(p) || !isOdd(q) || p === q) throw refuseKey('p and q are different odd primes')
  const lengthBytes = modulusLengthBytes(n)
  if (dp >= p || dq >= q || qInverse >= p || mod(qInverse * q, p) !== 1n)
    throw refuseKey('the parts do not belong together')
  if (gcd(dp, p - 1n) !== 1n) throw refuseKey('dp has no inverse')
  const e = invert(dp, p - 1n)
  if (e < 3n || mod(e * dq, q - 1n) !== 1n) throw refuseKey('dp and dq do not belong together')
  return { n, d: privateExponent(p, q, e), lengthBytes, crt: { e, p, q, dp, dq, qInverse } }
}

function privateExponent(p: bigint, q: bigint, e: bigint): bigint {
  return invert(e, ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n))
}

/** All parts of a key pair, from its primes. */
export function keyPairOf(p: bigint, q: bigint, e: bigint): RsaKeyPair {
  const d = privateExponent(p, q, e)
  return {
    modulus: numberToVarBytesBE(p * q),
    publicExponent: numberToVarBytesBE(e),
    privateExponent: numberToVarBytesBE(d),
    p: numberToVarBytesBE(p),
    q: numberToVarBytesBE(q),
    dp: numberToVarBytesBE(mod(d, p - 1n)),
    dq: numberToVarBytesBE(mod(d, q - 1n)),
    qInverse: numberToVarBytesBE(invert(q, p)),
  }
}
