import { assert, concatBytes } from '@gridcard/bytes'
import { ctr, gcm } from '@noble/ciphers/aes.js'
import { requireGcmIv, requireKey } from '../requirements.ts'

/** First counter block of the message: iv || 2 (SP 800-38D §7.1; block 1 masks the tag). */
function messageCounter(iv: Uint8Array): Uint8Array {
  return concatBytes(iv, Uint8Array.of(0, 0, 0, 2))
}

/**
 * GCM as a session over noble's one-shot functions: counter mode is run over all bytes so far, and the tag comes from
 * sealing the whole plaintext again. Twice the work of OpenSSL, and right for the sizes a card handles.
 */
export class GcmSession {
  readonly #key: Uint8Array
  readonly #iv: Uint8Array
  readonly #aad: Uint8Array
  #input: Uint8Array = new Uint8Array()
  #hasEnded = false

  constructor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array) {
    requireKey(key)
    requireGcmIv(iv)
    // Copies; slice() of a Buffer would be a view.
    this.#key = new Uint8Array(key)
    this.#iv = new Uint8Array(iv)
    this.#aad = new Uint8Array(aad)
  }

  update(part: Uint8Array): Uint8Array {
    assert(!this.#hasEnded, 'GCM session used after its end')
    const before = this.#input.length
    this.#input = concatBytes(this.#input, part)
    return this.#keystreamed().slice(before)
  }

  #keystreamed(): Uint8Array {
    if (this.#input.length === 0) return new Uint8Array()
    if (this.#iv.length === 12) return ctr(this.#key, messageCounter(this.#iv)).encrypt(this.#input)
    // The counter begins somewhere, and wraps within 32 bits: sealing gives the same stream.
    return gcm(this.#key, this.#iv).encrypt(this.#input).slice(0, this.#input.length)
  }

  /** The whole tag; ends the session. */
  tagOf(direction: 'encrypt' | 'decrypt'): Uint8Array {
    assert(!this.#hasEnded, 'GCM session used after its end')
    this.#hasEnded = true
    const plaintext = direction === 'encrypt' ? this.#input : this.#keystreamed()
    return gcm(this.#key, this.#iv, this.#aad).encrypt(plaintext).slice(plaintext.length)
  }
}
