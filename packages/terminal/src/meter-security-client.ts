import { ByteReader, ByteWriter, concatBytes, fromHex } from '@gridcard/bytes'
import type { CardLink } from './card-link.ts'
import { emitCommand } from './command-apdu.ts'
import { TerminalError } from './errors.ts'
import { parseResponse, type ResponseApdu } from './response-apdu.ts'
import { describeStatusWord, isSuccess, statusWords } from './status-words.ts'

/** Package and applet of the MeterSecurity applet; its APDUs are listed in applets/meter-security/README.md. */
export const meterSecurityPackageAid = fromHex('F0475249444341524401')
export const meterSecurityAppletAid = fromHex('F047524944434152440101')

const INS = {
  GET_STATUS: 0x02,
  READ_COUNTERS: 0x04,
  SET_IDENTITY: 0x10,
  PUT_KEY_SLOT: 0x12,
  ACTIVATE: 0x1e,
  BIND_DEVICE: 0x20,
  PROTECT: 0x30,
  UNPROTECT: 0x32,
  HLS_ANSWER: 0x34,
  HLS_VERIFY: 0x36,
  GET_CHALLENGE: 0x84,
} as const

/** Most bytes one command protects or unprotects: the applet's work buffer. */
export const meterSecurityMaxMessageBytes = 1184

export type MeterSecurityLifeCycle = 'personalising' | 'operational'

export interface MeterSecurityStatus {
  readonly version: number
  readonly lifeCycle: MeterSecurityLifeCycle
  readonly bound: boolean
  readonly slotCount: number
  /** Bit n set: key slot n is loaded. */
  readonly loadedSlots: number
  readonly systemTitle: Uint8Array
  /** Persistent bytes the applet instance took when it was installed. */
  readonly appletBytes: number
  readonly freePersistentBytes: number
  readonly freeTransientBytes: number
}

export interface MeterSecurityCounters {
  readonly send: number
  readonly messageFloor: number
  readonly tokenFloor: number
}

export interface KeySlot {
  readonly peerSystemTitle: Uint8Array
  readonly encryptionKey: Uint8Array
  readonly authenticationKey: Uint8Array
}

/** The card's refusal: a value, because a card refuses as a matter of course. */
export interface CardRefusal {
  readonly sw: number
}

export function isCardRefusal(result: object): result is CardRefusal {
  return 'sw' in result
}

/** Typed calls to a MeterSecurity applet on some card. One call at a time: the caller keeps them apart. */
export class MeterSecurityClient {
  readonly #link: CardLink

  constructor(link: CardLink) {
    this.#link = link
  }

  async #exchange(ins: number, p1: number, p2: number, data?: Uint8Array, ne?: number): Promise<ResponseApdu> {
    const command = emitCommand({
      cla: 0x80,
      ins,
      p1,
      p2,
      ...(data !== undefined && data.length > 0 ? { data } : {}),
      ...(ne !== undefined ? { ne } : {}),
    })
    return parseResponse(await this.#link.transmit(command))
  }

  async #require(
    what: string,
    ins: number,
    p1: number,
    p2: number,
    data?: Uint8Array,
    ne?: number,
  ): Promise<Uint8Array> {
    const response = await this.#exchange(ins, p1, p2, data, ne)
    if (!isSuccess(response.sw)) throw cardRefused(what, response.sw)
    return response.data
  }

  async #data(ins: number, p1: number, p2: number, data: Uint8Array | undefined, ne: number) {
    const response = await this.#exchange(ins, p1, p2, data, ne)
    return isSuccess(response.sw) ? response.data : { sw: response.sw }
  }

  /** @throws TerminalError `TERMINAL_CARD_REFUSED` if the card has no such applet */
  async select(): Promise<void> {
    const select = emitCommand({ cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x00, data: meterSecurityAppletAid })
    const { sw } = parseResponse(await this.#link.transmit(select))
    if (!isSuccess(sw)) throw cardRefused('SELECT', sw)
  }

  async status(): Promise<MeterSecurityStatus> {
    const reader = new ByteReader(await this.#require('GET STATUS', INS.GET_STATUS, 0, 0, undefined, 25))
    return {
      version: reader.u8(),
      lifeCycle: reader.u8() === 2 ? 'operational' : 'personalising',
      bound: reader.u8() === 1,
      slotCount: reader.u8(),
      loadedSlots: reader.u8(),
      systemTitle: reader.take(8),
      appletBytes: reader.u32(),
      freePersistentBytes: reader.u32(),
      freeTransientBytes: reader.u32(),
    }
  }

  /** Once, before ACTIVATE. `systemTitle` 8 bytes, `deviceId` 16. */
  async setIdentity(systemTitle: Uint8Array, deviceId: Uint8Array): Promise<void> {
    await this.#require('SET IDENTITY', INS.SET_IDENTITY, 0, 0, concatBytes(systemTitle, deviceId))
  }

  /**
   * Loads one key slot, before ACTIVATE.
   * @returns the key check values of both keys, 3 bytes each, for the caller to compare
   */
  async putKeySlot(
    slot: number,
    keys: KeySlot,
  ): Promise<{ encryptionKeyCheck: Uint8Array; authenticationKeyCheck: Uint8Array }> {
    const data = concatBytes(keys.peerSystemTitle, keys.encryptionKey, keys.authenticationKey)
    try {
      const checks = await this.#require('PUT KEY SLOT', INS.PUT_KEY_SLOT, slot, 0, data, 6)
      return { encryptionKeyCheck: checks.slice(0, 3), authenticationKeyCheck: checks.slice(3, 6) }
    } finally {
      data.fill(0)
    }
  }

  /** Ends personalisation for good. */
  async activate(): Promise<void> {
    await this.#require('ACTIVATE', INS.ACTIVATE, 0, 0)
  }

  /** Tells the card which device it sits in; needed after each power-up. */
  async bindDevice(deviceId: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    const { sw } = await this.#exchange(INS.BIND_DEVICE, 0, 0, deviceId)
    return isSuccess(sw) ? { ok: true } : { sw }
  }

  async counters(slot: number): Promise<MeterSecurityCounters | CardRefusal> {
    const data = await this.#data(INS.READ_COUNTERS, slot, 0, undefined, 12)
    if ('sw' in data) return data
    const reader = new ByteReader(data)
    return { send: reader.u32(), messageFloor: reader.u32(), tokenFloor: reader.u32() }
  }

  /** @returns the invocation counter that was taken, and the body that follows it in the frame */
  async protect(
    slot: number,
    securityControl: number,
    plaintext: Uint8Array,
  ): Promise<{ invocationCounter: number; body: Uint8Array } | CardRefusal> {
    const data = await this.#data(INS.PROTECT, slot, securityControl, plaintext, expected(plaintext.length + 16))
    if ('sw' in data) return data
    const reader = new ByteReader(data)
    return { invocationCounter: reader.u32(), body: reader.rest() }
  }

  async unprotect(
    slot: number,
    securityControl: number,
    invocationCounter: number,
    body: Uint8Array,
  ): Promise<{ plaintext: Uint8Array } | CardRefusal> {
    const message = new ByteWriter().u32(invocationCounter).bytes(body).toBytes()
    const data = await this.#data(INS.UNPROTECT, slot, securityControl, message, expected(body.length))
    return 'sw' in data ? data : { plaintext: data }
  }

  async hlsAnswer(slot: number, peerChallenge: Uint8Array): Promise<{ token: Uint8Array } | CardRefusal> {
    const data = await this.#data(INS.HLS_ANSWER, slot, 0, peerChallenge, 17)
    return 'sw' in data ? data : { token: data }
  }

  async hlsVerify(slot: number, token: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    const { sw } = await this.#exchange(INS.HLS_VERIFY, slot, 0, token)
    return isSuccess(sw) ? { ok: true } : { sw }
  }

  async challenge(slot: number, lengthBytes: number): Promise<{ challenge: Uint8Array } | CardRefusal> {
    const data = await this.#data(INS.GET_CHALLENGE, slot, lengthBytes, undefined, lengthBytes)
    return 'sw' in data ? data : { challenge: data }
  }
}

/** Ne for a response of that size; above 256 it makes the command extended. */
function expected(lengthBytes: number): number {
  return Math.max(1, lengthBytes)
}

function cardRefused(what: string, sw: number): TerminalError {
  return new TerminalError('TERMINAL_CARD_REFUSED', `the card refused ${what}: ${describeStatusWord(sw)}`, { sw })
}

/** What the applet's status words say beyond ISO 7816-4; see applets/meter-security/README.md. */
export const meterSecurityStatusWords = {
  notOperationalOrNotBound: statusWords.SW_CONDITIONS_NOT_SATISFIED[0],
  slotEmpty: statusWords.SW_REFERENCED_DATA_NOT_FOUND[0],
  authenticationFailed: statusWords.SW_INCORRECT_SECURE_MESSAGING_DATA[0],
  counterNotAboveFloor: statusWords.SW_DATA_INVALID[0],
  counterExhausted: statusWords.SW_FILE_FULL[0],
  wrongDevice: statusWords.SW_SECURITY_STATUS_NOT_SATISFIED[0],
} as const
