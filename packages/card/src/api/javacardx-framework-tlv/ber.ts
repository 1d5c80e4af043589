/**
 * Tags and lengths in bytes of an array, as X.690 writes them. A fault says why there is none: the array ended, the
 * bytes are no encoding, or it is one beyond what this platform takes.
 *
 * @source ITU-T X.690 §8.1.2, §8.1.3 (definite form only)
 */
export type BerFault = 'outside' | 'malformed' | 'too-large'

export interface Tag {
  readonly sizeBytes: number
  readonly number: number
}

/** Tag numbers to 2^21 - 1. */
const MOST_TAG_BYTES = 4
export const MOST_TAG_NUMBER = 0x1f_ffff

export function readTag(bytes: Uint8Array, at: number): Tag | BerFault {
  if (at >= bytes.length) return 'outside'
  const low = bytes[at]! & 0x1f
  if (low < 0x1f) return { sizeBytes: 1, number: low }
  let number = 0
  for (let size = 2; ; size++) {
    if (at + size > bytes.length) return 'outside'
    const next = bytes[at + size - 1]!
    if (size === 2 && next === 0x80) return 'malformed' // a leading zero
    if (size > MOST_TAG_BYTES) return 'too-large'
    number = (number << 7) | (next & 0x7f)
    if (next < 0x80) return number < 0x1f ? 'malformed' : { sizeBytes: size, number }
  }
}

export function isConstructed(firstByte: number): boolean {
  return (firstByte & 0x20) !== 0
}

/** @param tagClass 0..3 */
export function tagBytes(tagClass: number, constructed: boolean, number: number): Uint8Array {
  const first = (tagClass << 6) | (constructed ? 0x20 : 0)
  if (number < 0x1f) return Uint8Array.of(first | number)
  const sevens = [number & 0x7f]
  for (let rest = number >> 7; rest > 0; rest >>= 7) sevens.unshift(0x80 | (rest & 0x7f))
  return Uint8Array.of(first | 0x1f, ...sevens)
}

export interface Length {
  readonly sizeBytes: number
  readonly value: number
}

/** The largest that a short can tell. */
export const MOST_LENGTH = 0x7fff

export function readLength(bytes: Uint8Array, at: number): Length | BerFault {
  if (at >= bytes.length) return 'outside'
  const first = bytes[at]!
  if (first < 0x80) return { sizeBytes: 1, value: first }
  const count = first & 0x7f
  if (count === 0 || first === 0xff) return 'malformed' // indefinite, reserved
  if (at + 1 + count > bytes.length) return 'outside'
  let value = 0
  for (let i = 1; i <= count; i++) {
    value = value * 256 + bytes[at + i]!
    if (value > MOST_LENGTH) return 'too-large'
  }
  return { sizeBytes: 1 + count, value }
}

/** As few bytes as hold it, unless more are wanted. @param length 0..32767 */
export function lengthBytes(length: number, leastSize = 1): Uint8Array {
  const size = Math.max(leastSize, length < 0x80 ? 1 : length < 0x100 ? 2 : 3)
  if (size === 1) return Uint8Array.of(length)
  const bytes = new Uint8Array(size)
  bytes[0] = 0x80 | (size - 1)
  for (let i = size - 1, rest = length; i > 0; i--, rest >>= 8) bytes[i] = rest
  return bytes
}

/** Tag and length of a TLV; whether its value is all there is for the caller to see. */
export interface TlvHeader {
  readonly tag: Tag
  readonly length: Length
  readonly valueAt: number
  readonly end: number
  readonly isConstructed: boolean
}

export function readHeader(bytes: Uint8Array, at: number): TlvHeader | BerFault {
  const tag = readTag(bytes, at)
  if (typeof tag === 'string') return tag
  const length = readLength(bytes, at + tag.sizeBytes)
  if (typeof length === 'string') return length
  const valueAt = at + tag.sizeBytes + length.sizeBytes
  return { tag, length, valueAt, end: valueAt + length.value, isConstructed: isConstructed(bytes[at]!) }
}

/** Levels of one TLV in another. */
export const MOST_LEVELS = 64

/** The TLVs that fill `bytes`, or a fault; those inside of constructed ones are looked at too. */
export function readSequence(bytes: Uint8Array, level = 0): { at: number; header: TlvHeader }[] | BerFault {
  if (level > MOST_LEVELS) return 'too-large'
  const found: { at: number; header: TlvHeader }[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at)
    if (typeof header === 'string') return header
    if (header.end > bytes.length) return 'outside'
    if (header.isConstructed) {
      const inner = readSequence(bytes.subarray(header.valueAt, header.end), level + 1)
      if (typeof inner === 'string') return inner
    }
    found.push({ at, header })
    at = header.end
  }
  return found
}

/** The one TLV that `bytes` are, or a fault. */
export function readWhole(bytes: Uint8Array): TlvHeader | BerFault {
  const found = readSequence(bytes)
  if (typeof found === 'string') return found
  return found.length === 1 ? found[0]!.header : 'malformed'
}
