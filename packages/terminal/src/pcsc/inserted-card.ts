import type { CardLink } from '../card-link.ts'
import { type CardProtocols, cardProtocols } from './card-protocols.ts'

const MAX_ATR_BYTES = 33

/** A card in a slot: one thing at a time reaches its link, in the order asked. */
export class InsertedCard {
  readonly #link: CardLink
  #atr: Uint8Array | undefined
  #protocols: CardProtocols | undefined
  #last: Promise<unknown> = Promise.resolve()
  #resets: Promise<void> | undefined

  constructor(link: CardLink) {
    this.#link = link
  }

  /** Undefined for a card that does not answer to reset. */
  get atr(): Uint8Array | undefined {
    return this.#atr
  }

  get protocols(): CardProtocols | undefined {
    return this.#protocols
  }

  /** Runs when everything asked before is done. */
  inTurn<T>(act: (link: CardLink) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => act(this.#link))
    this.#last = turn.catch(() => {}) // who asked is told; the next one goes on
    return turn
  }

  /** Until a reset that goes on has ended, however. undefined: none does. */
  get resets(): Promise<void> | undefined {
    return this.#resets
  }

  /** Cold reset. @throws whatever the link throws; the card is mute then */
  async reset(options: { readonly takePowerFirst: boolean } = { takePowerFirst: false }): Promise<void> {
    const reset = this.#reset(options)
    const settled = reset.catch(() => {})
    this.#resets = settled
    try {
      await reset
    } finally {
      if (this.#resets === settled) this.#resets = undefined
    }
  }

  #reset(options: { readonly takePowerFirst: boolean }): Promise<void> {
    return this.inTurn(async (link) => {
      this.#atr = undefined
      this.#protocols = undefined
      if (options.takePowerFirst) await link.powerOff()
      const atr = await link.powerOn()
      if (atr.length === 0 || atr.length > MAX_ATR_BYTES) return // as mute as no answer
      this.#atr = atr.slice()
      this.#protocols = cardProtocols(atr)
    })
  }
}
