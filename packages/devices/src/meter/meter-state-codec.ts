import { fromAscii, toAscii } from '@gridcard/bytes'
import { DevicesError } from '../errors.ts'
import { isRising } from '../metrology/supply-history.ts'
import { type EventSealing, mostPendingEvents } from '../software/event-sealing.ts'
import { crc32 } from './crc32.ts'
import { type EventLogName, eventLogCapacity, type LoggedEvent } from './event-log.ts'
import type { MeterState } from './meter-state.ts'

/**
 * The version of this form and of the household model: with another model the same seed lives another life, and a
 * register could run backwards.
 */
export const meterStateVersion = 1

const magic = 'gridcard-meter-state'
const longestStateBytes = 16 * 1024 * 1024
const eventLogNames: readonly EventLogName[] = ['standard', 'fraud', 'disconnector']

/** One line with version and checksum, then JSON; ASCII throughout. */
export function emitMeterState(state: MeterState): Uint8Array {
  const body = JSON.stringify({
    ...state,
    logs: Object.fromEntries(
      eventLogNames.map((name) => [
        name,
        state.logs[name].map(({ atMs, code, number }) => (number === undefined ? [atMs, code] : [atMs, code, number])),
      ]),
    ),
    ...(state.sealing && {
      sealing: [state.sealing.count, state.sealing.pending.map(({ log, atMs, code }) => [log, atMs, code])],
    }),
  })
  const checksum = crc32(fromAscii(body)).toString(16).padStart(8, '0')
  return fromAscii(`${magic} ${meterStateVersion} ${checksum}\n${body}\n`)
}

/**
 * Reads what `emitMeterState` wrote and nothing else.
 * @throws DevicesError `DEVICES_STATE_DAMAGED` for bytes that are not a whole, consistent state, `DEVICES_STATE_VERSION`
 * for the state of another version
 */
export function parseMeterState(bytes: Uint8Array): MeterState {
  if (bytes.length > longestStateBytes) throw damaged('longer than any state')
  const text = toAscii(bytes)
  const head = /^gridcard-meter-state (\d{1,6}) ([0-9a-f]{8})\n/.exec(text)
  if (head === null) throw damaged('no state of a meter')
  if (!text.endsWith('\n')) throw damaged('cut off')
  const body = text.slice(head[0].length, -1)
  if (crc32(fromAscii(body)) !== Number.parseInt(head[2]!, 16)) throw damaged('wrong checksum')
  if (head[1] !== String(meterStateVersion)) {
    throw new DevicesError('DEVICES_STATE_VERSION', `the state has version ${head[1]}, not ${meterStateVersion}`)
  }
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch (cause) {
    throw new DevicesError('DEVICES_STATE_DAMAGED', 'the saved state of the meter is damaged: no JSON', {}, { cause })
  }
  return stateOf(json)
}

function stateOf(json: unknown): MeterState {
  const fields = requireRecord(json, 'state')
  const logs = requireRecord(fields['logs'], 'logs')
  const supplyChangesS = requireArray(fields['supplyChangesS'], 'supplyChangesS').map((s) => requireTime(s, 'supply'))
  if (!isRising(supplyChangesS)) throw damaged('supply changes out of order')
  const { serial, switchState, isRunning } = fields
  if (typeof serial !== 'string' || serial.length > 64) throw damaged('serial')
  if (switchState !== 'connected' && switchState !== 'disconnected') throw damaged('switchState')
  if (typeof isRunning !== 'boolean') throw damaged('isRunning')
  const isSupplied = supplyChangesS.length % 2 === 1
  if (isSupplied !== (isRunning && switchState === 'connected')) throw damaged('switch and supply disagree')
  const state: MeterState = {
    serial,
    installedAtMs: requireTime(fields['installedAtMs'], 'installedAtMs'),
    savedAtMs: requireTime(fields['savedAtMs'], 'savedAtMs'),
    switchState,
    isRunning,
    supplyChangesS,
    logs: {
      standard: requireEvents(logs['standard']),
      fraud: requireEvents(logs['fraud']),
      disconnector: requireEvents(logs['disconnector']),
    },
    ...(fields['sealing'] !== undefined && { sealing: requireSealing(fields['sealing']) }),
  }
  const latestMs = Math.max(state.installedAtMs, 1000 * (supplyChangesS.at(-1) ?? 0))
  if (state.savedAtMs < latestMs) throw damaged('saved before what it tells of')
  if (1000 * (supplyChangesS[0] ?? Number.POSITIVE_INFINITY) < Math.floor(state.installedAtMs / 1000) * 1000) {
    throw damaged('supply before installation')
  }
  return state
}

function requireEvents(value: unknown): LoggedEvent[] {
  const events = requireArray(value, 'log').map((entry) => {
    const [atMs, code, number, ...rest] = requireArray(entry, 'log entry')
    if (typeof code !== 'number' || !Number.isInteger(code) || code < 0 || code > 255 || rest.length > 0) {
      throw damaged('log entry')
    }
    const event = { atMs: requireTime(atMs, 'log entry'), code }
    if (number === undefined) return event
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1) throw damaged('log entry')
    return { ...event, number }
  })
  if (events.length > eventLogCapacity) throw damaged('log longer than its capacity')
  return events
}

function requireSealing(value: unknown): EventSealing {
  const [count, list, ...rest] = requireArray(value, 'sealing')
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || rest.length > 0) throw damaged('sealing')
  const pending = requireArray(list, 'sealing').map((entry) => {
    const [name, ...event] = requireArray(entry, 'sealing')
    const log = eventLogNames.find((one) => one === name)
    if (log === undefined) throw damaged('sealing')
    return { log, ...requireEvents([event])[0]! }
  })
  if (pending.length > Math.min(count, mostPendingEvents)) throw damaged('sealing')
  return { count, pending }
}

/** Instants fit a date-time of the years up to 9999. */
function requireTime(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 253_402_300_799_999) {
    throw damaged(what)
  }
  return value
}

function requireArray(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw damaged(what)
  return value
}

function requireRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(what)
  return value as Readonly<Record<string, unknown>> // an object that is no array has string keys
}

function damaged(what: string): DevicesError {
  return new DevicesError('DEVICES_STATE_DAMAGED', `the saved state of the meter is damaged: ${what}`)
}
