import { CryptoPortError } from './errors.ts'

// Both providers refuse the same lengths with the same error, before their libraries see them.

export function requireKey(key: Uint8Array): void {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) {
    throw new CryptoPortError('CRYPTO_BAD_KEY_LENGTH', `an AES key has 16, 24 or 32 bytes, not ${key.length}`)
  }
}

export function requireIv(iv: Uint8Array, lengthBytes: number): void {
  if (iv.length !== lengthBytes) {
    throw new CryptoPortError('CRYPTO_BAD_IV_LENGTH', `the IV has ${lengthBytes} bytes, not ${iv.length}`)
  }
}

export function requireBlocks(blocks: Uint8Array): void {
  if (blocks.length % 16 !== 0) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `${blocks.length} bytes are not whole AES blocks`)
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
