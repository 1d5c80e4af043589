import type { EventSeverity } from '../api/schema.ts'
import type { NewEvent } from '../store/events.ts'

/** A log of the meter: a profile of clock and event code. */
export type MeterLog = 'standard' | 'fraud' | 'disconnector'

export const meterLogs: Readonly<Record<MeterLog, string>> = {
  standard: '0.0.99.98.0.255',
  fraud: '0.0.99.98.1.255',
  disconnector: '0.0.99.98.2.255',
}

interface EventMeaning {
  readonly kind: string
  readonly severity: EventSeverity
  readonly text: string
}

/** What codes mean is agreed per profile of meters, not by the standard; these are our street's. */
const meanings: Readonly<Record<MeterLog, Readonly<Record<number, EventMeaning>>>> = {
  standard: {
    1: { kind: 'meter.power-down', severity: 'warning', text: 'Power lost' },
    2: { kind: 'meter.power-up', severity: 'info', text: 'Power returned' },
    5: { kind: 'meter.clock-adjusted', severity: 'info', text: 'Clock adjusted' },
  },
  fraud: {
    46: { kind: 'meter.association-refused', severity: 'alarm', text: 'Meter refused an association' },
    49: { kind: 'meter.authentication-failed', severity: 'alarm', text: 'Meter met a frame with a wrong key or tag' },
    50: { kind: 'meter.replay-refused', severity: 'alarm', text: 'Meter refused a replayed frame' },
    230: { kind: 'meter.card-unavailable', severity: 'alarm', text: 'Meter cannot use its security card' },
  },
  disconnector: {
    60: { kind: 'meter.disconnected', severity: 'info', text: 'Supply disconnected remotely' },
    61: { kind: 'meter.connected', severity: 'info', text: 'Supply connected remotely' },
  },
}

export interface LogEntry {
  readonly atMs: number
  readonly code: number
}

/**
 * A log's entries as events. One that was stored before is told by log, time, code, and its place among equals of that
 * moment, so a log may be read again and again.
 */
export function eventsOfLog(log: MeterLog, entries: readonly LogEntry[]): NewEvent[] {
  const equals = new Map<string, number>()
  return entries.map(({ atMs, code }) => {
    const moment = `${log}/${atMs}/${code}`
    const place = equals.get(moment) ?? 0
    equals.set(moment, place + 1)
    const meaning = meanings[log][code] ?? {
      kind: 'meter.event',
      severity: log === 'fraud' ? 'alarm' : 'info',
      text: `Event ${code} in the ${log} log`,
    }
    return { atMs, source: 'meter', ...meaning, log, once: `${moment}/${place}` }
  })
}
