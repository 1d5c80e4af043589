import { equalBytes } from '@gridcard/bytes'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { emitData } from '../cosem/data-codec.ts'
import { dateTimeOf, emitDateTime, epochMsOf, parseDateTime } from '../cosem/date-time.ts'
import type { CaptureObject } from './profile-generic.ts'
import { isClockColumn } from './profile-selection.ts'

// Values of a buffer that follow from the row before go as null-data: a value that is the same, and a time that is one
// capture period later. @source Blue Book ed. 14 §4.3.6.2.2 (buffer)

export interface ProfileLayout {
  /** The columns of the rows, in their order. */
  readonly columns: readonly CaptureObject[]
  /** 0 where entries are captured on events. */
  readonly capturePeriodSeconds: number
}

/**
 * Makes full rows of those that came. A first row has nothing before it: what is null-data in it stays so.
 * Rows must come in their order, from the first of the answer on.
 */
export class ProfileRestorer {
  readonly #layout: ProfileLayout
  #before: readonly CosemData[] | undefined

  constructor(layout: ProfileLayout) {
    this.#layout = layout
  }

  row(row: CosemData): CosemData {
    if (row.type !== 'structure') return row
    const restored = row.value.map((value, i) => (value.type === 'null-data' ? this.#following(i) : value))
    this.#before = restored
    return { ...row, value: restored }
  }

  /** What null-data stands for in this column. */
  #following(column: number): CosemData {
    return followingValue(this.#before?.[column], this.#layout, column) ?? cosem.nullData
  }
}

/** A whole buffer, restored; anything but an array is given back. */
export function restoredProfile(buffer: CosemData, layout: ProfileLayout): CosemData {
  if (buffer.type !== 'array' && buffer.type !== 'compact-array') return buffer
  const restorer = new ProfileRestorer(layout)
  return cosem.array(buffer.value.map((row) => restorer.row(row)))
}

/** The same for rows that come one by one. */
export async function* restoredRows(
  rows: Iterable<CosemData> | AsyncIterable<CosemData>,
  layout: ProfileLayout,
): AsyncGenerator<CosemData, void, undefined> {
  const restorer = new ProfileRestorer(layout)
  for await (const row of rows) yield restorer.row(row)
}

/**
 * Leaves out of each row what a `ProfileRestorer` finds out by itself. Null-data that was captured would be taken for
 * that: behind anything else it goes as don't-care.
 */
export class ProfileCompressor {
  readonly #layout: ProfileLayout
  #before: readonly CosemData[] | undefined

  constructor(layout: ProfileLayout) {
    this.#layout = layout
  }

  row(values: readonly CosemData[]): readonly CosemData[] {
    const before = this.#before
    const kept = values.map((value, i): CosemData => {
      const isEmptied = value.type === 'null-data' && before !== undefined && before[i]?.type !== 'null-data'
      return isEmptied ? { type: 'dont-care' } : value
    })
    this.#before = kept
    if (before === undefined) return kept
    return kept.map((value, i) => {
      const following = followingValue(before[i], this.#layout, i)
      return following !== undefined && isSame(following, value) ? cosem.nullData : value
    })
  }
}

function followingValue(before: CosemData | undefined, layout: ProfileLayout, column: number): CosemData | undefined {
  const isClock = layout.columns[column] !== undefined && isClockColumn(layout.columns[column])
  return (isClock && before !== undefined && laterBy(before, layout.capturePeriodSeconds)) || before
}

/** The same time some seconds later, in the same form; undefined for what is no whole time. */
function laterBy(time: CosemData, seconds: number): CosemData | undefined {
  if (seconds === 0 || (time.type !== 'octet-string' && time.type !== 'date-time') || time.value.length !== 12) {
    return undefined
  }
  const fields = parseDateTime(time.value)
  const atMs = epochMsOf(fields, 0)
  if (atMs === undefined) return undefined
  const later = dateTimeOf(atMs + seconds * 1000, { deviationMinutes: fields.deviationMinutes ?? 0 })
  // What the meter leaves open it leaves open in every row.
  const octets = emitDateTime({
    ...later,
    dayOfWeek: fields.dayOfWeek && later.dayOfWeek,
    second: fields.second === undefined && later.second === 0 ? undefined : later.second,
    hundredths: fields.hundredths,
    deviationMinutes: fields.deviationMinutes,
    status: fields.status,
  })
  return { ...time, value: octets }
}

const isSame = (a: CosemData, b: CosemData): boolean => a.type === b.type && equalBytes(emitData(a), emitData(b))
