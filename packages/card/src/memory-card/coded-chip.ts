import type { ChipMemory } from './chip-memory.ts'
import type { CodedChipType } from './chip-types.ts'
import { SLE4428, SLE4428_CELLS, Sle4428 } from './sle4428.ts'
import { SLE4442, Sle4442 } from './sle4442.ts'

/** A chip with a code as a reader sees it: what it can find out and try, each a command of the chip or a few. */
export interface CodedChip {
  powerOn(): void
  answerToReset(): Uint8Array
  main(): Uint8Array
  /** Bit (address & 7) of byte (address >> 3): 1 is writable. */
  protection(): Uint8Array
  /** The error counter, then the code: zeros until it has been verified. */
  security(): Uint8Array
  writeByte(address: number, value: number): void
  protectByte(address: number, value: number): void
  writeCounter(value: number): void
  eraseCounter(): void
  /** `index` from 0. */
  compareCodeByte(index: number, value: number): void
  writeCodeByte(index: number, value: number): void
}

export function codedChip(type: CodedChipType, memory: ChipMemory): CodedChip {
  return type.family === 'sle4442' ? twoWire(new Sle4442(memory)) : threeWire(new Sle4428(memory))
}

function twoWire(chip: Sle4442): CodedChip {
  return {
    powerOn: () => chip.powerOn(),
    answerToReset: () => chip.reset(),
    main: () => chip.send(SLE4442.readMain, 0, 0),
    protection: () => chip.send(SLE4442.readProtection, 0, 0),
    security: () => chip.send(SLE4442.readSecurity, 0, 0),
    writeByte: (address, value) => void chip.send(SLE4442.updateMain, address, value),
    protectByte: (address, value) => void chip.send(SLE4442.writeProtection, address, value),
    writeCounter: (value) => void chip.send(SLE4442.updateSecurity, 0, value),
    eraseCounter: () => void chip.send(SLE4442.updateSecurity, 0, 0xff),
    compareCodeByte: (index, value) => void chip.send(SLE4442.compareVerificationData, index + 1, value),
    writeCodeByte: (index, value) => void chip.send(SLE4442.updateSecurity, index + 1, value),
  }
}

function threeWire(chip: Sle4428): CodedChip {
  const send = (command: number, address: number, data = 0) =>
    chip.send(((address >> 8) << 6) | command, address & 0xff, data)
  const { errorCounter, code } = SLE4428_CELLS
  return {
    powerOn: () => chip.powerOn(),
    answerToReset: () => chip.reset(),
    main: () => send(SLE4428.read, 0),
    protection: () => {
      const pairs = send(SLE4428.readWithProtectBit, 0)
      const bits = new Uint8Array(pairs.length / 16)
      for (let at = 0; at < pairs.length / 2; at++) bits[at >> 3]! |= pairs[2 * at + 1]! << (at & 7)
      return bits
    },
    security: () => send(SLE4428.read, errorCounter),
    writeByte: (address, value) => void send(SLE4428.write, address, value),
    protectByte: (address, value) => void send(SLE4428.writeProtectBitWithComparison, address, value),
    writeCounter: (value) => void send(SLE4428.writeErrorCounter, errorCounter, value),
    eraseCounter: () => void send(SLE4428.write, errorCounter, 0xff),
    compareCodeByte: (index, value) => void send(SLE4428.verifyCode, code + index, value),
    writeCodeByte: (index, value) => void send(SLE4428.write, code + index, value),
  }
}

/**
 * Verifies a code as a reader does: spend a try, compare, try to erase the counter.
 * @returns the counter afterwards: full if the code was right, 0 if the card is locked
 */
export function presentCode(chip: CodedChip, type: CodedChipType, code: Uint8Array): number {
  const before = chip.security()[0]!
  if (before === 0) return 0
  const highestTry = 1 << (31 - Math.clz32(before))
  chip.writeCounter(before & ~highestTry)
  code.forEach((byte, index) => {
    chip.compareCodeByte(index, byte)
  })
  chip.eraseCounter()
  return chip.security()[0]! & type.fullCounter
}

/** Tries that a counter still holds. */
export function triesLeft(counter: number): number {
  let tries = 0
  for (let rest = counter; rest !== 0; rest &= rest - 1) tries++
  return tries
}
