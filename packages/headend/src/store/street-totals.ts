import { sql } from 'kysely'
import type { Database } from './database.ts'

export interface StreetTotals {
  readonly total: number
  readonly online: number
  /** Switch open, whether it may be closed by hand or not. */
  readonly disconnected: number
  /** Unreachable or refusing. */
  readonly attention: number
  /** Energy of intervals that ended after `sinceMs`. */
  readonly importWh: number
  readonly exportWh: number
}

export async function readStreetTotals(db: Database, sinceMs: number): Promise<StreetTotals> {
  const meters = await sql<Record<'total' | 'online' | 'disconnected' | 'attention', bigint>>`
    select count(*) as total,
      count(*) filter (where state = 'online') as online,
      count(*) filter (where switch_state <> 'connected') as disconnected,
      count(*) filter (where state in ('unreachable', 'refusing')) as attention
    from meters`.execute(db)
  // One range of the key per meter; a range of times over all meters would read every row there is.
  const energies = await sql<Record<'import_wh' | 'export_wh', bigint>>`
    select coalesce(sum(today.import_wh), 0)::int8 as import_wh, coalesce(sum(today.export_wh), 0)::int8 as export_wh
    from meters cross join lateral (
      select sum(interval_import_wh) as import_wh, sum(interval_export_wh) as export_wh
      from readings where meter_id = meters.id and end_at > ${new Date(sinceMs)}
    ) today`.execute(db)
  const counts = meters.rows[0]!
  const sums = energies.rows[0]!
  return {
    total: Number(counts.total),
    online: Number(counts.online),
    disconnected: Number(counts.disconnected),
    attention: Number(counts.attention),
    importWh: Number(sums.import_wh),
    exportWh: Number(sums.export_wh),
  }
}
