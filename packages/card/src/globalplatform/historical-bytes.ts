/** Our own tag, in the card's record: historical bytes that an application set. */
export const HISTORICAL_BYTES_TAG = 0xdf23
export const MOST_HISTORICAL_BYTES = 15

/** Where the historical bytes of an ATR begin, and whether a check byte follows them. @source ISO/IEC 7816-3 §8.2 */
function layout(atr: Uint8Array): { readonly start: number; readonly hasCheck: boolean } {
  let at = 2
  let hasCheck = false
  let more = atr[1]! >> 4
  for (;;) {
    at += [1, 2, 4].filter((bit) => (more & bit) !== 0).length
    if ((more & 8) === 0) return { start: at, hasCheck }
    const next = atr[at++] ?? 0
    if ((next & 0x0f) !== 0) hasCheck = true
    more = next >> 4
  }
}

export function historicalBytes(atr: Uint8Array): Uint8Array {
  const { start } = layout(atr)
  return atr.slice(start, start + (atr[1]! & 0x0f))
}

export function withHistoricalBytes(atr: Uint8Array, historical: Uint8Array): Uint8Array {
  const { start, hasCheck } = layout(atr)
  const body = Uint8Array.of(...atr.subarray(0, start), ...historical)
  body[1] = (body[1]! & 0xf0) | historical.length
  const check = body.subarray(1).reduce((sum, byte) => sum ^ byte, 0)
  return hasCheck ? Uint8Array.of(...body, check) : body
}
