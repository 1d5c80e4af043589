import { parseTlvs, type Tlv, toHex } from '@gridcard/bytes'
import { describeStatusWord } from '@gridcard/terminal'
import { spacedHex } from '../workbench/text-layout.ts'
import type { CommandWork } from './command-work.ts'

/** A response APDU, and what the card did for it. */
export class Answer {
  readonly command: Uint8Array
  readonly data: Uint8Array
  /** SW1 SW2 as one number: 0x9000. */
  readonly status: number
  /** Memory written and byte codes run. */
  readonly work: CommandWork

  constructor(command: Uint8Array, response: Uint8Array, work: CommandWork) {
    this.command = command
    this.data = response.slice(0, -2)
    this.status = response.at(-2)! * 256 + response.at(-1)!
    this.work = work
  }

  /** `9000 done`, `6985 conditions of use not satisfied` */
  get statusText(): string {
    return describeStatusWord(this.status)
  }

  /** Data without status word, upper case. */
  get hex(): string {
    return toHex(this.data)
  }

  /** Data as text; what is not ASCII becomes `.` */
  get ascii(): string {
    return String.fromCharCode(...this.data).replace(/[^\x20-\x7e]/g, '.')
  }

  /** @throws BytesError: the data is not BER-TLV */
  get tlv(): readonly Tlv[] {
    return parseTlvs(this.data)
  }

  /** Big-endian, of up to 6 bytes of data. */
  get number(): number {
    return this.data.reduce((value, byte) => value * 256 + byte, 0)
  }

  toString(): string {
    return `${this.data.length === 0 ? '' : `${spacedHex(this.data)}  `}${this.statusText}`
  }
}
