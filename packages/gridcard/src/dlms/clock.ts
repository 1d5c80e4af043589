import { type CosemData, cosem, DlmsError, dateTimeOf, emitDateTime, epochMsOf, parseDateTime } from '@gridcard/dlms'
import { exitCodes } from '../exit-code.ts'
import { parseClientOptions, type RawClientOptions } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import { parseLogicalName } from './reference.ts'
import { withSession } from './session.ts'
import { tableLines } from './table.ts'
import { requireTime } from './time-option.ts'
import { dateTimeText } from './value-text.ts'

export interface RawClockOptions extends RawClientOptions {
  readonly set?: string
  readonly object?: string
}

/** `gridcard dlms clock`: the meter's time beside ours; with --set it is written and read again. */
export async function clock(target: string, raw: RawClockOptions, io: CommandIo): Promise<number> {
  const options = parseClientOptions(target, raw)
  const logicalName = raw.object === undefined ? '0.0.1.0.0.255' : parseLogicalName(raw.object)
  const { set } = raw
  if (set !== undefined) requireTime('--set', set, 0)
  const time = { classId: 8, logicalName, attributeIndex: 2 }
  const seen = await withSession(options, io, async ({ client }) => {
    if (set !== undefined) {
      // Asked again here: `now` is when it is sent.
      const before = parseTimeOf(await client.get(time))
      const deviationMinutes = before.time.deviationMinutes ?? 0
      const octets = emitDateTime(dateTimeOf(requireTime('--set', set, Date.now()), { deviationMinutes }))
      await client.set(time, cosem.octetString(octets))
    }
    const sentMs = Date.now()
    const read = parseTimeOf(await client.get(time))
    // The meter looked at its clock about half-way.
    return { ...read, ourMs: (sentMs + Date.now()) / 2 }
  })
  const meterMs = epochMsOf(seen.time)
  const aheadMs = meterMs === undefined ? undefined : Math.round(meterMs - seen.ourMs)
  if (options.json) {
    const { status, deviationMinutes } = seen.time
    const told = { time: dateTimeText(seen.octets), atMs: meterMs ?? null, deviationMinutes, status, aheadMs }
    io.out(`${JSON.stringify({ logicalName, ...told, wasSet: set !== undefined })}\n`)
    return exitCodes.done
  }
  const rows = [
    [set === undefined ? 'Meter' : 'Meter, set', dateTimeText(seen.octets)],
    ['This computer', new Date(seen.ourMs).toISOString().replace(/\.\d+Z$/, 'Z')],
    [
      'Difference',
      aheadMs === undefined ? 'cannot be told, the meter leaves its offset open' : differenceText(aheadMs),
    ],
  ]
  for (const line of tableLines(rows)) io.out(`${line}\n`)
  return exitCodes.done
}

function parseTimeOf(data: CosemData) {
  const octets = data.type === 'octet-string' || data.type === 'date-time' ? data.value : undefined
  if (octets?.length !== 12) throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'the clock holds no date and time')
  return { octets, time: parseDateTime(octets) }
}

function differenceText(aheadMs: number): string {
  const seconds = Math.abs(aheadMs) / 1000
  if (seconds < 0.05) return 'none'
  const direction = aheadMs > 0 ? 'ahead' : 'behind'
  if (seconds < 120) return `${seconds.toFixed(1)} s ${direction}`
  const minutes = Math.round(seconds / 60)
  const days = Math.floor(minutes / 1440)
  const clockText = `${Math.floor((minutes % 1440) / 60)} h ${minutes % 60} min`
  return `${days > 0 ? `${days} d ` : ''}${clockText} ${direction}`
}
