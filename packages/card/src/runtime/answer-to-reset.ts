/** Transmission protocols of ISO/IEC 7816-3, named as there. */
export type TransmissionProtocol = 'T=0' | 'T=1'

/** How the reader reaches the card; over the air the applet sees T=1 (T=CL, ISO/IEC 14443-4). */
export type Medium = 'contacts' | 'contactless-a' | 'contactless-b'

/**
 * What an answer to reset offers, its first one first: the low halves of TD1, TD2, ...; T=0 where none is.
 * @source ISO/IEC 7816-3 §8.2.3
 */
export function protocolsOfAtr(atr: Uint8Array): TransmissionProtocol[] {
  const offered: TransmissionProtocol[] = []
  let at = 2
  let indicator = atr[1] ?? 0
  while ((indicator & 0x80) !== 0) {
    at += ((indicator >> 4) & 1) + ((indicator >> 5) & 1) + ((indicator >> 6) & 1)
    const td = atr[at++]
    if (td === undefined) break
    const protocol = (['T=0', 'T=1'] as const)[td & 0x0f]
    if (protocol !== undefined && !offered.includes(protocol)) offered.push(protocol)
    indicator = td
  }
  return offered.length === 0 ? ['T=0'] : offered
}
