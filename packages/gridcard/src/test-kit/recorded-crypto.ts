import type { CryptoProvider } from '@gridcard/crypto'
import { createNodeCrypto, nodeCrypto } from '@gridcard/crypto/node'

/** What chance gave a card since it was powered, in order. */
export type ChanceTape = readonly unknown[]

/**
 * Cryptography whose chance is kept: random numbers, RSA key pairs and ECDSA signatures. Played back, the same commands
 * lead to the same card.
 */
export class RecordedCrypto {
  readonly provider: CryptoProvider
  #tape: unknown[] = []
  /** Of the tape, while it is played back. */
  #at: number | undefined

  constructor() {
    const chance = <T>(make: () => T): T => this.#next(make)
    const crypto = createNodeCrypto({ randomBytes: (length) => chance(() => nodeCrypto.randomBytes(length)).slice() })
    this.provider = {
      ...crypto,
      generateRsaKeyPair: (...args) => chance(() => crypto.generateRsaKeyPair(...args)),
      createEcdsaSigner: (...args) => {
        const signer = crypto.createEcdsaSigner(...args)
        return {
          sign: (message) => chance(() => signer.sign(message)),
          signDigest: (digest) => chance(() => signer.signDigest(digest)),
        }
      },
    }
  }

  /** A copy of what was recorded so far. */
  tape(): ChanceTape {
    return [...this.#tape]
  }

  startAnew(): void {
    this.#tape = []
    this.#at = undefined
  }

  /** Until the end of the tape chance is what it was then; after it, chance again. */
  playBack(tape: ChanceTape): void {
    this.#tape = [...tape]
    this.#at = 0
  }

  #next<T>(make: () => T): T {
    if (this.#at !== undefined && this.#at < this.#tape.length) return this.#tape[this.#at++] as T // as it was recorded here
    this.#at = undefined
    const made = make()
    this.#tape.push(made)
    return made
  }
}
