import { equalBytes } from '@gridcard/bytes'
import type {
  HlsExchange,
  Protected,
  ProtectRequest,
  SecurityCapabilities,
  SecurityModule,
  SecurityRefusal,
  SecurityRefusalReason,
  SlotCounters,
  Unprotected,
  UnprotectRequest,
} from '@gridcard/dlms'
import {
  type CardLink,
  describeStatusWord,
  isCardRefusal,
  MeterSecurityClient,
  type MeterSecurityStatus,
  meterSecurityAppletAid,
  meterSecurityMaxMessageBytes,
  meterSecurityStatusWords,
} from '@gridcard/terminal'
import { DevicesError } from '../errors.ts'
import { BoundCard } from './bound-card.ts'
import type { SecureElement, SecureElementState, SecureElementStatus } from './secure-element.ts'

export interface CardSecurityModuleOptions {
  readonly link: CardLink
  /** The device's own title; a card that answers another one is not ours. */
  readonly systemTitle: Uint8Array
  /** 16 bytes the card was personalised with: it serves no other device. */
  readonly deviceId: Uint8Array
  /** Title of the peer of each key slot in use. The card binds its slots to titles too, but does not tell which. */
  readonly peerSystemTitles: ReadonlyMap<number, Uint8Array>
}

/**
 * What the applet's refusals mean to DLMS, for commands on a slot that is configured and a card that is bound. What is
 * not here is no refusal of this applet: the card lost its power, its selection or its binding behind our back.
 * @source applets/meter-security/README.md
 */
const refusalOfStatusWord: ReadonlyMap<number, SecurityRefusalReason> = new Map([
  [meterSecurityStatusWords.authenticationFailed, 'authentication-failed'],
  [meterSecurityStatusWords.counterNotAboveFloor, 'counter-replayed'],
  [meterSecurityStatusWords.counterExhausted, 'counter-exhausted'],
  [meterSecurityStatusWords.slotEmpty, 'unknown-key'],
  [0x6700, 'malformed'],
  [0x6a86, 'not-permitted'],
])

const tagBytes = 12

/**
 * A security module whose keys and counters are in a MeterSecurity applet. Commands go one after the other, however
 * many connections ask at once. A card that stops answering makes refusals `unavailable`; the next request tries to
 * power it up and bind it again, so that a card put back in is used again.
 */
export class CardSecurityModule implements SecurityModule, SecureElement {
  readonly systemTitle: Uint8Array
  /** What this applet has. It keeps no session keys, signs nothing, and changes no keys. */
  readonly capabilities: SecurityCapabilities = { suites: [0], mechanisms: ['hls-gmac'] }
  onStateChange: ((state: SecureElementState) => void) | undefined
  readonly #card: BoundCard<MeterSecurityClient>
  readonly #client: MeterSecurityClient
  readonly #deviceId: Uint8Array
  readonly #peers: ReadonlyMap<number, Uint8Array>

  constructor({ link, systemTitle, deviceId, peerSystemTitles }: CardSecurityModuleOptions) {
    this.#client = new MeterSecurityClient(link)
    this.systemTitle = systemTitle.slice()
    this.#deviceId = deviceId.slice()
    this.#peers = peerSystemTitles
    this.#card = new BoundCard({
      link,
      client: this.#client,
      bindSelected: () => this.#bindSelected(),
      hasSlot: (slot) => this.#peers.has(slot),
      refusals: refusalOfStatusWord,
      onStateChange: (state) => this.onStateChange?.(state),
    })
  }

  get security(): SecurityModule {
    return this
  }

  // ---- power and binding

  powerUp(): Promise<SecureElementState> {
    return this.#card.powerUp()
  }

  powerDown(): Promise<void> {
    return this.#card.powerDown()
  }

  async #bindSelected(): Promise<SecureElementState> {
    const { systemTitle, lifeCycle } = await this.#client.status()
    if (lifeCycle !== 'operational') return { ready: false, reason: 'the card is not personalised' }
    if (!equalBytes(systemTitle, this.systemTitle)) {
      return { ready: false, reason: 'the card carries the system title of another meter' }
    }
    const bound = await this.#client.bindDevice(this.#deviceId)
    if (isCardRefusal(bound)) {
      return { ready: false, reason: `the card refuses this device: ${describeStatusWord(bound.sw)}` }
    }
    return { ready: true }
  }

  // ---- the port

  protect(request: ProtectRequest): Promise<Protected | SecurityRefusal> {
    const { slot, securityControl, plaintext } = request
    if (!isSpoken(request)) return refuse('unsupported')
    if (plaintext.length > meterSecurityMaxMessageBytes) return refuse('malformed')
    return this.#card.onSlot(slot, (client) => client.protect(slot, securityControl, plaintext))
  }

  async unprotect(request: UnprotectRequest): Promise<Unprotected | SecurityRefusal> {
    const { slot, securityControl, invocationCounter, body } = request
    if (!isSpoken(request)) return refuse('unsupported')
    const peer = this.#peers.get(slot)
    if (peer === undefined) return refuse('unknown-key')
    if (!equalBytes(peer, request.peerSystemTitle)) return refuse('unknown-peer')
    if (body.length < tagBytes || body.length > meterSecurityMaxMessageBytes + tagBytes) return refuse('malformed')
    return this.#card.onSlot(
      slot,
      (client) => client.unprotect(slot, securityControl, invocationCounter, body),
      'messageFloor',
    )
  }

  async hlsChallenge(slot: number, lengthBytes: number): Promise<Uint8Array | SecurityRefusal> {
    if (!Number.isInteger(lengthBytes) || lengthBytes < 8 || lengthBytes > 64) return refuse('malformed')
    const given = await this.#card.onSlot(slot, (client) => client.challenge(slot, lengthBytes))
    return 'challenge' in given ? given.challenge : given
  }

  async hlsAnswer(
    slot: number,
    peerChallenge: Uint8Array,
    exchange?: HlsExchange,
  ): Promise<Uint8Array | SecurityRefusal> {
    if (exchange !== undefined && exchange.mechanism !== 'hls-gmac') return refuse('unsupported')
    const given = await this.#card.onSlot(slot, (client) => client.hlsAnswer(slot, peerChallenge))
    return 'token' in given ? given.token : given
  }

  hlsVerify(slot: number, token: Uint8Array, exchange?: HlsExchange): Promise<{ readonly ok: true } | SecurityRefusal> {
    if (exchange !== undefined && exchange.mechanism !== 'hls-gmac') return refuse('unsupported')
    return this.#card.onSlot(slot, (client) => client.hlsVerify(slot, token), 'tokenFloor')
  }

  counters(slot: number): Promise<SlotCounters | SecurityRefusal> {
    return this.#card.onSlot(slot, (client) => client.counters(slot))
  }

  status(): Promise<SecureElementStatus | undefined> {
    return this.#card.ask(() => this.#readStatus())
  }

  async #readStatus(): Promise<SecureElementStatus> {
    const status: MeterSecurityStatus = await this.#client.status()
    const slots: { slot: number; send: number; messageFloor: number; tokenFloor: number }[] = []
    for (let slot = 0; slot < status.slotCount; slot++) {
      if (((status.loadedSlots >> slot) & 1) === 0) continue
      const counters = await this.#client.counters(slot)
      if (!isCardRefusal(counters)) slots.push({ slot, ...counters })
    }
    return {
      appletAid: meterSecurityAppletAid,
      appletVersion: status.version,
      lifeCycle: status.lifeCycle === 'operational' ? 2 : 1,
      bound: status.bound,
      appletBytes: status.appletBytes,
      freePersistentBytes: status.freePersistentBytes,
      freeTransientBytes: status.freeTransientBytes,
      slots,
    }
  }
}

/** The applet knows the key of the slot, and no header of general-ciphering. */
const isSpoken = ({ key, header }: Pick<ProtectRequest, 'key' | 'header'>): boolean =>
  key === undefined && header === undefined

/** A reader without a card. */
export const emptyCardSlot: CardLink = {
  powerOn: () => Promise.reject(noCard()),
  transmit: () => Promise.reject(noCard()),
  powerOff: async () => {},
}

const noCard = () => new DevicesError('DEVICES_NO_CARD', 'no card in the slot')

const refuse = (refused: SecurityRefusalReason): Promise<SecurityRefusal> => Promise.resolve({ refused })
