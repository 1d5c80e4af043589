import type { NvStore } from '../vm/memory/nv-store.ts'

/**
 * The non-volatile cells of one chip, all writes through the store. A memory chip has no journal: what a command
 * writes in one programming cycle (a byte, or a page of an I2C memory) is one write here, and a command of the reader
 * that takes several cycles can be cut between them, as on the real chip.
 */
export class ChipMemory {
  /** For reading; every write goes through `write`. */
  readonly bytes: Uint8Array
  /** The store refused a write: there is no power, and never will be again for this object. */
  isDead = false
  readonly #store: NvStore | undefined
  readonly #offsetInImage: number

  constructor(bytes: Uint8Array, store: NvStore | undefined, offsetInImage: number) {
    this.bytes = bytes
    this.#store = store
    this.#offsetInImage = offsetInImage
  }

  /** The store first, then our copy: a write counts once it is kept. */
  write(address: number, bytes: Uint8Array): void {
    try {
      this.#store?.write(this.#offsetInImage + address, bytes)
    } catch (error) {
      this.isDead = true
      throw error
    }
    this.bytes.set(bytes, address)
  }

  writeByte(address: number, value: number): void {
    this.write(address, Uint8Array.of(value))
  }
}
