import type { SelectiveAccess } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { dateTimeOf, emitDateTime, epochMsOf, parseDateTime } from '../cosem/date-time.ts'
import { logicalNameBytes, logicalNameText } from '../cosem/obis-code.ts'
import { type ColumnRange, columnRangeOf } from './column-range.ts'
import type { CaptureObject } from './profile-generic.ts'

/** Which rows and columns of a profile a request asks for. Columns are positions counted from 0. */
export type ProfileSelection =
  | { readonly kind: 'range'; readonly fromMs: number; readonly toMs: number; readonly columns: readonly number[] }
  | { readonly kind: 'entries'; readonly first: number; readonly last: number; readonly columns: readonly number[] }
  | {
      readonly kind: 'column'
      readonly column: number
      readonly range: ColumnRange
      readonly columns: readonly number[]
    }

export interface ClockRange {
  /** Both ends included. */
  readonly fromMs: number
  readonly toMs: number
  /** The clock column, default 0.0.1.0.0.255. */
  readonly clockLogicalName?: string
  /** Columns wanted; none or empty for all. */
  readonly columns?: readonly CaptureObject[]
}

/** Selector 1 by the clock column: the entries of a period. @source Blue Book ed. 14 §4.3.6, range_descriptor */
export function selectRange(range: ClockRange): SelectiveAccess {
  const clock = { classId: 8, logicalName: range.clockLogicalName ?? '0.0.1.0.0.255', attributeIndex: 2, dataIndex: 0 }
  const time = (ms: number) => cosem.octetString(emitDateTime(dateTimeOf(ms)))
  return {
    selector: 1,
    parameters: cosem.structure(
      captureObjectData(clock),
      time(range.fromMs),
      time(range.toMs),
      cosem.array((range.columns ?? []).map(captureObjectData)),
    ),
  }
}

/** Selector 1 by any column: the entries whose value in it lies in the range, both ends included. */
export function selectColumnRange(selection: {
  readonly column: CaptureObject
  /** Null-data leaves an end open. */
  readonly from: CosemData
  readonly to: CosemData
  /** Columns wanted; none or empty for all. */
  readonly columns?: readonly CaptureObject[]
}): SelectiveAccess {
  const { column, from, to, columns = [] } = selection
  return {
    selector: 1,
    parameters: cosem.structure(captureObjectData(column), from, to, cosem.array(columns.map(captureObjectData))),
  }
}

export interface EntryRange {
  /** 1 is the oldest. */
  readonly first: number
  /** 0, the default, is the newest. */
  readonly last?: number
  readonly firstColumn?: number
  readonly lastColumn?: number
}

/** Selector 2: entries by number, columns by number, both from 1. @source Blue Book ed. 14 §4.3.6, entry_descriptor */
export function selectEntries(range: EntryRange): SelectiveAccess {
  return {
    selector: 2,
    parameters: cosem.structure(
      cosem.doubleLongUnsigned(range.first),
      cosem.doubleLongUnsigned(range.last ?? 0),
      cosem.longUnsigned(range.firstColumn ?? 1),
      cosem.longUnsigned(range.lastColumn ?? 0),
    ),
  }
}

export function captureObjectData(column: CaptureObject): CosemData {
  return cosem.structure(
    cosem.longUnsigned(column.classId),
    cosem.octetString(logicalNameBytes(column.logicalName)),
    cosem.integer(column.attributeIndex),
    cosem.longUnsigned(column.dataIndex),
  )
}

/** Reads one element of `capture_objects`; undefined if it is none. */
export function captureObjectOf(data: CosemData | undefined): CaptureObject | undefined {
  if (data?.type !== 'structure' || data.value.length !== 4) return undefined
  const [classId, name, attributeIndex, dataIndex] = data.value
  if (classId?.type !== 'long-unsigned' || name?.type !== 'octet-string' || name.value.length !== 6) return undefined
  if (attributeIndex?.type !== 'integer' || dataIndex?.type !== 'long-unsigned') return undefined
  return {
    classId: classId.value,
    logicalName: logicalNameText(name.value),
    attributeIndex: attributeIndex.value,
    dataIndex: dataIndex.value,
  }
}

export const isSameColumn = (a: CaptureObject, b: CaptureObject): boolean =>
  a.classId === b.classId &&
  a.logicalName === b.logicalName &&
  a.attributeIndex === b.attributeIndex &&
  a.dataIndex === b.dataIndex

export const isClockColumn = (column: CaptureObject): boolean => column.classId === 8 && column.attributeIndex === 2

/**
 * What `selection` asks of a profile with these columns; undefined when it asks for something that is not there:
 * another selector, a column that is not captured, ends of a range that cannot be compared.
 */
export function profileSelectionOf(
  selection: SelectiveAccess,
  captureObjects: readonly CaptureObject[],
): ProfileSelection | undefined {
  const { parameters } = selection
  if (parameters.type !== 'structure' || parameters.value.length !== 4) return undefined
  if (selection.selector === 1) return rangeOf(parameters.value, captureObjects)
  return selection.selector === 2 ? entriesOf(parameters.value, captureObjects.length) : undefined
}

function rangeOf(
  [restricting, from, to, selected]: readonly CosemData[],
  captureObjects: readonly CaptureObject[],
): ProfileSelection | undefined {
  const restrictedBy = captureObjectOf(restricting)
  if (restrictedBy === undefined || selected?.type !== 'array') return undefined
  const columns = columnsOf(selected, captureObjects)
  const column = captureObjects.findIndex((there) => isSameColumn(there, restrictedBy))
  if (columns === undefined || column < 0) return undefined
  if (!isClockColumn(restrictedBy)) {
    const range = columnRangeOf(from, to)
    return range && { kind: 'column', column, range, columns }
  }
  const fromMs = boundOf(from, Number.NEGATIVE_INFINITY)
  const toMs = boundOf(to, Number.POSITIVE_INFINITY)
  return fromMs === undefined || toMs === undefined ? undefined : { kind: 'range', fromMs, toMs, columns }
}

/** Positions of the columns that are wanted; all of them for an empty list. */
function columnsOf(
  selected: Extract<CosemData, { type: 'array' }>,
  captureObjects: readonly CaptureObject[],
): readonly number[] | undefined {
  if (selected.value.length > captureObjects.length) return undefined
  const columns: number[] = []
  for (const wanted of selected.value) {
    const column = captureObjectOf(wanted)
    const at = column === undefined ? -1 : captureObjects.findIndex((there) => isSameColumn(there, column))
    if (at < 0) return undefined
    columns.push(at)
  }
  return columns.length > 0 ? columns : captureObjects.map((_column, i) => i)
}

/** A time without deviation counts as UTC; one without a date, or null-data, leaves this end open. */
function boundOf(data: CosemData | undefined, open: number): number | undefined {
  if (data?.type === 'null-data') return open
  if ((data?.type !== 'octet-string' && data?.type !== 'date-time') || data.value.length !== 12) return undefined
  const time = parseDateTime(data.value)
  return time.year === undefined ? open : epochMsOf(time, 0)
}

function entriesOf(
  [from, to, fromColumn, toColumn]: readonly CosemData[],
  columnCount: number,
): ProfileSelection | undefined {
  if (from?.type !== 'double-long-unsigned' || to?.type !== 'double-long-unsigned') return undefined
  if (fromColumn?.type !== 'long-unsigned' || toColumn?.type !== 'long-unsigned') return undefined
  const firstColumn = fromColumn.value
  const lastColumn = toColumn.value === 0 ? columnCount : toColumn.value
  if (from.value < 1 || firstColumn < 1 || lastColumn > columnCount || firstColumn > lastColumn) return undefined
  const columns = Array.from({ length: lastColumn - firstColumn + 1 }, (_unused, i) => firstColumn - 1 + i)
  return { kind: 'entries', first: from.value, last: to.value === 0 ? Number.POSITIVE_INFINITY : to.value, columns }
}
