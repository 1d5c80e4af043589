import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { epochMsOf, parseDateTime } from '../cosem/date-time.ts'
import { DlmsError } from '../errors.ts'
import { type ColumnRange, compared, isInRange } from './column-range.ts'
import type { CaptureObject, ProfileBuffer, ProfileEntry } from './profile-generic.ts'
import { isClockColumn, isSameColumn } from './profile-selection.ts'

/** `sort_method` of class 7. @source Blue Book ed. 14 §4.3.6.2.5 */
export const sortMethods = {
  fifo: 1,
  lifo: 2,
  largest: 3,
  smallest: 4,
  'nearest-to-zero': 5,
  'farthest-from-zero': 6,
} as const
export type SortMethod = keyof typeof sortMethods

export interface ProfileOrder {
  readonly sortMethod: SortMethod
  /** The column that decides, counted from 0; `fifo` and `lifo` have none. */
  readonly sortColumn: number | undefined
  /** How many entries there is room for. */
  readonly profileEntries: number
}

export const findSortMethod = (code: number): SortMethod | undefined =>
  (Object.keys(sortMethods) as SortMethod[]).find((name) => sortMethods[name] === code)

/** Whether entries are ordered by a column, and not by when they came. */
export const isByColumn = (method: SortMethod): boolean => method !== 'fifo' && method !== 'lifo'

/**
 * The buffer after one capture. Full, a `fifo` loses its first entry, any other its last: the least interesting one, which
 * may be the new one. Among equals the earlier stays before the later; what cannot be compared is least interesting.
 */
export function withEntry(
  entries: readonly ProfileEntry[],
  entry: ProfileEntry,
  { sortMethod, sortColumn, profileEntries }: ProfileOrder,
): readonly ProfileEntry[] {
  if (sortMethod === 'fifo') return [...entries, entry].slice(-profileEntries)
  const before = sortMethod === 'lifo' ? () => true : isMoreInteresting(sortMethod, sortColumn)
  const found = entries.findIndex((other) => before(entry, other))
  return entries.toSpliced(found < 0 ? entries.length : found, 0, entry).slice(0, profileEntries)
}

function isMoreInteresting(method: SortMethod, sortColumn = -1): (a: ProfileEntry, b: ProfileEntry) => boolean {
  const isByDistance = method === 'nearest-to-zero' || method === 'farthest-from-zero'
  const keyOf = (entry: ProfileEntry): CosemData => {
    const value = entry[sortColumn] ?? cosem.nullData
    if (!isByDistance) return value
    return distanceOf(value)
  }
  const isUpwards = method === 'smallest' || method === 'nearest-to-zero'
  return (a, b) => {
    const [x, y] = [keyOf(a), keyOf(b)]
    const difference = compared(x, y)
    if (difference !== undefined) return isUpwards ? difference < 0 : difference > 0
    return compared(x, x) !== undefined && compared(y, y) === undefined
  }
}

/** From zero; null-data for what is no number. */
function distanceOf(value: CosemData): CosemData {
  const number = 'value' in value ? value.value : undefined
  if (typeof number === 'number') return { type: 'float64', value: Math.abs(number) }
  return typeof number === 'bigint' ? cosem.long64Unsigned(number < 0n ? -number : number) : cosem.nullData
}

export interface CapturedProfileOptions {
  readonly captureObjects: readonly CaptureObject[]
  /** Default `fifo`. */
  readonly sortMethod?: SortMethod
  /** The column that decides, one of the captured ones; needed by the methods that go by values. */
  readonly sortObject?: CaptureObject
  readonly profileEntries: number
  /** In the order of the sort method. */
  readonly entries?: readonly ProfileEntry[]
}

/** A buffer in memory that keeps its entries in the order of the sort method. */
export class CapturedProfile implements ProfileBuffer {
  readonly #order: ProfileOrder
  readonly #clockColumn: number
  #entries: readonly ProfileEntry[]

  /** @throws DlmsError `DLMS_CONFIGURATION` for a sort object that is not captured, or missing */
  constructor({
    captureObjects,
    sortMethod = 'fifo',
    sortObject,
    profileEntries,
    entries = [],
  }: CapturedProfileOptions) {
    this.#order = { sortMethod, sortColumn: sortColumnOf(captureObjects, sortMethod, sortObject), profileEntries }
    this.#clockColumn = captureObjects.findIndex(isClockColumn)
    this.#entries = entries
  }

  get entries(): readonly ProfileEntry[] {
    return this.#entries
  }

  capture(entry: ProfileEntry): void {
    this.#entries = withEntry(this.#entries, entry, this.#order)
  }

  reset(): void {
    this.#entries = []
  }

  entriesInUse(): number {
    return this.#entries.length
  }

  byEntry(first: number, last: number): readonly ProfileEntry[] {
    return this.#entries.slice(first - 1, last)
  }

  byTime(fromMs: number, toMs: number): readonly ProfileEntry[] {
    return this.#entries.filter((entry) => {
      const atMs = timeIn(entry[this.#clockColumn])
      return atMs !== undefined && atMs >= fromMs && atMs <= toMs
    })
  }

  byColumn(column: number, range: ColumnRange): readonly ProfileEntry[] {
    return this.#entries.filter((entry) => isInRange(entry[column], range))
  }
}

/** @throws DlmsError `DLMS_CONFIGURATION` for a sort object that is not captured, or missing */
export function sortColumnOf(
  captureObjects: readonly CaptureObject[],
  sortMethod: SortMethod,
  sortObject: CaptureObject | undefined,
): number | undefined {
  if (!isByColumn(sortMethod)) return undefined
  const column = sortObject === undefined ? -1 : captureObjects.findIndex((there) => isSameColumn(there, sortObject))
  if (column >= 0) return column
  throw new DlmsError('DLMS_CONFIGURATION', `a profile sorted by ${sortMethod} needs a sort object that it captures`)
}

/** A time without deviation counts as UTC. */
function timeIn(value: CosemData | undefined): number | undefined {
  const isTime = value?.type === 'octet-string' || value?.type === 'date-time'
  return isTime && value.value.length === 12 ? epochMsOf(parseDateTime(value.value), 0) : undefined
}
