import { SupplyHistory } from '../metrology/supply-history.ts'
import { type EventSealing, withSealedEvent } from '../software/event-sealing.ts'
import { type EventLogName, eventCodes, type LoggedEvent, withEvent } from './event-log.ts'

export type SwitchState = 'connected' | 'disconnected'

/** All a meter remembers over a power cut. Readings are not in it: they follow from household and supply. */
export interface MeterState {
  readonly serial: string
  readonly installedAtMs: number
  /** When this was saved: the meter's clock never shows less again. */
  readonly savedAtMs: number
  readonly switchState: SwitchState
  /** False after an orderly power down. */
  readonly isRunning: boolean
  readonly supplyChangesS: readonly number[]
  readonly logs: Readonly<Record<EventLogName, readonly LoggedEvent[]>>
  /** Only of a meter whose secure element seals its log. */
  readonly sealing?: EventSealing
}

/** A meter on the day it is put in: its switch closed, not powered yet. */
export function newMeterState(serial: string, installedAtMs: number): MeterState {
  return {
    serial,
    installedAtMs,
    savedAtMs: installedAtMs,
    switchState: 'connected',
    isRunning: false,
    supplyChangesS: [],
    logs: { standard: [], fraud: [], disconnector: [] },
  }
}

// What can happen to a meter, as functions from state to state: the meter saves the new one before it counts.

/**
 * A state that says running comes from a process that ended without cutting the power, killed or left: the home went on
 * meanwhile, and nothing happened that a log would tell.
 */
export function poweredUp(state: MeterState, atMs: number): MeterState {
  if (state.isRunning) return { ...state, savedAtMs: Math.max(state.savedAtMs, atMs) }
  return logged(supplied({ ...state, isRunning: true }, atMs), 'standard', eventCodes.standard.powerUp, atMs)
}

export function poweredDown(state: MeterState, atMs: number): MeterState {
  return logged(supplied({ ...state, isRunning: false }, atMs), 'standard', eventCodes.standard.powerDown, atMs)
}

export function switched(state: MeterState, switchState: SwitchState, atMs: number): MeterState {
  const { connectedRemotely, disconnectedRemotely } = eventCodes.disconnector
  const code = switchState === 'connected' ? connectedRemotely : disconnectedRemotely
  return logged(supplied({ ...state, switchState }, atMs), 'disconnector', code, atMs)
}

export function logged(state: MeterState, log: EventLogName, code: number, atMs: number): MeterState {
  const { sealing } = state
  const event = { atMs, code, ...(sealing && { number: sealing.count + 1 }) }
  const logs = { ...state.logs, [log]: withEvent(state.logs[log], event) }
  const sealed = sealing && { sealing: withSealedEvent(sealing, { log, atMs, code }) }
  return { ...state, savedAtMs: Math.max(state.savedAtMs, atMs), logs, ...sealed }
}

/** Power flows while the meter runs with its switch closed. Cuts fall on whole seconds. */
function supplied(state: MeterState, atMs: number): MeterState {
  const isSupplied = state.isRunning && state.switchState === 'connected'
  const supply = new SupplyHistory(state.supplyChangesS).changed(isSupplied, Math.floor(atMs / 1000))
  return { ...state, supplyChangesS: supply.changesS }
}
