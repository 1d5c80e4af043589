import type { ApduCommand } from '../runtime/apdu-command.ts'
import type { ChipMemory } from './chip-memory.ts'
import type { CodedChipType } from './chip-types.ts'
import { type CodedChip, codedChip, presentCode, triesLeft } from './coded-chip.ts'
import { answer, READER_INS, READER_SW, readBytes, statusOnly } from './pseudo-apdu.ts'

/** What the reader does with a chip that has a code: the commands of ACS and of HID readers side by side. */
export class CodedDriver {
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

function isProtected(protection: Uint8Array, address: number): boolean {
  const byte = protection[address >> 3]
  return byte !== undefined && (byte & (1 << (address & 7))) === 0
}
