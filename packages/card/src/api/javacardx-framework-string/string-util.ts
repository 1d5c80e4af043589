import { equalBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS } from '../../vm/firewall.ts'
import { ELEMENT } from '../../vm/memory/handle-entry.ts'
import { byteAt, byteRange, bytesOf, handleAt, type JcreMethod, putResult, shortAt } from '../native-call.ts'
import { findPrimitiveArray, type PrimitiveArray, requireRange, swappedCells } from '../primitive-arrays.ts'
import { ENCODINGS, UTF_8 } from './encodings.ts'
import { numberOfShorts, parseNumber, shortsOfNumber } from './number-text.ts'
import { codePointsOf, lengthBefore, sequenceAt, utf8Of } from './utf8.ts'

/** javacardx.framework.string.StringUtil. Case is a matter of ASCII letters; the API asks for no more. */

const STRING = { UNSUPPORTED_ENCODING: 1, ILLEGAL_NUMBER_FORMAT: 2, INVALID_BYTE_SEQUENCE: 3 } as const
const LONGEST_INTEGER_SHORTS = 4
const LONGEST_ARRAY = 0x7fff

function fail(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacardx/framework/string/StringException', reason)
}

function failIndex(jcre: Jcre): never {
  return jcre.machine.throwNew('java/lang/IndexOutOfBoundsException')
}

/** Array, offset and length. */
function text(jcre: Jcre, at: number): Uint8Array {
  return bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), shortAt(jcre, at + 2))
}

/** Into the array and offset at `at`. @returns bytes written */
function put(jcre: Jcre, at: number, bytes: Uint8Array): number {
  putResult(jcre, byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), bytes.length), bytes)
  return bytes.length
}

// ---- code points

function codePointCount(bytes: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bytes.length; at += sequenceAt(bytes, at).length) count++
  return count
}

const codePointAt: JcreMethod = (jcre, at) => {
  const bytes = text(jcre, at)
  const index = shortAt(jcre, at + 3)
  if (index < 0 || index >= bytes.length) failIndex(jcre)
  return put(jcre, at + 4, bytes.subarray(index, index + sequenceAt(bytes, index).length))
}

const codePointBefore: JcreMethod = (jcre, at) => {
  const bytes = text(jcre, at)
  const index = shortAt(jcre, at + 3)
  if (index < 1 || index > bytes.length) failIndex(jcre)
  return put(jcre, at + 4, bytes.subarray(index - lengthBefore(bytes, index), index))
}

/** @param count negative: backwards; IndexOutOfBoundsException if there are not so many */
function indexAfter(jcre: Jcre, bytes: Uint8Array, from: number, count: number): number {
  if (from < 0 || from > bytes.length) failIndex(jcre)
  let at = from
  for (let i = 0; i < count; i++) at += at < bytes.length ? sequenceAt(bytes, at).length : failIndex(jcre)
  for (let i = 0; i > count; i--) at -= at > 0 ? lengthBefore(bytes, at) : failIndex(jcre)
  return at
}

const substring: JcreMethod = (jcre, at) => {
  const bytes = text(jcre, at)
  const first = shortAt(jcre, at + 3)
  const end = shortAt(jcre, at + 4)
  if (first < 0 || (end >= 0 && end < first)) failIndex(jcre)
  const from = indexAfter(jcre, bytes, 0, first)
  const to = end < 0 ? bytes.length : indexAfter(jcre, bytes, from, end - first)
  return put(jcre, at + 5, bytes.subarray(from, to))
}

// ---- plain bytes

/** Lexicographic order of UTF-8 is that of its bytes. */
function difference(left: Uint8Array, right: Uint8Array): number {
  const count = Math.min(left.length, right.length)
  for (let i = 0; i < count; i++) if (left[i] !== right[i]) return left[i]! - right[i]!
  return left.length - right.length
}

const compare: JcreMethod = (jcre, at) => {
  const [left, right] = [text(jcre, at + 1), text(jcre, at + 4)]
  return byteAt(jcre, at) === 0 ? difference(left, right) : difference(lowerCase(left), lowerCase(right))
}

function find(bytes: Uint8Array, wanted: Uint8Array, from = 0): number {
  for (let at = from; at + wanted.length <= bytes.length; at++) {
    let same = 0
    while (same < wanted.length && bytes[at + same] === wanted[same]) same++
    if (same === wanted.length) return at
  }
  return -1
}

/** An empty text to be replaced is found nowhere. No array takes more than 32767 bytes: the rest need not be looked at. */
function replaceAll(bytes: Uint8Array, wanted: Uint8Array, by: Uint8Array): Uint8Array {
  const result: number[] = []
  let from = 0
  while (wanted.length > 0 && result.length <= LONGEST_ARRAY) {
    const found = find(bytes, wanted, from)
    if (found < 0) break
    result.push(...bytes.subarray(from, found), ...by)
    from = found + wanted.length
  }
  result.push(...bytes.subarray(from))
  return Uint8Array.from(result)
}

const replace: JcreMethod = (jcre, at) =>
  put(jcre, at + 9, replaceAll(text(jcre, at), text(jcre, at + 3), text(jcre, at + 6)))

function trimmed(bytes: Uint8Array): Uint8Array {
  let [first, end] = [0, bytes.length]
  while (first < end && bytes[first]! <= 0x20) first++
  while (end > first && bytes[end - 1]! <= 0x20) end--
  return bytes.subarray(first, end)
}

/** The first characters of the affix, or all of it if the count is negative. */
function affix(jcre: Jcre, at: number): Uint8Array {
  const bytes = text(jcre, at)
  const count = shortAt(jcre, at + 3)
  return count < 0 ? bytes : bytes.subarray(0, indexAfter(jcre, bytes, 0, count))
}

const startsWith: JcreMethod = (jcre, at) => {
  const [bytes, prefix] = [text(jcre, at), affix(jcre, at + 3)]
  return equalBytes(bytes.subarray(0, prefix.length), prefix) ? 1 : 0
}

const endsWith: JcreMethod = (jcre, at) => {
  const [bytes, suffix] = [text(jcre, at), affix(jcre, at + 3)]
  return suffix.length <= bytes.length && equalBytes(bytes.subarray(bytes.length - suffix.length), suffix) ? 1 : 0
}

// ---- case: what is ill-formed is left out

function mapCase(bytes: Uint8Array, first: number, last: number, distance: number): Uint8Array {
  const result: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const { length, codePoint } = sequenceAt(bytes, at)
    if (codePoint !== undefined && codePoint >= first && codePoint <= last) result.push(codePoint + distance)
    else if (codePoint !== undefined) result.push(...bytes.subarray(at, at + length))
    at += length
  }
  return Uint8Array.from(result)
}

const lowerCase = (bytes: Uint8Array): Uint8Array => mapCase(bytes, 0x41, 0x5a, 0x20)
const upperCase = (bytes: Uint8Array): Uint8Array => mapCase(bytes, 0x61, 0x7a, -0x20)

// ---- numbers

const ascii = (characters: string): Uint8Array => Uint8Array.from(characters, (one) => one.charCodeAt(0))
const charactersOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

function parseInteger(jcre: Jcre, at: number, bits: number): bigint {
  const value = parseNumber(charactersOf(text(jcre, at)))
  return value !== undefined && BigInt.asIntN(bits, value) === value ? value : fail(jcre, STRING.ILLEGAL_NUMBER_FORMAT)
}

function shortArray(jcre: Jcre, handle: number, access: number): PrimitiveArray {
  const array = findPrimitiveArray(jcre, handle, access)
  return array?.kind === ELEMENT.short ? array : jcre.machine.throwNew('java/lang/SecurityException')
}

const valueOfShorts: JcreMethod = (jcre, at) => {
  const { address, length } = shortArray(jcre, handleAt(jcre, at), ACCESS.read)
  if (length < 1 || length > LONGEST_INTEGER_SHORTS) fail(jcre, STRING.ILLEGAL_NUMBER_FORMAT)
  const shorts = [...jcre.memory.i16.subarray(address >> 1, (address >> 1) + length)]
  return put(jcre, at + 1, ascii(numberOfShorts(shorts).toString()))
}

const parseLongInteger: JcreMethod = (jcre, at) => {
  const target = shortArray(jcre, handleAt(jcre, at + 3), ACCESS.write)
  const offset = shortAt(jcre, at + 4)
  const shorts = shortsOfNumber(parseInteger(jcre, at, 64))
  requireRange(jcre, target.length, offset, shorts.length)
  const bytes = Uint8Array.from(shorts.flatMap((one) => [one >> 8, one & 0xff]))
  putResult(jcre, target.address + 2 * offset, swappedCells(bytes, ELEMENT.short))
  return shorts.length
}

// ---- encodings

const convertTo: JcreMethod = (jcre, at) => {
  const number = byteAt(jcre, at + 5)
  const codePoints = codePointsOf(text(jcre, at))
  const encoding = ENCODINGS.get(number)
  if (encoding === undefined && number !== UTF_8) fail(jcre, STRING.UNSUPPORTED_ENCODING)
  const bytes = codePoints && (encoding?.encode(codePoints) ?? (encoding ? undefined : utf8Of(codePoints)))
  return put(jcre, at + 3, bytes ?? fail(jcre, STRING.INVALID_BYTE_SEQUENCE))
}

const convertFrom: JcreMethod = (jcre, at) => {
  const number = byteAt(jcre, at + 5)
  const bytes = text(jcre, at)
  const encoding = ENCODINGS.get(number)
  if (encoding === undefined && number !== UTF_8) fail(jcre, STRING.UNSUPPORTED_ENCODING)
  const codePoints = encoding ? encoding.decode(bytes) : codePointsOf(bytes)
  return put(jcre, at + 3, utf8Of(codePoints ?? fail(jcre, STRING.INVALID_BYTE_SEQUENCE)))
}

export const stringUtilMethods: Readonly<Record<string, JcreMethod>> = {
  'StringUtil.codePointCount([BSS)S': (jcre, at) => codePointCount(text(jcre, at)),
  'StringUtil.codePointAt([BSSS[BS)S': codePointAt,
  'StringUtil.codePointBefore([BSSS[BS)S': codePointBefore,
  'StringUtil.offsetByCodePoints([BSSSS)S': (jcre, at) =>
    indexAfter(jcre, text(jcre, at), shortAt(jcre, at + 3), shortAt(jcre, at + 4)),
  'StringUtil.compare(Z[BSS[BSS)S': compare,
  'StringUtil.indexOf([BSS[BSS)S': (jcre, at) => find(text(jcre, at), text(jcre, at + 3)),
  'StringUtil.replace([BSS[BSS[BSS[BS)S': replace,
  'StringUtil.toLowerCase([BSS[BS)S': (jcre, at) => put(jcre, at + 3, lowerCase(text(jcre, at))),
  'StringUtil.toUpperCase([BSS[BS)S': (jcre, at) => put(jcre, at + 3, upperCase(text(jcre, at))),
  'StringUtil.trim([BSS[BS)S': (jcre, at) => put(jcre, at + 3, trimmed(text(jcre, at))),
  'StringUtil.valueOf(Z[BS)S': (jcre, at) => put(jcre, at + 1, ascii(byteAt(jcre, at) !== 0 ? 'true' : 'false')),
  'StringUtil.parseBoolean([BSS)Z': (jcre, at) => (charactersOf(text(jcre, at)).toLowerCase() === 'true' ? 1 : 0),
  'StringUtil.valueOf(S[BS)S': (jcre, at) => put(jcre, at + 1, ascii(String(shortAt(jcre, at)))),
  'StringUtil.parseShortInteger([BSS)S': (jcre, at) => Number(parseInteger(jcre, at, 16)),
  'StringUtil.valueOf([S[BS)S': valueOfShorts,
  'StringUtil.parseLongInteger([BSS[SS)S': parseLongInteger,
  'StringUtil.convertTo([BSS[BSB)S': convertTo,
  'StringUtil.convertFrom([BSS[BSB)S': convertFrom,
  'StringUtil.check([BSS)Z': (jcre, at) => (codePointsOf(text(jcre, at)) === undefined ? 0 : 1),
  'StringUtil.startsWith([BSS[BSSS)Z': startsWith,
  'StringUtil.endsWith([BSS[BSSS)Z': endsWith,
  'StringUtil.substring([BSSSS[BS)S': substring,
}
