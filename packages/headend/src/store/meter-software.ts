import type { Kysely, Selectable } from 'kysely'
import { HeadendError } from '../errors.ts'
import type { MeterSoftwareTable, Tables } from './tables.ts'

export type MeterSoftwareRow = Selectable<MeterSoftwareTable>

export function meterSoftwareOf(db: Kysely<Tables>, serial: string): Promise<MeterSoftwareRow | undefined> {
  return db.selectFrom('meter_software').selectAll().where('serial', '=', serial).executeTakeFirst()
}

/**
 * Keeps the key with which a meter's card signs quotes. It does not change while the meter's keys are there.
 *
 * @throws HeadendError `HEADEND_METER_CONFLICT` for another key
 */
export async function keepAttestationKey(
  db: Kysely<Tables>,
  serial: string,
  key: string,
  mayReplace: boolean,
): Promise<void> {
  const held = await meterSoftwareOf(db, serial)
  if (held !== undefined && held.attestation_key !== key && !mayReplace) {
    throw new HeadendError('HEADEND_METER_CONFLICT', `${serial} has another attestation key`, { serial })
  }
  if (held?.attestation_key === key) return
  const row = { attestation_key: key, state: 'unknown' as const }
  await db
    .insertInto('meter_software')
    .values({ serial, ...row })
    .onConflict((conflict) => conflict.column('serial').doUpdateSet(row))
    .execute()
}

export type SoftwareFacts = Partial<
  Pick<MeterSoftwareRow, 'state' | 'reason' | 'version' | 'checked_at' | 'verified_at' | 'boots' | 'events'>
>

export async function recordMeterSoftware(db: Kysely<Tables>, serial: string, facts: SoftwareFacts): Promise<void> {
  await db.updateTable('meter_software').set(facts).where('serial', '=', serial).execute()
}
