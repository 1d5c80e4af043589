import type { ChipMemory } from './chip-memory.ts'

/** Commands: the low six bits of the first byte on the line; the upper two are address bits A9 A8. @source SLE 4428 §2.3 */
export const SLE4428 = {
  readWithProtectBit: 0x0c,
  verifyCode: 0x0d,
  read: 0x0e,
  writeProtectBitWithComparison: 0x30,
  writeWithProtectBit: 0x31,
  writeErrorCounter: 0x32,
  write: 0x33,
} as const

const MAIN_BYTES = 1024

/** Counter and code are the last bytes of main memory; a protect bit for each byte stands behind it. */
export const SLE4428_CELLS = {
  errorCounter: 1021,
  code: 1022,
  protection: MAIN_BYTES,
  sizeBytes: MAIN_BYTES + MAIN_BYTES / 8,
} as const

/** Eight tries. */
export const SLE4428_FULL_COUNTER = 0xff

/**
 * The chip of SLE 4418/4428 cards: 1024 bytes, each protectable for good, a 2-byte code with eight tries.
 *
 * As with the SLE 4442, what is not allowed has no effect and nothing tells; the code is verified by spending a bit of
 * the counter, then comparing both bytes in order, nothing between.
 *
 * @source SLE 4428 §2.3, §2.4
 */
export class Sle4428 {
  readonly #memory: ChipMemory
  #isOpen = false
  /** Address of the code byte that has to be compared next; 0 when no procedure runs. */
  #nextCompared = 0
  #allEqual = false

  constructor(memory: ChipMemory) {
    this.#memory = memory
  }

  powerOn(): void {
    this.#isOpen = false
    this.#nextCompared = 0
  }

  reset(): Uint8Array {
    this.#nextCompared = 0
    return this.#memory.bytes.slice(0, 4)
  }

  /**
   * @param control command in the low six bits, A9 A8 in the upper two
   * @returns what the chip sends up to the end of memory: bytes, or with protect bits pairs of a byte and its bit (1 is
   *   writable); nothing for a command that writes
   */
  send(control: number, lowAddress: number, data: number): Uint8Array {
    const compared = this.#nextCompared
    this.#nextCompared = 0
    const address = ((control >> 6) << 8) | lowAddress
    switch (control & 0x3f) {
      case SLE4428.read:
        return this.#readable().slice(address)
      case SLE4428.readWithProtectBit: {
        const pairs = [...this.#readable()].flatMap((byte, at) => [byte, this.#isProtected(at) ? 0 : 1])
        return Uint8Array.from(pairs.slice(2 * address))
      }
      case SLE4428.write:
        this.#write(address, data)
        break
      case SLE4428.writeWithProtectBit:
        if (this.#write(address, data)) this.#protect(address)
        break
      case SLE4428.writeProtectBitWithComparison:
        if (this.#isOpen && this.#memory.bytes[address] === data) this.#protect(address)
        break
      case SLE4428.writeErrorCounter:
        if (address === SLE4428_CELLS.errorCounter) this.#spend(data)
        break
      case SLE4428.verifyCode:
        this.#verify(compared, address, data)
        break
    }
    return new Uint8Array()
  }

  /** Main memory as it reads: the code as zeros until it has been verified. */
  #readable(): Uint8Array {
    const bytes = this.#memory.bytes.slice(0, MAIN_BYTES)
    if (!this.#isOpen) bytes.fill(0, SLE4428_CELLS.code)
    return bytes
  }

  #isProtected(address: number): boolean {
    return (this.#memory.bytes[SLE4428_CELLS.protection + (address >> 3)]! & (1 << (address & 7))) === 0
  }

  #write(address: number, data: number): boolean {
    if (!this.#isOpen || this.#isProtected(address)) return false
    this.#memory.writeByte(address, data)
    return true
  }

  /** A protected counter could never be erased again; we do not let it be protected (the data sheet does not say). */
  #protect(address: number): void {
    if (address === SLE4428_CELLS.errorCounter) return
    const cell = SLE4428_CELLS.protection + (address >> 3)
    this.#memory.writeByte(cell, this.#memory.bytes[cell]! & ~(1 << (address & 7)))
  }

  /** This command only ever clears bits; as in the SLE 4442, spending a try closes an open card. */
  #spend(data: number): void {
    const old = this.#memory.bytes[SLE4428_CELLS.errorCounter]!
    if ((old & data) === old) return
    this.#isOpen = false
    this.#memory.writeByte(SLE4428_CELLS.errorCounter, old & data)
    this.#nextCompared = SLE4428_CELLS.code
    this.#allEqual = true
  }

  #verify(expected: number, address: number, data: number): void {
    if (expected === 0 || address !== expected) return
    if (this.#memory.bytes[address] !== data) this.#allEqual = false
    if (address === SLE4428_CELLS.code) this.#nextCompared = address + 1
    else this.#isOpen = this.#allEqual
  }
}
