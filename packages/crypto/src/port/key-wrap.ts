/** @source RFC 3394 */
export interface KeyWrap {
  /** `keyData` a multiple of 8 bytes, at least 16. */
  aesKeyWrap(kek: Uint8Array, keyData: Uint8Array): Uint8Array
  /** Undefined if the integrity check fails. */
  aesKeyUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined
}
