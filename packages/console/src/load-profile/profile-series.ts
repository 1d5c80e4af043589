import type { LoadProfile } from '@gridcard/headend/api'

/**
 * A load profile on an even grid of intervals, so that what is missing is visible. Interval `i` covers
 * `startsS[i]` to `startsS[i] + stepS`; null: the head-end has no value for it. The grid runs from the first to the last
 * interval known, so a meter installed yesterday has no month of gaps before it.
 */
export interface ProfileSeries {
  readonly stepS: number
  readonly startsS: readonly number[]
  readonly importWh: readonly (number | null)[]
  readonly exportWh: readonly (number | null)[]
  /** The meter's own status byte, 0 = good. */
  readonly status: readonly (number | null)[]
}

/** Seconds since 1970, as the plot counts. */
export interface TimeWindow {
  readonly fromS: number
  readonly toS: number
}

/** Sorts, aligns and fills; of two values for one interval the later in the list stays. */
export function shapeProfile(profile: Pick<LoadProfile, 'intervalMinutes' | 'intervals'>): ProfileSeries {
  const stepS = profile.intervalMinutes * 60
  const bySlot = new Map<number, LoadProfile['intervals'][number]>()
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const interval of profile.intervals) {
    // The profile stamps an interval with its end; the plot draws it from its start.
    const slot = Math.round(Date.parse(interval.endAt) / 1000 / stepS) - 1
    bySlot.set(slot, interval)
    first = Math.min(first, slot)
    last = Math.max(last, slot)
  }
  const count = bySlot.size === 0 ? 0 : last - first + 1
  const slots = Array.from({ length: count }, (_, index) => bySlot.get(first + index))
  return {
    stepS,
    startsS: slots.map((_, index) => (first + index) * stepS),
    importWh: slots.map((interval) => interval?.importWh ?? null),
    exportWh: slots.map((interval) => interval?.exportWh ?? null),
    status: slots.map((interval) => interval?.status ?? null),
  }
}

/** Average power over an interval. */
export const averageW = (energyWh: number, stepS: number): number => (energyWh * 3600) / stepS

/** Index range `[from, to)` of the intervals that lie wholly inside the window. */
export function indexesWithin(series: ProfileSeries, window: TimeWindow): { from: number; to: number } {
  const origin = series.startsS[0]
  if (origin === undefined) return { from: 0, to: 0 }
  const clamp = (index: number) => Math.min(Math.max(index, 0), series.startsS.length)
  const from = clamp(Math.ceil((window.fromS - origin) / series.stepS))
  return { from, to: Math.max(from, clamp(Math.floor((window.toS - origin) / series.stepS))) }
}

/** The interval at an instant; undefined outside the series. */
export function indexAt(series: ProfileSeries, atS: number): number | undefined {
  const origin = series.startsS[0]
  if (origin === undefined) return undefined
  const index = Math.floor((atS - origin) / series.stepS)
  return index >= 0 && index < series.startsS.length ? index : undefined
}

export interface IntervalReading {
  readonly fromS: number
  readonly toS: number
  /** null: missing. */
  readonly energy: { readonly importWh: number; readonly exportWh: number; readonly status: number } | null
}

export function intervalAt(series: ProfileSeries, index: number): IntervalReading | undefined {
  const fromS = series.startsS[index]
  if (fromS === undefined) return undefined
  const importWh = series.importWh[index] ?? null
  const exportWh = series.exportWh[index] ?? null
  const energy =
    importWh === null || exportWh === null ? null : { importWh, exportWh, status: series.status[index] ?? 0 }
  return { fromS, toS: fromS + series.stepS, energy }
}

/** Missing stretches inside the window, each as long as it can be. */
export function gapsWithin(series: ProfileSeries, window: TimeWindow): TimeWindow[] {
  const gaps: TimeWindow[] = []
  const { from, to } = indexesWithin(series, window)
  let openedS: number | undefined
  for (let index = from; index <= to; index++) {
    const startS = series.startsS[index] ?? (series.startsS[0] ?? 0) + index * series.stepS
    const isMissing = index < to && series.importWh[index] === null
    if (isMissing) openedS ??= startS
    else if (openedS !== undefined) {
      gaps.push({ fromS: openedS, toS: startS })
      openedS = undefined
    }
  }
  return gaps
}

/** Largest average powers inside the window, for the vertical scale. */
export function peakPowersW(series: ProfileSeries, window: TimeWindow): { importW: number; exportW: number } {
  const { from, to } = indexesWithin(series, window)
  let importWh = 0
  let exportWh = 0
  for (let index = from; index < to; index++) {
    importWh = Math.max(importWh, series.importWh[index] ?? 0)
    exportWh = Math.max(exportWh, series.exportWh[index] ?? 0)
  }
  return { importW: averageW(importWh, series.stepS), exportW: averageW(exportWh, series.stepS) }
}
