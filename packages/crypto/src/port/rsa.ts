import type { HashName } from './hashes.ts'

/** RSA with moduli of 512 to 4096 bits in whole bytes. @source RFC 8017 */
export interface Rsa {
  /** @param publicExponent odd, 3 or more, at most 4 bytes; the primes always come from the system's generator on Node */
  generateRsaKeyPair(modulusBits: number, publicExponent: number): RsaKeyPair
  /** Checks the key once, then works with it as often as wanted. Holds it until it is dropped. */
  openRsaPublicKey(key: RsaPublicKey): RsaPublicOperations
  openRsaPrivateKey(key: RsaPrivateKey): RsaPrivateOperations
}

/** Big-endian numbers. */
export interface RsaPublicKey {
  readonly modulus: Uint8Array
  readonly publicExponent: Uint8Array
}

/** Either the exponent, or what the Chinese remainder theorem takes, as javacard.security has them. */
export type RsaPrivateKey = RsaPlainPrivateKey | RsaCrtPrivateKey

export interface RsaPlainPrivateKey {
  readonly modulus: Uint8Array
  readonly privateExponent: Uint8Array
}

export interface RsaCrtPrivateKey {
  readonly p: Uint8Array
  readonly q: Uint8Array
  /** d mod p - 1. */
  readonly dp: Uint8Array
  /** d mod q - 1. */
  readonly dq: Uint8Array
  /** q⁻¹ mod p. */
  readonly qInverse: Uint8Array
}

export interface RsaKeyPair extends RsaPublicKey, RsaPlainPrivateKey, RsaCrtPrivateKey {}

export type RsaSignatureScheme =
  | { readonly padding: 'pkcs1'; readonly hash: HashName }
  /** `mgfHash` is `hash` unless given; the salt is as long as the digest unless given. */
  | { readonly padding: 'pss'; readonly hash: HashName; readonly mgfHash?: HashName; readonly saltLengthBytes?: number }

export type RsaEncryptionScheme =
  | { readonly padding: 'pkcs1' }
  /** `mgfHash` is `hash` unless given, `label` empty. */
  | { readonly padding: 'oaep'; readonly hash: HashName; readonly mgfHash?: HashName; readonly label?: Uint8Array }

export interface RsaPublicOperations {
  readonly modulusLengthBytes: number
  /**
   * The bare operation on a block as long as the modulus, big-endian.
   *
   * @throws CryptoPortError `CRYPTO_OUT_OF_RANGE`: the block is not smaller than the modulus
   */
  transform(block: Uint8Array): Uint8Array
  /** @throws CryptoPortError `CRYPTO_BAD_DATA_LENGTH`: more than the padding leaves room for */
  encrypt(scheme: RsaEncryptionScheme, message: Uint8Array): Uint8Array
  verify(scheme: RsaSignatureScheme, message: Uint8Array, signature: Uint8Array): boolean
  verifyDigest(scheme: RsaSignatureScheme, digest: Uint8Array, signature: Uint8Array): boolean
}

export interface RsaPrivateOperations {
  readonly modulusLengthBytes: number
  /** As for the public key. */
  transform(block: Uint8Array): Uint8Array
  /** Undefined when the padding is wrong, or the ciphertext's length: never say which to a stranger (RFC 8017 §7). */
  decrypt(scheme: RsaEncryptionScheme, ciphertext: Uint8Array): Uint8Array | undefined
  sign(scheme: RsaSignatureScheme, message: Uint8Array): Uint8Array
  signDigest(scheme: RsaSignatureScheme, digest: Uint8Array): Uint8Array
}
