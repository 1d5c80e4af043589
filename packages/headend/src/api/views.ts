import { registerName } from '../reading/meter-names.ts'
import type { MeterLogRow } from '../store/meter-logs.ts'
import type { MeterSoftwareRow } from '../store/meter-software.ts'
import type { CardStatusRow, MeterRow, RegisterRow } from '../store/meters.ts'
import type { OrderRow } from '../store/orders.ts'
import type { StoredExtent } from '../store/readings.ts'
import type {
  CardStatus,
  LogStatus,
  MeterDetail,
  MeterSummary,
  RegisterReading,
  SoftwareStatus,
  SwitchOrder,
} from './schema.ts'

// From rows to the API's shapes.

const isoOf = (at: Date): string => at.toISOString()
const isoOrNull = (at: Date | null): string | null => (at === null ? null : isoOf(at))
const msOrNull = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString())
const numberOrNull = (value: bigint | null): number | null => (value === null ? null : Number(value))

export function meterSummary(row: MeterRow): MeterSummary {
  return {
    serial: row.serial,
    systemTitle: row.system_title,
    logicalDeviceName: row.logical_device_name,
    address: row.host.includes(':') ? `[${row.host}]:${row.port}` : `${row.host}:${row.port}`,
    state: row.state,
    stateReason: row.state_reason,
    switchState: row.switch_state,
    lastReadAt: isoOrNull(row.last_read_at),
    importWh: numberOrNull(row.import_wh),
    exportWh: numberOrNull(row.export_wh),
    powerW: row.power_w,
  }
}

export function meterDetail(parts: {
  readonly meter: MeterRow
  readonly registers: readonly RegisterRow[]
  readonly card: CardStatusRow | undefined
  readonly software: MeterSoftwareRow | undefined
  /** Versions that the head-end has. */
  readonly releases: readonly string[]
  /** Whether its card judges commands, and the last orders. */
  readonly verifiedByCard: boolean
  readonly orders: readonly OrderRow[]
  readonly log: MeterLogRow | undefined
  readonly extent: StoredExtent
}): MeterDetail {
  const { meter, card, extent } = parts
  const { clock_meter_time: meterTime, clock_read_at: readAt, clock_deviation_s: deviationS } = meter
  return {
    ...meterSummary(meter),
    registers: parts.registers.map(registerReading),
    clock:
      meterTime === null || readAt === null || deviationS === null
        ? null
        : { meterTime: isoOf(meterTime), readAt: isoOf(readAt), deviationS },
    card: card === undefined ? null : cardStatus(card),
    software: parts.software === undefined ? null : softwareStatus(parts.software, parts.releases),
    switching: { verifiedByCard: parts.verifiedByCard, orders: parts.orders.map(switchOrder) },
    log: parts.log === undefined ? null : logStatus(parts.log),
    intervalsStored: extent.count,
    firstIntervalEndAt: msOrNull(extent.firstEndMs),
    lastIntervalEndAt: msOrNull(extent.lastEndMs),
  }
}

function registerReading(row: RegisterRow): RegisterReading {
  return {
    logicalName: row.logical_name,
    name: registerName(row.logical_name),
    value: row.value,
    unit: row.unit,
    readAt: isoOf(row.read_at),
  }
}

function softwareStatus(row: MeterSoftwareRow, releases: readonly string[]): SoftwareStatus {
  return {
    state: row.state,
    reason: row.reason,
    version: row.version,
    checkedAt: isoOrNull(row.checked_at),
    verifiedAt: isoOrNull(row.verified_at),
    boots: numberOrNull(row.boots),
    events: numberOrNull(row.events),
    releases: [...releases],
  }
}

function logStatus(row: MeterLogRow): LogStatus {
  return {
    state: row.state,
    reason: row.reason,
    checkedAt: isoOf(row.checked_at),
    verifiedAt: isoOrNull(row.verified_at),
    entries: numberOrNull(row.entries),
  }
}

export function switchOrder(row: OrderRow): SwitchOrder {
  return {
    at: isoOf(row.at),
    to: row.switch_to,
    counter: Number(row.counter),
    outcome: row.outcome,
    text: row.text,
    signedAt: isoOrNull(row.signed_at),
    command: row.command,
    response: row.response,
  }
}

function cardStatus(row: CardStatusRow): CardStatus {
  return {
    appletAid: row.applet_aid,
    appletVersion: row.applet_version,
    lifeCycle: row.life_cycle,
    bound: row.bound,
    appletBytes: numberOrNull(row.applet_bytes),
    freePersistentBytes: numberOrNull(row.free_persistent_bytes),
    freeTransientBytes: numberOrNull(row.free_transient_bytes),
    slots: row.slots,
    readAt: isoOf(row.read_at),
  }
}
