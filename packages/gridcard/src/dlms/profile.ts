import {
  type AttributeRef,
  type CaptureObject,
  type CosemData,
  captureObjectOf,
  DlmsError,
  dateTimeOf,
  emitDateTime,
  epochMsOf,
  numberOf,
  parseDateTime,
  type ScalerUnit,
  scalerUnitOf,
  selectEntries,
  selectRange,
  units,
} from '@gridcard/dlms'
import { LauncherError } from '../errors.ts'
import { exitCodes } from '../exit-code.ts'
import { parseClientOptions, type RawClientOptions } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import type { MeterClient } from './meter-client.ts'
import { progressLine } from './progress-line.ts'
import { scalerAttribute } from './read.ts'
import { className, parseLogicalName, spelled } from './reference.ts'
import { withSession } from './session.ts'
import { csvLine, tableLines } from './table.ts'
import { requireTime } from './time-option.ts'
import { toJson } from './value-json.ts'
import { dateTimeText, decimalText, valueText } from './value-text.ts'

export interface RawProfileOptions extends RawClientOptions {
  readonly from?: string
  readonly to?: string
  readonly csv?: true
}

interface Column {
  readonly object: CaptureObject
  readonly scalerUnit: ScalerUnit | undefined
  readonly isClock: boolean
}

interface Profile {
  readonly logicalName: string
  readonly capturePeriodSeconds: number
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly CosemData[])[]
}

/** Rows asked for at once: two days of quarter hours, so that progress is seen and no answer grows without bound. */
const ROWS_PER_REQUEST = 192
const DEFAULT_PROFILE = '1.0.99.1.0.255'

/** `gridcard dlms profile`: a load profile or log as table, CSV or JSON. */
export async function profile(
  target: string,
  name: string | undefined,
  raw: RawProfileOptions,
  io: CommandIo,
): Promise<number> {
  const options = parseClientOptions(target, raw)
  if (raw.csv && raw.json) throw new LauncherError('GRIDCARD_BAD_OPTION', '--csv and --json contradict each other')
  const logicalName = parseLogicalName(name ?? DEFAULT_PROFILE)
  const nowMs = Date.now()
  const fromMs = raw.from === undefined ? undefined : requireTime('--from', raw.from, nowMs)
  const toMs = raw.to === undefined ? undefined : requireTime('--to', raw.to, nowMs)
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', '--from is later than --to')
  }
  const found = await withSession(options, io, async ({ client, receivedBytes }) => {
    const progress = progressLine(io, `Reading ${logicalName}`)
    try {
      return await readProfile(client, logicalName, { fromMs, toMs }, (rows, total) =>
        progress.show(`${rows}${total === undefined ? '' : ` of about ${total}`} rows, ${kilobytes(receivedBytes())}`),
      )
    } finally {
      progress.end()
    }
  })
  if (options.json) io.out(`${JSON.stringify(profileJson(found))}\n`)
  else if (raw.csv) for (const line of csvLines(found)) io.out(line)
  else for (const line of profileLines(found, io.columns)) io.out(`${line}\n`)
  return exitCodes.done
}

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} kB`

interface Period {
  readonly fromMs: number | undefined
  readonly toMs: number | undefined
}

async function readProfile(
  client: MeterClient,
  logicalName: string,
  period: Period,
  onProgress: (rows: number, total: number | undefined) => void,
): Promise<Profile> {
  const profileAttribute = (attributeIndex: number) => ({ classId: 7, logicalName, attributeIndex })
  const captured = await client.get(profileAttribute(3))
  const columns = await columnsOf(client, captured)
  const clockAt = columns.findIndex(({ isClock }) => isClock)
  const [periodResult, inUse] = await client.getWithList([
    { attribute: profileAttribute(4) },
    { attribute: profileAttribute(7) },
  ])
  const capturePeriodSeconds = (periodResult?.ok ? numberOf(periodResult.data) : undefined) ?? 0
  const entries = inUse?.ok ? numberOf(inUse.data) : undefined
  const buffer = profileAttribute(2)
  const rows: (readonly CosemData[])[] = []
  const asked = period.fromMs !== undefined || period.toMs !== undefined
  if (clockAt < 0 && asked) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', `${logicalName} has no clock column, so --from and --to say nothing`)
  }
  if (clockAt < 0 || (!asked && entries !== undefined && entries <= ROWS_PER_REQUEST)) {
    rows.push(...rowsOf(await client.get(buffer), columns.length))
  } else {
    const clockLogicalName = columns[clockAt]!.object.logicalName
    const range = (fromMs: number, toMs: number) => selectRange({ fromMs, toMs, clockLogicalName })
    const whole = await boundsOf(client, buffer, period, { clockAt, capturePeriodSeconds, entries })
    const stepMs = capturePeriodSeconds * 1000 * ROWS_PER_REQUEST
    const total =
      capturePeriodSeconds > 0 ? Math.ceil((whole.toMs - whole.fromMs + 1) / (capturePeriodSeconds * 1000)) : undefined
    for (let fromMs = whole.fromMs; fromMs <= whole.toMs; ) {
      // Both ends of a range are included; times have hundredths of a second.
      const toMs = stepMs === 0 ? whole.toMs : Math.min(whole.toMs, fromMs + stepMs - 10)
      rows.push(...rowsOf(await client.get(buffer, range(fromMs, toMs)), columns.length))
      onProgress(rows.length, total)
      fromMs = toMs + 10
    }
  }
  return { logicalName, capturePeriodSeconds, columns, rows: filledIn(rows, columns, capturePeriodSeconds) }
}

/** From the oldest entry where no begin is asked for, to the newest where no end is. */
async function boundsOf(
  client: MeterClient,
  buffer: AttributeRef,
  { fromMs, toMs }: Period,
  known: { clockAt: number; capturePeriodSeconds: number; entries: number | undefined },
): Promise<{ fromMs: number; toMs: number }> {
  const last = toMs ?? (await clockOfMeter(client))
  if (fromMs !== undefined) return { fromMs, toMs: Math.max(last, fromMs) }
  const oldest = await oldestMs(client, buffer, known)
  return { fromMs: oldest ?? Date.UTC(2000, 0, 1), toMs: last }
}

/** A little later than now: an entry can be captured while we read. */
async function clockOfMeter(client: MeterClient): Promise<number> {
  const [result] = await client.getWithList([
    { attribute: { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2 } },
  ])
  return (result?.ok ? atMsOf(result.data) : undefined) ?? Date.now()
}

async function oldestMs(
  client: MeterClient,
  buffer: AttributeRef,
  { clockAt, entries }: { clockAt: number; entries: number | undefined },
): Promise<number | undefined> {
  if (entries === 0) return undefined
  try {
    const [row] = rowsOf(await client.get(buffer, selectEntries({ first: 1, last: 1 })), clockAt + 1)
    return row?.[clockAt] && atMsOf(row[clockAt])
  } catch (error) {
    // Not every meter has access by entry.
    if (error instanceof DlmsError && error.code === 'DLMS_ACCESS_REFUSED') return undefined
    throw error
  }
}

async function columnsOf(client: MeterClient, captured: CosemData): Promise<Column[]> {
  const objects = captured.type === 'array' ? captured.value.map(captureObjectOf) : []
  if (objects.length === 0 || objects.some((object) => object === undefined)) {
    throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'the columns of the profile cannot be understood')
  }
  const known = objects as CaptureObject[]
  const scalers = known.map((object) => (object.dataIndex === 0 ? scalerAttribute(object) : undefined))
  const wanted = scalers.flatMap((attribute) => (attribute === undefined ? [] : [{ attribute }]))
  const results = wanted.length === 0 ? [] : await client.getWithList(wanted)
  let next = 0
  return known.map((object, i) => {
    const result = scalers[i] === undefined ? undefined : results[next++]
    return {
      object,
      scalerUnit: result?.ok ? scalerUnitOf(result.data) : undefined,
      isClock: object.classId === 8 && object.attributeIndex === 2,
    }
  })
}

function rowsOf(data: CosemData, columnCount: number): (readonly CosemData[])[] {
  const elements = data.type === 'array' || data.type === 'compact-array' ? data.value : undefined
  const rows = elements?.map((row) => (row.type === 'structure' ? row.value : undefined))
  if (rows === undefined || rows.some((row) => row === undefined || row.length < columnCount)) {
    throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'the rows of the profile do not fit its columns')
  }
  return rows as (readonly CosemData[])[]
}

/** null-data in a row says "as before", and for the clock "one period later". @source Blue Book ed. 14 §4.3.6.2.2 */
function filledIn(
  rows: readonly (readonly CosemData[])[],
  columns: readonly Column[],
  capturePeriodSeconds: number,
): (readonly CosemData[])[] {
  let before: readonly CosemData[] | undefined
  return rows.map((row) => {
    const filled = row.map((cell, i) => {
      const last = before?.[i]
      if (cell.type !== 'null-data' || last === undefined) return cell
      return columns[i]?.isClock ? later(last, capturePeriodSeconds) : last
    })
    before = filled
    return filled
  })
}

function later(last: CosemData, seconds: number): CosemData {
  const atMs = atMsOf(last)
  if (atMs === undefined || !('value' in last) || !(last.value instanceof Uint8Array)) return last
  const { deviationMinutes } = parseDateTime(last.value)
  const octets = emitDateTime(dateTimeOf(atMs + seconds * 1000, { deviationMinutes: deviationMinutes ?? 0 }))
  return { type: 'octet-string', value: octets }
}

function atMsOf(data: CosemData): number | undefined {
  const octets = data.type === 'octet-string' || data.type === 'date-time' ? data.value : undefined
  return octets?.length === 12 ? epochMsOf(parseDateTime(octets), 0) : undefined
}

// ---- out

const columnName = ({ object, isClock }: Column): string => (isClock ? 'time' : nameOf(object))

/** `1.0.1.8.0.255`, with the attribute where it is not the value. */
function nameOf({ logicalName, attributeIndex, dataIndex }: CaptureObject): string {
  return `${logicalName}${attributeIndex === 2 ? '' : `/${attributeIndex}`}${dataIndex === 0 ? '' : `[${dataIndex}]`}`
}

const unitOf = ({ scalerUnit }: Column): string =>
  scalerUnit === undefined ? '' : (units[scalerUnit.unit]?.symbol ?? `unit ${scalerUnit.unit}`)

function cellText(data: CosemData | undefined, { scalerUnit, isClock }: Column): string {
  if (data === undefined || data.type === 'null-data') return ''
  if (isClock && data.type === 'octet-string') return dateTimeText(data.value)
  const isNumber = 'value' in data && (typeof data.value === 'number' || typeof data.value === 'bigint')
  return isNumber && scalerUnit !== undefined ? decimalText(String(data.value), scalerUnit.scaler) : valueText(data)
}

function profileJson({ logicalName, capturePeriodSeconds, columns, rows }: Profile) {
  return {
    logicalName,
    capturePeriodSeconds,
    columns: columns.map((column) => ({
      ...column.object,
      name: columnName(column),
      class: spelled(className(column.object.classId)),
      ...(column.scalerUnit && { scaler: column.scalerUnit.scaler, unit: unitOf(column) }),
    })),
    rows: rows.map((row) =>
      columns.map((column, i) => (column.isClock ? cellText(row[i], column) : toJson(row[i] ?? { type: 'null-data' }))),
    ),
  }
}

function csvLines({ columns, rows }: Profile): string[] {
  const heading = columns.map((column) => {
    const unit = unitOf(column)
    return unit === '' ? columnName(column) : `${columnName(column)} (${unit})`
  })
  return [csvLine(heading), ...rows.map((row) => csvLine(columns.map((column, i) => cellText(row[i], column))))]
}

function profileLines({ logicalName, capturePeriodSeconds, columns, rows }: Profile, width: number): string[] {
  const period = capturePeriodSeconds === 0 ? 'captured on events' : `every ${capturePeriodSeconds} s`
  const count = `${rows.length === 1 ? '1 row' : `${rows.length} rows`}, ${period}`
  if (rows.length === 0) return [`${logicalName}: ${count}`]
  const cells = rows.map((row) => columns.map((column, i) => cellText(row[i], column)))
  const right = columns.flatMap(({ isClock }, i) => (isClock ? [] : [i]))
  const table = tableLines([columns.map(columnName), columns.map(unitOf), ...cells], { right })
  if (table.every((line) => line.length <= width)) return [`${logicalName}: ${count}`, '', ...table]
  // Too wide for a table: one value a line.
  const labels = columns.map((column) => [columnName(column), unitOf(column)])
  const records = cells.flatMap((row) => [
    '',
    ...tableLines(row.map((cell, i) => [labels[i]![0]!, `${cell}${labels[i]![1] === '' ? '' : ` ${labels[i]![1]}`}`])),
  ])
  return [`${logicalName}: ${count}`, ...records]
}
