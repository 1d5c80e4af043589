import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { PAD, paddedBlocks } from './block-padding.ts'
import { SIG_CIPHER, type SignatureScheme } from './signature-schemes.ts'

/**
 * A MAC from a block cipher, fed in parts: CBC under a key that the caller gives each time, so that none is kept here.
 *
 * @source ISO/IEC 9797-1 MAC algorithms 1 and 3, NIST SP 800-38B
 */
export class BlockMac {
  readonly #scheme: SignatureScheme
  readonly #blockBytes: number
  #chain: Uint8Array
  /** The end of the message so far: up to a whole block, because the last one may be treated differently. */
  #pending: Uint8Array = new Uint8Array()

  constructor(scheme: SignatureScheme, iv?: Uint8Array) {
    this.#scheme = scheme
    this.#blockBytes = isDesMac(scheme) ? 8 : 16
    this.#chain = iv ?? new Uint8Array(this.#blockBytes)
  }

  update(crypto: CryptoProvider, key: Uint8Array, part: Uint8Array): void {
    const all = concatBytes(this.#pending, part)
    const ready = all.length === 0 ? 0 : all.length - 1 - ((all.length - 1) % this.#blockBytes)
    this.#run(crypto, key, all.subarray(0, ready))
    this.#pending.fill(0)
    this.#pending = all.slice(ready)
    all.fill(0)
  }

  /** The MAC; undefined if there is no padding and the message is not whole blocks, or nothing. */
  finish(crypto: CryptoProvider, key: Uint8Array): Uint8Array | undefined {
    if (this.#scheme.cipher === SIG_CIPHER.AES_CMAC128) return this.#cmac(crypto, key)
    const padding = BASE_PADDING[this.#scheme.padding] ?? this.#scheme.padding
    if (this.#pending.length === 0 && padding === PAD.NOPAD) return undefined
    // An empty message is padded to a block, also by method 1.
    const isEmptyMethod1 = this.#pending.length === 0 && padding === PAD.ISO9797_M1
    const last = isEmptyMethod1
      ? new Uint8Array(this.#blockBytes)
      : paddedBlocks(this.#pending, padding, this.#blockBytes)
    if (last === undefined) return undefined
    this.#run(crypto, key, last)
    const mac = isAlgorithm3(this.#scheme)
      ? crypto.desEcbEncrypt(key.subarray(0, 8), crypto.desEcbDecrypt(key.subarray(8, 16), this.#chain))
      : this.#chain
    return mac.slice(0, macLength(this.#scheme))
  }

  #run(crypto: CryptoProvider, key: Uint8Array, blocks: Uint8Array): void {
    if (blocks.length === 0) return
    const isDes = isDesMac(this.#scheme)
    const used = isAlgorithm3(this.#scheme) ? key.subarray(0, 8) : key
    const result = isDes
      ? crypto.desCbcEncrypt(used, this.#chain, blocks)
      : crypto.aesCbcEncrypt(used, this.#chain, blocks)
    this.#chain = result.slice(-this.#blockBytes)
  }

  /** The last block meets a subkey, another one if it had to be padded. */
  #cmac(crypto: CryptoProvider, key: Uint8Array): Uint8Array {
    const isWhole = this.#pending.length === this.#blockBytes
    const k1 = doubled(crypto.aesEcbEncrypt(key, new Uint8Array(16)))
    const subkey = isWhole ? k1 : doubled(k1)
    const last = isWhole ? this.#pending : paddedBlocks(this.#pending, PAD.ISO9797_M2, this.#blockBytes)!
    return crypto.aesCbcEncrypt(
      key,
      this.#chain,
      last.map((byte, i) => byte ^ subkey[i]!),
    )
  }
}

/** In GF(2^128). */
function doubled(block: Uint8Array): Uint8Array {
  const result = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7))
  if (block[0]! & 0x80) result[15]! ^= 0x87
  return result
}

const BASE_PADDING: Readonly<Record<number, number>> = {
  [PAD.ISO9797_1_M1_ALG3]: PAD.ISO9797_M1,
  [PAD.ISO9797_1_M2_ALG3]: PAD.ISO9797_M2,
}

export const isDesMac = ({ cipher }: SignatureScheme): boolean => {
  return cipher === SIG_CIPHER.DES_MAC4 || cipher === SIG_CIPHER.DES_MAC8
}

export const isAlgorithm3 = ({ padding }: SignatureScheme): boolean => BASE_PADDING[padding] !== undefined

export function macLength({ cipher }: SignatureScheme): number {
  if (cipher === SIG_CIPHER.DES_MAC4) return 4
  return cipher === SIG_CIPHER.DES_MAC8 ? 8 : 16
}
