import type { ChipMemory } from './chip-memory.ts'

/** Commands by their control byte. @source SLE 4442 §2.3 */
export const SLE4442 = {
  readMain: 0x30,
  readSecurity: 0x31,
  compareVerificationData: 0x33,
  readProtection: 0x34,
  updateMain: 0x38,
  updateSecurity: 0x39,
  writeProtection: 0x3c,
} as const

const MAIN_BYTES = 256
const PROTECTABLE_BYTES = 32
const CODE_BYTES = 3

/** Where things stand in the chip's cells: main memory, protection memory, then security memory. */
export const SLE4442_CELLS = {
  protection: MAIN_BYTES,
  errorCounter: MAIN_BYTES + PROTECTABLE_BYTES / 8,
  code: MAIN_BYTES + PROTECTABLE_BYTES / 8 + 1,
  sizeBytes: MAIN_BYTES + PROTECTABLE_BYTES / 8 + 1 + CODE_BYTES,
} as const

/** The error counter has three bits, 1 is a try that is left. */
export const SLE4442_FULL_COUNTER = 0b111

/**
 * The chip of SLE 4432/4442 cards: 256 bytes, the first 32 protectable for good, a 3-byte programmable security code
 * (PSC) with three tries.
 *
 * A command is three bytes; what the chip does not allow has no effect, and nothing tells: a reader finds out by
 * reading back. Writing needs the code, compared by this procedure and no other: update the error counter so that a 1
 * becomes 0, then compare bytes 1, 2 and 3 in order. Any other command between breaks it. A try is therefore spent,
 * durably, before the first byte is compared; a power cut cannot give it back, since only erasing the counter does,
 * and that needs the procedure to have succeeded in this power session.
 *
 * @source SLE 4442 §2.3, §2.4; the command and answer bytes also in captures of a real card, see the tests
 */
export class Sle4442 {
  readonly #memory: ChipMemory
  /** Writing is allowed until the power goes. */
  #isOpen = false
  /** The reference byte that has to be compared next, 1 to 3; 0 when no procedure runs. */
  #nextCompared = 0
  #allEqual = false

  constructor(memory: ChipMemory) {
    this.#memory = memory
  }

  powerOn(): void {
    this.#isOpen = false
    this.#nextCompared = 0
  }

  /** Answer to reset: the first four bytes of main memory. A reset keeps the code verified, losing power does not. */
  reset(): Uint8Array {
    this.#nextCompared = 0
    return this.#memory.bytes.slice(0, 4)
  }

  /** @returns what the chip sends: bytes up to the end of the memory read, nothing for a command that writes */
  send(control: number, address: number, data: number): Uint8Array {
    const compared = this.#nextCompared
    this.#nextCompared = 0
    switch (control) {
      case SLE4442.readMain:
        return this.#memory.bytes.slice(address, MAIN_BYTES)
      case SLE4442.readProtection:
        return this.#memory.bytes.slice(SLE4442_CELLS.protection, SLE4442_CELLS.errorCounter)
      case SLE4442.readSecurity:
        return this.#readSecurity()
      case SLE4442.updateMain:
        if (this.#isOpen && !this.#isProtected(address)) this.#memory.writeByte(address, data)
        break
      case SLE4442.writeProtection:
        this.#writeProtection(address, data)
        break
      case SLE4442.updateSecurity:
        if (address === 0) this.#updateCounter(data)
        else if (this.#isOpen && address <= CODE_BYTES) this.#memory.writeByte(SLE4442_CELLS.code + address - 1, data)
        break
      case SLE4442.compareVerificationData:
        this.#compare(compared, address, data)
        break
    }
    return new Uint8Array()
  }

  /** The code reads as zeros until it has been verified. */
  #readSecurity(): Uint8Array {
    const security = this.#memory.bytes.slice(SLE4442_CELLS.errorCounter, SLE4442_CELLS.sizeBytes)
    security[0]! &= SLE4442_FULL_COUNTER
    if (!this.#isOpen) security.fill(0, 1)
    return security
  }

  #isProtected(address: number): boolean {
    if (address >= PROTECTABLE_BYTES) return false
    return (this.#memory.bytes[SLE4442_CELLS.protection + (address >> 3)]! & (1 << (address & 7))) === 0
  }

  /** Protects a byte if `data` is what stands there; protection bits are PROM cells and never come back. */
  #writeProtection(address: number, data: number): void {
    if (!this.#isOpen || address >= PROTECTABLE_BYTES || this.#memory.bytes[address] !== data) return
    const cell = SLE4442_CELLS.protection + (address >> 3)
    this.#memory.writeByte(cell, this.#memory.bytes[cell]! & ~(1 << (address & 7)))
  }

  /**
   * Without the code, bits of the counter go from 1 to 0 only. Spending one begins the procedure; while the card is
   * open it also closes it, so that a wrong code after a right one is not taken for right (the data sheet does not say).
   */
  #updateCounter(data: number): void {
    const { errorCounter } = SLE4442_CELLS
    const old = this.#memory.bytes[errorCounter]! & SLE4442_FULL_COUNTER
    const value = (this.#isOpen ? data : old & data) & SLE4442_FULL_COUNTER
    if (value === old) return
    const isSpent = (old & ~value) !== 0
    if (isSpent) this.#isOpen = false
    this.#memory.writeByte(errorCounter, value)
    if (isSpent) {
      this.#nextCompared = 1
      this.#allEqual = true
    }
  }

  #compare(expected: number, address: number, data: number): void {
    if (expected === 0 || address !== expected) return
    // All three are compared whatever they are: which of them was wrong is not to be seen.
    if (this.#memory.bytes[SLE4442_CELLS.code + address - 1] !== data) this.#allEqual = false
    if (address < CODE_BYTES) this.#nextCompared = address + 1
    else this.#isOpen = this.#allEqual
  }
}
