import type { AttributeRef, SelectiveAccess } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { buildObject } from './build-object.ts'
import { type ColumnRange, isInRange } from './column-range.ts'
import type { ActionOutcome, AttributeAnswer, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'
import { ProfileCompressor } from './profile-compression.ts'
import { captureObjectData, type ProfileSelection, profileSelectionOf } from './profile-selection.ts'
import { isByColumn, type SortMethod, sortColumnOf, sortMethods } from './profile-sorting.ts'
import type { StreamedArray } from './streamed-array.ts'

/** One column of a profile: an attribute, or with `dataIndex` above 0 one element of it. */
export interface CaptureObject extends AttributeRef {
  readonly dataIndex: number
}

/** One value for each column, in their order. */
export type ProfileEntry = readonly CosemData[]

type Awaitable<T> = T | Promise<T>

/** Entries that are made, or fetched, as they go out: no more than one of them need be in memory. */
export interface ProfileRows {
  readonly count: number
  /** Exactly `count`. */
  readonly rows: Iterable<ProfileEntry> | AsyncIterable<ProfileEntry>
}

/**
 * Where the entries come from, asked only for what a request needs, in the order of the profile's sort method: with `fifo`
 * the oldest entry is number 1.
 */
export interface ProfileBuffer {
  entriesInUse(): Awaitable<number>
  /** Entries number `first` to `last`, both included; 1 <= first <= last <= entries in use. */
  byEntry(first: number, last: number): Awaitable<readonly ProfileEntry[] | ProfileRows>
  /** Entries with `fromMs <= clock <= toMs`, in the order of the buffer. Either end may be infinite. */
  byTime(fromMs: number, toMs: number): Awaitable<readonly ProfileEntry[] | ProfileRows>
  /**
   * Entries whose value in this column, counted from 0, is in the range, in the order of the buffer. Without it every
   * entry is looked at.
   */
  byColumn?(column: number, range: ColumnRange): Awaitable<readonly ProfileEntry[] | ProfileRows>
}

/** A buffer over entries that are in memory anyway, such as an event log. `entries` gives them oldest first. */
export function listProfileBuffer(entries: () => readonly { readonly atMs: number; readonly values: ProfileEntry }[]) {
  return {
    entriesInUse: () => entries().length,
    byEntry: (first: number, last: number): readonly ProfileEntry[] =>
      entries()
        .slice(first - 1, last)
        .map(({ values }) => values),
    byTime: (fromMs: number, toMs: number): readonly ProfileEntry[] =>
      entries()
        .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
        .map(({ values }) => values),
  } satisfies ProfileBuffer
}

const noSortObject = captureObjectData({ classId: 0, logicalName: '0.0.0.0.0.0', attributeIndex: 0, dataIndex: 0 })

/**
 * Class 7: a table of captured values. Rows can be asked for by a range of the clock column or of any other (selector 1)
 * or by entry number (selector 2), columns with either.
 * @source Blue Book ed. 14 §4.3.6
 */
export function profileGenericObject(parts: {
  readonly logicalName: string
  readonly captureObjects: readonly CaptureObject[]
  /** 0 for entries captured on events. */
  readonly capturePeriodSeconds: number
  /** How many entries the buffer can hold. */
  readonly profileEntries: number
  /** In the order of `sortMethod`; `CapturedProfile` keeps one. */
  readonly buffer: ProfileBuffer
  /** Default `fifo`. */
  readonly sortMethod?: SortMethod
  /** The captured column that decides, for methods that go by values. */
  readonly sortObject?: CaptureObject
  /** Sends what follows from the row before as null-data, see `ProfileRestorer`. Default: everything goes out. */
  readonly compression?: 'null-data'
  readonly reset?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
  readonly capture?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
}): CosemObject {
  const { reset, capture, sortMethod = 'fifo', sortObject } = parts
  sortColumnOf(parts.captureObjects, sortMethod, sortObject)
  return buildObject({
    interfaceClass: interfaceClasses.profileGeneric,
    logicalName: parts.logicalName,
    attributes: {
      2: { read: (_caller, selection) => readBuffer(parts.buffer, parts, selection), isSelective: true },
      3: { read: () => cosem.array(parts.captureObjects.map(captureObjectData)) },
      4: { read: () => cosem.doubleLongUnsigned(parts.capturePeriodSeconds) },
      5: { read: () => cosem.enumeration(sortMethods[sortMethod]) },
      6: {
        read: () => (sortObject !== undefined && isByColumn(sortMethod) ? captureObjectData(sortObject) : noSortObject),
      },
      7: { read: async () => cosem.doubleLongUnsigned(await parts.buffer.entriesInUse()) },
      8: { read: () => cosem.doubleLongUnsigned(parts.profileEntries) },
    },
    methods: {
      1: reset && ((_parameter, caller) => reset(caller)),
      2: capture && ((_parameter, caller) => capture(caller)),
    },
  })
}

/** The rows and columns that were asked for. */
export async function readBuffer(
  buffer: ProfileBuffer,
  profile: {
    readonly captureObjects: readonly CaptureObject[]
    readonly capturePeriodSeconds: number
    readonly compression?: 'null-data'
  },
  access: SelectiveAccess | undefined,
): Promise<AttributeAnswer> {
  const { captureObjects, capturePeriodSeconds, compression } = profile
  const rowsOf = (columns: readonly number[] | undefined): ((values: ProfileEntry) => CosemData) => {
    const chosen = (values: ProfileEntry) => columns?.map((column) => values[column]!) ?? values
    if (compression === undefined) return (values) => cosem.structure(...chosen(values))
    const layout = {
      columns: columns?.map((column) => captureObjects[column]!) ?? captureObjects,
      capturePeriodSeconds,
    }
    const compressor = new ProfileCompressor(layout)
    return (values) => cosem.structure(...compressor.row(chosen(values)))
  }
  const entriesInUse = await buffer.entriesInUse()
  if (access === undefined) {
    return answerOf(entriesInUse === 0 ? [] : await buffer.byEntry(1, entriesInUse), rowsOf(undefined))
  }
  const selection = profileSelectionOf(access, captureObjects)
  if (selection === undefined) return { refused: 'scope-of-access-violated' }
  const rows = await selectedRows(buffer, selection, entriesInUse)
  return answerOf(rows, rowsOf(selection.columns))
}

function selectedRows(
  buffer: ProfileBuffer,
  selection: ProfileSelection,
  entriesInUse: number,
): Awaitable<readonly ProfileEntry[] | ProfileRows> {
  switch (selection.kind) {
    case 'range':
      return selection.fromMs <= selection.toMs ? buffer.byTime(selection.fromMs, selection.toMs) : []
    case 'entries': {
      const last = Math.min(selection.last, entriesInUse)
      return selection.first <= last ? buffer.byEntry(selection.first, last) : []
    }
    case 'column':
      return (
        buffer.byColumn?.(selection.column, selection.range) ??
        (entriesInUse === 0 ? [] : filtered(buffer, entriesInUse, selection))
      )
  }
}

/** Looks at every entry: twice where they come in a stream, for how many fit must be known before the first is given. */
async function filtered(
  buffer: ProfileBuffer,
  entriesInUse: number,
  { column, range }: Extract<ProfileSelection, { kind: 'column' }>,
): Promise<readonly ProfileEntry[] | ProfileRows> {
  const fits = (values: ProfileEntry) => isInRange(values[column], range)
  const all = await buffer.byEntry(1, entriesInUse)
  if (!('rows' in all)) return all.filter(fits)
  let count = 0
  for await (const values of all.rows) if (fits(values)) count++
  const rows = async function* () {
    const again = await buffer.byEntry(1, entriesInUse)
    for await (const values of 'rows' in again ? again.rows : again) if (fits(values)) yield values
  }
  return { count, rows: rows() }
}

function answerOf(
  rows: readonly ProfileEntry[] | ProfileRows,
  rowOf: (values: ProfileEntry) => CosemData,
): CosemData | StreamedArray {
  if (!('rows' in rows)) return cosem.array(rows.map(rowOf))
  const elements = async function* () {
    for await (const values of rows.rows) yield rowOf(values)
  }
  return { count: rows.count, elements: elements() }
}
