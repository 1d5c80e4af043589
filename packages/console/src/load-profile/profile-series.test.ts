import { describe, expect, test } from 'vitest'
import {
  averageW,
  gapsWithin,
  indexAt,
  indexesWithin,
  intervalAt,
  peakPowersW,
  shapeProfile,
} from './profile-series.ts'

const origin = Date.parse('2026-05-12T00:00:00Z')

/** Intervals by their number counted from midnight: `[2, 30]` ended at 00:45 and took 30 Wh. */
const profile = (...values: [slot: number, importWh: number, exportWh?: number][]) => ({
  intervalMinutes: 15,
  intervals: values.map(([slot, importWh, exportWh = 0]) => ({
    endAt: new Date(origin + (slot + 1) * 900_000).toISOString(),
    importWh,
    exportWh,
    status: 0,
  })),
})

const wholeDay = { fromS: origin / 1000, toS: origin / 1000 + 86_400 }

describe('shaping a profile', () => {
  test('nothing gives nothing', () => {
    const series = shapeProfile(profile())
    expect(series.startsS).toEqual([])
    expect(indexesWithin(series, wholeDay)).toEqual({ from: 0, to: 0 })
    expect(gapsWithin(series, wholeDay)).toEqual([])
  })
  test('what is missing in between becomes null, what is missing before and after does not', () => {
    const series = shapeProfile(profile([4, 10], [7, 20]))
    expect(series.importWh).toEqual([10, null, null, 20])
    expect(series.startsS[0]).toBe(origin / 1000 + 4 * 900)
  })
  test('an energy of zero is a value, not a gap', () => {
    expect(shapeProfile(profile([0, 0], [1, 0])).importWh).toEqual([0, 0])
  })
  test('disorder and repetition do no harm: the later value stays', () => {
    expect(shapeProfile(profile([2, 30], [0, 10], [1, 20], [0, 11])).importWh).toEqual([11, 20, 30])
  })
  test('an interval is drawn from its start although it is stamped with its end', () => {
    const series = shapeProfile(profile([0, 5]))
    expect(intervalAt(series, 0)).toEqual({
      fromS: origin / 1000,
      toS: origin / 1000 + 900,
      energy: { importWh: 5, exportWh: 0, status: 0 },
    })
  })
})

describe('looking into a profile', () => {
  const series = shapeProfile(profile([0, 100], [1, 250, 7], [4, 400], [5, 0, 600]))

  test('outside there is nothing', () => {
    expect(indexAt(series, origin / 1000 - 1)).toBeUndefined()
    expect(indexAt(series, origin / 1000 + 6 * 900)).toBeUndefined()
    expect(intervalAt(series, 6)).toBeUndefined()
    expect(intervalAt(series, -1)).toBeUndefined()
  })
  test('an instant belongs to the interval that begins with it', () => {
    expect(indexAt(series, origin / 1000)).toBe(0)
    expect(indexAt(series, origin / 1000 + 899)).toBe(0)
    expect(indexAt(series, origin / 1000 + 900)).toBe(1)
  })
  test('a missing interval says so', () => {
    expect(intervalAt(series, 2)?.energy).toBeNull()
  })
  test('a window takes only whole intervals', () => {
    const startS = origin / 1000
    expect(indexesWithin(series, { fromS: startS + 1, toS: startS + 2 * 900 + 899 })).toEqual({ from: 1, to: 2 })
    expect(indexesWithin(series, { fromS: startS - 1e6, toS: startS + 1e6 })).toEqual({ from: 0, to: 6 })
    expect(indexesWithin(series, { fromS: startS + 1e6, toS: startS + 2e6 })).toEqual({ from: 6, to: 6 })
  })
  test('a gap is one stretch, cut off at the window', () => {
    const startS = origin / 1000
    expect(gapsWithin(series, wholeDay)).toEqual([{ fromS: startS + 1800, toS: startS + 3600 }])
    expect(gapsWithin(series, { fromS: startS, toS: startS + 2700 })).toEqual([
      { fromS: startS + 1800, toS: startS + 2700 },
    ])
  })
  test('peaks are average powers of the window alone', () => {
    expect(averageW(250, 900)).toBe(1000)
    expect(peakPowersW(series, wholeDay)).toEqual({ importW: 1600, exportW: 2400 })
    expect(peakPowersW(series, { fromS: origin / 1000, toS: origin / 1000 + 1800 })).toEqual({
      importW: 1000,
      exportW: 28,
    })
  })
})
