import { type AttributeRef, type CosemData, type DlmsClient, type GetResult, selectRange } from '@gridcard/dlms'
import type { SwitchState } from '../api/schema.ts'
import { type Clock, DAY_MS } from '../clock.ts'
import { HeadendError } from '../errors.ts'
import type { CardFacts } from '../store/meters.ts'
import { type LogEntry, type MeterLog, meterLogs } from './event-codes.ts'
import type { ProfileRow } from './intervals.ts'
import { attributes, meterNames, readRegisters } from './meter-names.ts'
import {
  cardFactsOf,
  energyWhOf,
  logEntriesOf,
  profileColumnsOf,
  profileRowsOf,
  type RegisterValue,
  registerOf,
  switchStateOf,
  textOf,
  timeOf,
} from './meter-values.ts'
import { profileWindows } from './profile-window.ts'

/** What the store already has of a meter. */
export interface KnownBefore {
  readonly serial: string
  /** End of the newest stored profile row. */
  readonly lastStoredEndMs: number | undefined
  /** Time of the newest stored event of each log. */
  readonly lastLoggedMs: ReadonlyMap<string, number>
}

/** All that one visit brought; nothing of it is stored yet. */
export interface MeterReading {
  readonly readAtMs: number
  readonly logicalDeviceName: string | undefined
  readonly clock: { readonly meterTimeMs: number; readonly readAtMs: number } | undefined
  readonly registers: readonly RegisterValue[]
  readonly switchState: SwitchState | undefined
  readonly card: CardFacts | undefined
  readonly logs: readonly { readonly log: MeterLog; readonly entries: readonly LogEntry[] }[]
  readonly profile: readonly ProfileRow[]
  /** Logical names of objects the meter did not give. */
  readonly missing: readonly string[]
}

/** Before the first log entry of any meter. */
const LOGS_FROM_MS = Date.UTC(2000, 0, 1)

/**
 * Reads what a meter has to tell. An object it refuses is left out and named in `missing`; only its clock, serial number
 * and energies it has to give.
 *
 * @throws HeadendError `HEADEND_METER_UNREADABLE` for genuine values of a wrong form, or another meter's serial number
 * @throws DlmsError whatever the session throws
 */
export async function readMeter(client: DlmsClient, known: KnownBefore, clock: Clock): Promise<MeterReading> {
  const missing: string[] = []
  const clockReading = await readClock(client, clock)
  const readAtMs = clockReading.readAtMs

  const values = await getAll(client, [
    attributes.serial,
    attributes.logicalDeviceName,
    attributes.controlState,
    attributes.cardStatus,
    attributes.profileColumns,
    ...readRegisters.flatMap(({ logicalName }) => [
      attributes.registerValue(logicalName),
      attributes.registerUnit(logicalName),
    ]),
  ])
  const optional = (attribute: AttributeRef): CosemData | undefined => {
    const data = values(attribute)
    if (data === undefined && !missing.includes(attribute.logicalName)) missing.push(attribute.logicalName)
    return data
  }
  const given = <T>(data: CosemData | undefined, read: (data: CosemData) => T): T | undefined =>
    data === undefined ? undefined : read(data)

  requireSerial(values(attributes.serial), known.serial)
  const registers = readRegisters.flatMap(({ logicalName }) => {
    const value = optional(attributes.registerValue(logicalName))
    const unit = optional(attributes.registerUnit(logicalName))
    return value === undefined || unit === undefined ? [] : [registerOf(logicalName, value, unit)]
  })
  const columns = given(optional(attributes.profileColumns), profileColumnsOf)
  const profile: ProfileRow[] = []
  if (columns !== undefined) {
    const scalers = energyScalers(registers)
    for (const window of profileWindows(clock.nowMs(), known.lastStoredEndMs)) {
      const buffer = await client.get(attributes.profileBuffer, selectRange(window))
      profile.push(...profileRowsOf(buffer, columns, scalers))
    }
  }
  const logs: { log: MeterLog; entries: readonly LogEntry[] }[] = []
  for (const [log, logicalName] of Object.entries(meterLogs) as [MeterLog, string][]) {
    const window = { fromMs: known.lastLoggedMs.get(log) ?? LOGS_FROM_MS, toMs: clock.nowMs() + DAY_MS }
    const item = { attribute: attributes.logBuffer(logicalName), selection: selectRange(window) }
    const [buffer] = await client.getWithList([item])
    if (buffer?.ok === true) logs.push({ log, entries: logEntriesOf(buffer.data) })
    else missing.push(logicalName)
  }
  return {
    readAtMs,
    logicalDeviceName: given(optional(attributes.logicalDeviceName), (data) => textOf(data, 'logical device name')),
    clock: clockReading,
    registers,
    switchState: given(optional(attributes.controlState), switchStateOf),
    card: given(optional(attributes.cardStatus), cardFactsOf),
    logs,
    profile,
    missing,
  }
}

/** Our time is taken in the middle of asking and hearing, as the meter's is read somewhere between. */
async function readClock(client: DlmsClient, clock: Clock): Promise<{ meterTimeMs: number; readAtMs: number }> {
  const askedMs = clock.nowMs()
  const meterTimeMs = timeOf(await client.get(attributes.clockTime), 'clock')
  return { meterTimeMs, readAtMs: Math.round((askedMs + clock.nowMs()) / 2) }
}

/** Several attributes in one request; undefined for those the meter refuses. */
async function getAll(
  client: DlmsClient,
  wanted: readonly AttributeRef[],
): Promise<(attribute: AttributeRef) => CosemData | undefined> {
  const results = await client.getWithList(wanted.map((attribute) => ({ attribute })))
  const byName = new Map<string, GetResult>()
  wanted.forEach((attribute, i) => {
    const result = results[i]
    if (result !== undefined) byName.set(keyOf(attribute), result)
  })
  return (attribute) => {
    const result = byName.get(keyOf(attribute))
    return result?.ok === true ? result.data : undefined
  }
}

const keyOf = ({ logicalName, attributeIndex }: AttributeRef): string => `${logicalName}/${attributeIndex}`

/** Keys are per meter, so another one cannot answer; but a meter may have been personalised with the wrong ones. */
function requireSerial(data: CosemData | undefined, serial: string): void {
  if (data === undefined)
    throw new HeadendError('HEADEND_METER_UNREADABLE', 'the meter does not tell its serial number')
  if (textOf(data, 'serial number') !== serial) {
    throw new HeadendError('HEADEND_METER_UNREADABLE', 'the meter that answered has another serial number', { serial })
  }
}

function energyScalers(registers: readonly RegisterValue[]): { importEnergy: number; exportEnergy: number } {
  const scalerOf = (logicalName: string) => {
    const register = registers.find((one) => one.logicalName === logicalName)
    if (register === undefined || energyWhOf(register) === undefined) {
      throw new HeadendError('HEADEND_METER_UNREADABLE', `the meter's register ${logicalName} does not count Wh`)
    }
    return register.scaler
  }
  return { importEnergy: scalerOf(meterNames.importEnergy), exportEnergy: scalerOf(meterNames.exportEnergy) }
}
