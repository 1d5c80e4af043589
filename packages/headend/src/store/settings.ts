import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/** `simulated-time`: epoch ms the street's clock showed last. `street-id`: whose data this is. */
export type SettingName = 'simulated-time' | 'street-id'

export async function readSetting(db: Kysely<Tables>, name: SettingName): Promise<string | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

export async function writeSetting(db: Kysely<Tables>, name: SettingName, value: string): Promise<void> {
  await db
    .insertInto('settings')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}
