import { concatBytes, fromHex } from '@gridcard/bytes'
import { type ApduCommand, parseApduCommand } from '../runtime/apdu-command.ts'
import type { ChipMemory } from './chip-memory.ts'
import type { ChipType } from './chip-types.ts'
import { CodedDriver } from './coded-driver.ts'
import { I2cDriver } from './i2c-driver.ts'
import { READER_INS, READER_SW, statusOnly } from './pseudo-apdu.ts'

const READER_CLASS = 0xff
/** What a reader answers for a memory that has no answer to reset: the historical bytes say "I2C.". */
const ATR_WITHOUT_ANSWER = fromHex('3B044932432E')
/** TS and T0 of the ATR that a reader puts in front of the four bytes of a synchronous card. */
const ATR_HEAD = fromHex('3B04')

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
  readonly #driver: CodedDriver | I2cDriver
  #isAcsDialect = false

  constructor(type: ChipType, memory: ChipMemory) {
    this.#type = type
    this.#driver = type.family === 'at24c' ? new I2cDriver(type, memory) : new CodedDriver(type, memory)
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
