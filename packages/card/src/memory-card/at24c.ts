import type { ChipMemory } from './chip-memory.ts'

/**
 * An I2C memory: bytes and no protection whatsoever.
 *
 * Reads run on to the end and then from the beginning; a page write that runs over the end of its page goes on at the
 * page's beginning, over what it wrote before.
 *
 * @source AT24C data sheets, "Write Operations", "Read Operations"
 */
export class At24c {
  readonly #memory: ChipMemory
  readonly #pageBytes: number

  constructor(memory: ChipMemory, pageBytes: number) {
    this.#memory = memory
    this.#pageBytes = pageBytes
  }

  sequentialRead(address: number, length: number): Uint8Array {
    const { bytes } = this.#memory
    return Uint8Array.from({ length }, (_, i) => bytes[(address + i) % bytes.length]!)
  }

  /** One programming cycle; of more bytes than a page has, the last ones stay. */
  pageWrite(address: number, data: Uint8Array): void {
    if (data.length === 0) return
    const start = address - (address % this.#pageBytes)
    const page = this.#memory.bytes.slice(start, start + this.#pageBytes)
    data.forEach((byte, i) => {
      page[(address - start + i) % this.#pageBytes] = byte
    })
    const isWithin = address - start + data.length <= this.#pageBytes
    if (isWithin) this.#memory.write(address, page.subarray(address - start, address - start + data.length))
    else this.#memory.write(start, page)
  }
}
