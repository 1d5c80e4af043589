import type { NvStore } from '../src/vm/memory/nv-store.ts'

/** What the store throws when the power is gone. */
export class PowerLost extends Error {}

/**
 * A store whose power fails: write number `cutAt` (counted from 0) throws, after `tornBytes` of it were stored. Later
 * writes throw too.
 */
export class CuttingStore implements NvStore {
  #bytes: Uint8Array
  writes = 0
  cutAt: number
  tornBytes: number
  /** Sizes of the writes seen, for tearing each of them in every place. */
  readonly sizes: number[] = []
  /** Called after each write that was stored whole. */
  onWrite: ((offsetBytes: number, length: number) => void) | undefined

  constructor(image: Uint8Array = new Uint8Array(), cutAt = Number.POSITIVE_INFINITY, tornBytes = 0) {
    this.#bytes = image.slice()
    this.cutAt = cutAt
    this.tornBytes = tornBytes
  }

  read(): Uint8Array | undefined {
    return this.#bytes.length === 0 ? undefined : this.#bytes.slice()
  }

  write(offsetBytes: number, bytes: Uint8Array): void {
    if (this.writes > this.cutAt) throw new PowerLost('no power')
    const isCut = this.writes === this.cutAt
    this.writes++
    this.sizes.push(bytes.length)
    const stored = isCut ? bytes.subarray(0, this.tornBytes) : bytes
    const end = offsetBytes + stored.length
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(end)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes.set(stored, offsetBytes)
    if (!isCut) this.onWrite?.(offsetBytes, bytes.length)
    if (isCut) throw new PowerLost(`power lost in write ${this.cutAt}`)
  }
}

/** Every write of `act`, cut before it, after each of a few prefixes, and after it. */
export function* everyCut(sizes: readonly number[]): Generator<{ cutAt: number; tornBytes: number }> {
  for (const [cutAt, size] of sizes.entries()) {
    const prefixes = new Set([0, 1, 2, 3, size >> 1, size - 1, size].filter((count) => count >= 0 && count <= size))
    for (const tornBytes of prefixes) yield { cutAt, tornBytes }
  }
}
