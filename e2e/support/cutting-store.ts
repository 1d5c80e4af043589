import type { NvStore } from '@gridcard/card'

/** Thrown in the place of the write that did not happen. */
export class PowerCut extends Error {}

/** Memory that loses its power after a number of writes; the next one is lost, or only its first half arrives. */
export class CuttingStore implements NvStore {
  readonly bytes: Uint8Array
  writes = 0
  #left = Number.POSITIVE_INFINITY
  #torn = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice()
  }

  /** Lets `writes` more writes through. */
  cutAfter(writes: number, options: { torn: boolean }): void {
    this.#left = writes
    this.#torn = options.torn
  }

  restorePower(): void {
    this.#left = Number.POSITIVE_INFINITY
  }

  read(): Uint8Array {
    return this.bytes.slice()
  }

  write(offsetBytes: number, part: Uint8Array): void {
    if (this.#left === 0) {
      if (this.#torn) this.bytes.set(part.subarray(0, part.length >> 1), offsetBytes)
      throw new PowerCut()
    }
    this.#left--
    this.writes++
    this.bytes.set(part, offsetBytes)
  }
}
