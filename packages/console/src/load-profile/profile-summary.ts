import { formatEnergy } from '../format/energy.ts'
import { formatPower } from '../format/power.ts'
import { countOf, formatDuration, type TimeFormat } from '../format/time.ts'
import { averageW, gapsWithin, indexesWithin, type ProfileSeries, type TimeWindow } from './profile-series.ts'

export interface ProfileSummary {
  readonly intervals: number
  readonly importWh: number
  readonly exportWh: number
  readonly peak: { readonly atS: number; readonly powerW: number } | undefined
  readonly gaps: number
  readonly missingS: number
  /** Intervals the meter itself marked. */
  readonly flagged: number
}

export function summarise(series: ProfileSeries, window: TimeWindow): ProfileSummary {
  const { from, to } = indexesWithin(series, window)
  let intervals = 0
  let importWh = 0
  let exportWh = 0
  let flagged = 0
  let peakIndex: number | undefined
  for (let index = from; index < to; index++) {
    const importedWh = series.importWh[index] ?? null
    if (importedWh === null) continue
    intervals += 1
    importWh += importedWh
    exportWh += series.exportWh[index] ?? 0
    if ((series.status[index] ?? 0) !== 0) flagged += 1
    if (importedWh > 0 && importedWh > (series.importWh[peakIndex ?? -1] ?? 0)) peakIndex = index
  }
  const gaps = gapsWithin(series, window)
  return {
    intervals,
    importWh,
    exportWh,
    flagged,
    gaps: gaps.length,
    missingS: gaps.reduce((sumS, gap) => sumS + gap.toS - gap.fromS, 0),
    peak: peakIndex === undefined ? undefined : peakOf(series, peakIndex),
  }
}

const peakOf = (series: ProfileSeries, index: number) => ({
  atS: series.startsS[index] ?? 0,
  powerW: averageW(series.importWh[index] ?? 0, series.stepS),
})

/** The plot in words: sentences, each of which stands alone. */
export function describeProfile(summary: ProfileSummary, time: TimeFormat): string[] {
  if (summary.intervals === 0) return ['No values in this time.']
  const sentences = [`${formatEnergy(summary.importWh)} imported, ${formatEnergy(summary.exportWh)} exported.`]
  if (summary.peak !== undefined) {
    const { atS, powerW } = summary.peak
    sentences.push(`Highest import ${formatPower(powerW)} on ${time.day(atS * 1000)} at ${time.clock(atS * 1000)}.`)
  }
  if (summary.gaps === 0) sentences.push('No gaps.')
  else sentences.push(`${countOf(summary.gaps, 'gap')}, ${formatDuration(summary.missingS * 1000)} missing.`)
  if (summary.flagged > 0) sentences.push(`${countOf(summary.flagged, 'value')} flagged by the meter.`)
  return sentences
}

export interface ProfileRow {
  readonly fromS: number
  /** `day`: a local day's sum; `interval`: one value. */
  readonly kind: 'day' | 'interval'
  readonly importWh: number
  readonly exportWh: number
  /** Intervals without a value in this row. */
  readonly missing: number
}

const LONGEST_IN_DETAIL_S = 2 * 86_400

/** The plot as a table, newest first: single values up to two days, sums of local days beyond. */
export function tabulate(series: ProfileSeries, window: TimeWindow, time: TimeFormat): ProfileRow[] {
  const isDetailed = window.toS - window.fromS <= LONGEST_IN_DETAIL_S
  const rows = new Map<string, ProfileRow>()
  const { from, to } = indexesWithin(series, window)
  for (let index = from; index < to; index++) {
    const fromS = series.startsS[index] ?? 0
    const key = isDetailed ? String(fromS) : time.dayKey(fromS * 1000)
    const sum = rows.get(key) ?? { fromS, kind: isDetailed ? 'interval' : 'day', importWh: 0, exportWh: 0, missing: 0 }
    const importWh = series.importWh[index] ?? null
    rows.set(key, {
      ...sum,
      importWh: sum.importWh + (importWh ?? 0),
      exportWh: sum.exportWh + (series.exportWh[index] ?? 0),
      missing: sum.missing + (importWh === null ? 1 : 0),
    })
  }
  return [...rows.values()].reverse()
}
