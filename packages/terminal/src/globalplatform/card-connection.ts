import { concatBytes } from '@gridcard/bytes'
import type { CardLink } from '../card-link.ts'
import { type CommandApdu, emitCommand } from '../command-apdu.ts'
import { parseResponse, type ResponseApdu } from '../response-apdu.ts'

/** Commands whose data may come in several, bit 8 of P1 saying that more come. @source GPC 2.3.1 §11.1.5.1 */
const CHAINED = new Set([0xd8, 0xe4, 0xe6])

/** Counts for whoever wants to know what a session cost. */
export interface CardCounters {
  readonly commands: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** One command and its whole answer over a link: long commands are cut, long answers fetched. */
export class CardConnection {
  readonly #link: CardLink
  #commands = 0
  #bytesSent = 0
  #bytesReceived = 0

  constructor(link: CardLink) {
    this.#link = link
  }

  get counters(): CardCounters {
    return { commands: this.#commands, bytesSent: this.#bytesSent, bytesReceived: this.#bytesReceived }
  }

  async exchange(command: CommandApdu): Promise<ResponseApdu> {
    const data = command.data ?? new Uint8Array()
    if (data.length <= 255 || !CHAINED.has(command.ins)) return this.#whole(command)
    let at = 0
    for (; data.length - at > 255; at += 255) {
      const part = { ...command, p1: command.p1 | 0x80, data: data.slice(at, at + 255), ne: 256 }
      const response = await this.#whole(part)
      if (response.sw !== 0x9000) return response
    }
    return this.#whole({ ...command, data: data.slice(at) })
  }

  /** With 6Cxx the command is sent again, with 61xx the rest is fetched. @source ISO/IEC 7816-4 §5.3.4 */
  async #whole(command: CommandApdu): Promise<ResponseApdu> {
    let response = await this.#once(command)
    if (response.sw >>> 8 === 0x6c) response = await this.#once({ ...command, ne: response.sw & 0xff || 256 })
    const parts = [response.data]
    while (response.sw >>> 8 === 0x61) {
      const cla = command.cla & 0x40 ? 0x40 | (command.cla & 0x0f) : command.cla & 0x03
      response = await this.#once({ cla, ins: 0xc0, p1: 0, p2: 0, ne: response.sw & 0xff || 256 })
      parts.push(response.data)
    }
    return { data: concatBytes(...parts), sw: response.sw }
  }

  async #once(command: CommandApdu): Promise<ResponseApdu> {
    const bytes = emitCommand(command)
    this.#commands++
    this.#bytesSent += bytes.length
    const answer = await this.#link.transmit(bytes)
    this.#bytesReceived += answer.length
    return parseResponse(answer)
  }
}
