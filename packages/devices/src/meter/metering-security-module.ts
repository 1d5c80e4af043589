import { equalBytes } from '@gridcard/bytes'
import type {
  HlsExchange,
  Protected,
  ProtectRequest,
  SecurityCapabilities,
  SecurityModule,
  SecurityRefusal,
  SecuritySuiteId,
  SlotCounters,
  Unprotected,
  UnprotectRequest,
} from '@gridcard/dlms'
import {
  type CardLink,
  describeStatusWord,
  isCardRefusal,
  MeteringClient,
  type MeteringStatus,
  meteringAppletAid,
  meteringMaxMessageBytes,
  nextGeneration,
} from '@gridcard/terminal'
import { BoundCard } from './bound-card.ts'
import type { CommandJudge } from './command-judge.ts'
import type { LogSealer } from './log-sealer.ts'
import { meteringCommands } from './metering-commands.ts'
import { MeteringKeyManagement } from './metering-key-management.ts'
import { meteringLog } from './metering-log.ts'
import { refusalOfStatusWord } from './metering-refusals.ts'
import { MeteringSessionKeys } from './metering-session-keys.ts'
import { MeteringSignatures } from './metering-signatures.ts'
import type { SecureElement, SecureElementState, SecureElementStatus } from './secure-element.ts'

/** What a key slot of the card is, for its host; the card was personalised with the same. */
export interface MeteringSlot {
  readonly suite: SecuritySuiteId
  readonly peerSystemTitle: Uint8Array
  /** Cell of the party that the peer is: its points verify signatures and agree on keys. */
  readonly cell?: number
}

export interface MeteringSecurityModuleOptions {
  readonly link: CardLink
  /** The device's own title; a card that answers another one is not ours. */
  readonly systemTitle: Uint8Array
  /** 16 bytes the card was personalised with: it serves no other device. */
  readonly deviceId: Uint8Array
  readonly slots: ReadonlyMap<number, MeteringSlot>
  /** For dedicated keys, which a client makes. Cryptographically strong. */
  readonly randomBytes: (lengthBytes: number) => Uint8Array
  /** Default: the applet's own. */
  readonly appletAid?: Uint8Array
}

const TAG_BYTES = 12
/** Most that a message can be bound to beside its own. */
const HEADER_MOST_BYTES = 128

/** What a part of the module sees of it: commands in turn on a slot that is configured. */
export interface MeteringPort {
  slotOf(slot: number): MeteringSlot | undefined
  onSlot<T extends object>(
    slot: number,
    command: (client: MeteringClient) => Promise<T | { readonly sw: number }>,
    floor?: 'messageFloor' | 'tokenFloor',
  ): Promise<T | SecurityRefusal>
}

/**
 * A security module whose keys and counters are in a Metering applet, suites 0 to 2. Commands go one after the other,
 * however many connections ask at once. A card that stops answering makes refusals `unavailable`; the next request tries
 * to power it up and bind it again, so that a card put back in is used again.
 */
export class MeteringSecurityModule implements SecurityModule, SecureElement {
  readonly systemTitle: Uint8Array
  readonly capabilities: SecurityCapabilities
  readonly sessionKeys: MeteringSessionKeys
  readonly signatures: MeteringSignatures
  readonly keyManagement: MeteringKeyManagement
  readonly commands: CommandJudge
  readonly log: LogSealer
  onStateChange: ((state: SecureElementState) => void) | undefined
  readonly #card: BoundCard<MeteringClient>
  readonly #client: MeteringClient
  readonly #appletAid: Uint8Array
  readonly #deviceId: Uint8Array
  readonly #slots: ReadonlyMap<number, MeteringSlot>
  /** Slots whose next keys wait for the peer's first message under them. */
  readonly #changing = new Set<number>()

  constructor(options: MeteringSecurityModuleOptions) {
    const { link, systemTitle, deviceId, slots, randomBytes, appletAid = meteringAppletAid } = options
    this.#client = new MeteringClient(link, appletAid)
    this.#appletAid = appletAid.slice()
    this.systemTitle = systemTitle.slice()
    this.#deviceId = deviceId.slice()
    this.#slots = slots
    this.#card = new BoundCard({
      link,
      client: this.#client,
      beforePower: () => this.sessionKeys.forgetAll(),
      bindSelected: () => this.#bindSelected(),
      hasSlot: (slot) => this.#slots.has(slot),
      refusals: refusalOfStatusWord,
      onStateChange: (state) => this.onStateChange?.(state),
    })
    const suites = [...new Set([...slots.values()].map(({ suite }) => suite))].toSorted((a, b) => a - b)
    this.capabilities = { suites, mechanisms: ['hls-gmac'] }
    const port: MeteringPort = {
      slotOf: (slot) => this.#slots.get(slot),
      onSlot: (slot, command, floor) => this.#card.onSlot(slot, command, floor),
    }
    this.signatures = new MeteringSignatures(port)
    this.sessionKeys = new MeteringSessionKeys(port, { systemTitle: this.systemTitle, randomBytes })
    this.keyManagement = new MeteringKeyManagement(port, this.#changing)
    this.commands = meteringCommands(this.#card)
    this.log = meteringLog(this.#card)
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
    const { systemTitle, lifeCycle, changingSlots } = await this.#client.status()
    if (lifeCycle !== 'operational') return { ready: false, reason: `the card is ${lifeCycle}` }
    if (!equalBytes(systemTitle, this.systemTitle)) {
      return { ready: false, reason: 'the card carries the system title of another device' }
    }
    const bound = await this.#client.bindDevice(this.#deviceId)
    if (isCardRefusal(bound)) {
      return { ready: false, reason: `the card refuses this device: ${describeStatusWord(bound.sw)}` }
    }
    this.#changing.clear()
    for (const slot of this.#slots.keys()) if ((changingSlots >> slot) & 1) this.#changing.add(slot)
    return { ready: true }
  }

  // ---- the port

  protect({ slot, securityControl, plaintext, key, header }: ProtectRequest): Promise<Protected | SecurityRefusal> {
    if (plaintext.length > meteringMaxMessageBytes || isTooLong(header)) return refuse('malformed')
    const number = key === undefined ? slot : this.sessionKeys.numberOf(slot, key)
    if (number === undefined) return refuse('unknown-key')
    return this.#card.onSlot(slot, (client) => client.protect(number, securityControl, plaintext, header))
  }

  async unprotect(request: UnprotectRequest): Promise<Unprotected | SecurityRefusal> {
    const { slot, securityControl, invocationCounter, body, key, header } = request
    const configured = this.#slots.get(slot)
    if (configured === undefined) return refuse('unknown-key')
    if (!equalBytes(configured.peerSystemTitle, request.peerSystemTitle)) return refuse('unknown-peer')
    const isFitting = body.length >= TAG_BYTES && body.length <= meteringMaxMessageBytes + TAG_BYTES
    if (!isFitting || isTooLong(header)) return refuse('malformed')
    const number = key === undefined ? slot : this.sessionKeys.numberOf(slot, key)
    if (number === undefined) return refuse('unknown-key')
    const floor = key === undefined ? 'messageFloor' : undefined
    return this.#card.onSlot(
      slot,
      async (client) => {
        if (number === slot && this.#changing.has(slot)) {
          // Who proves to have the next keys ends the change; until then the old ones are as good as ever.
          const next = slot | nextGeneration
          const answer = await client.unprotect(next, securityControl, invocationCounter, body, header)
          if (!isCardRefusal(answer)) {
            this.#changing.delete(slot)
            return answer
          }
        }
        return client.unprotect(number, securityControl, invocationCounter, body, header)
      },
      floor,
    )
  }

  async hlsChallenge(slot: number, lengthBytes: number): Promise<Uint8Array | SecurityRefusal> {
    if (!Number.isInteger(lengthBytes) || lengthBytes < 8 || lengthBytes > 64) return refuse('malformed')
    return this.#card.onSlot(slot, (client) => client.challenge(slot, lengthBytes))
  }

  async hlsAnswer(slot: number, challenge: Uint8Array, exchange?: HlsExchange): Promise<Uint8Array | SecurityRefusal> {
    if (exchange !== undefined && exchange.mechanism !== 'hls-gmac') return refuse('unsupported')
    return this.#card.onSlot(slot, (client) => client.hlsAnswer(slot, challenge))
  }

  hlsVerify(slot: number, token: Uint8Array, exchange?: HlsExchange): Promise<{ readonly ok: true } | SecurityRefusal> {
    if (exchange !== undefined && exchange.mechanism !== 'hls-gmac') return refuse('unsupported')
    return this.#card.onSlot(slot, (client) => client.hlsVerify(slot, token), 'tokenFloor')
  }

  counters(slot: number): Promise<SlotCounters | SecurityRefusal> {
    return this.#card.onSlot(slot, async (client) => {
      const counters = await client.counters(slot)
      if (isCardRefusal(counters)) return counters
      const { send, messageFloor, tokenFloor } = counters
      return { send, messageFloor, tokenFloor }
    })
  }

  /** This applet does not tell how full its card is. */
  status(): Promise<SecureElementStatus | undefined> {
    return this.#card.ask(async (client) => {
      const status = await client.status()
      const slots: { slot: number; send: number; messageFloor: number; tokenFloor: number }[] = []
      for (const slot of this.#slots.keys()) {
        if (((status.loadedSlots >> slot) & 1) === 0) continue
        const counters = await client.counters(slot)
        if (isCardRefusal(counters)) continue
        const { send, messageFloor, tokenFloor } = counters
        slots.push({ slot, send, messageFloor, tokenFloor })
      }
      return {
        appletAid: this.#appletAid,
        appletVersion: status.version,
        lifeCycle: lifeCycleNumbers[status.lifeCycle],
        bound: status.bound,
        appletBytes: undefined,
        freePersistentBytes: undefined,
        freeTransientBytes: undefined,
        slots,
      }
    })
  }

  cardStatus(): Promise<MeteringStatus | undefined> {
    return this.#card.ask((client) => client.status())
  }
}

const lifeCycleNumbers = { personalising: 1, operational: 2, locked: 3, zeroised: 4 } as const

const isTooLong = (header: Uint8Array | undefined): boolean => header !== undefined && header.length > HEADER_MOST_BYTES

const refuse = (refused: SecurityRefusal['refused']): Promise<SecurityRefusal> => Promise.resolve({ refused })
