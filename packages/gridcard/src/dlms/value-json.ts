import { fromAscii, fromHex, GridcardError, toHex } from '@gridcard/bytes'
import { type CosemData, dateTimeOf, emitData, emitDateTime } from '@gridcard/dlms'
import { LauncherError } from '../errors.ts'
import { parseTime } from './time-option.ts'
import { bitsText } from './value-text.ts'

/**
 * COSEM values in JSON: an object with one member, the type: `{"double-long-unsigned": 4711}`. What is read can be
 * written back. Octets are hex; 64-bit integers and floats that JSON has no number for are strings.
 */
export type ValueJson = { readonly [type: string]: unknown }

export function toJson(data: CosemData): ValueJson {
  switch (data.type) {
    case 'null-data':
    case 'dont-care':
      return { [data.type]: null }
    case 'array':
    case 'structure':
    case 'compact-array':
      return { [data.type]: data.value.map(toJson) }
    case 'bit-string':
      return { [data.type]: bitsText(data) }
    case 'octet-string':
    case 'date-time':
    case 'date':
    case 'time':
      return { [data.type]: toHex(data.value) }
    case 'long64':
    case 'long64-unsigned':
      return { [data.type]: String(data.value) }
    default:
      if (typeof data.value === 'number' && !Number.isFinite(data.value)) return { [data.type]: String(data.value) }
      return { [data.type]: data.value }
  }
}

const numberTypes = new Set([
  'double-long',
  'double-long-unsigned',
  'bcd',
  'integer',
  'long',
  'unsigned',
  'long-unsigned',
  'enum',
  'float32',
  'float64',
])

export const valueTypes = [
  'null-data',
  'boolean',
  ...numberTypes,
  'long64',
  'long64-unsigned',
  'bit-string',
  'octet-string',
  'octet-text',
  'octet-time',
  'visible-string',
  'utf8-string',
  'date-time',
  'date',
  'time',
  'array',
  'structure',
] as const

/**
 * Reads what `toJson` gives, and two spellings of octet-strings: `octet-text` is ASCII, `octet-time` an ISO 8601 time.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`, naming the place in the value
 */
export function fromJson(json: unknown, place = 'value'): CosemData {
  const data = read(json, place)
  try {
    emitData(data)
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
    throw bad(`${place}: out of the range of its type`)
  }
  return data
}

/**
 * A value as it is typed: `TYPE=TEXT`, `null-data`, or JSON.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`
 */
export function parseValue(text: string): CosemData {
  if (text.trimStart().startsWith('{')) {
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      throw bad('the value begins like JSON and is none')
    }
    return fromJson(json)
  }
  const equals = text.indexOf('=')
  const type = equals < 0 ? text : text.slice(0, equals)
  if (equals < 0 && type !== 'null-data') throw bad(`"${shortened(text)}" is not TYPE=VALUE, as unsigned=5`)
  if (type === 'array' || type === 'structure') throw bad(`a value of type ${type} is given as JSON`)
  return fromJson({ [type]: literal(type, text.slice(equals + 1)) })
}

function literal(type: string, text: string): unknown {
  if (type === 'null-data') return null
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

function read(json: unknown, place: string): CosemData {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw bad(`${place}: a value is an object with its type, as {"unsigned": 5}`)
  }
  const [entry, ...more] = Object.entries(json)
  if (entry === undefined || more.length > 0) throw bad(`${place}: a value has one type, as {"unsigned": 5}`)
  const [type, value] = entry
  const refuse = (wanted: string) => bad(`${place}: ${type} takes ${wanted}`)
  if (numberTypes.has(type)) return { type, value: readNumber(value, refuse) } as CosemData
  switch (type) {
    case 'null-data':
      if (value !== null) throw refuse('null')
      return { type }
    case 'boolean':
      if (typeof value !== 'boolean') throw refuse('true or false')
      return { type, value }
    case 'long64':
    case 'long64-unsigned':
      return { type, value: readBigint(value, refuse) }
    case 'bit-string':
      return readBits(value, refuse)
    case 'octet-string':
      return { type, value: readOctets(value, refuse) }
    case 'date-time':
      return { type, value: isTime(value) ? timeOctets(value, refuse) : readOctets(value, refuse, 12) }
    case 'date':
      return { type, value: readOctets(value, refuse, 5) }
    case 'time':
      return { type, value: readOctets(value, refuse, 4) }
    case 'octet-text':
      if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) throw refuse('printable ASCII')
      return { type: 'octet-string', value: fromAscii(value) }
    case 'octet-time':
      return { type: 'octet-string', value: timeOctets(value, refuse) }
    case 'visible-string':
    case 'utf8-string':
      if (typeof value !== 'string') throw refuse('a string')
      return { type, value }
    case 'array':
    case 'structure':
      if (!Array.isArray(value)) throw refuse('a list of values')
      return { type, value: value.map((element, i) => read(element, `${place}[${i}]`)) }
    default:
      throw bad(`${place}: "${shortened(type)}" is no type; types are ${valueTypes.join(', ')}`)
  }
}

type Refuse = (wanted: string) => LauncherError

function readNumber(value: unknown, refuse: Refuse): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || Number.isNaN(number)) throw refuse('a number')
  return number
}

function readBigint(value: unknown, refuse: Refuse): bigint {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  throw refuse('a whole number')
}

function readBits(value: unknown, refuse: Refuse): CosemData {
  if (typeof value !== 'string' || !/^[01]{0,65536}$/.test(value)) throw refuse('ones and zeros')
  const octets = new Uint8Array(Math.ceil(value.length / 8))
  for (let i = 0; i < value.length; i++) if (value[i] === '1') octets[i >> 3]! |= 0x80 >> (i & 7)
  return { type: 'bit-string', lengthBits: value.length, value: octets }
}

function readOctets(value: unknown, refuse: Refuse, lengthBytes?: number): Uint8Array {
  const wanted = lengthBytes === undefined ? 'octets in hex' : `${lengthBytes} octets in hex`
  if (typeof value !== 'string' || !/^(\s*[0-9a-fA-F]{2})*\s*$/.test(value)) throw refuse(wanted)
  const octets = fromHex(value)
  if (lengthBytes !== undefined && octets.length !== lengthBytes) throw refuse(wanted)
  return octets
}

const isTime = (value: unknown): boolean => typeof value === 'string' && /[-:]/.test(value)

function timeOctets(value: unknown, refuse: Refuse): Uint8Array {
  const atMs = typeof value === 'string' ? parseTime(value, Date.now()) : undefined
  if (atMs === undefined) throw refuse('a time, as 2026-01-31T12:00Z')
  return emitDateTime(dateTimeOf(atMs))
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}...` : text)
const bad = (message: string) => new LauncherError('GRIDCARD_BAD_OPTION', message)
