/** AES in modes without authentication, and CMAC. Keys are 16, 24 or 32 bytes. @source FIPS 197, NIST SP 800-38A */
export interface Aes {
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
