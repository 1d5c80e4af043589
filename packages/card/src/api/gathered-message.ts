import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider, HashName, HashSession } from '@gridcard/crypto'

/** Up to here a message is kept whole: OpenSSL signs messages, not digests, some ten times faster than JavaScript. */
const MOST_KEPT_BYTES = 1024

/** A message given in parts: whole as long as it is short, or its digest so far. */
export class GatheredMessage {
  readonly #crypto: CryptoProvider
  readonly #hash: HashName
  #parts: Uint8Array[] = []
  #length = 0
  #session: HashSession | undefined

  constructor(crypto: CryptoProvider, hash: HashName) {
    this.#crypto = crypto
    this.#hash = hash
  }

  /** One that begins in the middle. */
  static after(crypto: CryptoProvider, hash: HashName, session: HashSession): GatheredMessage {
    const gathered = new GatheredMessage(crypto, hash)
    gathered.#session = session
    return gathered
  }

  update(part: Uint8Array): void {
    if (this.#session !== undefined) {
      this.#session.update(part)
      return
    }
    this.#parts.push(part.slice())
    this.#length += part.length
    if (this.#length <= MOST_KEPT_BYTES) return
    const session = this.#crypto.createHash(this.#hash)
    for (const one of this.#parts) session.update(one)
    this.#session = session
    this.wipe()
  }

  /** A copy of the whole, or undefined if only its digest is known. */
  whole(): Uint8Array | undefined {
    return this.#session === undefined ? concatBytes(...this.#parts) : undefined
  }

  /** The digest up to here; more may follow. */
  digest(): Uint8Array {
    const { hash } = this.#crypto
    return this.#session === undefined ? hash(this.#hash, concatBytes(...this.#parts)) : this.#session.copy().finish()
  }

  /** Forgets what is kept. */
  wipe(): void {
    for (const one of this.#parts) one.fill(0)
    this.#parts = []
  }
}
