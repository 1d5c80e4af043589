import { CryptoPortError } from './errors.ts'

// Both providers refuse the same lengths with the same error, before their libraries see them.

export function requireKey(key: Uint8Array): void {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) {
    throw new CryptoPortError('CRYPTO_BAD_KEY_LENGTH', `an AES key has 16, 24 or 32 bytes, not ${key.length}`)
  }
}

export function requireDesKey(key: Uint8Array): void {
  if (key.length !== 8 && key.length !== 16 && key.length !== 24) {
    throw new CryptoPortError('CRYPTO_BAD_KEY_LENGTH', `a DES key has 8, 16 or 24 bytes, not ${key.length}`)
  }
}

export function requireKeyOf(lengthBytes: number, key: Uint8Array): void {
  if (key.length !== lengthBytes) {
    throw new CryptoPortError('CRYPTO_BAD_KEY_LENGTH', `the key has ${lengthBytes} bytes, not ${key.length}`)
  }
}

export function requireIv(iv: Uint8Array, lengthBytes: number): void {
  if (iv.length !== lengthBytes) {
    throw new CryptoPortError('CRYPTO_BAD_IV_LENGTH', `the IV has ${lengthBytes} bytes, not ${iv.length}`)
  }
}

export function requireBlocks(blocks: Uint8Array, blockLengthBytes = 16): void {
  if (blocks.length % blockLengthBytes !== 0) {
    throw new CryptoPortError(
      'CRYPTO_BAD_DATA_LENGTH',
      `${blocks.length} bytes are not whole blocks of ${blockLengthBytes}`,
    )
  }
}

export function requireKeyData(keyData: Uint8Array, atLeast: number): void {
  if (keyData.length < atLeast || keyData.length % 8 !== 0) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `${keyData.length} bytes cannot be wrapped or unwrapped`)
  }
}

/** The lengths of SP 800-38D §5.2.1.2. DLMS uses 12. */
export function requireTagLength(lengthBytes: number): void {
  if (
    lengthBytes !== 4 &&
    lengthBytes !== 8 &&
    !(Number.isInteger(lengthBytes) && lengthBytes >= 12 && lengthBytes <= 16)
  ) {
    throw new CryptoPortError('CRYPTO_BAD_TAG_LENGTH', `a GCM tag has 4, 8 or 12 to 16 bytes, not ${lengthBytes}`)
  }
}

/** The lengths of SP 800-38C A.1: nonce and length field share 15 bytes. */
export function requireCcm(nonce: Uint8Array, messageLengthBytes: number, tagLengthBytes: number): void {
  if (nonce.length < 7 || nonce.length > 13) {
    throw new CryptoPortError('CRYPTO_BAD_IV_LENGTH', `a CCM nonce has 7 to 13 bytes, not ${nonce.length}`)
  }
  if (![4, 6, 8, 10, 12, 14, 16].includes(tagLengthBytes)) {
    throw new CryptoPortError('CRYPTO_BAD_TAG_LENGTH', `a CCM tag has 4, 6, .. 16 bytes, not ${tagLengthBytes}`)
  }
  if (messageLengthBytes >= 2 ** (8 * (15 - nonce.length))) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `${messageLengthBytes} bytes are too many for this nonce`)
  }
}

const LEAST_GCM_IV_BYTES = 8
const MOST_GCM_IV_BYTES = 128

/** SP 800-38D §5.2.1.1 allows any length; shorter ones noble refuses, longer ones OpenSSL. */
export function requireGcmIv(iv: Uint8Array): void {
  if (iv.length < LEAST_GCM_IV_BYTES || iv.length > MOST_GCM_IV_BYTES) {
    throw new CryptoPortError('CRYPTO_BAD_IV_LENGTH', `an IV for GCM has 8 to 128 bytes, not ${iv.length}`)
  }
}
