import { ByteReader, ByteWriter } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'

/**
 * The 12 octets of a COSEM date-time. `undefined` is "not specified". Months 0xFD and 0xFE (end and begin of daylight
 * saving) and days 0xFD and 0xFE (last but one, last of the month) stay numbers.
 * @source Blue Book ed. 14 §4.1.6.1
 */
export interface CosemDateTime {
  readonly year: number | undefined
  readonly month: number | undefined
  readonly dayOfMonth: number | undefined
  /** 1 is Monday. */
  readonly dayOfWeek: number | undefined
  readonly hour: number | undefined
  readonly minute: number | undefined
  readonly second: number | undefined
  readonly hundredths: number | undefined
  /** Minutes to add to the local time to get UTC: -60 in Paris in winter. -720..840. */
  readonly deviationMinutes: number | undefined
  /** Bit field, see `clockStatus`; undefined for 0xFF. */
  readonly status: number | undefined
}

/** Bits of the clock status octet. */
export const clockStatus = {
  invalidValue: 0x01,
  doubtfulValue: 0x02,
  differentClockBase: 0x04,
  invalidClockStatus: 0x08,
  daylightSavingActive: 0x80,
} as const

const orNone = (value: number, none: number): number | undefined => (value === none ? undefined : value)

/**
 * Reads 12 octets. Any octets are taken as they are, since meters do send days that no calendar has; only the length
 * is checked. `epochMsOf` decides what is a point in time.
 */
export function parseDateTime(octets: Uint8Array): CosemDateTime {
  if (octets.length !== 12) {
    throw new DlmsError('DLMS_MALFORMED', 'a date-time has 12 octets', { lengthBytes: octets.length })
  }
  const reader = new ByteReader(octets)
  return {
    year: orNone(reader.u16(), 0xffff),
    month: orNone(reader.u8(), 0xff),
    dayOfMonth: orNone(reader.u8(), 0xff),
    dayOfWeek: orNone(reader.u8(), 0xff),
    hour: orNone(reader.u8(), 0xff),
    minute: orNone(reader.u8(), 0xff),
    second: orNone(reader.u8(), 0xff),
    hundredths: orNone(reader.u8(), 0xff),
    deviationMinutes: orNone(reader.i16(), -0x8000),
    status: orNone(reader.u8(), 0xff),
  }
}

export function emitDateTime(time: CosemDateTime): Uint8Array {
  return new ByteWriter()
    .u16(time.year ?? 0xffff)
    .u8(time.month ?? 0xff)
    .u8(time.dayOfMonth ?? 0xff)
    .u8(time.dayOfWeek ?? 0xff)
    .u8(time.hour ?? 0xff)
    .u8(time.minute ?? 0xff)
    .u8(time.second ?? 0xff)
    .u8(time.hundredths ?? 0xff)
    .i16(time.deviationMinutes ?? -0x8000)
    .u8(time.status ?? 0xff)
    .toBytes()
}

const isBetween = (value: number | undefined, low: number, high: number): boolean =>
  value !== undefined && value >= low && value <= high

/**
 * The point in time, as epoch milliseconds in UTC; undefined unless year to minute are given and exist in the calendar.
 * Seconds and hundredths not specified count as 0.
 *
 * @param assumedDeviationMinutes used when the octets leave the deviation open; without it such a time has no epoch
 */
export function epochMsOf(time: CosemDateTime, assumedDeviationMinutes?: number): number | undefined {
  const deviationMinutes = time.deviationMinutes ?? assumedDeviationMinutes
  const second = time.second ?? 0
  const hundredths = time.hundredths ?? 0
  if (deviationMinutes === undefined || !isBetween(deviationMinutes, -720, 840)) return undefined
  if (!isBetween(time.year, 1, 9999) || !isBetween(time.month, 1, 12) || !isBetween(time.dayOfMonth, 1, 31)) {
    return undefined
  }
  if (!isBetween(time.hour, 0, 23) || !isBetween(time.minute, 0, 59)) return undefined
  if (!isBetween(second, 0, 59) || !isBetween(hundredths, 0, 99)) return undefined
  const date = new Date(0)
  date.setUTCFullYear(time.year!, time.month! - 1, time.dayOfMonth!)
  if (date.getUTCDate() !== time.dayOfMonth) return undefined
  date.setUTCHours(time.hour!, time.minute!, second, hundredths * 10)
  return date.getTime() + deviationMinutes * 60_000
}

export interface DateTimeOptions {
  /** Minutes from local time to UTC; 0, the default, writes UTC. */
  readonly deviationMinutes?: number
  /** Clock status octet, default 0: valid, no daylight saving. */
  readonly status?: number
}

/** The date-time of a point in time, rounded down to a hundredth of a second. Years 1 to 9999. */
export function dateTimeOf(epochMs: number, options: DateTimeOptions = {}): CosemDateTime {
  const deviationMinutes = options.deviationMinutes ?? 0
  const local = new Date(epochMs - deviationMinutes * 60_000)
  const year = local.getUTCFullYear()
  if (!isBetween(year, 1, 9999)) throw new DlmsError('DLMS_NOT_REPRESENTABLE', 'no date-time for this instant')
  return {
    year,
    month: local.getUTCMonth() + 1,
    dayOfMonth: local.getUTCDate(),
    dayOfWeek: local.getUTCDay() === 0 ? 7 : local.getUTCDay(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    hundredths: Math.floor(local.getUTCMilliseconds() / 10),
    deviationMinutes,
    status: options.status ?? 0,
  }
}

const two = (value: number | undefined): string => (value === undefined ? '--' : String(value).padStart(2, '0'))

/** `2024-03-01 14:15:00.00 dev -60 status 00`; two dashes for what is not specified. */
export function dateTimeText(time: CosemDateTime): string {
  const date = `${time.year ?? '----'}-${two(time.month)}-${two(time.dayOfMonth)}`
  const clock = `${two(time.hour)}:${two(time.minute)}:${two(time.second)}.${two(time.hundredths)}`
  const status = time.status === undefined ? '--' : time.status.toString(16).padStart(2, '0')
  return `${date} ${clock} dev ${time.deviationMinutes ?? '--'} status ${status}`
}
