/** Bits of protocols, in preferences and as the active one. @source PC/SC part 5 */
export const protocols = { undefined: 0, T0: 1, T1: 2, raw: 4, oldAny: 0x1000 } as const

/** What an answer to reset says about transmission. */
export interface CardProtocols {
  /** The first that is offered: one of `T0` and `T1`. */
  readonly first: number
  /** Bits of all that are offered. */
  readonly offered: number
  /** TA2 is there: the card is in its one protocol from the start. */
  readonly isSpecific: boolean
}

/**
 * Walks TD1, TD2, ... Truncated or odd bytes end the walk: a reader takes such a card for T=0, and so do we.
 * @source ISO/IEC 7816-3 §8.2.3
 */
export function cardProtocols(atr: Uint8Array): CardProtocols {
  let first: number | undefined
  let offered = 0
  let isSpecific = false
  let offset = 2
  let indicator = atr[1] ?? 0
  for (let i = 1; indicator >= 0x10; i++) {
    const hasTd = (indicator & 0x80) !== 0
    if (i === 2 && (indicator & 0x10) !== 0) isSpecific = true
    const interfaceBytes = ((indicator >> 4) & 1) + ((indicator >> 5) & 1) + ((indicator >> 6) & 1)
    offset += interfaceBytes
    const td = atr[offset++]
    if (!hasTd || td === undefined) break
    const bit = [protocols.T0, protocols.T1][td & 0x0f]
    if (bit !== undefined) {
      first ??= bit
      offered |= bit
    }
    indicator = td
  }
  return { first: first ?? protocols.T0, offered: offered === 0 ? protocols.T0 : offered, isSpecific }
}

/** Chooses for a card that has no protocol yet. @returns undefined when nothing preferred is offered */
export function chooseProtocol(card: CardProtocols, preferred: number): number | undefined {
  if ((preferred & protocols.raw) !== 0) return protocols.raw
  const wanted = (preferred & protocols.oldAny) !== 0 ? preferred | protocols.T0 | protocols.T1 : preferred
  if ((wanted & card.first) !== 0) return card.first
  const other = wanted & card.offered
  return other === 0 ? undefined : other & -other
}
