import type { Kysely, Selectable } from 'kysely'
import type { LogAnchor } from '../reading/log-judge.ts'
import type { MeterLogsTable, Tables } from './tables.ts'

export type MeterLogRow = Selectable<MeterLogsTable>

/** Of a meter whose card seals its log, as far as it was ever asked. */
export function meterLogOf(db: Kysely<Tables>, serial: string): Promise<MeterLogRow | undefined> {
  return db.selectFrom('meter_logs').selectAll().where('serial', '=', serial).executeTakeFirst()
}

export async function recordMeterLog(
  db: Kysely<Tables>,
  serial: string,
  facts: Omit<MeterLogRow, 'serial' | 'verified_at' | 'entries'> &
    Partial<Pick<MeterLogRow, 'verified_at' | 'entries'>>,
): Promise<void> {
  await db
    .insertInto('meter_logs')
    .values({ serial, ...facts })
    .onConflict((conflict) => conflict.column('serial').doUpdateSet(facts))
    .execute()
}

/** Heads that a meter's card has signed for, in order. */
export async function logAnchorsOf(db: Kysely<Tables>, serial: string): Promise<LogAnchor[]> {
  const rows = await db
    .selectFrom('log_anchors')
    .select(['number', 'head'])
    .where('serial', '=', serial)
    .orderBy('number')
    .execute()
  return rows.map(({ number, head }) => ({ number: Number(number), head }))
}

/** Old ones go when there are many: logs do not reach back for ever. */
const MOST_ANCHORS = 1000

export async function keepLogAnchor(db: Kysely<Tables>, serial: string, { number, head }: LogAnchor): Promise<void> {
  await db
    .insertInto('log_anchors')
    .values({ serial, number: BigInt(number), head })
    .onConflict((conflict) => conflict.columns(['serial', 'number']).doNothing())
    .execute()
  const oldest = await db
    .selectFrom('log_anchors')
    .select('number')
    .where('serial', '=', serial)
    .orderBy('number', 'desc')
    .offset(MOST_ANCHORS)
    .limit(1)
    .executeTakeFirst()
  if (oldest === undefined) return
  await db.deleteFrom('log_anchors').where('serial', '=', serial).where('number', '<=', oldest.number).execute()
}
