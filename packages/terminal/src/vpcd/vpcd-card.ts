import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { emitVpcdMessage, VpcdSplitter, vpcdControls } from './vpcd-message.ts'

/** A card as vpcd talks to it: bytes in, bytes out. Chunks are handled one after the other; await each. */
export class VpcdCard {
  readonly #link: CardLink
  readonly #splitter = new VpcdSplitter()
  #atr: Uint8Array | undefined
  #isPowered = false

  constructor(link: CardLink) {
    this.#link = link
  }

  /**
   * @returns what to send back: the ATR or responses, each with its length; orders to switch power have no answer
   * @throws TerminalError `TERMINAL_VPCD_BAD_MESSAGE`; whatever the link throws. Close the connection then: to vpcd the card
   *   was taken out
   */
  async receive(chunk: Uint8Array): Promise<Uint8Array[]> {
    const answers: Uint8Array[] = []
    for (const message of this.#splitter.push(chunk)) {
      const answer = message.length === 1 ? await this.#obey(message[0]!) : await this.#transmit(message)
      if (answer !== undefined) answers.push(emitVpcdMessage(answer))
    }
    return answers
  }

  async powerOff(): Promise<void> {
    this.#isPowered = false
    await this.#link.powerOff()
  }

  async #obey(control: number): Promise<Uint8Array | undefined> {
    switch (control) {
      case vpcdControls.powerOff:
        await this.powerOff()
        return undefined
      case vpcdControls.powerOn:
      case vpcdControls.reset:
        await this.#powerOn()
        return undefined
      case vpcdControls.atr:
        // Asked several times a second to see whether the card is there: that must not reset it.
        return this.#atr ?? (await this.#powerOn())
      default:
        throw new TerminalError('TERMINAL_VPCD_BAD_MESSAGE', 'vpcd sent an unknown order', { control })
    }
  }

  async #powerOn(): Promise<Uint8Array> {
    this.#atr = await this.#link.powerOn()
    this.#isPowered = true
    return this.#atr
  }

  async #transmit(command: Uint8Array): Promise<Uint8Array> {
    if (!this.#isPowered) await this.#powerOn()
    return this.#link.transmit(command)
  }
}
