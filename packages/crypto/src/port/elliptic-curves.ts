import type { HashName } from './hashes.ts'

/**
 * Short Weierstrass curves over prime fields. A private key is as long as the order, 1 to order - 1; a point is
 * uncompressed: 04 || x || y, each as long as the field. Anything else is a CryptoPortError, from both providers alike.
 * Domains that are known by name are fast; others are checked once and then computed in JavaScript.
 */
export interface EllipticCurves {
  /** @throws CryptoPortError `CRYPTO_BAD_DOMAIN` */
  requireEcDomain(domain: EcDomain): void
  /** Uniform, by FIPS 186-5 A.2.1. */
  generateEcPrivateKey(domain: EcDomain): Uint8Array
  ecPublicKey(domain: EcDomain, privateKey: Uint8Array): Uint8Array
  /** True for a point of the prime-order group that is not infinity. */
  isEcPublicKey(domain: EcDomain, publicKey: Uint8Array): boolean
  /** A point in any form of SEC 1 §2.3.3 but infinity: uncompressed, compressed (02, 03) or hybrid (06, 07); uncompressed then. */
  ecPointOf(field: EcField, encoded: Uint8Array): Uint8Array
  /** The x coordinate of the shared point, as long as the field. @source SEC 1 §3.3.1 */
  ecdh(domain: EcDomain, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array
  /** The whole point `scalar`·`point`, for agreements that need both coordinates. */
  ecMultiply(domain: EcDomain, scalar: Uint8Array, point: Uint8Array): Uint8Array
  /** The sum of two points; a sum at infinity is `CRYPTO_BAD_PUBLIC_KEY`. */
  ecAdd(domain: EcDomain, a: Uint8Array, b: Uint8Array): Uint8Array
  /** Checks the key once, then signs as often as wanted. Holds the key until it is dropped. */
  createEcdsaSigner(scheme: EcdsaScheme, privateKey: Uint8Array): EcdsaSigner
  createEcdsaVerifier(scheme: EcdsaScheme, publicKey: Uint8Array): EcdsaVerifier
}

/** Big-endian numbers; leading zeros do not matter. The cofactor follows from the rest (SEC 1 §3.1.1.1). */
export interface EcField {
  /** The field's prime. */
  readonly p: Uint8Array
  readonly a: Uint8Array
  readonly b: Uint8Array
}

/** Numbers as in `EcField`. */
export interface EcDomain extends EcField {
  /** The generator, uncompressed. */
  readonly g: Uint8Array
  /** The generator's order, a prime. */
  readonly order: Uint8Array
}

export interface EcdsaScheme {
  readonly domain: EcDomain
  readonly hash: HashName
  /** 'der': SEQUENCE of r and s; 'plain': r || s, each as long as the order (DLMS, BSI TR-03111). */
  readonly encoding: 'der' | 'plain'
}

/** @source FIPS 186-5 §6; a digest longer than the order is cut to its leftmost bits */
export interface EcdsaSigner {
  sign(message: Uint8Array): Uint8Array
  /** @param digest as long as the scheme's hash gives it */
  signDigest(digest: Uint8Array): Uint8Array
}

/** A signature of a wrong length or encoding is a wrong one: false. */
export interface EcdsaVerifier {
  verify(message: Uint8Array, signature: Uint8Array): boolean
  verifyDigest(digest: Uint8Array, signature: Uint8Array): boolean
}
