import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'

/**
 * HMAC_DRBG with SHA-256: the same seed gives the same bytes. For generators whose seed is the applet's to give.
 *
 * @source NIST SP 800-90A §10.1.2
 */
export class HmacDrbg {
  readonly #crypto: CryptoProvider
  #key: Uint8Array = new Uint8Array(32)
  #value: Uint8Array = new Uint8Array(32).fill(1)

  constructor(crypto: CryptoProvider, seed: Uint8Array) {
    this.#crypto = crypto
    this.#mix(seed)
  }

  next(lengthBytes: number): Uint8Array {
    const result = new Uint8Array(lengthBytes)
    for (let at = 0; at < lengthBytes; at += 32) {
      this.#value = this.#crypto.hmac('sha256', this.#key, this.#value)
      result.set(this.#value.subarray(0, lengthBytes - at), at)
    }
    this.#mix(new Uint8Array())
    return result
  }

  #mix(seed: Uint8Array): void {
    for (const round of seed.length === 0 ? [0] : [0, 1]) {
      this.#key = this.#crypto.hmac('sha256', this.#key, concatBytes(this.#value, Uint8Array.of(round), seed))
      this.#value = this.#crypto.hmac('sha256', this.#key, this.#value)
    }
  }
}
