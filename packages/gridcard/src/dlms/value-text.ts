import { toHex } from '@gridcard/bytes'
import {
  type CosemData,
  type CosemDateTime,
  clockStatus,
  epochMsOf,
  parseDateTime,
  type ScalerUnit,
  units,
} from '@gridcard/dlms'

// COSEM values for people. Whatever a meter sends, no control character reaches the terminal.

/** One line: `4711`, `2026-01-01T00:15:00Z`, `"GRC0000000000001"`, `0A0B0C`; containers only by their size. */
export function valueText(data: CosemData): string {
  switch (data.type) {
    case 'null-data':
      return 'null'
    case 'dont-care':
      return "don't care"
    case 'array':
    case 'structure':
    case 'compact-array':
      return `${data.type} of ${data.value.length}`
    case 'bit-string':
      return bitsText(data) || '(no bits)'
    case 'octet-string':
      return octetsText(data.value)
    case 'date-time':
      return dateTimeText(data.value)
    case 'date':
    case 'time':
      return toHex(data.value)
    case 'visible-string':
    case 'utf8-string':
      return quoted(data.value)
    default:
      return String(data.value)
  }
}

/** The value with its type, containers with their elements below, two spaces deeper each. */
export function valueLines(data: CosemData, columns = 80): string[] {
  if (data.type === 'array' || data.type === 'structure' || data.type === 'compact-array') {
    const inner = data.value.flatMap((element) => valueLines(element, columns - 2).map((line) => `  ${line}`))
    return [`${data.type} of ${data.value.length}`, ...inner]
  }
  if (data.type === 'null-data' || data.type === 'dont-care') return [data.type]
  return wrapped(`${data.type} ${valueText(data)}`, columns)
}

/** A long line cut into pieces, the later ones indented; hex and quoted text have no better place to cut. */
export function wrapped(text: string, columns: number): string[] {
  const width = Math.max(20, columns)
  const lines = [text.slice(0, width)]
  for (let at = width; at < text.length; at += width - 4) lines.push(`    ${text.slice(at, at + width - 4)}`)
  return lines
}

export function bitsText(data: Extract<CosemData, { type: 'bit-string' }>): string {
  const bits = [...data.value].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  return bits.slice(0, data.lengthBits)
}

/** A number in its unit, exact: `47.11 kWh` never becomes 47.110000000000003. */
export function scaledText(data: CosemData, scalerUnit: ScalerUnit | undefined): string {
  const number = 'value' in data && (typeof data.value === 'number' || typeof data.value === 'bigint')
  if (!number || scalerUnit === undefined) return valueText(data)
  const symbol = units[scalerUnit.unit]?.symbol ?? `unit ${scalerUnit.unit}`
  return `${decimalText(String(data.value), scalerUnit.scaler)}${symbol === '' ? '' : ` ${symbol}`}`
}

/** `digits` times ten to the power of `scaler`, by moving the point. */
export function decimalText(digits: string, scaler: number): string {
  const match = /^(-?)(\d+)$/.exec(digits)
  // Floating values: meters that have them give scaler 0.
  if (match === null) return scaler === 0 ? digits : `${digits}e${scaler}`
  const [, sign, whole] = match as unknown as [string, string, string]
  if (scaler >= 0) return whole === '0' ? '0' : `${sign}${whole}${'0'.repeat(scaler)}`
  const padded = whole.padStart(1 - scaler, '0')
  return `${sign}${padded.slice(0, scaler)}.${padded.slice(scaler)}`
}

function octetsText(octets: Uint8Array): string {
  if (octets.length === 0) return '(empty)'
  if (isLikelyDateTime(octets)) return dateTimeText(octets)
  if (octets.every((octet) => octet >= 0x20 && octet < 0x7f)) return quoted(String.fromCharCode(...octets))
  return toHex(octets)
}

/** Twelve octets of which months, days and so on are such, or left open. */
function isLikelyDateTime(octets: Uint8Array): boolean {
  if (octets.length !== 12) return false
  const { year, month, dayOfMonth, hour, minute, second, deviationMinutes } = parseDateTime(octets)
  const fits = (value: number | undefined, low: number, high: number) =>
    value === undefined || (value >= low && value <= high)
  const special = (value: number | undefined) => value === 0xfd || value === 0xfe
  return (
    fits(year, 1970, 2200) &&
    (fits(month, 1, 12) || special(month)) &&
    (fits(dayOfMonth, 1, 31) || special(dayOfMonth)) &&
    fits(hour, 0, 23) &&
    fits(minute, 0, 59) &&
    fits(second, 0, 59) &&
    fits(deviationMinutes, -720, 840)
  )
}

/** The 12 octets as ISO 8601 with the meter's own offset, and what its status says against it. */
export function dateTimeText(octets: Uint8Array): string {
  if (octets.length !== 12) return toHex(octets)
  const time = parseDateTime(octets)
  const atMs = epochMsOf(time, 0)
  if (atMs === undefined) return octets.every((octet) => octet === 0xff) ? '(not specified)' : openText(time)
  const local = new Date(atMs - (time.deviationMinutes ?? 0) * 60_000).toISOString()
  const shown = local.endsWith('.000Z') ? local.slice(0, 19) : local.slice(0, 22)
  const zone = time.deviationMinutes === undefined ? '' : zoneText(time.deviationMinutes)
  return `${shown}${zone}${statusText(time.status)}`
}

const two = (value: number | undefined): string => (value === undefined ? '**' : String(value).padStart(2, '0'))

/** With stars for what is left open: `****-12-31 **:**:**`. */
function openText(time: CosemDateTime): string {
  const day = time.dayOfWeek === undefined ? '' : ` weekday ${time.dayOfWeek}`
  const date = `${time.year ?? '****'}-${two(time.month)}-${two(time.dayOfMonth)}${day}`
  return `${date} ${two(time.hour)}:${two(time.minute)}:${two(time.second)}`
}

function zoneText(deviationMinutes: number): string {
  if (deviationMinutes === 0) return 'Z'
  const minutes = Math.abs(deviationMinutes)
  return `${deviationMinutes < 0 ? '+' : '-'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

export function statusText(status: number | undefined): string {
  if (status === undefined || (status & 0x0f) === 0) return ''
  const words = [
    status & clockStatus.invalidValue ? 'invalid' : undefined,
    status & clockStatus.doubtfulValue ? 'doubtful' : undefined,
    status & clockStatus.differentClockBase ? 'other clock base' : undefined,
    status & clockStatus.invalidClockStatus ? 'status invalid' : undefined,
  ]
  return ` (${words.filter((word) => word !== undefined).join(', ')})`
}

/** Quoted, with escapes for everything a terminal could take for a command. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
