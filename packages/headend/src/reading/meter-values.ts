import { toAscii, toHex } from '@gridcard/bytes'
import {
  type CaptureObject,
  type CosemData,
  captureObjectOf,
  controlStates,
  epochMsOf,
  numberOf,
  parseDateTime,
  scalerUnitOf,
  units,
} from '@gridcard/dlms'
import type { SwitchState } from '../api/schema.ts'
import { HeadendError } from '../errors.ts'
import type { CardFacts } from '../store/meters.ts'
import type { LogEntry } from './event-codes.ts'
import type { ProfileRow } from './intervals.ts'
import { meterNames } from './meter-names.ts'

// From COSEM values to ours. What does not fit is HEADEND_METER_UNREADABLE: genuine, but not what the object should hold.

const UNIT_WH = 30

function unreadable(what: string): HeadendError {
  return new HeadendError('HEADEND_METER_UNREADABLE', `the meter's ${what} is not of the form the class has`, { what })
}

/** Text in an octet-string or visible-string; printable ASCII only, since it goes to pages and logs. */
export function textOf(data: CosemData, what: string): string {
  const text =
    data.type === 'octet-string' ? toAscii(data.value) : data.type === 'visible-string' ? data.value : undefined
  if (text === undefined || !/^[\x20-\x7e]{0,64}$/.test(text)) throw unreadable(what)
  return text
}

/** Epoch ms of a date-time; a meter that leaves its deviation open keeps UTC. */
export function timeOf(data: CosemData | undefined, what: string): number {
  const isTime = data?.type === 'octet-string' || data?.type === 'date-time'
  const atMs = isTime && data.value.length === 12 ? epochMsOf(parseDateTime(data.value), 0) : undefined
  if (atMs === undefined) throw unreadable(what)
  return atMs
}

export function switchStateOf(data: CosemData): SwitchState {
  const code = data.type === 'enum' ? data.value : undefined
  const state = (Object.keys(controlStates) as SwitchState[]).find((name) => controlStates[name] === code)
  if (state === undefined) throw unreadable('control state')
  return state
}

export interface RegisterValue {
  readonly logicalName: string
  /** Scaler applied. */
  readonly value: number
  readonly unit: string
  /** 10^scaler, for the same register's column in a profile. */
  readonly scaler: number
  readonly unitCode: number
}

export function registerOf(logicalName: string, value: CosemData, scalerUnit: CosemData): RegisterValue {
  const number = numberOf(value)
  const scale = scalerUnitOf(scalerUnit)
  if (number === undefined || !Number.isFinite(number) || scale === undefined || Math.abs(scale.scaler) > 20) {
    throw unreadable(`register ${logicalName}`)
  }
  const { scaler, unit } = scale
  return {
    logicalName,
    // Dividing by a whole power of ten keeps 2305 / 10 at 230.5; multiplying by 0.1 would not.
    value: scaler < 0 ? number / 10 ** -scaler : number * 10 ** scaler,
    unit: units[unit]?.symbol ?? '',
    scaler,
    unitCode: unit,
  }
}

/** Whole Wh of a register of energy; undefined if it counts something else. */
export function energyWhOf(register: RegisterValue | undefined): bigint | undefined {
  if (register?.unitCode !== UNIT_WH || register.value < 0) return undefined
  return BigInt(Math.floor(register.value))
}

/** Where the load profile's columns are. */
export interface ProfileColumns {
  readonly clock: number
  /** -1 if the profile has none. */
  readonly status: number
  readonly importEnergy: number
  readonly exportEnergy: number
  readonly count: number
}

export function profileColumnsOf(data: CosemData): ProfileColumns {
  const columns = data.type === 'array' ? data.value.map(captureObjectOf) : []
  const find = (classId: number, logicalName: string) =>
    columns.findIndex((column) => column !== undefined && isColumn(column, classId, logicalName))
  const found = {
    clock: find(8, meterNames.clock),
    status: find(1, meterNames.profileStatus),
    importEnergy: find(3, meterNames.importEnergy),
    exportEnergy: find(3, meterNames.exportEnergy),
    count: columns.length,
  }
  if (found.clock < 0 || found.importEnergy < 0 || found.exportEnergy < 0) throw unreadable('load profile')
  return found
}

const isColumn = (column: CaptureObject, classId: number, logicalName: string) =>
  column.classId === classId && column.logicalName === logicalName && column.attributeIndex === 2

/** @param scalers power of ten of the two registers, whose unit is Wh */
export function profileRowsOf(
  data: CosemData,
  columns: ProfileColumns,
  scalers: { readonly importEnergy: number; readonly exportEnergy: number },
): ProfileRow[] {
  const what = 'load profile'
  return rowsOf(data, columns.count, what).map((row) => ({
    endMs: timeOf(row[columns.clock], what),
    importWh: wholeWh(row[columns.importEnergy], scalers.importEnergy),
    exportWh: wholeWh(row[columns.exportEnergy], scalers.exportEnergy),
    status: columns.status < 0 ? 0 : byteOf(row[columns.status], what),
  }))
}

function wholeWh(data: CosemData | undefined, scaler: number): bigint {
  const number = data === undefined ? undefined : numberOf(data)
  if (number === undefined || !Number.isInteger(number) || number < 0) throw unreadable('load profile')
  return scaler < 0 ? BigInt(number) / 10n ** BigInt(-scaler) : BigInt(number) * 10n ** BigInt(scaler)
}

export function logEntriesOf(data: CosemData): LogEntry[] {
  const what = 'event log'
  return rowsOf(data, 2, what).map((row) => ({ atMs: timeOf(row[0], what), code: codeOf(row[1], what) }))
}

function rowsOf(data: CosemData, width: number, what: string): (readonly CosemData[])[] {
  if (data.type !== 'array') throw unreadable(what)
  return data.value.map((row) => {
    if (row.type !== 'structure' || row.value.length !== width) throw unreadable(what)
    return row.value
  })
}

function codeOf(data: CosemData | undefined, what: string): number {
  const code = data === undefined ? undefined : numberOf(data)
  if (code === undefined || !Number.isInteger(code) || code < 0 || code > 0xffff) throw unreadable(what)
  return code
}

function byteOf(data: CosemData | undefined, what: string): number {
  const byte = codeOf(data, what)
  if (byte > 0xff) throw unreadable(what)
  return byte
}

const LIFE_CYCLES = { 1: 'personalising', 2: 'operational', 3: 'locked', 4: 'zeroised' } as const

/** What a Gridcard meter tells of its card, object 0.128.96.0.0.255. */
export function cardFactsOf(data: CosemData): CardFacts {
  const what = 'card status'
  const [aid, version, lifeCycle, bound, appletBytes, freePersistent, freeTransient, slots] = structureOf(data, 8, what)
  const stage = LIFE_CYCLES[wholeOf(lifeCycle, what) as keyof typeof LIFE_CYCLES]
  if (aid?.type !== 'octet-string' || aid.value.length > 16 || bound?.type !== 'boolean' || slots?.type !== 'array') {
    throw unreadable(what)
  }
  if (stage === undefined || slots.value.length > 16) throw unreadable(what)
  return {
    appletAid: toHex(aid.value),
    appletVersion: wholeOf(version, what),
    lifeCycle: stage,
    bound: bound.value,
    appletBytes: toldOf(appletBytes, what),
    freePersistentBytes: toldOf(freePersistent, what),
    freeTransientBytes: toldOf(freeTransient, what),
    slots: slots.value.map((slot) => {
      const [number, send, messageFloor, tokenFloor] = structureOf(slot, 4, what)
      return {
        slot: wholeOf(number, what),
        send: wholeOf(send, what),
        messageFloor: wholeOf(messageFloor, what),
        tokenFloor: wholeOf(tokenFloor, what),
      }
    }),
  }
}

/** Null-data is what an applet does not tell. */
const toldOf = (data: CosemData | undefined, what: string): number | undefined =>
  data?.type === 'null-data' ? undefined : wholeOf(data, what)

function structureOf(data: CosemData, length: number, what: string): readonly CosemData[] {
  if (data.type !== 'structure' || data.value.length !== length) throw unreadable(what)
  return data.value
}

function wholeOf(data: CosemData | undefined, what: string): number {
  const number = data === undefined ? undefined : numberOf(data)
  if (number === undefined || !Number.isSafeInteger(number) || number < 0) throw unreadable(what)
  return number
}
