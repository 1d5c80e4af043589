import { concatBytes } from '@gridcard/bytes'
import { SW } from './status-words.ts'

const INS_GET_RESPONSE = 0xc0
const INS_ENVELOPE = 0xc2
const HEADER_BYTES = 5
/** Longest body of an ENVELOPE; a shorter one is the last. */
const LONGEST_SEGMENT = 255
const MOST_AT_ONCE = 256
/** Header, extended Lc, 32767 bytes of data, extended Le. */
const LONGEST_ENVELOPED = 4 + 3 + 32767 + 2
const SW_BYTES_REMAIN = 0x6100
const SW_CORRECT_LENGTH = 0x6c00

/** What the runtime environment answered, and how it may be sent. */
export interface T0Answer {
  /** Data and status word. */
  readonly response: Uint8Array
  /** setOutgoingNoChaining was called: a short response is announced with 61xx, never with 6Cxx. */
  readonly isWithoutChaining: boolean
}

/** Gives a whole command to the runtime environment. */
export type Processor = (command: Uint8Array) => T0Answer

/** What waits for the reader to ask for it. */
interface Waiting {
  /** GET RESPONSE, or the command itself again after 6Cxx. */
  readonly header: Uint8Array | undefined
  readonly data: Uint8Array
  readonly status: Uint8Array
}

/**
 * T=0 as the card sees it: TPDUs of five header bytes and at most 255 bytes of data come in, a response that the header
 * gave no length for, or another one, is fetched with GET RESPONSE (after 61xx) or with the command again (after 6Cxx),
 * and an extended APDU comes in ENVELOPEs, the last of which is shorter than 255 bytes.
 *
 * A command is processed once, when it has come in whole. Whatever the reader then sends instead of fetching the response is
 * a new command, and the response is gone; so NO_T0_GETRESPONSE and NO_T0_REISSUE never reach an applet.
 *
 * @source JCRE 3.1 §9.4.1, §9.4.4.1; ISO/IEC 7816-3 §12.2
 */
export class T0Transport {
  readonly #process: Processor
  #waiting: Waiting | undefined
  #enveloped: Uint8Array | undefined

  constructor(process: Processor) {
    this.#process = process
  }

  transmit(tpdu: Uint8Array): Uint8Array {
    const waiting = this.#waiting
    this.#waiting = undefined
    const ins = tpdu[1]
    if (ins !== INS_ENVELOPE) this.#enveloped = undefined
    // Case 1 has no P3 on the line of some readers, and 0 on that of others.
    const p3 = tpdu[4] ?? 0
    const body = tpdu.subarray(HEADER_BYTES)
    if (tpdu.length < 4) return bare(SW.wrongLength)
    if (body.length === 0 && waiting !== undefined && isFetching(waiting, tpdu)) return this.#fetch(waiting, p3)
    if (ins === INS_ENVELOPE && tpdu.length >= HEADER_BYTES) return this.#envelope(tpdu, p3, body)
    if (body.length === 0) return this.#withoutData(tpdu, p3)
    // A Le byte behind the data is the reader's business, not the line's.
    if (body.length !== p3 && body.length !== p3 + 1) return bare(SW.wrongLength)
    return this.#outgoing(this.#process(tpdu.slice(0, HEADER_BYTES + p3)), undefined)
  }

  /** Cases 1 and 2: P3 is Le, and 0 is 256. */
  #withoutData(tpdu: Uint8Array, p3: number): Uint8Array {
    const answer = this.#process(tpdu)
    const le = p3 || MOST_AT_ONCE
    const header = answer.isWithoutChaining || tpdu.length < HEADER_BYTES ? undefined : tpdu.slice(0, 4)
    return this.#outgoing(answer, { le, header })
  }

  #envelope(tpdu: Uint8Array, p3: number, body: Uint8Array): Uint8Array {
    if (body.length < p3) return bare(SW.wrongLength)
    const all = concatBytes(this.#enveloped ?? new Uint8Array(), tpdu.subarray(HEADER_BYTES, HEADER_BYTES + p3))
    this.#enveloped = undefined
    if (all.length > LONGEST_ENVELOPED) return bare(SW.wrongLength)
    if (p3 === LONGEST_SEGMENT) {
      this.#enveloped = all
      return bare(SW.noError)
    }
    return this.#outgoing(this.#process(all), undefined)
  }

  /** @param asked length, and the header to repeat if that is wrong; undefined where the header said nothing of it */
  #outgoing(answer: T0Answer, asked: { le: number; header: Uint8Array | undefined } | undefined): Uint8Array {
    const { response } = answer
    const data = response.subarray(0, response.length - 2)
    const status = response.subarray(response.length - 2)
    if (data.length === 0) return response
    if (asked === undefined) return this.#announce({ header: undefined, data, status })
    if (data.length >= asked.le) return this.#send({ header: undefined, data, status }, asked.le)
    // NoChaining names a shorter response with 61xx.
    if (asked.header === undefined) return this.#announce({ header: undefined, data, status })
    this.#waiting = { header: asked.header, data, status }
    return bare(SW_CORRECT_LENGTH | data.length)
  }

  #fetch(waiting: Waiting, p3: number): Uint8Array {
    const le = p3 || MOST_AT_ONCE
    if (le > waiting.data.length) {
      this.#waiting = waiting
      return bare(SW_CORRECT_LENGTH | (waiting.data.length & 0xff))
    }
    return this.#send(waiting, le)
  }

  #send({ data, status }: Waiting, count: number): Uint8Array {
    const rest = data.subarray(count)
    if (rest.length === 0) return concatBytes(data, status)
    this.#waiting = { header: undefined, data: rest, status }
    return concatBytes(data.subarray(0, count), bare(remaining(rest)))
  }

  #announce(waiting: Waiting): Uint8Array {
    this.#waiting = waiting
    return bare(remaining(waiting.data))
  }
}

/** 61xx; 00 stands for 256 bytes and more. */
function remaining(data: Uint8Array): number {
  return SW_BYTES_REMAIN | (data.length >= MOST_AT_ONCE ? 0 : data.length)
}

function isFetching({ header }: Waiting, tpdu: Uint8Array): boolean {
  if (header === undefined) return tpdu[1] === INS_GET_RESPONSE && tpdu[2] === 0 && tpdu[3] === 0
  return tpdu.length >= HEADER_BYTES && header.every((byte, i) => byte === tpdu[i])
}

function bare(statusWord: number): Uint8Array {
  return Uint8Array.of(statusWord >> 8, statusWord)
}
