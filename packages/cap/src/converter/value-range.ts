import type { BinaryOperator } from '../classfile/jvm-instruction.ts'

/** All the values an int of the Java program can have at one place, ends included. */
export interface ValueRange {
  readonly low: number
  readonly high: number
}

export const INT: ValueRange = { low: -0x8000_0000, high: 0x7fff_ffff }
export const SHORT: ValueRange = { low: -0x8000, high: 0x7fff }
export const BYTE: ValueRange = { low: -0x80, high: 0x7f }
export const BOOLEAN: ValueRange = { low: 0, high: 1 }
/** Lengths of arrays, which on a card have at most 32767 elements. */
export const LENGTH: ValueRange = { low: 0, high: 0x7fff }

/** A loop that keeps growing a range jumps to the next of these ends, so that it soon stands still. */
const RESTING_ENDS = [
  INT.low,
  SHORT.low,
  BYTE.low,
  -1,
  0,
  1,
  BYTE.high,
  0xff,
  LENGTH.high - 1, // of an index: the last before the length of the longest array
  SHORT.high,
  0xffff,
  INT.high,
]

export function exactly(value: number): ValueRange {
  return { low: value, high: value }
}

export function contains(outer: ValueRange, inner: ValueRange): boolean {
  return outer.low <= inner.low && inner.high <= outer.high
}

export function unite(a: ValueRange, b: ValueRange): ValueRange {
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }
}

/** undefined when no value is in both. */
export function intersect(a: ValueRange, b: ValueRange): ValueRange | undefined {
  const low = Math.max(a.low, b.low)
  const high = Math.min(a.high, b.high)
  return low <= high ? { low, high } : undefined
}

/** Grows `range` to resting ends where it went beyond `before`. */
export function widen(before: ValueRange, range: ValueRange): ValueRange {
  return {
    low: range.low < before.low ? RESTING_ENDS.findLast((end) => end <= range.low)! : range.low,
    high: range.high > before.high ? RESTING_ENDS.find((end) => end >= range.high)! : range.high,
  }
}

/** What narrowing to byte or short makes of the range. */
export function narrow(range: ValueRange, to: ValueRange): ValueRange {
  return contains(to, range) ? range : to
}

/** A range of the unbounded result; when 32 bits cannot hold it, it wraps and can be anything. */
function within32Bits(low: number, high: number): ValueRange {
  return low < INT.low || high > INT.high ? INT : { low: low + 0, high: high + 0 } // + 0 turns -0 into 0
}

function hull(values: readonly number[]): ValueRange {
  return within32Bits(Math.min(...values), Math.max(...values))
}

export function negated(range: ValueRange): ValueRange {
  return within32Bits(-range.high, -range.low)
}

/** Smallest 2^k - 1 that is not below any |end|: bits above k equal the sign in every value. */
function bitMask(...ranges: readonly ValueRange[]): number {
  let mask = 0
  for (const { low, high } of ranges) while (high > mask || low < -mask - 1) mask = mask * 2 + 1
  return mask
}

function bitwiseAnd(a: ValueRange, b: ValueRange): ValueRange {
  const mask = bitMask(a, b)
  if (a.low >= 0 && b.low >= 0) return { low: 0, high: Math.min(a.high, b.high) }
  if (a.low >= 0) return { low: 0, high: a.high }
  if (b.low >= 0) return { low: 0, high: b.high }
  return { low: -mask - 1, high: mask }
}

function bitwiseOrXor(a: ValueRange, b: ValueRange): ValueRange {
  const mask = bitMask(a, b)
  return { low: a.low >= 0 && b.low >= 0 ? 0 : -mask - 1, high: mask }
}

/** Shift counts use their low five bits. @source JVMS 17 §6.5 ishl */
function shiftCounts(count: ValueRange): ValueRange {
  return count.low === count.high ? exactly(count.low & 31) : { low: 0, high: 31 }
}

function shiftLeft(value: ValueRange, count: ValueRange): ValueRange {
  const { low, high } = shiftCounts(count)
  return hull([value.low * 2 ** low, value.low * 2 ** high, value.high * 2 ** low, value.high * 2 ** high])
}

function shiftRight(value: ValueRange, count: ValueRange): ValueRange {
  const { low, high } = shiftCounts(count)
  return hull([value.low >> low, value.low >> high, value.high >> low, value.high >> high])
}

function shiftRightUnsigned(value: ValueRange, count: ValueRange): ValueRange {
  const { low, high } = shiftCounts(count)
  if (value.low >= 0) return shiftRight(value, count)
  return low === 0 ? INT : { low: value.high < 0 ? value.low >>> high : 0, high: -1 >>> low }
}

function multiply(a: ValueRange, b: ValueRange): ValueRange {
  return hull([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high])
}

function divide(a: ValueRange, b: ValueRange): ValueRange {
  const divisors = [b.low, b.high, -1, 1].filter((d) => d !== 0 && d >= b.low && d <= b.high)
  if (divisors.length === 0) return exactly(0) // always throws
  return hull(divisors.flatMap((d) => [Math.trunc(a.low / d), Math.trunc(a.high / d)]))
}

/** The sign is the dividend's, the magnitude below the divisor's and not above the dividend's. */
function remainder(a: ValueRange, b: ValueRange): ValueRange {
  const largest = Math.max(0, Math.max(Math.abs(b.low), Math.abs(b.high)) - 1)
  return { low: Math.max(Math.min(a.low, 0), -largest), high: Math.min(Math.max(a.high, 0), largest) }
}

const OPERATIONS: Readonly<Record<BinaryOperator, (a: ValueRange, b: ValueRange) => ValueRange>> = {
  add: (a, b) => within32Bits(a.low + b.low, a.high + b.high),
  sub: (a, b) => within32Bits(a.low - b.high, a.high - b.low),
  mul: multiply,
  div: divide,
  rem: remainder,
  shl: shiftLeft,
  shr: shiftRight,
  ushr: shiftRightUnsigned,
  and: bitwiseAnd,
  or: bitwiseOrXor,
  xor: bitwiseOrXor,
}

/** A range that holds every result of the Java operation on values of `a` and `b`. */
export function combine(operator: BinaryOperator, a: ValueRange, b: ValueRange): ValueRange {
  return OPERATIONS[operator](a, b)
}
