/** AES-GCM (NIST SP 800-38D) and AES-CCM (NIST SP 800-38C). */
export interface AuthenticatedEncryption {
  /** `iv` 12 bytes, as all should have, or any other length of 8 to 128 (SP 800-38D §7.1); streaming, for the card. */
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
  /** Holds the key until it is dropped. */
  openGcmKey(key: Uint8Array): GcmKey
  /** `nonce` 7 to 13 bytes, tag 4, 6, .. 16 bytes; at most 2^(8·(15 - nonce length)) - 1 bytes of plaintext. */
  ccmSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    tagLengthBytes: number,
  ): Uint8Array
  /** The plaintext, or undefined if the tag is wrong. */
  ccmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    ciphertextAndTag: Uint8Array,
    tagLengthBytes: number,
  ): Uint8Array | undefined
}

/** An AES key made ready for many short messages; on Node that is most of the work of one. */
export interface GcmKey {
  /** The same as `gcmSeal`. */
  seal(iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLengthBytes: number): Uint8Array
  /** The same as `gcmOpen`. */
  open(iv: Uint8Array, aad: Uint8Array, ciphertextAndTag: Uint8Array, tagLengthBytes: number): Uint8Array | undefined
  /** The same as `createGcmEncryptor`. */
  createEncryptor(iv: Uint8Array, aad: Uint8Array): GcmEncryptor
  /** The same as `createGcmDecryptor`. */
  createDecryptor(iv: Uint8Array, aad: Uint8Array, tagLengthBytes: number): GcmDecryptor
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
