import { concatBytes, fromHex } from '@gridcard/bytes'
import { type ApduCommand, parseApduCommand } from '../runtime/apdu-command.ts'
import { At24c } from './at24c.ts'
import type { ChipMemory } from './chip-memory.ts'
import type { ChipType, CodedChipType, PlainChipType } from './chip-types.ts'
import { type CodedChip, codedChip, presentCode, triesLeft } from './coded-chip.ts'

/** Pseudo-APDUs of class FF, by their instruction byte. */
export const READER_INS = {
  selectPageSize: 0x01,
  presentCode: 0x20,
  changeCode: 0x21,
  compareAndProtect: 0x30,
  readProtectionMemory: 0x3a,
  selectCardType: 0xa4,
  readMemory: 0xb0,
  readErrorCounter: 0xb1,
  readProtectionBits: 0xb2,
  writeMemory: 0xd0,
  writeProtection: 0xd1,
  writeCode: 0xd2,
  updateBinary: 0xd6,
} as const

/** Status words of PC/SC part 3 and ISO/IEC 7816-4 as readers use them for storage cards. */
export const READER_SW = {
  noError: 0x9000,
  /** Fewer bytes than asked for: the memory ends. */
  endOfMemory: 0x6282,
  /** The low digit counts the tries that are left. */
  wrongCode: 0x63c0,
  writeFailed: 0x6581,
  wrongLength: 0x6700,
  codeNotPresented: 0x6982,
  codeBlocked: 0x6983,
  wrongData: 0x6a80,
  functionNotSupported: 0x6a81,
  noSuchAddress: 0x6a82,
  wrongParameters: 0x6b00,
  /** The low byte is the length that is there. */
  wrongLe: 0x6c00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
} as const

const READER_CLASS = 0xff
/** What a reader answers for a memory that has no answer to reset: the historical bytes say "I2C.". */
const ATR_WITHOUT_ANSWER = fromHex('3B044932432E')
/** TS and T0 of the ATR that a reader puts in front of the four bytes of a synchronous card. */
const ATR_HEAD = fromHex('3B04')
const DEFAULT_PAGE_BYTES = 8

/**
 * A PC/SC reader with a synchronous card in it. Such a card knows no APDUs; the reader turns pseudo-APDUs of class FF
 * into the chip's commands, and finds out by reading back whether they had an effect.
 *
 * Two families of readers exist and both are here. After SELECT CARD TYPE (FF A4) the code is answered as ACS readers
 * do: 90 and the error counter, also when the code was wrong. Without it, as HID readers do: 9000, 63Cx or 6983.
 *
 * A command that is refused changes nothing, but for the try that a wrong code costs.
 */
export class SynchronousReader {
  readonly #type: ChipType
  readonly #driver: CodedDriver | PlainDriver
  #isAcsDialect = false

  constructor(type: ChipType, memory: ChipMemory) {
    this.#type = type
    this.#driver = type.family === 'at24c' ? new PlainDriver(type, memory) : new CodedDriver(type, memory)
  }

  /** @returns the ATR that the reader composes */
  powerOn(): Uint8Array {
    this.#isAcsDialect = false
    const answer = this.#driver.powerOn()
    return answer === undefined ? ATR_WITHOUT_ANSWER.slice() : concatBytes(ATR_HEAD, answer)
  }

  transmit(bytes: Uint8Array): Uint8Array {
    const command = parseApduCommand(bytes)
    if (command === undefined) return statusOnly(READER_SW.wrongLength)
    if (command.cla !== READER_CLASS) return statusOnly(READER_SW.unknownClass)
    if (command.isExtended) return statusOnly(READER_SW.wrongLength)
    if (command.ins === READER_INS.selectCardType) return this.#selectCardType(command)
    return this.#driver.execute(command, this.#isAcsDialect)
  }

  #selectCardType({ p1, p2, data }: ApduCommand): Uint8Array {
    if (p1 !== 0 || p2 !== 0) return statusOnly(READER_SW.wrongParameters)
    if (data.length !== 1) return statusOnly(READER_SW.wrongLength)
    if (data[0] !== this.#type.acsCardType) return statusOnly(READER_SW.functionNotSupported)
    this.#driver.powerOn()
    this.#isAcsDialect = true
    return statusOnly(READER_SW.noError)
  }
}

/** I2C memories: read, write, and the page size that the reader works with. */
class PlainDriver {
  readonly #type: PlainChipType
  readonly #chip: At24c
  /** Larger than the chip's own, and what is written wraps in the chip's page. */
  #pageBytes = DEFAULT_PAGE_BYTES

  constructor(type: PlainChipType, memory: ChipMemory) {
    this.#type = type
    this.#chip = new At24c(memory, type.pageBytes)
  }

  powerOn(): undefined {
    this.#pageBytes = DEFAULT_PAGE_BYTES
  }

  execute(command: ApduCommand): Uint8Array {
    // The 17th address bit of a 1024 kbit memory stands in the lowest bit of the instruction.
    const isBig = this.#type.sizeBytes > 0x1_0000
    const upper = isBig ? (command.ins & 1) << 16 : 0
    const address = upper | (command.p1 << 8) | command.p2
    switch (isBig && command.ins >= READER_INS.readMemory ? command.ins & ~1 : command.ins) {
      case READER_INS.readMemory:
        return readBytes(command, address, this.#type.sizeBytes, (from, length) =>
          this.#chip.sequentialRead(from, length),
        )
      case READER_INS.writeMemory:
      case READER_INS.updateBinary:
        return this.#write(command, address)
      case READER_INS.selectPageSize:
        return this.#selectPageSize(command)
    }
    return statusOnly(READER_SW.unknownInstruction)
  }

  #write({ data, ne }: ApduCommand, address: number): Uint8Array {
    if (data.length === 0 || ne !== undefined) return statusOnly(READER_SW.wrongLength)
    if (address + data.length > this.#type.sizeBytes) return statusOnly(READER_SW.noSuchAddress)
    for (let at = 0; at < data.length; ) {
      const room = this.#pageBytes - ((address + at) % this.#pageBytes)
      this.#chip.pageWrite(address + at, data.subarray(at, at + room))
      at += room
    }
    return statusOnly(READER_SW.noError)
  }

  #selectPageSize({ p1, p2, data }: ApduCommand): Uint8Array {
    if (p1 !== 0 || p2 !== 0) return statusOnly(READER_SW.wrongParameters)
    if (data.length !== 1) return statusOnly(READER_SW.wrongLength)
    const exponent = data[0]!
    if (exponent < 3 || exponent > 7) return statusOnly(READER_SW.wrongData)
    this.#pageBytes = 1 << exponent
    return statusOnly(READER_SW.noError)
  }
}

class CodedDriver {
  readonly #type: CodedChipType
  readonly #chip: CodedChip
  /** The counter could be erased: the code was right, and the chip takes writes until it loses power. */
  #isCodePresented = false

  constructor(type: CodedChipType, memory: ChipMemory) {
    this.#type = type
    this.#chip = codedChip(type, memory)
  }

  powerOn(): Uint8Array {
    this.#isCodePresented = false
    this.#chip.powerOn()
    return this.#chip.answerToReset()
  }

  execute(command: ApduCommand, isAcsDialect: boolean): Uint8Array {
    const address = (command.p1 << 8) | command.p2
    switch (command.ins) {
      case READER_INS.readMemory:
        return readBytes(command, address, this.#type.sizeBytes, (from, length) =>
          this.#chip.main().slice(from, from + length),
        )
      case READER_INS.writeMemory:
      case READER_INS.updateBinary:
        return this.#write(address, command.data, command.ne)
      case READER_INS.writeProtection:
        return this.#protect(address, command.data, command.ne)
      case READER_INS.compareAndProtect:
        return this.#compareAndProtect(command)
      case READER_INS.readProtectionBits:
        return this.#readProtectionBits(command, address)
      case READER_INS.readProtectionMemory:
        return this.#readProtectionMemory(command, address)
      case READER_INS.readErrorCounter:
        return this.#readErrorCounter(command, address)
      case READER_INS.presentCode:
        return this.#presentCode(command, address, isAcsDialect)
      case READER_INS.changeCode:
        return this.#changeCode(command, address)
      case READER_INS.writeCode:
        return this.#writeCodeCommand(command, address)
    }
    return statusOnly(READER_SW.unknownInstruction)
  }

  #write(address: number, data: Uint8Array, ne: number | undefined): Uint8Array {
    if (data.length === 0 || ne !== undefined) return statusOnly(READER_SW.wrongLength)
    if (address + data.length > this.#type.sizeBytes) return statusOnly(READER_SW.noSuchAddress)
    if (!this.#isCodePresented) return statusOnly(READER_SW.codeNotPresented)
    const main = this.#chip.main()
    const protection = this.#chip.protection()
    const isStuck = data.some((byte, i) => byte !== main[address + i] && isProtected(protection, address + i))
    if (isStuck) return statusOnly(READER_SW.writeFailed)
    data.forEach((byte, i) => {
      if (byte !== main[address + i]) this.#chip.writeByte(address + i, byte)
    })
    const after = this.#chip.main()
    return statusOnly(data.every((byte, i) => byte === after[address + i]) ? READER_SW.noError : READER_SW.writeFailed)
  }

  /** Protects bytes that are as the command says. Irreversible. */
  #protect(address: number, data: Uint8Array, ne: number | undefined): Uint8Array {
    if (data.length === 0 || ne !== undefined) return statusOnly(READER_SW.wrongLength)
    const end = address + data.length
    const { protectableBytes, cells } = this.#type
    const coversCounter = address <= cells.errorCounter && cells.errorCounter < Math.min(end, this.#type.sizeBytes)
    if (end > protectableBytes || coversCounter) return statusOnly(READER_SW.noSuchAddress)
    if (!this.#isCodePresented) return statusOnly(READER_SW.codeNotPresented)
    const main = this.#chip.main()
    if (data.some((byte, i) => byte !== main[address + i])) return statusOnly(READER_SW.wrongData)
    data.forEach((byte, i) => {
      this.#chip.protectByte(address + i, byte)
    })
    const protection = this.#chip.protection()
    return statusOnly(
      data.every((_, i) => isProtected(protection, address + i)) ? READER_SW.noError : READER_SW.writeFailed,
    )
  }

  /** HID: FF 30 00 03, data 01 00 00, address, bytes. */
  #compareAndProtect({ p1, p2, data, ne }: ApduCommand): Uint8Array {
    if (p1 !== 0 || p2 !== 3) return statusOnly(READER_SW.wrongParameters)
    if (data.length < 6) return statusOnly(READER_SW.wrongLength)
    if (data[0] !== 1 || data[1] !== 0 || data[2] !== 0) return statusOnly(READER_SW.wrongData)
    return this.#protect((data[3]! << 8) | data[4]!, data.subarray(5), ne)
  }

  /** ACS: eight bits a byte, the lowest for the first address; 1 is writable. */
  #readProtectionBits({ data, ne }: ApduCommand, address: number): Uint8Array {
    if (data.length > 0 || ne === undefined) return statusOnly(READER_SW.wrongLength)
    if (address >= this.#type.protectableBytes) return statusOnly(READER_SW.noSuchAddress)
    const available = (this.#type.protectableBytes - address + 7) >> 3
    const length = ne === 256 ? Math.min(available, 32) : ne
    if (length > available) return statusOnly(READER_SW.wrongLe | available)
    const protection = this.#chip.protection()
    const bits = new Uint8Array(length)
    for (let i = 0; i < 8 * length; i++) {
      const isWritable = address + i >= this.#type.protectableBytes || !isProtected(protection, address + i)
      if (isWritable) bits[i >> 3]! |= 1 << (i & 7)
    }
    return answer(bits, READER_SW.noError)
  }

  /** HID: one byte an address, 1 is protected. */
  #readProtectionMemory(command: ApduCommand, address: number): Uint8Array {
    const protection = this.#chip.protection()
    return readBytes(command, address, this.#type.protectableBytes, (from, length) =>
      Uint8Array.from({ length }, (_, i) => (isProtected(protection, from + i) ? 1 : 0)),
    )
  }

  #readErrorCounter({ data, ne }: ApduCommand, address: number): Uint8Array {
    if (address !== 0) return statusOnly(READER_SW.wrongParameters)
    if (data.length > 0 || ne === undefined) return statusOnly(READER_SW.wrongLength)
    const security = this.#chip.security()
    if (ne !== 256 && ne !== security.length) return statusOnly(READER_SW.wrongLe | security.length)
    return answer(security, READER_SW.noError)
  }

  #presentCode({ data, ne }: ApduCommand, address: number, isAcsDialect: boolean): Uint8Array {
    if (address !== 0) return statusOnly(READER_SW.wrongParameters)
    if (data.length !== this.#type.codeBytes || ne !== undefined) return statusOnly(READER_SW.wrongLength)
    const { isBlocked, counter } = this.#present(data)
    if (isAcsDialect) return statusOnly(READER_SW.noError | counter)
    return statusOnly(isBlocked ? READER_SW.codeBlocked : this.#verdict(counter))
  }

  #present(code: Uint8Array): { isBlocked: boolean; counter: number } {
    const isBlocked = this.#chip.security()[0] === 0
    this.#isCodePresented = false
    const counter = presentCode(this.#chip, this.#type, code)
    this.#isCodePresented = counter === this.#type.fullCounter
    return { isBlocked, counter }
  }

  #verdict(counter: number): number {
    return this.#isCodePresented ? READER_SW.noError : READER_SW.wrongCode | triesLeft(counter)
  }

  /** HID: the old code, then the new one. */
  #changeCode({ data, ne }: ApduCommand, address: number): Uint8Array {
    if (address !== 0) return statusOnly(READER_SW.wrongParameters)
    const { codeBytes } = this.#type
    if (data.length !== 2 * codeBytes || ne !== undefined) return statusOnly(READER_SW.wrongLength)
    const { isBlocked, counter } = this.#present(data.subarray(0, codeBytes))
    if (!this.#isCodePresented) return statusOnly(isBlocked ? READER_SW.codeBlocked : this.#verdict(counter))
    return this.#writeCode(data.subarray(codeBytes))
  }

  /** ACS, two-wire chips only: on a three-wire chip the code stands in main memory and is written there. */
  #writeCodeCommand({ data, ne }: ApduCommand, address: number): Uint8Array {
    if (this.#type.family !== 'sle4442') return statusOnly(READER_SW.unknownInstruction)
    if (address !== 1) return statusOnly(READER_SW.wrongParameters)
    if (data.length !== this.#type.codeBytes || ne !== undefined) return statusOnly(READER_SW.wrongLength)
    if (!this.#isCodePresented) return statusOnly(READER_SW.codeNotPresented)
    return this.#writeCode(data)
  }

  /** The code has been presented. */
  #writeCode(code: Uint8Array): Uint8Array {
    if (this.#type.family === 'sle4428') return this.#write(this.#type.cells.code, code, undefined)
    code.forEach((byte, index) => {
      this.#chip.writeCodeByte(index, byte)
    })
    const written = this.#chip.security().subarray(1)
    return statusOnly(code.every((byte, i) => byte === written[i]) ? READER_SW.noError : READER_SW.writeFailed)
  }
}

/** READ BINARY and its kin: Le 00 reads to the end, at most 256; asking beyond it gives what there is and 6282. */
function readBytes(
  { data, ne, p3 }: ApduCommand,
  address: number,
  sizeBytes: number,
  read: (address: number, length: number) => Uint8Array,
): Uint8Array {
  if (data.length > 0 || ne === undefined) return statusOnly(READER_SW.wrongLength)
  if (address >= sizeBytes) return statusOnly(READER_SW.noSuchAddress)
  const length = Math.min(ne, sizeBytes - address)
  const sw = length < ne && p3 !== 0 ? READER_SW.endOfMemory : READER_SW.noError
  return answer(read(address, length), sw)
}

function isProtected(protection: Uint8Array, address: number): boolean {
  const byte = protection[address >> 3]
  return byte !== undefined && (byte & (1 << (address & 7))) === 0
}

function answer(data: Uint8Array, sw: number): Uint8Array {
  return concatBytes(data, Uint8Array.of(sw >> 8, sw & 0xff))
}

/** A response of nothing but a status word. */
function statusOnly(sw: number): Uint8Array {
  return Uint8Array.of(sw >> 8, sw & 0xff)
}
