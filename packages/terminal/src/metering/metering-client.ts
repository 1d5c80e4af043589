import { ByteReader, ByteWriter, concatBytes, fromHex } from '@gridcard/bytes'
import type { CardLink } from '../card-link.ts'
import { emitCommand } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import { type CardRefusal, isCardRefusal } from '../meter-security-client.ts'
import { parseResponse } from '../response-apdu.ts'
import { describeStatusWord, isSuccess } from '../status-words.ts'
import { type CredentialEntry, emitCredential, type MeterSetProof } from './metering-messages.ts'

/** Package and applet of the Metering applet; its APDUs are listed in applets/metering/README.md. */
export const meteringPackageAid = fromHex('F0475249444341524402')
export const meteringAppletAid = fromHex('F047524944434152440201')

const INS = {
  GET_STATUS: 0x02,
  READ_COUNTERS: 0x04,
  READ_PUBLIC_KEY: 0x06,
  READ_CREDENTIAL: 0x08,
  READ_QUOTA: 0x0a,
  SET_IDENTITY: 0x10,
  PUT_KEY_SLOT: 0x12,
  PUT_KEK: 0x14,
  PUT_CREDENTIAL: 0x16,
  PUT_POLICY: 0x18,
  PUT_PREPAY_KEY: 0x1a,
  ACTIVATE: 0x1e,
  BIND_DEVICE: 0x20,
  GENERATE_KEY_PAIR: 0x22,
  ACTIVATE_KEY_PAIR: 0x24,
  PROTECT: 0x30,
  UNPROTECT: 0x32,
  HLS_ANSWER: 0x34,
  HLS_VERIFY: 0x36,
  PUT_DEDICATED_KEY: 0x38,
  GENERATE_EPHEMERAL: 0x3a,
  AGREE: 0x3c,
  CLEAR_SESSION: 0x3e,
  WRAP_KEY: 0x40,
  UNWRAP_KEY: 0x42,
  ABANDON_CHANGE: 0x44,
  ESTABLISH_KEK: 0x46,
  SIGN: 0x48,
  VERIFY: 0x4a,
  SET_CREDENTIAL: 0x50,
  VERIFY_COMMAND: 0x52,
  REDEEM_TICKET: 0x54,
  SIGN_RESPONSE: 0x56,
  GRANT_QUOTA: 0x58,
  CONSUME_QUOTA: 0x5a,
  TOKEN: 0x5c,
  LOG_EXTEND: 0x60,
  LOG_SEAL: 0x62,
  TAMPER: 0x64,
  GET_CHALLENGE: 0x84,
} as const

/** Most bytes of one message that the applet protects. */
export const meteringMaxMessageBytes = 1184

/** First of the four session keys among the key numbers; slots begin at 0. */
export const firstSessionKey = 0x10
/** Added to a slot: its next generation of keys, while they are being changed. */
export const nextGeneration = 0x40

/** What a status word of this applet means beyond ISO/IEC 7816-4. */
export const meteringStatusWords = {
  wrongDevice: 0x6982,
  locked: 0x6983,
  counterBelowFloor: 0x6984,
  notNow: 0x6987,
  policy: 0x6986,
  conditions: 0x6985,
  authenticationFailed: 0x6988,
  wrongTarget: 0x6a80,
  exhausted: 0x6a84,
  notThere: 0x6a88,
} as const

export const keyIds = { unicast: 0, broadcast: 1, authentication: 2, master: 3, peerTitle: 4 } as const

export type MeteringLifeCycle = 'personalising' | 'operational' | 'locked' | 'zeroised'
const lifeCycles: readonly MeteringLifeCycle[] = ['personalising', 'operational', 'locked', 'zeroised']

export interface MeteringStatus {
  readonly version: number
  readonly lifeCycle: MeteringLifeCycle
  readonly bound: boolean
  readonly slotCount: number
  /** Bit n: slot n has keys; they are being changed. */
  readonly loadedSlots: number
  readonly changingSlots: number
  /** Bit n: tamper input n was seen. */
  readonly tampered: number
  readonly hasP384: boolean
  readonly systemTitle: Uint8Array
  readonly logNumber: number
  readonly logHead: Uint8Array
}

export interface MeteringCounters {
  readonly send: number
  readonly messageFloor: number
  readonly tokenFloor: number
  readonly broadcastFloor: number
  /** Under keys agreed with a static key of the device. */
  readonly agreedFloor: number
}

export type KeyUse = 'sign' | 'agree'
const useOf = (use: KeyUse) => (use === 'sign' ? 0 : 1)

export interface CommandPolicy {
  /** Cells of the parties that may order it. */
  readonly parties: readonly number[]
  /** Slot whose key makes the access controller's MAC; without it none is asked for. */
  readonly macSlot?: number
  readonly refusedWhenTampered?: boolean
  /** At most so many in so many seconds. */
  readonly most?: { readonly count: number; readonly windowSeconds: number }
}

/** Installation data: security suite of each key slot, and what else is fixed for ever. */
export function meteringInstallData(o: {
  readonly suites: readonly (0 | 1 | 2)[]
  /** Which parties the device knows, by `partyCells`; each takes memory. Default: all. */
  readonly cells?: readonly number[]
  /** How many quotas it holds, 0 to 8, the default. */
  readonly quotas?: number
  /** Personalisation in clear, too: on a bench. Default: only through the secure channel of its security domain. */
  readonly clearPersonalisation?: boolean
  readonly p384?: boolean
  readonly partiesHaveP384?: boolean
}): Uint8Array {
  const flags = (o.clearPersonalisation ? 1 : 0) | (o.p384 ? 2 : 0) | (o.partiesHaveP384 ? 4 : 0)
  const cells = o.cells?.reduce((bits, cell) => bits | (1 << cell), 0) ?? 0xff
  return Uint8Array.of(flags, cells, o.quotas ?? 8, ...o.suites)
}

/** Typed calls to a Metering applet on some card. One call at a time: the caller keeps them apart. Refusals are values. */
export class MeteringClient {
  readonly #link: CardLink
  readonly #aid: Uint8Array

  constructor(link: CardLink, aid: Uint8Array = meteringAppletAid) {
    this.#link = link
    this.#aid = aid
  }

  /** @throws TerminalError `TERMINAL_CARD_REFUSED` if the card has no such applet */
  async select(): Promise<void> {
    const command = emitCommand({ cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x00, data: this.#aid })
    const { sw } = parseResponse(await this.#link.transmit(command))
    if (!isSuccess(sw)) throw cardRefused('SELECT', sw)
  }

  async #send(
    ins: number,
    p1: number,
    p2: number,
    data: Uint8Array = new Uint8Array(0),
    ne?: number,
  ): Promise<Uint8Array | CardRefusal> {
    const command = emitCommand({
      cla: 0x80,
      ins,
      p1,
      p2,
      ...(data.length > 0 ? { data } : {}),
      ...(ne !== undefined ? { ne } : {}),
    })
    const response = parseResponse(await this.#link.transmit(command))
    return isSuccess(response.sw) ? response.data : { sw: response.sw }
  }

  async #do(ins: number, p1: number, p2: number, data?: Uint8Array): Promise<{ readonly ok: true } | CardRefusal> {
    const answer = await this.#send(ins, p1, p2, data)
    return isCardRefusal(answer) ? answer : { ok: true }
  }

  /** Secrets in `data` are wiped afterwards. */
  async #put(what: string, ins: number, p1: number, data: Uint8Array): Promise<void> {
    try {
      const answer = await this.#send(ins, p1, 0, data)
      if (isCardRefusal(answer)) throw cardRefused(what, answer.sw)
    } finally {
      data.fill(0)
    }
  }

  // ---- reading

  async status(): Promise<MeteringStatus> {
    const answer = await this.#send(INS.GET_STATUS, 0, 0, undefined, 52)
    if (isCardRefusal(answer)) throw cardRefused('GET STATUS', answer.sw)
    const reader = new ByteReader(answer)
    return {
      version: reader.u8(),
      lifeCycle: lifeCycles[reader.u8() - 1] ?? 'personalising',
      bound: reader.u8() === 1,
      slotCount: reader.u8(),
      loadedSlots: reader.u8(),
      changingSlots: reader.u8(),
      tampered: reader.u8(),
      hasP384: reader.u8() === 3,
      systemTitle: reader.take(8),
      logNumber: reader.u32(),
      logHead: reader.take(32),
    }
  }

  async counters(slot: number): Promise<MeteringCounters | CardRefusal> {
    const answer = await this.#send(INS.READ_COUNTERS, slot, 0, undefined, 20)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    return {
      send: reader.u32(),
      messageFloor: reader.u32(),
      tokenFloor: reader.u32(),
      broadcastFloor: reader.u32(),
      agreedFloor: reader.u32(),
    }
  }

  /** Uncompressed point of the pair in use, or of the next one. Suite 1 is P-256, 2 is P-384. */
  publicKey(suite: 1 | 2, use: KeyUse, next = false): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.READ_PUBLIC_KEY, suite, useOf(use) | (next ? 0x80 : 0), undefined, 97)
  }

  async credential(
    cell: number,
    commandClass: number,
  ): Promise<{ entity: Uint8Array; canSign: boolean; canAgree: boolean; counter: bigint } | CardRefusal> {
    const answer = await this.#send(INS.READ_CREDENTIAL, cell, commandClass, undefined, 17)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    const entity = reader.take(8)
    const present = reader.u8()
    return { entity, canSign: (present & 1) !== 0, canAgree: (present & 2) !== 0, counter: u64Of(reader.take(8)) }
  }

  async quota(index: number): Promise<
    | {
        isGranted: boolean
        party: number
        commandClass: number
        notBefore: number
        notAfter: number
        remaining: number
      }
    | CardRefusal
  > {
    const answer = await this.#send(INS.READ_QUOTA, index, 0, undefined, 13)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    return {
      isGranted: reader.u8() === 1,
      party: reader.u8(),
      commandClass: reader.u8(),
      notBefore: reader.u32(),
      notAfter: reader.u32(),
      remaining: reader.u16(),
    }
  }

  // ---- personalisation: a refusal is an error, the caller knows what a card wants

  /** `tamperPolicy`: what each of the eight inputs means. */
  setIdentity(o: {
    readonly systemTitle: Uint8Array
    readonly deviceId: Uint8Array
    readonly tamperPolicy?: readonly ('nothing' | 'alarm' | 'lock' | 'zeroise')[]
  }): Promise<void> {
    const words = ['nothing', 'alarm', 'lock', 'zeroise']
    const policy = Uint8Array.from({ length: 8 }, (_, i) => words.indexOf(o.tamperPolicy?.[i] ?? 'nothing'))
    return this.#put('SET IDENTITY', INS.SET_IDENTITY, 0, concatBytes(o.systemTitle, o.deviceId, policy))
  }

  putKeySlot(
    slot: number,
    keys: {
      readonly peerSystemTitle: Uint8Array
      readonly unicastKey: Uint8Array
      readonly authenticationKey: Uint8Array
      readonly broadcastKey?: Uint8Array
    },
  ): Promise<void> {
    const { peerSystemTitle, unicastKey, authenticationKey, broadcastKey = new Uint8Array(0) } = keys
    const data = concatBytes(peerSystemTitle, unicastKey, authenticationKey, broadcastKey)
    return this.#put('PUT KEY SLOT', INS.PUT_KEY_SLOT, slot, data)
  }

  putKek(key: Uint8Array): Promise<void> {
    return this.#put('PUT KEK', INS.PUT_KEK, 0, key.slice())
  }

  putCredential(cell: number, credential: Omit<CredentialEntry, 'cell' | 'counterFloor'>): Promise<void> {
    return this.#put('PUT CREDENTIAL', INS.PUT_CREDENTIAL, cell, emitCredential(credential))
  }

  putPolicy(commandClass: number, policy: CommandPolicy): Promise<void> {
    const { parties, macSlot, refusedWhenTampered = false, most } = policy
    const data = new ByteWriter()
      .u8(parties.reduce((bits, cell) => bits | (1 << cell), 0))
      .u8((macSlot === undefined ? 0 : 1) | (refusedWhenTampered ? 2 : 0))
      .u8(macSlot ?? 0)
      .u8(most?.count ?? 0)
      .u32(most?.windowSeconds ?? 0)
    return this.#put('PUT POLICY', INS.PUT_POLICY, commandClass, data.toBytes())
  }

  putPrepayKey(issuer: Uint8Array, key: Uint8Array): Promise<void> {
    return this.#put('PUT PREPAY KEY', INS.PUT_PREPAY_KEY, 0, concatBytes(issuer, key))
  }

  /** Ends personalisation for good. */
  async activate(): Promise<void> {
    const answer = await this.#do(INS.ACTIVATE, 0, 0)
    if (isCardRefusal(answer)) throw cardRefused('ACTIVATE', answer.sw)
  }

  // ---- power-up and own keys

  /** Tells the card which device it sits in; needed after each power-up. */
  bindDevice(deviceId: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.BIND_DEVICE, 0, 0, deviceId)
  }

  /** Before activation the pair in use, afterwards the next one. @returns its uncompressed point */
  generateKeyPair(suite: 1 | 2, use: KeyUse): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.GENERATE_KEY_PAIR, suite, useOf(use), undefined, 97)
  }

  activateKeyPair(suite: 1 | 2, use: KeyUse): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.ACTIVATE_KEY_PAIR, suite, useOf(use))
  }

  // ---- messages

  /**
   * @param key a slot, a slot's `nextGeneration`, or a session key
   * @param additionalData 0..128 bytes that the message is bound to, behind SC and authentication key
   */
  async protect(
    key: number,
    securityControl: number,
    plaintext: Uint8Array,
    additionalData?: Uint8Array,
  ): Promise<{ invocationCounter: number; body: Uint8Array } | CardRefusal> {
    const p1 = additionalData === undefined ? key : key | 0x80
    const data = withAdditionalData(additionalData, plaintext)
    const answer = await this.#send(INS.PROTECT, p1, securityControl, data, plaintext.length + 16)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    return { invocationCounter: reader.u32(), body: reader.rest() }
  }

  async unprotect(
    key: number,
    securityControl: number,
    invocationCounter: number,
    body: Uint8Array,
    additionalData?: Uint8Array,
  ): Promise<{ plaintext: Uint8Array } | CardRefusal> {
    const p1 = additionalData === undefined ? key : key | 0x80
    const message = new ByteWriter().u32(invocationCounter).bytes(body).toBytes()
    const ne = Math.max(1, body.length)
    const answer = await this.#send(INS.UNPROTECT, p1, securityControl, withAdditionalData(additionalData, message), ne)
    return isCardRefusal(answer) ? answer : { plaintext: answer }
  }

  hlsAnswer(key: number, peerChallenge: Uint8Array): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.HLS_ANSWER, key, 0, peerChallenge, 17)
  }

  hlsVerify(key: number, token: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.HLS_VERIFY, key, 0, token)
  }

  challenge(key: number, lengthBytes: number): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.GET_CHALLENGE, key, lengthBytes, undefined, lengthBytes)
  }

  // ---- session keys

  putDedicatedKey(session: number, slot: number, key: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.PUT_DEDICATED_KEY, session, slot, key)
  }

  /** A fresh point, and our signature r || s over its 2n bytes. */
  async generateEphemeral(suite: 1 | 2): Promise<{ publicKey: Uint8Array; signature: Uint8Array } | CardRefusal> {
    const point = suite === 1 ? 65 : 97
    const answer = await this.#send(INS.GENERATE_EPHEMERAL, suite, 0, undefined, 256)
    if (isCardRefusal(answer)) return answer
    return { publicKey: answer.slice(0, point), signature: answer.slice(point) }
  }

  /** The four schemes of NIST SP 800-56A that DLMS uses; the key stays in the session slot. */
  agree(
    session: number,
    slot: number,
    scheme:
      | {
          readonly kind: 'ephemeral-ephemeral'
          readonly cell: number
          readonly point: Uint8Array
          readonly signature: Uint8Array
        }
      | { readonly kind: 'their-ephemeral'; readonly point: Uint8Array }
      | { readonly kind: 'our-ephemeral' | 'static-static'; readonly cell: number },
    otherInfo: Uint8Array,
  ): Promise<{ ok: true } | CardRefusal> {
    const kinds = ['ephemeral-ephemeral', 'their-ephemeral', 'our-ephemeral', 'static-static']
    const data = new ByteWriter().u8(kinds.indexOf(scheme.kind)).u8('cell' in scheme ? scheme.cell : 0)
    if ('point' in scheme) data.bytes(scheme.point)
    if ('signature' in scheme) data.bytes(scheme.signature)
    return this.#do(INS.AGREE, session, slot, data.bytes(otherInfo).toBytes())
  }

  clearSession(session: number): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.CLEAR_SESSION, session, 0)
  }

  // ---- changing keys

  /** A fresh unicast key for the slot's next generation, wrapped under a session key. */
  wrapKey(slot: number, session: number): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.WRAP_KEY, slot, session, undefined, 40)
  }

  /** Wrapped values by id, all or none; from then on the slot's `nextGeneration` waits for its first genuine message. */
  unwrapKeys(
    slot: number,
    keys: readonly { readonly id: number; readonly wrapped: Uint8Array }[],
    underNextMaster = false,
  ): Promise<{ ok: true } | CardRefusal> {
    const data = concatBytes(...keys.flatMap(({ id, wrapped }) => [Uint8Array.of(id), wrapped]))
    return this.#do(INS.UNWRAP_KEY, slot, underNextMaster ? 1 : 0, data)
  }

  abandonChange(slot: number): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.ABANDON_CHANGE, slot, 0)
  }

  establishKek(suite: 1 | 2, keyBytes: 16 | 32, signed: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.ESTABLISH_KEK, suite, keyBytes, signed)
  }

  // ---- signatures

  sign(suite: 1 | 2, message: Uint8Array): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.SIGN, suite, 0, message, 96)
  }

  verify(cell: number, message: Uint8Array, signature: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.VERIFY, cell, 0, concatBytes(signature, message))
  }

  // ---- orders

  /** @param update `emitCredentialUpdate` and the signature over it */
  setCredential(update: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.SET_CREDENTIAL, 0, 0, update)
  }

  /** @param command header, signature, and where the policy asks for it the counter and MAC of the access controller */
  async verifyCommand(
    now: number,
    command: Uint8Array,
  ): Promise<{ ticket: Uint8Array; commandClass: number } | CardRefusal> {
    const data = new ByteWriter().u32(now).bytes(command).toBytes()
    const answer = await this.#send(INS.VERIFY_COMMAND, 0, 0, data, 9)
    return isCardRefusal(answer) ? answer : { ticket: answer.slice(0, 8), commandClass: answer[8]! }
  }

  /** Once, with the payload whose hash was signed: then the device acts on it. */
  redeemTicket(ticket: Uint8Array, payload: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.REDEEM_TICKET, 0, 0, concatBytes(ticket, payload))
  }

  /** Statement on the command redeemed last: its header, result, time, and our signature. */
  signResponse(result: number, now: number): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.SIGN_RESPONSE, 0, 0, new ByteWriter().u16(result).u32(now).toBytes(), 160)
  }

  /** @param grant `emitQuotaGrant` and the signature over it */
  grantQuota(now: number, grant: Uint8Array): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.GRANT_QUOTA, 0, 0, new ByteWriter().u32(now).bytes(grant).toBytes())
  }

  async consumeQuota(
    index: number,
    commandClass: number,
    o: { readonly now: number; readonly meter: Uint8Array; readonly proof: MeterSetProof },
  ): Promise<{ remaining: number } | CardRefusal> {
    const data = new ByteWriter().u32(o.now).bytes(o.meter).u16(o.proof.position)
    for (const hash of o.proof.hashes) data.bytes(hash)
    const answer = await this.#send(INS.CONSUME_QUOTA, index, commandClass, data.toBytes(), 2)
    return isCardRefusal(answer) ? answer : { remaining: new ByteReader(answer).u16() }
  }

  async token(token: Uint8Array): Promise<{ class: number; amount: number; counter: bigint } | CardRefusal> {
    const answer = await this.#send(INS.TOKEN, 0, 0, token, 11)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    return { class: reader.u8(), amount: reader.u16(), counter: u64Of(reader.take(8)) }
  }

  // ---- evidence

  async extendLog(entryDigest: Uint8Array): Promise<{ number: number; head: Uint8Array } | CardRefusal> {
    const answer = await this.#send(INS.LOG_EXTEND, 0, 0, entryDigest, 36)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    return { number: reader.u32(), head: reader.take(32) }
  }

  /** Title, number, head, time, nonce, and our signature over them. */
  sealLog(now: number, nonce: Uint8Array): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.LOG_SEAL, 0, 0, new ByteWriter().u32(now).bytes(nonce).toBytes(), 256)
  }

  tamper(input: number): Promise<{ ok: true } | CardRefusal> {
    return this.#do(INS.TAMPER, input, 0)
  }
}

function withAdditionalData(additionalData: Uint8Array | undefined, message: Uint8Array): Uint8Array {
  if (additionalData === undefined) return message
  return concatBytes(Uint8Array.of(additionalData.length), additionalData, message)
}

function u64Of(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
}

function cardRefused(what: string, sw: number): TerminalError {
  return new TerminalError('TERMINAL_CARD_REFUSED', `the card refused ${what}: ${describeStatusWord(sw)}`, { sw })
}
