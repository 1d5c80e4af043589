/**
 * 80, then zeros up to a whole block; always at least the 80.
 * @source ISO/IEC 9797-1 padding method 2; GPC 2.3.1 §B.1.3, §B.2.3
 */
export function padIso(message: Uint8Array, blockBytes: number): Uint8Array {
  const padded = new Uint8Array((Math.floor(message.length / blockBytes) + 1) * blockBytes)
  padded.set(message)
  padded[message.length] = 0x80
  return padded
}

/** Undefined if there is no padding. Not for secrets: where the padding is wrong shows in the time it takes. */
export function unpadIso(padded: Uint8Array): Uint8Array | undefined {
  let end = padded.length - 1
  while (end >= 0 && padded[end] === 0) end--
  return padded[end] === 0x80 ? padded.slice(0, end) : undefined
}
