/**
 * The one door to cryptography: synchronous, because a Java Card instruction is, and injected, so that the same card
 * runs on Node and in a page. Keys are 16, 24 or 32 bytes for AES. Nothing here keeps a key after the call, except a
 * GCM session until it is dropped.
 */
export interface CryptoProvider {
  /** `lengthBytes` bytes from the system's generator. */
  randomBytes(lengthBytes: number): Uint8Array
  sha256(message: Uint8Array): Uint8Array
  /** Whole blocks, no padding. */
  aesEcbEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array
  aesEcbDecrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Whole blocks, no padding; `iv` is 16 bytes. */
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /** 16-byte AES-CMAC (NIST SP 800-38B). */
  aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array
  /** AES-GCM (NIST SP 800-38D), `iv` 12 bytes; streaming, for the card. */
  createGcmEncryptor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array): GcmEncryptor
  createGcmDecryptor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, tagLengthBytes: number): GcmDecryptor
  /** One-shot: ciphertext followed by the tag cut to `tagLengthBytes` (12 in DLMS). */
  gcmSeal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLengthBytes: number): Uint8Array
  /** One-shot: the plaintext, or undefined if the tag is wrong; nothing of the plaintext is released then. */
  gcmOpen(
    key: Uint8Array,
    iv: Uint8Array,
    aad: Uint8Array,
    ciphertextAndTag: Uint8Array,
    tagLengthBytes: number,
  ): Uint8Array | undefined
  /** RFC 3394; `keyData` a multiple of 8 bytes, at least 16. */
  aesKeyWrap(kek: Uint8Array, keyData: Uint8Array): Uint8Array
  /** Undefined if the integrity check fails. */
  aesKeyUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined
  /** Same time whatever the contents; false at once for unequal lengths, which are public. */
  constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean
}

export interface GcmEncryptor {
  /** As many bytes out as in. */
  update(plaintext: Uint8Array): Uint8Array
  /** The whole 16-byte tag; ends the session. */
  finish(): Uint8Array
}

export interface GcmDecryptor {
  /** As many bytes out as in; not yet authenticated: the caller keeps them to itself until `verify` said true. */
  update(ciphertext: Uint8Array): Uint8Array
  /** Ends the session. False also when the tag's length is not the one announced. */
  verify(tag: Uint8Array): boolean
}
