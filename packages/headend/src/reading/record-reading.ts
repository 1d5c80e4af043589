import type { StreetEvent } from '../api/schema.ts'
import type { Database } from '../store/database.ts'
import { insertEvents, type NewEvent } from '../store/events.ts'
import { type MeterRow, recordCardStatus, recordMeterFacts, recordRegisters } from '../store/meters.ts'
import { createReadingStore } from '../store/readings.ts'
import { eventsOfLog } from './event-codes.ts'
import { differenceRows } from './intervals.ts'
import { meterNames } from './meter-names.ts'
import { energyWhOf } from './meter-values.ts'
import type { MeterReading } from './read-meter.ts'

export interface RecordedReading {
  /** New intervals. */
  readonly intervalsStored: number
  readonly events: readonly StreetEvent[]
}

/** A clock may be off by this before it is an event; what a street's speed adds while asking comes on top. */
const CLOCK_TOLERANCE_S = 60

/**
 * Stores one reading in one transaction of one meter: all of it or nothing.
 * @param toleranceMs how far the clocks may seem apart only because asking takes time
 */
export async function recordReading(
  db: Database,
  meter: MeterRow,
  reading: MeterReading,
  toleranceMs: number,
): Promise<RecordedReading> {
  return db.transaction().execute(async (transaction) => {
    const readings = createReadingStore(transaction)
    const last = await readings.lastRow(meter.id)
    const { rows, events: oddities } = differenceRows(reading.profile, last, reading.readAtMs)
    const inserted = await readings.insertIntervals(meter.id, rows)
    const readAt = new Date(reading.readAtMs)
    await recordRegisters(transaction, meter.id, readAt, reading.registers)
    if (reading.card !== undefined) await recordCardStatus(transaction, meter.id, readAt, reading.card)
    await recordMeterFacts(transaction, meter.id, factsOf(reading, readAt))
    const events = await insertEvents(transaction, meter, [
      ...reading.logs.flatMap(({ log, entries }) => eventsOfLog(log, entries)),
      ...oddities,
      ...inserted.differing.map((endMs) => differing(endMs, reading.readAtMs)),
      ...clockEvents(meter, reading, toleranceMs),
      ...(meter.state === 'online' ? [] : [online(meter, reading.readAtMs)]),
      readEvent(inserted.stored, reading.readAtMs),
    ])
    return { intervalsStored: inserted.stored, events }
  })
}

function factsOf(reading: MeterReading, readAt: Date) {
  const register = (name: string) => reading.registers.find(({ logicalName }) => logicalName === name)
  const importW = register(meterNames.importPower)?.value
  const exportW = register(meterNames.exportPower)?.value
  return {
    readAt,
    logicalDeviceName: reading.logicalDeviceName,
    switchState: reading.switchState,
    importWh: energyWhOf(register(meterNames.importEnergy)),
    exportWh: energyWhOf(register(meterNames.exportEnergy)),
    powerW: importW === undefined || exportW === undefined ? undefined : Math.round(importW - exportW),
    clock: reading.clock && {
      meterTime: new Date(reading.clock.meterTimeMs),
      readAt: new Date(reading.clock.readAtMs),
      deviationS: deviationSeconds(reading.clock),
    },
  }
}

const deviationSeconds = (clock: { readonly meterTimeMs: number; readonly readAtMs: number }): number =>
  (clock.meterTimeMs - clock.readAtMs) / 1000

function differing(endMs: number, atMs: number): NewEvent {
  return {
    atMs,
    source: 'headend',
    kind: 'reading.differs',
    severity: 'alarm',
    text: `The interval ending ${new Date(endMs).toISOString()} was told differently than before; the first is kept`,
    once: `differs/${endMs}`,
  }
}

/** Once when a clock goes wrong and once when it is right again, not at each reading. */
function clockEvents(meter: MeterRow, { clock, readAtMs }: MeterReading, toleranceMs: number): NewEvent[] {
  if (clock === undefined) return []
  const toleranceS = CLOCK_TOLERANCE_S + toleranceMs / 1000
  const isOff = Math.abs(deviationSeconds(clock)) > toleranceS
  const wasOff = Math.abs(meter.clock_deviation_s ?? 0) > toleranceS
  if (isOff === wasOff) return []
  const event = { atMs: readAtMs, source: 'headend' } as const
  if (!isOff) return [{ ...event, kind: 'clock.right', severity: 'info', text: 'Its clock is right again' }]
  const text = `Its clock is off by ${Math.round(deviationSeconds(clock))} s`
  return [{ ...event, kind: 'clock.deviates', severity: 'warning', text }]
}

function online(meter: MeterRow, atMs: number): NewEvent {
  const text = meter.state === 'new' ? 'Answered for the first time' : 'Answers again'
  return { atMs, source: 'headend', kind: 'meter.online', severity: 'info', text }
}

function readEvent(intervals: number, atMs: number): NewEvent {
  const text = intervals === 1 ? 'Read, 1 new interval' : `Read, ${intervals} new intervals`
  return { atMs, source: 'headend', kind: 'meter.read', severity: 'info', text }
}
