import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** One end of an interval as a meter told it. */
export interface IntervalRow {
  /** A multiple of the interval, epoch ms. */
  readonly endMs: number
  /** Registers at that moment, Wh. */
  readonly importWh: bigint
  readonly exportWh: bigint
  /** Energy of the interval; undefined when the row before is missing. Both or none. */
  readonly energy: IntervalEnergy | undefined
  /** Profile status, 0..255. */
  readonly status: number
}

export interface IntervalEnergy {
  readonly importWh: bigint
  readonly exportWh: bigint
}

export interface InsertedIntervals {
  /** New rows with an energy. */
  readonly stored: number
  /** Ends of rows that are stored with another value; these were left as they are. */
  readonly differing: readonly number[]
}

export interface StoredExtent {
  /** Rows with an energy. */
  readonly count: number
  readonly firstEndMs: number | undefined
  readonly lastEndMs: number | undefined
}

/** Where readings lie. A reading once stored is never changed through this port. */
export interface ReadingStore {
  /**
   * Stores what is new. A row that is there with equal values is ignored; one that is there with another value stays as
   * it was and is named in the answer, for the caller to raise an alarm. An energy left open differs from nothing.
   */
  insertIntervals(meterId: number, rows: readonly IntervalRow[]): Promise<InsertedIntervals>
  /** Rows with `fromMs < end <= toMs` that have an energy, oldest first. */
  intervals(meterId: number, fromMs: number, toMs: number): Promise<IntervalRow[]>
  /** The newest row, with or without an energy. */
  lastRow(meterId: number): Promise<IntervalRow | undefined>
  extent(meterId: number): Promise<StoredExtent>
}

/** Rows of one statement: parameters are one array per column, so the limit is memory, not PostgreSQL's 65535. */
const BATCH_ROWS = 5000

export function createReadingStore(db: Kysely<Tables>): ReadingStore {
  return {
    async insertIntervals(meterId, rows) {
      let stored = 0
      const differing: number[] = []
      for (let first = 0; first < rows.length; first += BATCH_ROWS) {
        const outcome = await insertBatch(db, meterId, rows.slice(first, first + BATCH_ROWS))
        stored += outcome.stored
        differing.push(...outcome.differing)
      }
      return { stored, differing }
    },

    async intervals(meterId, fromMs, toMs) {
      const rows = await db
        .selectFrom('readings')
        .selectAll()
        .where('meter_id', '=', meterId)
        .where('end_at', '>', new Date(fromMs))
        .where('end_at', '<=', new Date(toMs))
        .where('interval_import_wh', 'is not', null)
        .orderBy('end_at')
        .execute()
      return rows.map(intervalOf)
    },

    async lastRow(meterId) {
      const row = await db
        .selectFrom('readings')
        .selectAll()
        .where('meter_id', '=', meterId)
        .orderBy('end_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row === undefined ? undefined : intervalOf(row)
    },

    async extent(meterId) {
      const row = await db
        .selectFrom('readings')
        .select(({ fn }) => [
          fn.countAll<bigint>().as('count'),
          fn.min('end_at').as('first'),
          fn.max('end_at').as('last'),
        ])
        .where('meter_id', '=', meterId)
        .where('interval_import_wh', 'is not', null)
        .executeTakeFirstOrThrow()
      // min and max of no rows are null, which the builder's types do not say.
      const first = row.first as Date | null
      const last = row.last as Date | null
      return { count: Number(row.count), firstEndMs: first?.getTime(), lastEndMs: last?.getTime() }
    },
  }
}

async function insertBatch(
  db: Kysely<Tables>,
  meterId: number,
  rows: readonly IntervalRow[],
): Promise<{ stored: number; differing: number[] }> {
  if (rows.length === 0) return { stored: 0, differing: [] }
  const inserted = await sql<{ end_at: Date }>`
    insert into readings (meter_id, end_at, import_wh, export_wh, interval_import_wh, interval_export_wh, status)
    select ${meterId}::int, * from unnest(
      ${rows.map((row) => new Date(row.endMs))}::timestamptz[],
      ${rows.map((row) => row.importWh)}::int8[],
      ${rows.map((row) => row.exportWh)}::int8[],
      ${rows.map((row) => row.energy?.importWh ?? null)}::int8[],
      ${rows.map((row) => row.energy?.exportWh ?? null)}::int8[],
      ${rows.map((row) => row.status)}::int2[]
    )
    on conflict (meter_id, end_at) do nothing
    returning end_at`.execute(db)
  const isNew = new Set(inserted.rows.map((row) => row.end_at.getTime()))
  const seen = new Map<number, IntervalRow>()
  const differing: number[] = []
  let stored = 0
  for (const row of rows) {
    // Twice in one answer: the first was stored, the others have to say the same.
    const before = seen.get(row.endMs)
    if (before !== undefined && !saysTheSame(before, row)) differing.push(row.endMs)
    else if (before === undefined && isNew.has(row.endMs) && row.energy !== undefined) stored++
    if (before === undefined) seen.set(row.endMs, row)
  }
  const again = [...seen.values()].filter((row) => !isNew.has(row.endMs))
  if (again.length > 0) {
    const there = await db
      .selectFrom('readings')
      .selectAll()
      .where('meter_id', '=', meterId)
      .where('end_at', '=', sql<Date>`any(${again.map((row) => new Date(row.endMs))}::timestamptz[])`)
      .execute()
    const byEnd = new Map(there.map((row) => [row.end_at.getTime(), intervalOf(row)]))
    for (const row of again) {
      const held = byEnd.get(row.endMs)
      if (held === undefined || !saysTheSame(held, row)) differing.push(row.endMs)
    }
  }
  return { stored, differing }
}

function saysTheSame(a: IntervalRow, b: IntervalRow): boolean {
  if (a.importWh !== b.importWh || a.exportWh !== b.exportWh || a.status !== b.status) return false
  if (a.energy === undefined || b.energy === undefined) return true
  return a.energy.importWh === b.energy.importWh && a.energy.exportWh === b.energy.exportWh
}

interface StoredRow {
  end_at: Date
  import_wh: bigint
  export_wh: bigint
  interval_import_wh: bigint | null
  interval_export_wh: bigint | null
  status: number
}

function intervalOf(row: StoredRow): IntervalRow {
  const { interval_import_wh: importWh, interval_export_wh: exportWh } = row
  return {
    endMs: row.end_at.getTime(),
    importWh: row.import_wh,
    exportWh: row.export_wh,
    energy: importWh === null || exportWh === null ? undefined : { importWh, exportWh },
    status: row.status,
  }
}
