/**
 * DES with 8-byte keys, triple DES with 16 (K1 K2 K1) or 24 bytes; parity bits are ignored. For old cards and readers
 * only: nothing new should use it. @source FIPS 46-3, NIST SP 800-67
 */
export interface Des {
  /** Whole 8-byte blocks, no padding. */
  desEcbEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array
  desEcbDecrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Whole 8-byte blocks, no padding; `iv` is 8 bytes. */
  desCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
  desCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /**
   * The retail MAC: DES-CBC under the first half of a 16-byte key, the last block through triple DES; 8 bytes.
   *
   * @param blocks at least one, padded by the caller (ISO/IEC 9797-1 method 1 or 2)
   * @source ISO/IEC 9797-1 MAC algorithm 3
   */
  desRetailMac(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array
}
