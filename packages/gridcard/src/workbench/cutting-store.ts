import { memoryStore, type NvStore } from '@gridcard/card'

/** The write that a power cut prevented. The card passes it on as it likes; nobody else throws it. */
class PowerLost extends Error {}

/** Where a write went, and how much of it. */
export interface StoreWrite {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** A store in memory that loses power after a number of writes, and tells of each. */
export class CuttingStore implements NvStore {
  readonly #store: NvStore
  #writesLeft: number | undefined
  #isTorn = false
  #hasCut = false
  /** Called for each write that was done. */
  onWrite: ((write: StoreWrite) => void) | undefined

  constructor(image?: Uint8Array) {
    this.#store = memoryStore(image)
  }

  read(): Uint8Array | undefined {
    return this.#store.read()
  }

  write(offsetBytes: number, bytes: Uint8Array): void {
    if (this.#writesLeft === 0) {
      this.#hasCut = true
      if (this.#isTorn && bytes.length > 1) this.#store.write(offsetBytes, bytes.subarray(0, bytes.length >> 1))
      throw new PowerLost('power cut')
    }
    if (this.#writesLeft !== undefined) this.#writesLeft--
    this.#store.write(offsetBytes, bytes)
    this.onWrite?.({ offsetBytes, lengthBytes: bytes.length })
  }

  get isArmed(): boolean {
    return this.#writesLeft !== undefined
  }

  /** @param isTorn of the write that is cut its first half is stored */
  arm(writes: number, isTorn = false): void {
    this.#writesLeft = writes
    this.#isTorn = isTorn
  }

  /** @returns whether the cut happened since it was armed */
  disarm(): boolean {
    const hasCut = this.#hasCut
    this.#writesLeft = undefined
    this.#hasCut = false
    return hasCut
  }

  get hasCut(): boolean {
    return this.#hasCut
  }
}
