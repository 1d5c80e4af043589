import type { ColumnType, Generated } from 'kysely'
import type {
  CardLifeCycle,
  EventSeverity,
  MeterState,
  OrderOutcome,
  SoftwareState,
  SwitchState,
} from '../api/schema.ts'

/** Energies are int8 and come back as bigint, times are timestamptz and come back as Date. */
export interface Tables {
  meters: MetersTable
  readings: ReadingsTable
  registers: RegistersTable
  card_status: CardStatusTable
  meter_software: MeterSoftwareTable
  meter_cards: MeterCardsTable
  orders: OrdersTable
  meter_logs: MeterLogsTable
  log_anchors: LogAnchorsTable
  events: EventsTable
  settings: SettingsTable
}

export interface MetersTable {
  id: Generated<number>
  serial: string
  /** 16 hex digits. */
  system_title: string
  logical_device_name: string
  host: string
  port: number
  client_sap: number
  server_sap: number
  state: ColumnType<MeterState, MeterState | undefined, MeterState>
  state_reason: string | null
  switch_state: SwitchState | null
  last_read_at: Date | null
  import_wh: bigint | null
  export_wh: bigint | null
  power_w: number | null
  clock_meter_time: Date | null
  clock_read_at: Date | null
  clock_deviation_s: number | null
}

/** One row per meter and end of interval; the meter comes first in the key. */
export interface ReadingsTable {
  meter_id: number
  end_at: Date
  /** Registers at `end_at`. */
  import_wh: bigint
  export_wh: bigint
  /** Energy of the interval; null where the row before is missing, so that nobody can say. */
  interval_import_wh: bigint | null
  interval_export_wh: bigint | null
  status: number
}

/** The last value of each object. */
export interface RegistersTable {
  meter_id: number
  logical_name: string
  value: number
  unit: string
  read_at: Date
}

/** What a meter last told of its card. */
export interface CardStatusTable {
  meter_id: number
  applet_aid: string
  applet_version: number
  life_cycle: CardLifeCycle
  bound: boolean
  /** Null where the applet does not tell. */
  applet_bytes: bigint | null
  free_persistent_bytes: bigint | null
  free_transient_bytes: bigint | null
  /** JSON: slots with their counters. */
  slots: ColumnType<CardSlotRow[], string, string>
  read_at: Date
}

export interface CardSlotRow {
  slot: number
  send: number
  messageFloor: number
  tokenFloor: number
}

/** What a meter proved of its software; by serial, because its card's key is known before the meter is. */
export interface MeterSoftwareTable {
  serial: string
  /** Hex, a point on P-256. */
  attestation_key: string
  state: ColumnType<SoftwareState, SoftwareState | undefined, SoftwareState>
  reason: string | null
  /** Of the last good quote. */
  version: string | null
  checked_at: Date | null
  verified_at: Date | null
  boots: bigint | null
  events: bigint | null
}

/** Cards that judge critical commands; by serial, because they are known before their meters are. */
export interface MeterCardsTable {
  serial: string
  /** Hex, a point on P-256: with it the card signs responses and seals. */
  signing_key: string
}

/** Critical commands that were signed, and the evidence of what became of them. */
export interface OrdersTable {
  id: Generated<bigint>
  meter_id: number
  at: Date
  switch_to: 'connected' | 'disconnected'
  counter: bigint
  /** Hex: header and signature. */
  command: string
  outcome: OrderOutcome
  /** For people. */
  text: string | null
  /** Hex, as the card signed it. */
  response: string | null
  /** Action result in the response. */
  result: number | null
  signed_at: Date | null
}

/** Whether a meter's log is what its card has sealed. */
export interface MeterLogsTable {
  serial: string
  state: 'verified' | 'broken'
  reason: string | null
  checked_at: Date
  verified_at: Date | null
  /** Sealed ones, when it was verified last. */
  entries: bigint | null
}

/** Heads of the chain that a meter's card has signed for. */
export interface LogAnchorsTable {
  serial: string
  number: bigint
  head: string
}

export interface EventsTable {
  id: Generated<bigint>
  at: Date
  meter_id: number | null
  source: 'meter' | 'headend'
  kind: string
  severity: EventSeverity
  text: string
  /** Which of the meter's logs it stood in; null for the head-end's own. */
  log: string | null
  /** What makes it the same event when seen again; null for one that is new each time. */
  once: string | null
}

export interface SettingsTable {
  name: string
  value: string
}
