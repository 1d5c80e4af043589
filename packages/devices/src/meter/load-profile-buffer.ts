import { type CosemData, cosem, dateTimeOf, emitDateTime, type ProfileBuffer, type ProfileEntry } from '@gridcard/dlms'
import { capturePeriodMs, type Metrology } from '../metrology/metrology.ts'

/** A clock column: the 12 octets of an instant, in UTC. */
export function clockData(atMs: number): CosemData {
  return cosem.octetString(emitDateTime(dateTimeOf(atMs)))
}

/** Load profile 1 out of the metrology; the columns are those that `meterObjects` announces, in that order. */
export function loadProfileBuffer(metrology: Metrology, nowMs: () => number): ProfileBuffer {
  const entries = (firstMs: number, lastMs: number): ProfileEntry[] => {
    const rows: ProfileEntry[] = []
    for (let atMs = firstMs; atMs <= lastMs; atMs += capturePeriodMs) {
      const { status, importWh, exportWh } = metrology.readingAt(atMs)
      rows.push([
        clockData(atMs),
        cosem.unsigned(status),
        cosem.doubleLongUnsigned(importWh),
        cosem.doubleLongUnsigned(exportWh),
      ])
    }
    return rows
  }
  return {
    entriesInUse() {
      const window = metrology.captured(nowMs())
      return window === undefined ? 0 : (window.lastMs - window.firstMs) / capturePeriodMs + 1
    },
    byEntry(first, last) {
      const window = metrology.captured(nowMs())
      if (window === undefined) return []
      return entries(window.firstMs + (first - 1) * capturePeriodMs, window.firstMs + (last - 1) * capturePeriodMs)
    },
    byTime(fromMs, toMs) {
      const window = metrology.captured(nowMs())
      if (window === undefined) return []
      const firstMs = Math.max(window.firstMs, Math.ceil(fromMs / capturePeriodMs) * capturePeriodMs)
      return entries(firstMs, Math.min(window.lastMs, toMs))
    },
  }
}
