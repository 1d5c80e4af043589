import { concatBytes } from '@gridcard/bytes'

/** Cipher.PAD_*, those that are told apart by name. */
export const PAD = {
  NULL: 0,
  NOPAD: 1,
  ISO9797_M1: 2,
  ISO9797_M2: 3,
  ISO9797_1_M1_ALG3: 4,
  ISO9797_1_M2_ALG3: 5,
  PKCS5: 6,
  PKCS1: 7,
  PKCS1_PSS: 8,
  PKCS1_OAEP: 9,
  ISO9796: 10,
  ISO9796_MR: 11,
  RFC2409: 12,
  ISO9796_MR_SCHEME_2: 21,
  ISO9796_MR_SCHEME_3: 22,
  ISO9796_MR_SCHEME_1_OPT_2: 25,
  ISO9796_MR_SCHEME_2_OPT_2: 26,
  ISO9796_MR_SCHEME_3_OPT_2: 27,
} as const

/** The end of a message made whole blocks; undefined if it is not and the padding is none. */
export function paddedBlocks(bytes: Uint8Array, padding: number, blockBytes: number): Uint8Array | undefined {
  const missing = blockBytes - (bytes.length % blockBytes)
  switch (padding) {
    case PAD.ISO9797_M1:
      return missing === blockBytes ? bytes : concatBytes(bytes, new Uint8Array(missing))
    case PAD.ISO9797_M2:
      return concatBytes(bytes, Uint8Array.of(0x80), new Uint8Array(missing - 1))
    case PAD.PKCS5:
      return concatBytes(bytes, new Uint8Array(missing).fill(missing))
    default:
      return missing === blockBytes ? bytes : undefined
  }
}

/** True for paddings that are taken off on decryption; ISO/IEC 9797-1 method 1 cannot be. */
export const isRemovable = (padding: number): boolean => padding === PAD.ISO9797_M2 || padding === PAD.PKCS5

/** How many bytes remain of the last block without its padding; undefined if the padding is wrong. */
export function unpaddedLength(block: Uint8Array, padding: number): number | undefined {
  if (padding === PAD.PKCS5) {
    const count = block.at(-1) ?? 0
    const isRight = count > 0 && count <= block.length && block.subarray(-count).every((byte) => byte === count)
    return isRight ? block.length - count : undefined
  }
  const mark = block.findLastIndex((byte) => byte !== 0)
  return mark >= 0 && block[mark] === 0x80 ? mark : undefined
}
