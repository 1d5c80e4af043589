import type { Kysely, Selectable } from 'kysely'
import type { CardLifeCycle, MeterState, SwitchState } from '../api/schema.ts'
import { HeadendError } from '../errors.ts'
import type { CardSlotRow, CardStatusTable, MetersTable, RegistersTable, Tables } from './tables.ts'

export type MeterRow = Selectable<MetersTable>
export type RegisterRow = Selectable<RegistersTable>
export type CardStatusRow = Selectable<CardStatusTable>

/** What the registry holds of a meter before anyone talked to it. */
export interface MeterRegistration {
  readonly serial: string
  /** 16 hex digits. */
  readonly systemTitle: string
  readonly host: string
  readonly port: number
  readonly clientSap: number
  readonly serverSap: number
}

/**
 * Adds a meter, or gives a known one its new address. Its identity cannot change: it is what its keys are bound to.
 * @returns whether it is new
 * @throws HeadendError `HEADEND_METER_CONFLICT` for another system title
 */
export async function registerMeterRow(db: Kysely<Tables>, meter: MeterRegistration): Promise<boolean> {
  const { serial, systemTitle, host, port, clientSap, serverSap } = meter
  const held = await findMeter(db, serial)
  if (held !== undefined && held.system_title !== systemTitle) {
    throw new HeadendError('HEADEND_METER_CONFLICT', `${serial} is registered with another system title`, { serial })
  }
  const address = { host, port, client_sap: clientSap, server_sap: serverSap }
  if (held !== undefined) await db.updateTable('meters').set(address).where('id', '=', held.id).execute()
  else {
    await db
      .insertInto('meters')
      .values({ serial, system_title: systemTitle, logical_device_name: '', ...address })
      .execute()
  }
  return held === undefined
}

export function findMeter(db: Kysely<Tables>, serial: string): Promise<MeterRow | undefined> {
  return db.selectFrom('meters').selectAll().where('serial', '=', serial).executeTakeFirst()
}

/** @throws HeadendError `HEADEND_UNKNOWN_METER` */
export async function requireMeter(db: Kysely<Tables>, serial: string): Promise<MeterRow> {
  const meter = await findMeter(db, serial)
  if (meter === undefined) throw new HeadendError('HEADEND_UNKNOWN_METER', `no meter ${serial}`, { serial })
  return meter
}

export function listMeters(db: Kysely<Tables>): Promise<MeterRow[]> {
  return db.selectFrom('meters').selectAll().orderBy('serial').execute()
}

export function registersOf(db: Kysely<Tables>, meterId: number): Promise<RegisterRow[]> {
  return db.selectFrom('registers').selectAll().where('meter_id', '=', meterId).orderBy('logical_name').execute()
}

export function cardStatusOf(db: Kysely<Tables>, meterId: number): Promise<CardStatusRow | undefined> {
  return db.selectFrom('card_status').selectAll().where('meter_id', '=', meterId).executeTakeFirst()
}

export async function setMeterState(
  db: Kysely<Tables>,
  meterId: number,
  state: MeterState,
  reason: string | null,
): Promise<void> {
  await db.updateTable('meters').set({ state, state_reason: reason }).where('id', '=', meterId).execute()
}

export async function setSwitchState(db: Kysely<Tables>, meterId: number, state: SwitchState): Promise<void> {
  await db.updateTable('meters').set({ switch_state: state }).where('id', '=', meterId).execute()
}

/** What one good reading says of the meter itself; what it did not tell stays as it was. */
export interface MeterFacts {
  readonly readAt: Date
  readonly logicalDeviceName?: string | undefined
  readonly switchState?: SwitchState | undefined
  readonly importWh?: bigint | undefined
  readonly exportWh?: bigint | undefined
  readonly powerW?: number | undefined
  readonly clock?: { readonly meterTime: Date; readonly readAt: Date; readonly deviationS: number } | undefined
}

export async function recordMeterFacts(db: Kysely<Tables>, meterId: number, facts: MeterFacts): Promise<void> {
  const { clock } = facts
  await db
    .updateTable('meters')
    .set({
      state: 'online',
      state_reason: null,
      last_read_at: facts.readAt,
      ...(facts.logicalDeviceName === undefined ? {} : { logical_device_name: facts.logicalDeviceName }),
      ...(facts.switchState === undefined ? {} : { switch_state: facts.switchState }),
      ...(facts.importWh === undefined ? {} : { import_wh: facts.importWh }),
      ...(facts.exportWh === undefined ? {} : { export_wh: facts.exportWh }),
      ...(facts.powerW === undefined ? {} : { power_w: facts.powerW }),
      ...(clock === undefined
        ? {}
        : { clock_meter_time: clock.meterTime, clock_read_at: clock.readAt, clock_deviation_s: clock.deviationS }),
    })
    .where('id', '=', meterId)
    .execute()
}

export async function recordRegisters(
  db: Kysely<Tables>,
  meterId: number,
  readAt: Date,
  registers: readonly { readonly logicalName: string; readonly value: number; readonly unit: string }[],
): Promise<void> {
  if (registers.length === 0) return
  await db
    .insertInto('registers')
    .values(
      registers.map(({ logicalName, value, unit }) => ({
        meter_id: meterId,
        logical_name: logicalName,
        value,
        unit,
        read_at: readAt,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['meter_id', 'logical_name']).doUpdateSet(({ ref }) => ({
        value: ref('excluded.value'),
        unit: ref('excluded.unit'),
        read_at: ref('excluded.read_at'),
      })),
    )
    .execute()
}

/** A card's status as the meter told it. */
export interface CardFacts {
  /** Hex. */
  readonly appletAid: string
  readonly appletVersion: number
  readonly lifeCycle: CardLifeCycle
  readonly bound: boolean
  /** Undefined where the applet does not tell. */
  readonly appletBytes: number | undefined
  readonly freePersistentBytes: number | undefined
  readonly freeTransientBytes: number | undefined
  readonly slots: readonly CardSlotRow[]
}

export async function recordCardStatus(
  db: Kysely<Tables>,
  meterId: number,
  readAt: Date,
  card: CardFacts,
): Promise<void> {
  const row = {
    applet_aid: card.appletAid,
    applet_version: card.appletVersion,
    life_cycle: card.lifeCycle,
    bound: card.bound,
    applet_bytes: bigOrNull(card.appletBytes),
    free_persistent_bytes: bigOrNull(card.freePersistentBytes),
    free_transient_bytes: bigOrNull(card.freeTransientBytes),
    slots: JSON.stringify(card.slots),
    read_at: readAt,
  }
  await db
    .insertInto('card_status')
    .values({ meter_id: meterId, ...row })
    .onConflict((conflict) => conflict.column('meter_id').doUpdateSet(row))
    .execute()
}

const bigOrNull = (bytes: number | undefined): bigint | null => (bytes === undefined ? null : BigInt(bytes))
