/** AES in modes without authentication, and CMAC. Keys are 16, 24 or 32 bytes. @source FIPS 197, NIST SP 800-38A */
export interface Aes {
  /** Makes a key ready once, for as many operations as wanted. Holds it until it is dropped. */
  openAesKey(key: Uint8Array): AesKeyOperations
  /**
   * One data unit of 16 bytes or more, any length. `key` is both keys, 32 bytes for AES-128, 64 for AES-256; `tweak`
   * is 16 bytes, the unit's number little-endian. @source IEEE 1619, NIST SP 800-38E
   */
  aesXtsEncrypt(key: Uint8Array, tweak: Uint8Array, plaintext: Uint8Array): Uint8Array
  aesXtsDecrypt(key: Uint8Array, tweak: Uint8Array, ciphertext: Uint8Array): Uint8Array
  /** Whole blocks, no padding. */
  aesEcbEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array
  aesEcbDecrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Whole blocks, no padding; `iv` is 16 bytes. To go on in a later call, give the last block of ciphertext as `iv`. */
  aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
  aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Either direction, any length. All 16 bytes of `counterBlock` count up, big-endian, and wrap to zero. */
  aesCtr(key: Uint8Array, counterBlock: Uint8Array, bytes: Uint8Array): Uint8Array
  /** CFB with segments of a whole block; any length, the last segment may be short. `iv` is 16 bytes. */
  aesCfbEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Uint8Array
  aesCfbDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array
  /** 16-byte AES-CMAC (NIST SP 800-38B). */
  aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array
}

/** As the functions of the same names; whole blocks, no padding. */
export interface AesKeyOperations {
  ecbEncrypt(blocks: Uint8Array): Uint8Array
  ecbDecrypt(blocks: Uint8Array): Uint8Array
  cbcEncrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array
  cbcDecrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array
}
