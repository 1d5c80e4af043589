/** The parts, one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Plain comparison for public bytes. Secrets are compared by `constantTimeEqual` of the crypto room. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

const latin1 = new TextDecoder('latin1')

/** ASCII text of the bytes; every byte gives one character, so it never throws. */
export function toAscii(bytes: Uint8Array): string {
  return latin1.decode(bytes)
}

/** One byte per character, low 8 bits of its code. */
export function fromAscii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff)
}
