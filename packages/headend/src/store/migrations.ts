import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { HeadendError } from '../errors.ts'
import type { Tables } from './tables.ts'

/**
 * In order of their names; one that has been published is never changed, the next one repairs it. PostgreSQL's dialect
 * only, so that the same steps serve PGlite and a server.
 *
 * `readings` has the time in its key and nothing that refers to it, so it can become a table partitioned by `end_at`
 * without touching a query. PGlite gains nothing from partitions, hence none yet.
 */
const migrations: Readonly<Record<string, readonly string[]>> = {
  '0001-first-street': [
    `create table meters (
      id integer generated always as identity primary key,
      serial text not null unique,
      system_title text not null,
      logical_device_name text not null,
      host text not null,
      port integer not null,
      client_sap integer not null,
      server_sap integer not null,
      state text not null default 'new',
      state_reason text,
      switch_state text,
      last_read_at timestamptz,
      import_wh int8,
      export_wh int8,
      power_w integer,
      clock_meter_time timestamptz,
      clock_read_at timestamptz,
      clock_deviation_s float8
    )`,
    `create table readings (
      meter_id integer not null,
      end_at timestamptz not null,
      import_wh int8 not null,
      export_wh int8 not null,
      interval_import_wh int8,
      interval_export_wh int8,
      status smallint not null,
      primary key (meter_id, end_at)
    )`,
    `create table registers (
      meter_id integer not null,
      logical_name text not null,
      value float8 not null,
      unit text not null,
      read_at timestamptz not null,
      primary key (meter_id, logical_name)
    )`,
    `create table card_status (
      meter_id integer primary key,
      applet_aid text not null,
      applet_version integer not null,
      life_cycle text not null,
      bound boolean not null,
      applet_bytes int8 not null,
      free_persistent_bytes int8 not null,
      free_transient_bytes int8 not null,
      slots jsonb not null,
      read_at timestamptz not null
    )`,
    `create table events (
      id int8 generated always as identity primary key,
      at timestamptz not null,
      meter_id integer,
      source text not null,
      kind text not null,
      severity text not null,
      text text not null,
      log text,
      once text
    )`,
    'create unique index events_once on events (meter_id, once) where once is not null',
    'create index events_of_meter on events (meter_id, id)',
    'create index events_of_log on events (meter_id, log, at) where log is not null',
    'create table settings (name text primary key, value text not null)',
  ],
  '0002-meter-software': [
    `create table meter_software (
      serial text primary key,
      attestation_key text not null,
      state text not null default 'unknown',
      reason text,
      version text,
      checked_at timestamptz,
      verified_at timestamptz,
      boots int8,
      events int8
    )`,
  ],
  '0003-orders': [
    'create table meter_cards (serial text primary key, signing_key text not null)',
    `create table orders (
      id int8 generated always as identity primary key,
      meter_id integer not null,
      at timestamptz not null,
      switch_to text not null,
      counter int8 not null,
      command text not null,
      outcome text not null,
      text text,
      response text,
      result integer,
      signed_at timestamptz
    )`,
    'create index orders_of_meter on orders (meter_id, id)',
    `alter table card_status
      alter column applet_bytes drop not null,
      alter column free_persistent_bytes drop not null,
      alter column free_transient_bytes drop not null`,
  ],
  '0004-sealed-logs': [
    `create table meter_logs (
      serial text primary key,
      state text not null,
      reason text,
      checked_at timestamptz not null,
      verified_at timestamptz,
      entries int8
    )`,
    `create table log_anchors (
      serial text not null,
      number int8 not null,
      head text not null,
      primary key (serial, number)
    )`,
  ],
}

/** @throws HeadendError `HEADEND_DATA_DAMAGED` when the tables are not from this program or from a newer one */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const steps: Record<string, Migration> = {}
  for (const [name, statements] of Object.entries(migrations)) {
    steps[name] = {
      async up(schema) {
        for (const statement of statements) await sql.raw(statement).execute(schema)
      },
    }
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => steps } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    throw new HeadendError(
      'HEADEND_DATA_DAMAGED',
      'the database does not have the tables this version expects; it is damaged or from a newer version',
      {},
      { cause: error },
    )
  }
}
