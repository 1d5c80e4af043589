import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { dateTimeOf, emitDateTime, epochMsOf, parseDateTime } from '../cosem/date-time.ts'
import { buildObject } from './build-object.ts'
import type { AccessRefusal, ActionOutcome, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

const neverOctets = new Uint8Array(12).fill(0xff)

/**
 * Class 8: a clock that keeps one deviation and no daylight saving. With `setTime` attribute 2 can be written and
 * `shift_time` (-900..900 s) moves the clock; the other methods are not supported.
 * @source Blue Book ed. 14 §4.5.1
 */
export function clockObject(parts: {
  readonly logicalName?: string
  readonly nowMs: () => number
  /** Minutes from local time to UTC; 0, the default, is a meter that keeps UTC. */
  readonly deviationMinutes?: number
  /** Clock status octet, default 0. */
  readonly status?: () => number
  readonly setTime?: (atMs: number, caller: Caller) => AccessRefusal | undefined | Promise<AccessRefusal | undefined>
}): CosemObject {
  const { setTime } = parts
  const deviationMinutes = parts.deviationMinutes ?? 0
  const status = parts.status ?? (() => 0)
  const writeTime = async (value: CosemData, caller: Caller): Promise<AccessRefusal | undefined> => {
    const octets = value.type === 'octet-string' || value.type === 'date-time' ? value.value : undefined
    if (octets?.length !== 12) return { refused: 'type-unmatched' }
    const atMs = epochMsOf(parseDateTime(octets), deviationMinutes)
    return atMs === undefined ? { refused: 'other-reason' } : setTime?.(atMs, caller)
  }
  const shiftTime = async (parameter: CosemData | undefined, caller: Caller): Promise<ActionOutcome> => {
    if (parameter?.type !== 'long') return { result: 'type-unmatched' }
    if (Math.abs(parameter.value) > 900) return { result: 'other-reason' }
    const refusal = await setTime?.(parts.nowMs() + parameter.value * 1000, caller)
    return { result: refusal === undefined ? 'success' : 'other-reason' }
  }
  const time = () => emitDateTime(dateTimeOf(parts.nowMs(), { deviationMinutes, status: status() }))
  return buildObject({
    interfaceClass: interfaceClasses.clock,
    logicalName: parts.logicalName ?? '0.0.1.0.0.255',
    attributes: {
      2: { read: () => cosem.octetString(time()), write: setTime && writeTime },
      3: { read: () => cosem.long(deviationMinutes) },
      4: { read: () => cosem.unsigned(status()) },
      5: { read: () => cosem.octetString(neverOctets) },
      6: { read: () => cosem.octetString(neverOctets) },
      7: { read: () => cosem.integer(0) },
      8: { read: () => cosem.boolean(false) },
      // Clock base 1: internal crystal.
      9: { read: () => cosem.enumeration(1) },
    },
    methods: { 6: setTime && shiftTime },
  })
}
