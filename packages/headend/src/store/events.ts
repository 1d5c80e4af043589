import { type Kysely, sql } from 'kysely'
import type { EventSeverity, StreetEvent } from '../api/schema.ts'
import type { Tables } from './tables.ts'

export interface NewEvent {
  readonly atMs: number
  readonly source: 'meter' | 'headend'
  /** Stable name with dots. */
  readonly kind: string
  readonly severity: EventSeverity
  /** One line for people. */
  readonly text: string
  /** Which log of the meter it stood in. */
  readonly log?: string
  /** Stored once per meter and `once`, however often it is seen. */
  readonly once?: string
}

/** Stores events of one meter, or of the street, in their order, and gives those that were not there yet. */
export async function insertEvents(
  db: Kysely<Tables>,
  meter: { readonly id: number; readonly serial: string } | undefined,
  events: readonly NewEvent[],
): Promise<StreetEvent[]> {
  const stored: StreetEvent[] = []
  for (let first = 0; first < events.length; first += BATCH_ROWS) {
    const rows = await db
      .insertInto('events')
      .values(
        events.slice(first, first + BATCH_ROWS).map((event) => ({
          at: new Date(event.atMs),
          meter_id: meter?.id ?? null,
          source: event.source,
          kind: event.kind,
          severity: event.severity,
          text: event.text,
          log: event.log ?? null,
          once: event.once ?? null,
        })),
      )
      .onConflict((conflict) => conflict.columns(['meter_id', 'once']).where('once', 'is not', null).doNothing())
      .returning(['id', 'at', 'source', 'kind', 'severity', 'text'])
      .execute()
    for (const row of rows) stored.push(eventOf({ ...row, serial: meter?.serial ?? null }))
  }
  return stored.sort((a, b) => a.id - b.id)
}

const BATCH_ROWS = 500

export interface EventQuery {
  readonly meterId?: number
  /** Only later ones, oldest first; else the newest first. */
  readonly afterId?: number
  readonly limit: number
}

export async function readEvents(db: Kysely<Tables>, query: EventQuery): Promise<StreetEvent[]> {
  const { meterId, afterId } = query
  const rows = await db
    .selectFrom('events')
    .leftJoin('meters', 'meters.id', 'events.meter_id')
    .select([
      'events.id',
      'events.at',
      'events.source',
      'events.kind',
      'events.severity',
      'events.text',
      'meters.serial',
    ])
    .$if(meterId !== undefined, (select) => select.where('events.meter_id', '=', meterId!))
    .$if(afterId !== undefined, (select) => select.where('events.id', '>', BigInt(afterId!)))
    .orderBy('events.id', afterId === undefined ? 'desc' : 'asc')
    .limit(query.limit)
    .execute()
  return rows.map(eventOf)
}

/** When the newest stored event of each of a meter's logs happened. */
export async function lastLogged(db: Kysely<Tables>, meterId: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('events')
    .select(({ fn }) => ['log', fn.max('at').as('last')])
    .where('meter_id', '=', meterId)
    .where('log', 'is not', null)
    .groupBy('log')
    .execute()
  return new Map(rows.map(({ log, last }) => [log!, last.getTime()]))
}

/**
 * Drops old entries of a kind that only says that all is well; what tells of trouble is kept.
 * @param keep how many of the newest stay
 */
export async function pruneEvents(db: Kysely<Tables>, kind: string, keep: number): Promise<void> {
  await sql`
    delete from events where kind = ${kind} and id < (
      select min(id) from (select id from events where kind = ${kind} order by id desc limit ${keep}) newest
    )`.execute(db)
}

interface EventRow {
  id: bigint
  at: Date
  source: 'meter' | 'headend'
  kind: string
  severity: EventSeverity
  text: string
  serial: string | null
}

function eventOf({ id, at, serial, source, kind, severity, text }: EventRow): StreetEvent {
  return { id: Number(id), at: at.toISOString(), serial, source, kind, severity, text }
}
