import {
  type CaptureObject,
  type ClassDefinition,
  type CosemData,
  DlmsError,
  defineMeter,
  findClassByName,
  findClassDefinition,
  logicalNameBytes,
  logicalNameText,
  type ObjectDescription,
  units,
} from '@gridcard/dlms'
import { LauncherError } from '../../errors.ts'
import { DlmsToolError } from '../errors.ts'
import { attributeText, parseAttribute } from '../reference.ts'
import { parseTime } from '../time-option.ts'
import { fromJson } from '../value-json.ts'

/** A logical device as its JSON description tells it, checked. */
export interface DeviceModel {
  /** Up to 16 characters, the first three the maker's. */
  readonly logicalDeviceName: string
  readonly serverSap: number
  readonly objects: readonly ObjectModel[]
}

interface Common {
  readonly logicalName: string
  /** Readable without keys. */
  readonly isPublic: boolean
}

export type ObjectModel =
  | (Common & { readonly kind: 'data'; readonly value: CosemData; readonly isWritable: boolean })
  | (Common & { readonly kind: 'register'; readonly value: CosemData; readonly scaler: number; readonly unit: number })
  | (Common & {
      readonly kind: 'clock'
      readonly deviationMinutes: number
      /** What it shows when the server starts; undefined for this computer's time. */
      readonly startMs: number | undefined
      readonly isSettable: boolean
    })
  | ProfileModel
  | (Common & { readonly kind: 'disconnect-control'; readonly isConnected: boolean })
  | DefinedModel

/** Of any class that is known, by the Blue Book's own names. */
export interface DefinedModel extends Common {
  readonly kind: 'defined'
  readonly definition: ClassDefinition
  readonly attributes: Readonly<Record<string, CosemData>>
  readonly writable: readonly string[]
}

export interface ProfileModel extends Common {
  readonly kind: 'profile'
  readonly columns: readonly CaptureObject[]
  readonly capturePeriodSeconds: number
  readonly profileEntries: number
  /** Cells in the order of the columns; the clock's as epoch milliseconds. */
  readonly rows: readonly { readonly atMs: number; readonly cells: readonly (number | undefined)[] }[]
  /** So many rows up to now, values rising by so much from row to row. */
  readonly fill: { readonly entries: number; readonly increase: readonly number[] } | undefined
  /** Goes on capturing while the server runs. */
  readonly isCapturing: boolean
}

const MAX_OBJECTS = 1000
const MAX_ENTRIES = 100_000
const served = new Set(['0.0.42.0.0.255', '0.0.41.0.0.255', '0.0.43.0.2.255', '0.0.43.1.2.255'])
const kinds = ['data', 'register', 'clock', 'profile', 'disconnect-control'] as const

/**
 * Checks a whole description and names everything that is wrong with it at once.
 * @throws DlmsToolError `GRIDCARD_MODEL_INVALID`, one line for each fault, with its place: `objects[2].unit: ...`
 */
export function parseModel(json: unknown, source: string): DeviceModel {
  const faults: string[] = []
  const root = new Fields('', json, faults)
  const logicalDeviceName = root.text(
    'logicalDeviceName',
    /^[\x21-\x7e]{3,16}$/,
    '3 to 16 characters, as GRC0000000000001',
  )
  const serverSap = root.whole('serverSap', 1, 0xffff, 1)
  const list = root.list('objects', MAX_OBJECTS)
  const objects = list.flatMap((entry, i) => readObject(new Fields(`objects[${i}]`, entry, faults)) ?? [])
  root.end()
  if (faults.length === 0) checkTogether(objects, faults)
  if (faults.length > 0) {
    const shown = faults.slice(0, 20).map((fault) => `\n  ${fault}`)
    const more = faults.length > 20 ? `\n  and ${faults.length - 20} more` : ''
    throw new DlmsToolError('GRIDCARD_MODEL_INVALID', `${source} is no usable model:${shown.join('')}${more}\n `)
  }
  return { logicalDeviceName: logicalDeviceName!, serverSap: serverSap!, objects }
}

function readObject(fields: Fields): ObjectModel | undefined {
  const kind = fields.kind('class')
  if (kind === undefined) return undefined
  if (typeof kind !== 'string') return readDefined(kind, fields)
  const defaults = { clock: '0.0.1.0.0.255', 'disconnect-control': '0.0.96.3.10.255' } as Record<string, string>
  const logicalName = fields.logicalName('logicalName', defaults[kind])
  const isPublic = fields.flag('public', kind === 'clock')
  if (logicalName !== undefined && served.has(logicalName))
    fields.fault('logicalName', 'the server has that one itself')
  const object = readKind(kind, fields, { logicalName: logicalName ?? '', isPublic })
  fields.end()
  return object
}

/** An object of a class that keeps its values, and does what the class does by itself. */
function readDefined(definition: ClassDefinition, fields: Fields): DefinedModel | undefined {
  const logicalName = fields.logicalName('logicalName')
  const isPublic = fields.flag('public', false)
  if (logicalName !== undefined && served.has(logicalName))
    fields.fault('logicalName', 'the server has that one itself')
  const attributes = fields.attributes('attributes')
  const writable = fields.list('writable', definition.attributes.length, []).map(String)
  fields.end()
  if (logicalName === undefined) return undefined
  const model: DefinedModel = { kind: 'defined', logicalName, isPublic, definition, attributes, writable }
  try {
    defineMeter({ ports: { nowMs: () => 0 }, objects: [descriptionOf(model)] })
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error
    fields.fault('attributes', error.message)
    return undefined
  }
  return model
}

export const descriptionOf = ({ definition, logicalName, attributes, writable }: DefinedModel): ObjectDescription => ({
  class: definition.classId,
  version: definition.version,
  logicalName,
  attributes,
  writable,
})

function readKind(kind: (typeof kinds)[number], fields: Fields, common: Common): ObjectModel | undefined {
  switch (kind) {
    case 'data': {
      const value = fields.value('value')
      const isWritable = fields.flag('writable', false)
      return value && { ...common, kind, value, isWritable }
    }
    case 'register': {
      const value = fields.value('value')
      const scaler = fields.whole('scaler', -128, 127, 0)
      const unit = fields.unit('unit')
      return value && scaler !== undefined && unit !== undefined ? { ...common, kind, value, scaler, unit } : undefined
    }
    case 'clock': {
      const deviationMinutes = fields.whole('deviationMinutes', -720, 840, 0)
      const startMs = fields.time('start')
      const isSettable = fields.flag('settable', true)
      return deviationMinutes === undefined ? undefined : { ...common, kind, deviationMinutes, startMs, isSettable }
    }
    case 'disconnect-control':
      return { ...common, kind, isConnected: fields.flag('connected', true) }
    case 'profile':
      return readProfile(fields, common)
  }
}

function readProfile(fields: Fields, common: Common): ProfileModel | undefined {
  const columns = fields.list('columns', 32).map((text, i) => fields.column(`columns[${i}]`, text))
  const capturePeriodSeconds = fields.whole('capturePeriodSeconds', 0, 86_400 * 31, 900)
  const profileEntries = fields.whole('profileEntries', 1, MAX_ENTRIES, 2976)
  const isCapturing = fields.flag('capturing', false)
  const rows = fields.list('rows', MAX_ENTRIES, []).map((row, i) => fields.row(`rows[${i}]`, row, columns))
  const fill = fields.fill('fill', columns.length)
  if (columns.length === 0) fields.fault('columns', 'at least one')
  const isWhole = columns.every((column) => column !== undefined) && rows.every((row) => row !== undefined)
  if (!isWhole || capturePeriodSeconds === undefined || profileEntries === undefined) return undefined
  const period = capturePeriodSeconds
  if ((isCapturing || fill) && period === 0) fields.fault('capturePeriodSeconds', '0 has nothing to fill or capture by')
  if (fill !== undefined && rows.length > 0) fields.fault('fill', 'there are rows already')
  if (fill !== undefined && fill.entries > profileEntries) fields.fault('fill.entries', `more than ${profileEntries}`)
  const known = { columns: columns as CaptureObject[], rows: rows as ProfileModel['rows'] }
  return { ...common, kind: 'profile', ...known, capturePeriodSeconds: period, profileEntries, fill, isCapturing }
}

export const isClock = ({ classId, attributeIndex }: CaptureObject): boolean => classId === 8 && attributeIndex === 2

/** Names are used once, and columns capture something that is there and has a number. */
function checkTogether(objects: readonly ObjectModel[], faults: string[]): void {
  const names = new Map<string, number>()
  for (const [i, { logicalName }] of objects.entries()) {
    const before = names.get(logicalName)
    if (before !== undefined) faults.push(`objects[${i}].logicalName: objects[${before}] has it already`)
    names.set(logicalName, i)
  }
  for (const [i, object] of objects.entries()) {
    if (object.kind !== 'profile') continue
    if (!object.columns.some(isClock)) faults.push(`objects[${i}].columns: no clock among them`)
    for (const [c, column] of object.columns.entries()) {
      const place = `objects[${i}].columns[${c}]`
      const captured = objects.find(({ logicalName }) => logicalName === column.logicalName)
      if (captured === undefined) faults.push(`${place}: ${column.logicalName} is not in this model`)
      else if (!capturable(captured, column)) {
        faults.push(`${place}: ${attributeText(column)} is not the time of a clock, or a number of data or register`)
      }
    }
  }
}

function capturable(object: ObjectModel, { classId, attributeIndex }: CaptureObject): boolean {
  if (attributeIndex !== 2) return false
  if (object.kind === 'clock') return classId === 8
  const isNumber = (object.kind === 'data' || object.kind === 'register') && typeof numberIn(object.value) === 'number'
  return isNumber && classId === (object.kind === 'data' ? 1 : 3)
}

/** The number of a value of a type that keeps numbers. */
export const numberIn = (data: CosemData): number | undefined =>
  'value' in data && typeof data.value === 'number' ? data.value : undefined

/** The members of one JSON object, each asked for once; what nobody asked for is a fault. */
class Fields {
  readonly #place: string
  readonly #members: Map<string, unknown>
  readonly #faults: string[]

  constructor(place: string, json: unknown, faults: string[]) {
    this.#place = place
    this.#faults = faults
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
    this.#members = new Map(isObject ? Object.entries(json) : [])
    if (!isObject) faults.push(`${place || 'the file'}: not a JSON object`)
  }

  fault(name: string, problem: string): void {
    const place = this.#place === '' ? name : `${this.#place}.${name}`
    this.#faults.push(`${place}: ${problem}`)
  }

  #take(name: string): unknown {
    const value = this.#members.get(name)
    this.#members.delete(name)
    return value
  }

  text(name: string, shape: RegExp, wanted: string): string | undefined {
    const value = this.#take(name)
    if (typeof value === 'string' && shape.test(value)) return value
    this.fault(name, wanted)
    return undefined
  }

  whole(name: string, low: number, high: number, fallback?: number): number | undefined {
    const value = this.#take(name) ?? fallback
    if (Number.isInteger(value) && (value as number) >= low && (value as number) <= high) return value as number
    this.fault(name, `a whole number from ${low} to ${high}`)
    return undefined
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#take(name) ?? fallback
    if (typeof value === 'boolean') return value
    this.fault(name, 'true or false')
    return fallback
  }

  /** One of the short descriptions, or a class by number or name. */
  kind(name: string): (typeof kinds)[number] | ClassDefinition | undefined {
    const value = this.#take(name)
    const version = this.#members.has('version') ? this.whole('version', 0, 255) : undefined
    const word = kinds.find((known) => known === value)
    if (word !== undefined && version === undefined) return word
    const definition =
      typeof value === 'number'
        ? findClassDefinition(value, version)
        : typeof value === 'string'
          ? findClassByName(value, version)
          : undefined
    if (definition === undefined) {
      this.#members.clear()
      this.fault(
        name,
        `one of ${kinds.join(', ')}, or a class by its number or name, as 71 or "Limiter", in a version that is known`,
      )
    }
    return definition
  }

  /** Values by the names of attributes. */
  attributes(name: string): Record<string, CosemData> {
    const value = this.#take(name) ?? {}
    const inner = new Fields(this.#place === '' ? name : `${this.#place}.${name}`, value, this.#faults)
    return inner.#values()
  }

  #values(): Record<string, CosemData> {
    return Object.fromEntries(
      [...this.#members.keys()].flatMap((key): [string, CosemData][] => {
        const value = this.value(key)
        return value === undefined ? [] : [[key, value]]
      }),
    )
  }

  list(name: string, longest: number, fallback?: readonly unknown[]): readonly unknown[] {
    const value = this.#take(name) ?? fallback
    if (Array.isArray(value) && value.length <= longest) return value
    this.fault(name, `a list of at most ${longest}`)
    return []
  }

  logicalName(name: string, fallback?: string): string | undefined {
    const value = this.#take(name) ?? fallback
    try {
      if (typeof value === 'string') return logicalNameText(logicalNameBytes(value))
    } catch {
      // Told below.
    }
    this.fault(name, 'six numbers from 0 to 255, as 1.0.1.8.0.255')
    return undefined
  }

  value(name: string): CosemData | undefined {
    const value = this.#take(name)
    if (value === undefined) {
      this.fault(name, 'a value with its type, as {"double-long-unsigned": 4711}')
      return undefined
    }
    try {
      return fromJson(value, 'it')
    } catch (error) {
      if (!(error instanceof LauncherError)) throw error
      this.fault(name, error.message.replace(/^it(\[\d+\])*: /, ''))
      return undefined
    }
  }

  unit(name: string): number | undefined {
    const value = this.#take(name)
    const code = typeof value === 'string' ? unitNamed(value) : value
    if (Number.isInteger(code) && (code as number) >= 0 && (code as number) <= 255) return code as number
    this.fault(name, 'the symbol of a unit, as Wh, W or V, or its code from 0 to 255')
    return undefined
  }

  time(name: string): number | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    const atMs = typeof value === 'string' ? parseTime(value, Date.now()) : undefined
    if (atMs === undefined) this.fault(name, 'a time, as 2026-01-31T12:00Z')
    return atMs
  }

  column(place: string, text: unknown): CaptureObject | undefined {
    try {
      if (typeof text === 'string') return { ...parseAttribute(text), dataIndex: 0 }
    } catch (error) {
      if (!(error instanceof LauncherError)) throw error
    }
    this.fault(place, 'CLASS/LOGICALNAME/ATTRIBUTE, as register/1.0.1.8.0.255/value')
    return undefined
  }

  row(place: string, row: unknown, columns: readonly (CaptureObject | undefined)[]) {
    if (!Array.isArray(row) || row.length !== columns.length) {
      this.fault(place, `a list with a cell for each of the ${columns.length} columns`)
      return undefined
    }
    let atMs: number | undefined
    const cells = row.map((cell: unknown, i) => {
      const column = columns[i]
      if (column !== undefined && isClock(column)) atMs = typeof cell === 'string' ? parseTime(cell, 0) : undefined
      else if (typeof cell === 'number') return cell
      else this.fault(`${place}[${i}]`, 'a number')
      return undefined
    })
    if (atMs === undefined) this.fault(place, 'a time in the clock column, as 2026-01-31T12:00Z')
    return atMs === undefined ? undefined : { atMs, cells }
  }

  fill(name: string, columnCount: number): ProfileModel['fill'] {
    const value = this.#take(name)
    if (value === undefined) return undefined
    const inner = new Fields(this.#place === '' ? name : `${this.#place}.${name}`, value, this.#faults)
    const entries = inner.whole('entries', 1, MAX_ENTRIES)
    const increase = inner.list('increase', columnCount, [])
    inner.end()
    if (increase.length !== 0 && increase.length !== columnCount) {
      this.fault(`${name}.increase`, `a number for each of the ${columnCount} columns`)
    }
    if (!increase.every((step) => Number.isInteger(step))) this.fault(`${name}.increase`, 'whole numbers')
    return entries === undefined ? undefined : { entries, increase: increase as number[] }
  }

  /** Everything was asked for. */
  end(): void {
    for (const name of this.#members.keys()) this.fault(name.slice(0, 40), 'not known here')
  }
}

function unitNamed(symbol: string): number | undefined {
  const code = Object.keys(units).find((known) => units[Number(known)]?.symbol === symbol && symbol !== '')
  return code === undefined ? undefined : Number(code)
}
