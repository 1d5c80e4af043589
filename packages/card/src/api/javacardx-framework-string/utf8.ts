/**
 * UTF-8 in bytes that may be anything: each ill-formed or incomplete sequence counts as one code point, and is as long
 * as the longest beginning of a well-formed one there, at least one byte.
 *
 * @source RFC 3629 §4; The Unicode Standard §3.9, maximal subparts
 */
export interface Utf8Sequence {
  readonly length: number
  /** undefined: ill-formed. */
  readonly codePoint: number | undefined
}

/** What may follow a first byte: how many bytes, and the range of the second. */
function shapeOf(first: number): { length: number; low: number; high: number } | undefined {
  if (first < 0x80) return { length: 1, low: 0, high: 0 }
  if (first < 0xc2 || first > 0xf4) return undefined
  if (first < 0xe0) return { length: 2, low: 0x80, high: 0xbf }
  if (first < 0xf0) return { length: 3, low: first === 0xe0 ? 0xa0 : 0x80, high: first === 0xed ? 0x9f : 0xbf }
  return { length: 4, low: first === 0xf0 ? 0x90 : 0x80, high: first === 0xf4 ? 0x8f : 0xbf }
}

/** @param at below `bytes.length` */
export function sequenceAt(bytes: Uint8Array, at: number): Utf8Sequence {
  const first = bytes[at]!
  const shape = shapeOf(first)
  if (shape === undefined) return { length: 1, codePoint: undefined }
  if (shape.length === 1) return { length: 1, codePoint: first }
  let codePoint = first & (0x7f >> shape.length)
  for (let i = 1; i < shape.length; i++) {
    const next = bytes[at + i] ?? 0
    const [low, high] = i === 1 ? [shape.low, shape.high] : [0x80, 0xbf]
    if (next < low || next > high) return { length: i, codePoint: undefined }
    codePoint = (codePoint << 6) | (next & 0x3f)
  }
  return { length: shape.length, codePoint }
}

/** Bytes of the sequence that ends before `end`, which is at least 1. */
export function lengthBefore(bytes: Uint8Array, end: number): number {
  for (let length = Math.min(4, end); length > 1; length--) {
    if (sequenceAt(bytes.subarray(0, end), end - length).length === length) return length
  }
  return 1
}

/** undefined if a sequence is ill-formed. */
export function codePointsOf(bytes: Uint8Array): number[] | undefined {
  const codePoints: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const { length, codePoint } = sequenceAt(bytes, at)
    if (codePoint === undefined) return undefined
    codePoints.push(codePoint)
    at += length
  }
  return codePoints
}

export function utf8Of(codePoints: readonly number[]): Uint8Array {
  return Uint8Array.from(codePoints.flatMap(utf8OfOne))
}

function utf8OfOne(codePoint: number): number[] {
  const tail = (shift: number) => 0x80 | ((codePoint >> shift) & 0x3f)
  if (codePoint < 0x80) return [codePoint]
  if (codePoint < 0x800) return [0xc0 | (codePoint >> 6), tail(0)]
  if (codePoint < 0x10000) return [0xe0 | (codePoint >> 12), tail(6), tail(0)]
  return [0xf0 | (codePoint >> 18), tail(12), tail(6), tail(0)]
}
