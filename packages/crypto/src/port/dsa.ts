import type { HashName } from './hashes.ts'

/**
 * DSA over the multiplicative group, for what is old: FIPS 186-5 keeps only its verification. Numbers are big-endian;
 * a private key is as long as q.
 */
export interface Dsa {
  /** @throws CryptoPortError `CRYPTO_BAD_DOMAIN` */
  requireDsaDomain(domain: DsaDomain): void
  generateDsaPrivateKey(domain: DsaDomain): Uint8Array
  /** As long as p. */
  dsaPublicKey(domain: DsaDomain, privateKey: Uint8Array): Uint8Array
  /** r || s, each as long as q; the nonce is deterministic (RFC 6979). A digest longer than q is cut to its leftmost bits. */
  dsaSignDigest(domain: DsaDomain, hash: DsaHashName, privateKey: Uint8Array, digest: Uint8Array): Uint8Array
  /** False for a signature of any other length, too. */
  dsaVerifyDigest(
    domain: DsaDomain,
    hash: DsaHashName,
    publicKey: Uint8Array,
    digest: Uint8Array,
    signature: Uint8Array,
  ): boolean
}

/** SHA-1 and SHA-2; no one has specified more. */
export type DsaHashName = Extract<HashName, 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'>

export interface DsaDomain {
  /** A prime of 512 to 3072 bits. */
  readonly p: Uint8Array
  /** A prime of 160 to 256 bits that divides p - 1. */
  readonly q: Uint8Array
  /** A generator of the group of order q. */
  readonly g: Uint8Array
}
