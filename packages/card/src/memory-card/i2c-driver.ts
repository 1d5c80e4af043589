import type { ApduCommand } from '../runtime/apdu-command.ts'
import { At24c } from './at24c.ts'
import type { ChipMemory } from './chip-memory.ts'
import type { PlainChipType } from './chip-types.ts'
import { READER_INS, READER_SW, readBytes, statusOnly } from './pseudo-apdu.ts'

const DEFAULT_PAGE_BYTES = 8

/** What the reader does with an I2C memory: read, write, and choose the page size it works with. */
export class I2cDriver {
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
