import type { MeterState, MeterSummary, SwitchState } from '@gridcard/headend/api'
import { meterStates, needsAttention, switchStates } from '../meter/meter-states.ts'

export const sortKeys = ['serial', 'state', 'switch', 'import', 'export', 'power', 'read'] as const
export type SortKey = (typeof sortKeys)[number]
export type SortDirection = 'ascending' | 'descending'
export interface MeterSort {
  readonly key: SortKey
  readonly direction: SortDirection
}

export const sortLabels: Readonly<Record<SortKey, string>> = {
  serial: 'Serial',
  state: 'State',
  switch: 'Switch',
  import: 'Import',
  export: 'Export',
  power: 'Power',
  read: 'Last read',
}

export const defaultSort: MeterSort = { key: 'serial', direction: 'ascending' }

/** The direction a column is first sorted in: words from the top of the alphabet, figures from the largest. */
const firstDirection: Readonly<Record<SortKey, SortDirection>> = {
  serial: 'ascending',
  state: 'ascending',
  switch: 'ascending',
  import: 'descending',
  export: 'descending',
  power: 'descending',
  read: 'descending',
}

export const sortStartingWith = (key: SortKey): MeterSort => ({ key, direction: firstDirection[key] })

/** What a click on a column's heading does. */
export function nextSort(current: MeterSort, key: SortKey): MeterSort {
  if (current.key !== key) return sortStartingWith(key)
  return { key, direction: current.direction === 'ascending' ? 'descending' : 'ascending' }
}

const stateOrder: Readonly<Record<MeterState, number>> = { refusing: 0, unreachable: 1, new: 2, online: 3 }
const switchOrder: Readonly<Record<SwitchState, number>> = {
  disconnected: 0,
  'ready-for-reconnection': 1,
  connected: 2,
}

/** null: not known yet, and therefore last in either direction. */
function sortValue(meter: MeterSummary, key: SortKey): string | number | null {
  switch (key) {
    case 'serial':
      return meter.serial
    case 'state':
      return stateOrder[meter.state]
    case 'switch':
      return meter.switchState === null ? null : switchOrder[meter.switchState]
    case 'import':
      return meter.importWh
    case 'export':
      return meter.exportWh
    case 'power':
      return meter.powerW
    case 'read':
      return meter.lastReadAt === null ? null : Date.parse(meter.lastReadAt)
  }
}

export function sortMeters(meters: readonly MeterSummary[], sort: MeterSort): MeterSummary[] {
  const sign = sort.direction === 'ascending' ? 1 : -1
  return meters.toSorted((a, b) => {
    const left = sortValue(a, sort.key)
    const right = sortValue(b, sort.key)
    if (left === right || (left === null && right === null)) return a.serial < b.serial ? -1 : 1
    if (left === null) return 1
    if (right === null) return -1
    return left < right ? -sign : sign
  })
}

/** The words that find this meter: what the list shows of it, and what stands on its label. */
function wordsOf(meter: MeterSummary): string[] {
  const switchLabel = meter.switchState === null ? '' : switchStates[meter.switchState].label
  const attention = needsAttention(meter) ? 'needs attention' : ''
  const text = `${meterStates[meter.state].label} ${switchLabel} ${attention} ${meter.stateReason ?? ''}`
  return text.toLowerCase().split(/\s+/)
}

/**
 * Every word typed must be found: anywhere in a serial, system title, name or address, but only at the start of a word
 * of the state, because `connected` must not find `disconnected`.
 */
export function filterMeters(meters: readonly MeterSummary[], typed: string): MeterSummary[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return [...meters]
  return meters.filter((meter) => {
    const names = `${meter.serial} ${meter.systemTitle} ${meter.logicalDeviceName} ${meter.address}`.toLowerCase()
    const words = wordsOf(meter)
    return wanted.every((word) => names.includes(word) || words.some((known) => known.startsWith(word)))
  })
}

/** The street page's own part of the address, so that a filtered list can be sent to a colleague. */
export interface StreetSearch {
  q?: string
  sort?: SortKey
  dir?: SortDirection
}

export function parseStreetSearch(raw: Record<string, unknown>): StreetSearch {
  const search: StreetSearch = {}
  // A filter of digits only comes out of the address as a number.
  if (typeof raw['q'] === 'string' || typeof raw['q'] === 'number') search.q = String(raw['q'])
  const key = sortKeys.find((candidate) => candidate === raw['sort'])
  if (key !== undefined) search.sort = key
  if (raw['dir'] === 'ascending' || raw['dir'] === 'descending') search.dir = raw['dir']
  return search
}

export function sortOf(search: StreetSearch): MeterSort {
  const sort = sortStartingWith(search.sort ?? defaultSort.key)
  return search.dir === undefined ? sort : { ...sort, direction: search.dir }
}

/** Leaves out what is as it would be anyway, so that the plain list keeps its plain address. */
export function emitStreetSearch({ typed, sort }: { typed: string; sort: MeterSort }): StreetSearch {
  const search: StreetSearch = {}
  if (typed !== '') search.q = typed
  if (sort.key !== defaultSort.key) search.sort = sort.key
  if (sort.direction !== firstDirection[sort.key]) search.dir = sort.direction
  return search
}
