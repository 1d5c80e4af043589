import type { Kysely, Selectable } from 'kysely'
import type { OrdersTable, Tables } from './tables.ts'

export type OrderRow = Selectable<OrdersTable>

export interface NewOrder {
  readonly meterId: number
  readonly at: Date
  readonly to: 'connected' | 'disconnected'
  readonly counter: bigint
  /** Hex: header and signature. */
  readonly command: string
}

/** Written before the command leaves: a counter that may have been seen is never given again. */
export async function keepOrder(db: Kysely<Tables>, order: NewOrder): Promise<bigint> {
  const row = await db
    .insertInto('orders')
    .values({
      meter_id: order.meterId,
      at: order.at,
      switch_to: order.to,
      counter: order.counter,
      command: order.command,
      outcome: 'sent',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function keepOutcome(
  db: Kysely<Tables>,
  id: bigint,
  outcome: Pick<OrderRow, 'outcome' | 'text' | 'response' | 'result' | 'signed_at'>,
): Promise<void> {
  await db.updateTable('orders').set(outcome).where('id', '=', id).execute()
}

/** What is known of an order whose outcome is not. */
export async function keepText(db: Kysely<Tables>, id: bigint, text: string): Promise<void> {
  await db.updateTable('orders').set({ text }).where('id', '=', id).execute()
}

/** Of all meters; undefined before the first order. */
export async function lastOrderCounter(db: Kysely<Tables>): Promise<bigint | undefined> {
  const row = await db
    .selectFrom('orders')
    .select(({ fn }) => fn.max('counter').as('last'))
    .executeTakeFirst()
  return row?.last === null || row?.last === undefined ? undefined : BigInt(row.last)
}

/** Newest first. */
export function ordersOf(db: Kysely<Tables>, meterId: number, limit: number): Promise<OrderRow[]> {
  return db
    .selectFrom('orders')
    .selectAll()
    .where('meter_id', '=', meterId)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}
