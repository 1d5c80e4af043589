import type { CardLink } from './card-link.ts'

/** A card that answers in the same call, as the one of `@gridcard/card` does. */
export interface SynchronousCard {
  powerOn(): Uint8Array
  transmit(command: Uint8Array): Uint8Array
  powerOff(): void
}

/** The shortest reader there is: the card in this process. */
export function inProcessLink(card: SynchronousCard): CardLink {
  return {
    powerOn: async () => card.powerOn(),
    transmit: async (command) => card.transmit(command),
    powerOff: async () => card.powerOff(),
  }
}
