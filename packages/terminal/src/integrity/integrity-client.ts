import { ByteReader, ByteWriter, concatBytes, fromHex } from '@gridcard/bytes'
import type { CardLink } from '../card-link.ts'
import { emitCommand } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import { type CardRefusal, isCardRefusal } from '../meter-security-client.ts'
import { parseResponse } from '../response-apdu.ts'
import { describeStatusWord, isSuccess } from '../status-words.ts'
import { quoteBytes, type SignedImage } from './integrity-messages.ts'
import {
  flagsOf,
  type IntegrityCounters,
  type IntegrityFlags,
  type IntegrityLifeCycle,
  lifeCycleOf,
  readCounters,
  requireLength,
} from './integrity-state.ts'

/** Package and applet of the Integrity applet; its APDUs are listed in applets/integrity/README.md. */
export const integrityPackageAid = fromHex('F0475249444341524403')
export const integrityAppletAid = fromHex('F047524944434152440301')

const INS = {
  GET_STATUS: 0x02,
  READ_REGISTER: 0x04,
  READ_PUBLIC_KEY: 0x06,
  READ_RELEASE: 0x08,
  VERIFY_IMAGE: 0x30,
  IMAGE_DATA: 0x32,
  IMAGE_FINAL: 0x34,
  ACTIVATE_IMAGE: 0x36,
  START_IMAGE: 0x38,
  CONFIRM_IMAGE: 0x3a,
  MEASURE: 0x40,
  CHECK: 0x42,
  QUOTE: 0x44,
  SEAL: 0x46,
  UNSEAL: 0x48,
  ORDER: 0x50,
  PUT_DATA: 0xda,
} as const

/** What a status word of this applet means beyond ISO/IEC 7816-4. */
export const integrityStatusWords = {
  belowFloor: 0x6984,
  conditions: 0x6985,
  policy: 0x6986,
  notNow: 0x6987,
  authenticationFailed: 0x6988,
  wrongTarget: 0x6a80,
  exhausted: 0x6a84,
  notThere: 0x6a88,
} as const

/** Most bytes of a secret that is sealed. */
export const mostSecretBytes = 96

/** Data groups of personalisation: for PUT DATA in clear, or for STORE DATA through the security domain. */
const groups = {
  identity: 0x0101,
  manufacturerKey: 0x0102,
  responsibleKey: 0x0103,
  firstRelease: 0x0104,
  sharers: 0x0105,
  makeKeys: 0x0106,
  activate: 0x01ff,
} as const

export interface IntegrityPersonalisation {
  /** System title, 8 bytes. */
  readonly systemTitle: Uint8Array
  /** Type of device, 4 bytes, and its hardware, 0..65535. */
  readonly type: Uint8Array
  readonly hardware: number
  /** Points on P-256, uncompressed. */
  readonly manufacturerKey: Uint8Array
  readonly responsibleKey: Uint8Array
  /** What is on the device when it leaves the factory, and the hash of its body. */
  readonly releases?: readonly SoftwareRelease[]
  readonly sharers?: readonly Uint8Array[]
}

export interface SoftwareRelease {
  readonly target: number
  readonly version: number
  readonly rollback: number
  readonly hash: Uint8Array
}

/** All of it, one data group each, in the order in which the card wants them; with the last one it is operational. */
export function integrityDataGroups(o: IntegrityPersonalisation): readonly IntegrityDataGroup[] {
  const group = (identifier: number, value: Uint8Array = new Uint8Array(0)) => ({ identifier, value })
  const identity = new ByteWriter().bytes(requireLength(o.systemTitle, 8)).bytes(requireLength(o.type, 4))
  return [
    group(groups.identity, identity.u16(o.hardware).toBytes()),
    group(groups.manufacturerKey, o.manufacturerKey),
    group(groups.responsibleKey, o.responsibleKey),
    ...(o.releases ?? []).map(({ target, version, rollback, hash }) => {
      const writer = new ByteWriter().u8(target).u32(version).u32(rollback)
      return group(groups.firstRelease, writer.bytes(requireLength(hash, 32)).toBytes())
    }),
    ...(o.sharers === undefined
      ? []
      : [group(groups.sharers, concatBytes(...o.sharers.flatMap((aid) => [Uint8Array.of(aid.length), aid])))]),
    group(groups.makeKeys),
    group(groups.activate),
  ]
}

export interface IntegrityDataGroup {
  readonly identifier: number
  /** 0..252 bytes */
  readonly value: Uint8Array
}

/** As STORE DATA carries it: identifier, length, value. */
export function emitDataGroup({ identifier, value }: IntegrityDataGroup): Uint8Array {
  return new ByteWriter().u16(identifier).u8(value.length).bytes(value).toBytes()
}

/** Installation data: whether PUT DATA is taken in clear. Default: not. */
export function integrityInstallData(o: { readonly clearPersonalisation?: boolean } = {}): Uint8Array {
  return Uint8Array.of(o.clearPersonalisation ? 1 : 0)
}

export interface IntegrityStatus extends IntegrityFlags, IntegrityCounters {
  readonly version: number
  readonly lifeCycle: IntegrityLifeCycle
  readonly systemTitle: Uint8Array
  readonly type: Uint8Array
  readonly hardware: number
}

export type ReleaseKind = 'active' | 'trial' | 'previous'
const kinds: readonly (ReleaseKind | undefined)[] = [undefined, 'active', 'trial', 'previous']

export interface ReleaseRecords {
  /** Nothing with a lower rollback number is started. */
  readonly floor: number
  /** How often the one on trial was started, 0..3. */
  readonly triesUsed: number
  readonly active: Omit<SoftwareRelease, 'target'> | undefined
  readonly trial: Omit<SoftwareRelease, 'target'> | undefined
  readonly previous: Omit<SoftwareRelease, 'target'> | undefined
  /** Which of them runs. */
  readonly started: ReleaseKind | undefined
}

type Done = { readonly ok: true } | CardRefusal

/** Typed calls to an Integrity applet on some card. One call at a time: the caller keeps them apart. Refusals are values. */
export class IntegrityClient {
  readonly #link: CardLink
  readonly #aid: Uint8Array
  readonly #channel: number

  /** @param o `channel`: logical channel that the applet is selected on, 0..3; whoever makes the client has opened it */
  constructor(link: CardLink, o: { readonly aid?: Uint8Array; readonly channel?: number } = {}) {
    this.#link = link
    this.#aid = o.aid ?? integrityAppletAid
    this.#channel = o.channel ?? 0
  }

  /** @throws TerminalError `TERMINAL_CARD_REFUSED` if the card has no such applet */
  async select(): Promise<void> {
    const command = emitCommand({ cla: this.#channel, ins: 0xa4, p1: 0x04, p2: 0x00, data: this.#aid })
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
      cla: 0x80 | this.#channel,
      ins,
      p1,
      p2,
      ...(data.length > 0 ? { data } : {}),
      ...(ne !== undefined ? { ne } : {}),
    })
    const response = parseResponse(await this.#link.transmit(command))
    return isSuccess(response.sw) ? response.data : { sw: response.sw }
  }

  async #do(ins: number, p1: number, p2: number, data?: Uint8Array): Promise<Done> {
    const answer = await this.#send(ins, p1, p2, data)
    return isCardRefusal(answer) ? answer : { ok: true }
  }

  // ---- reading

  async status(): Promise<IntegrityStatus> {
    const answer = await this.#send(INS.GET_STATUS, 0, 0, undefined, 41)
    if (isCardRefusal(answer)) throw cardRefused('GET STATUS', answer.sw)
    const reader = new ByteReader(answer)
    return {
      version: reader.u8(),
      lifeCycle: lifeCycleOf(reader.u8()),
      ...flagsOf(reader.u8()),
      systemTitle: reader.take(8),
      type: reader.take(4),
      hardware: reader.u16(),
      ...readCounters(reader),
    }
  }

  readRegister(register: number): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.READ_REGISTER, register, 0, undefined, 32)
  }

  /** Uncompressed point on P-256; `attestation` is the card's own key, for quotes. */
  publicKey(which: 'attestation' | 'manufacturer' | 'responsible'): Promise<Uint8Array | CardRefusal> {
    const p1 = ['attestation', 'manufacturer', 'responsible'].indexOf(which)
    return this.#send(INS.READ_PUBLIC_KEY, p1, 0, undefined, 65)
  }

  async releases(target: number): Promise<ReleaseRecords | CardRefusal> {
    const answer = await this.#send(INS.READ_RELEASE, target, 0, undefined, 129)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    const release = () => {
      const isThere = reader.u8() === 1
      const one = { version: reader.u32(), rollback: reader.u32(), hash: reader.take(32) }
      return isThere ? one : undefined
    }
    return {
      floor: reader.u32(),
      triesUsed: reader.u8(),
      active: release(),
      trial: release(),
      previous: release(),
      started: kinds[reader.u8()],
    }
  }

  // ---- personalisation

  /**
   * Through a secure channel (`securedLink`), or in clear to an applet that takes it so: on a bench.
   *
   * @returns point of the key that the card has made for quotes
   * @throws TerminalError `TERMINAL_CARD_REFUSED`
   */
  async personalise(o: IntegrityPersonalisation): Promise<Uint8Array> {
    let attestation: Uint8Array = new Uint8Array()
    for (const { identifier, value } of integrityDataGroups(o)) {
      const answer = await this.putData({ identifier, value })
      if (isCardRefusal(answer)) throw cardRefused(`PUT DATA ${identifier.toString(16)}`, answer.sw)
      if (identifier === groups.makeKeys) attestation = answer.answer
    }
    return attestation
  }

  async putData(group: IntegrityDataGroup): Promise<{ readonly ok: true; readonly answer: Uint8Array } | CardRefusal> {
    const { identifier, value } = group
    const answer = await this.#send(INS.PUT_DATA, identifier >> 8, identifier & 0xff, value, 65)
    return isCardRefusal(answer) ? answer : { ok: true, answer }
  }

  // ---- images

  /** Signature, type, hardware, floor; for an update also that it is newer than what is active. */
  verifyImage(signedHeader: Uint8Array, use: 'start' | 'update'): Promise<Done> {
    return this.#do(INS.VERIFY_IMAGE, use === 'start' ? 0 : 1, 0, signedHeader)
  }

  imageData(part: Uint8Array): Promise<Done> {
    return this.#do(INS.IMAGE_DATA, 0, 0, part)
  }

  /** All bytes were given to the card, or the hash that the device has worked out. */
  imageFinal(hash?: Uint8Array): Promise<Done> {
    return hash === undefined ? this.#do(INS.IMAGE_FINAL, 0, 0) : this.#do(INS.IMAGE_FINAL, 1, 0, hash)
  }

  /** The whole image through the card, in parts. */
  async verifyWholeImage(
    { signedHeader, body }: SignedImage,
    use: 'start' | 'update',
    partBytes = 1024,
  ): Promise<Done> {
    const verified = await this.verifyImage(signedHeader, use)
    if (isCardRefusal(verified)) return verified
    for (let at = 0; at < body.length; at += partBytes) {
      const taken = await this.imageData(body.subarray(at, at + partBytes))
      if (isCardRefusal(taken)) return taken
    }
    return this.imageFinal()
  }

  /** @param activation `emitActivation` */
  activateImage(nowSeconds: number, activation: Uint8Array): Promise<Done> {
    return this.#do(INS.ACTIVATE_IMAGE, 0, 0, new ByteWriter().u32(nowSeconds).bytes(activation).toBytes())
  }

  async startImage(target: number): Promise<{ kind: ReleaseKind; version: number } | CardRefusal> {
    const answer = await this.#send(INS.START_IMAGE, target, 0, undefined, 5)
    if (isCardRefusal(answer)) return answer
    const reader = new ByteReader(answer)
    return { kind: kinds[reader.u8()] ?? 'active', version: reader.u32() }
  }

  /** What runs on trial passed its self-test: it is the active one from now on. */
  confirmImage(target: number): Promise<Done> {
    return this.#do(INS.CONFIRM_IMAGE, target, 0)
  }

  abandonTrial(target: number): Promise<Done> {
    return this.#do(INS.CONFIRM_IMAGE, target, 1)
  }

  // ---- measurements

  /** register := SHA-256(register || digest). @returns the new value */
  measure(register: number, digest: Uint8Array): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.MEASURE, register, 0, digest, 32)
  }

  /** For a target the hash of what runs; for another register the digests that made it. A mismatch is refused and remembered. */
  check(register: number, ...digests: readonly Uint8Array[]): Promise<Done> {
    return this.#do(INS.CHECK, register, 0, concatBytes(...digests))
  }

  /** See `parseQuote`. */
  quote(o: {
    readonly mask: number
    readonly nowSeconds: number
    readonly nonce: Uint8Array
  }): Promise<Uint8Array | CardRefusal> {
    const data = new ByteWriter().u32(o.nowSeconds).bytes(requireLength(o.nonce, 16)).toBytes()
    return this.#send(INS.QUOTE, o.mask >> 8, o.mask & 0xff, data, quoteBytes)
  }

  /** @param digest of the registers when it may be opened; by default as they are now */
  seal(mask: number, secret: Uint8Array, digest?: Uint8Array): Promise<Uint8Array | CardRefusal> {
    if (digest === undefined) return this.#send(INS.SEAL, mask, 0, secret, 256)
    return this.#send(INS.SEAL, mask, 1, concatBytes(requireLength(digest, 32), secret), 256)
  }

  unseal(sealed: Uint8Array): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.UNSEAL, 0, 0, sealed, mostSecretBytes)
  }

  /** @param signedOrder `emitIntegrityOrder` and the signature over it */
  order(signedOrder: Uint8Array): Promise<Done> {
    return this.#do(INS.ORDER, 0, 0, signedOrder)
  }
}

function cardRefused(what: string, sw: number): TerminalError {
  return new TerminalError('TERMINAL_CARD_REFUSED', `the card refused ${what}: ${describeStatusWord(sw)}`, { sw })
}
