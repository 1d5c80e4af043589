import type { Kysely } from 'kysely'
import { HeadendError } from '../errors.ts'
import type { Tables } from './tables.ts'

/** Hex of the point of the key with which a meter's card signs; undefined for a card that judges no commands. */
export async function cardSigningKeyOf(db: Kysely<Tables>, serial: string): Promise<string | undefined> {
  const row = await db.selectFrom('meter_cards').select('signing_key').where('serial', '=', serial).executeTakeFirst()
  return row?.signing_key
}

/**
 * Keeps that key. It does not change while the meter's keys are there.
 *
 * @throws HeadendError `HEADEND_METER_CONFLICT` for another key
 */
export async function keepCardSigningKey(
  db: Kysely<Tables>,
  serial: string,
  key: string,
  mayReplace: boolean,
): Promise<void> {
  const held = await cardSigningKeyOf(db, serial)
  if (held === key) return
  if (held !== undefined && !mayReplace) {
    throw new HeadendError('HEADEND_METER_CONFLICT', `${serial} has a card with another signing key`, { serial })
  }
  await db
    .insertInto('meter_cards')
    .values({ serial, signing_key: key })
    .onConflict((conflict) => conflict.column('serial').doUpdateSet({ signing_key: key }))
    .execute()
}
