import { GridcardError } from '@gridcard/bytes'
import type { SecurityRefusal, SecurityRefusalReason, SlotCounters } from '@gridcard/dlms'
import { type CardLink, describeStatusWord, isCardRefusal } from '@gridcard/terminal'
import type { SecureElementState } from './secure-element.ts'

/** What either applet's client has for this. */
interface KeySlotClient {
  select(): Promise<unknown>
  counters(slot: number): Promise<SlotCounters | { readonly sw: number }>
}

interface BoundCardOptions<Client> {
  readonly link: CardLink
  readonly client: Client
  /** Before the card is powered anew: what was in its memory is gone. */
  readonly beforePower?: () => void
  /** Makes sure that the selected applet is ours, and binds it to this device. */
  readonly bindSelected: () => Promise<SecureElementState>
  readonly hasSlot: (slot: number) => boolean
  /** What is not here is no refusal of the applet: the card lost its power, its selection or its binding behind our back. */
  readonly refusals: ReadonlyMap<number, SecurityRefusalReason>
  readonly onStateChange: (state: SecureElementState) => void
}

/** 6985: not operational, not bound, or no challenge. */
const CONDITIONS = 0x6985

/**
 * An applet that serves one device. Commands go one after the other, however many ask at once. A card that stops
 * answering makes refusals `unavailable`; the next request tries to power it up and bind it again, so that a card put
 * back in is used again.
 */
export class BoundCard<Client extends KeySlotClient> {
  readonly #options: BoundCardOptions<Client>
  #state: SecureElementState | undefined
  #isPowered = false
  #tail: Promise<unknown> = Promise.resolve()

  constructor(options: BoundCardOptions<Client>) {
    this.#options = options
  }

  powerUp(): Promise<SecureElementState> {
    return this.#inTurn(async () => {
      this.#isPowered = true
      return this.#bind()
    })
  }

  powerDown(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isPowered = false
      this.#state = undefined
      await this.#options.link.powerOff().catch(() => {}) // a card that is gone is off
    })
  }

  /** @returns undefined when the card does not answer */
  ask<T>(command: (client: Client) => Promise<T>): Promise<T | undefined> {
    return this.#inTurn(async () => {
      if (!(await this.#isReady())) return undefined
      try {
        return await command(this.#options.client)
      } catch (error) {
        this.#enter({ ready: false, reason: reasonOf(error) })
        return undefined
      }
    })
  }

  /** @param floor which counter a replay is measured against; it is told with the refusal */
  onSlot<T extends object>(
    slot: number,
    command: (client: Client) => Promise<T | { readonly sw: number }>,
    floor?: 'messageFloor' | 'tokenFloor',
  ): Promise<T | SecurityRefusal> {
    return this.#inTurn(async () => {
      if (!this.#options.hasSlot(slot)) return { refused: 'unknown-key' }
      if (!(await this.#isReady())) return { refused: 'unavailable' }
      try {
        const answer = await command(this.#options.client)
        return 'sw' in answer ? await this.#refusalOf(answer.sw, slot, floor) : answer
      } catch (error) {
        this.#enter({ ready: false, reason: reasonOf(error) })
        return { refused: 'unavailable' }
      }
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(act)
    this.#tail = turn.catch(() => {})
    return turn
  }

  async #isReady(): Promise<boolean> {
    if (this.#state?.ready === true) return true
    return this.#isPowered && (await this.#bind()).ready
  }

  async #bind(): Promise<SecureElementState> {
    const { link, client, beforePower, bindSelected } = this.#options
    beforePower?.()
    let state: SecureElementState
    try {
      await link.powerOn()
      await client.select()
      state = await bindSelected()
    } catch (error) {
      state = { ready: false, reason: reasonOf(error) }
    }
    return this.#enter(state)
  }

  #enter(state: SecureElementState): SecureElementState {
    const before = this.#state
    this.#state = state
    if (before?.ready !== state.ready) this.#options.onStateChange(state)
    return state
  }

  async #refusalOf(sw: number, slot: number, floor?: 'messageFloor' | 'tokenFloor'): Promise<SecurityRefusal> {
    // the one answer with two meanings: for a token, that no challenge waits for it; else, that the binding is lost
    if (sw === CONDITIONS && floor === 'tokenFloor') return { refused: 'no-challenge' }
    const refused = this.#options.refusals.get(sw)
    if (refused === undefined) {
      this.#enter({ ready: false, reason: `the card answered ${describeStatusWord(sw)}` })
      return { refused: 'unavailable' }
    }
    if (refused !== 'counter-replayed' || floor === undefined) return { refused }
    const counters = await this.#options.client.counters(slot)
    return isCardRefusal(counters) ? { refused } : { refused, expectedCounter: counters[floor] }
  }
}

/** Our own errors name no secrets; of foreign ones only the class is told. */
function reasonOf(error: unknown): string {
  if (error instanceof GridcardError) return error.message
  return error instanceof Error ? `the card does not answer (${error.name})` : 'the card does not answer'
}
