import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { dateTimeOf, emitDateTime, epochMsOf, parseDateTime } from '../cosem/date-time.ts'
import { logicalNameText } from '../cosem/obis-code.ts'
import { numberOf } from '../cosem/unit.ts'

/** Reading values whose type was checked already; what is not there counts as empty or zero. */

export const listOf = (data: CosemData | undefined): readonly CosemData[] =>
  data?.type === 'array' || data?.type === 'structure' || data?.type === 'compact-array' ? data.value : []

export const elementOf = (data: CosemData | undefined, index: number): CosemData =>
  listOf(data)[index] ?? cosem.nullData

export const intOf = (data: CosemData | undefined): number => (data && numberOf(data)) ?? 0

export const octetsOf = (data: CosemData | undefined): Uint8Array =>
  data !== undefined && 'value' in data && data.value instanceof Uint8Array ? data.value : new Uint8Array(0)

export const isTrue = (data: CosemData | undefined): boolean => data?.type === 'boolean' && data.value

export const nameOf = (data: CosemData | undefined): string => {
  const octets = octetsOf(data)
  return octets.length === 6 ? logicalNameText(octets) : ''
}

export const sameOctets = (a: CosemData | undefined, b: CosemData | undefined): boolean => {
  const [left, right] = [octetsOf(a), octetsOf(b)]
  return left.length === right.length && left.every((octet, i) => octet === right[i])
}

/** A date-time as an octet-string, UTC. */
export const timeValue = (atMs: number): CosemData => cosem.octetString(emitDateTime(dateTimeOf(atMs)))

/** Undefined for a time that is not fully specified. */
export const timeOf = (data: CosemData | undefined): number | undefined => {
  const octets = octetsOf(data)
  return octets.length === 12 ? epochMsOf(parseDateTime(octets), 0) : undefined
}

/** The same type with the number zero; what is no number becomes null. */
export const zeroOf = (data: CosemData | undefined): CosemData => {
  if (data !== undefined && 'value' in data) {
    if (typeof data.value === 'number') return { ...data, value: 0 } as CosemData
    if (typeof data.value === 'bigint') return { ...data, value: 0n } as CosemData
  }
  return cosem.nullData
}

/** Bit n of a bit-string, the first one in the highest bit. */
export const bitOf = (data: CosemData | undefined, n: number): boolean =>
  data?.type === 'bit-string' && n < data.lengthBits && ((data.value[n >> 3]! >> (7 - (n & 7))) & 1) !== 0

export const bitsOf = (flags: readonly boolean[]): CosemData => {
  const octets = new Uint8Array(Math.ceil(flags.length / 8))
  for (const [n, flag] of flags.entries()) if (flag) octets[n >> 3]! |= 0x80 >> (n & 7)
  return cosem.bitString(octets, flags.length)
}

/** Date and time fields match where they are specified; FF and FFFF stand for any. */
export function matchesDate(
  date: Uint8Array,
  now: { year: number; month: number; day: number; weekday: number },
): boolean {
  if (date.length < 5) return false
  const year = (date[0]! << 8) | date[1]!
  return (
    (year === 0xffff || year === now.year) &&
    (date[2] === 0xff || date[2] === now.month) &&
    (date[3] === 0xff || date[3] === now.day) &&
    (date[4] === 0xff || date[4] === now.weekday)
  )
}

/** Hour, minute and second match where they are specified. */
export function matchesTime(time: Uint8Array, now: { hour: number; minute: number; second: number }): boolean {
  return (
    time.length >= 3 &&
    (time[0] === 0xff || time[0] === now.hour) &&
    (time[1] === 0xff || time[1] === now.minute) &&
    (time[2] === 0xff || time[2] === now.second)
  )
}

/** UTC fields as COSEM counts them: Monday is 1. */
export function fieldsOf(atMs: number): {
  year: number
  month: number
  day: number
  weekday: number
  hour: number
  minute: number
  second: number
} {
  const date = new Date(atMs)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: ((date.getUTCDay() + 6) % 7) + 1,
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}
