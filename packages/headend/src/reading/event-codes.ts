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
    17: {
      kind: 'meter.software-ready',
      severity: 'info',
      text: 'New software activated, it runs after the next start',
    },
    18: { kind: 'meter.software-started', severity: 'info', text: 'New software started' },
    5: { kind: 'meter.clock-adjusted', severity: 'info', text: 'Clock adjusted' },
  },
  fraud: {
    46: { kind: 'meter.association-refused', severity: 'alarm', text: 'Meter refused an association' },
    49: { kind: 'meter.authentication-failed', severity: 'alarm', text: 'Meter met a frame with a wrong key or tag' },
    50: { kind: 'meter.replay-refused', severity: 'alarm', text: 'Meter refused a replayed frame' },
    233: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Meter refused to switch: nobody had signed for it',
    },
    234: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Its card refused to switch: the command is not genuine',
    },
    235: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Its card refused to switch: the command is for another meter',
    },
    236: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Its card refused to switch: its policy does not allow it',
    },
    237: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Its card refused to switch: the command was used before',
    },
    238: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Its card refused to switch: the command is not for this time',
    },
    239: {
      kind: 'meter.command-refused',
      severity: 'alarm',
      text: 'Its card refused to switch: something else was signed',
    },
    230: { kind: 'meter.card-unavailable', severity: 'alarm', text: 'Meter cannot use its security card' },
    231: { kind: 'meter.software-refused', severity: 'alarm', text: 'Meter met software that may not run' },
    232: { kind: 'meter.software-mismatch', severity: 'alarm', text: 'Meter found other software than it started' },
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
