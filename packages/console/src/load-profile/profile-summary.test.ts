import { describe, expect, test } from 'vitest'
import { createTimeFormat } from '../format/time.ts'
import { shapeProfile } from './profile-series.ts'
import { describeProfile, summarise, tabulate } from './profile-summary.ts'

const originS = Date.parse('2026-05-12T00:00:00Z') / 1000
const utc = createTimeFormat('UTC')

/** Two days of 100 Wh import and 10 Wh export a quarter of an hour, with the given changes by slot. */
function seriesOfTwoDays(changes: Record<number, Partial<{ importWh: number; status: number }> | undefined> = {}) {
  const slots = Array.from({ length: 192 }, (_, slot) => slot).filter(
    (slot) => !(slot in changes) || changes[slot] !== undefined,
  )
  return shapeProfile({
    intervalMinutes: 15,
    intervals: slots.map((slot) => ({
      endAt: new Date((originS + (slot + 1) * 900) * 1000).toISOString(),
      importWh: 100,
      exportWh: 10,
      status: 0,
      ...changes[slot],
    })),
  })
}

const twoDays = { fromS: originS, toS: originS + 2 * 86_400 }
const plain = (sentences: string[]) => sentences.join(' ').replaceAll(/[\u202f\u00a0]/g, ' ')

describe('a profile in words', () => {
  test('without a value says just that', () => {
    const series = seriesOfTwoDays()
    const nothing = summarise(series, { fromS: originS - 86_400, toS: originS })
    expect(describeProfile(nothing, utc)).toEqual(['No values in this time.'])
  })
  test('names sums, the peak and its time, gaps and flags', () => {
    const series = seriesOfTwoDays({
      74: { importWh: 1025 },
      100: undefined,
      101: undefined,
      110: undefined,
      5: { status: 8 },
    })
    expect(plain(describeProfile(summarise(series, twoDays), utc))).toBe(
      '19.8 kWh imported, 1.89 kWh exported. Highest import 4.10 kW on Tue 12 May at 18:30. 2 gaps, 45 min missing. 1 value flagged by the meter.',
    )
  })
  test('says that nothing is missing', () => {
    expect(plain(describeProfile(summarise(seriesOfTwoDays(), twoDays), utc))).toContain('No gaps.')
  })
  test('a home that only feeds in has no peak', () => {
    const series = shapeProfile({
      intervalMinutes: 15,
      intervals: [{ endAt: new Date((originS + 900) * 1000).toISOString(), importWh: 0, exportWh: 500, status: 0 }],
    })
    expect(summarise(series, twoDays).peak).toBeUndefined()
  })
})

describe('a profile as a table', () => {
  test('shows single values up to two days, newest first, gaps marked', () => {
    const rows = tabulate(seriesOfTwoDays({ 190: undefined }), twoDays, utc)
    expect(rows.length).toBe(192)
    expect(rows.slice(0, 2)).toEqual([
      { fromS: originS + 191 * 900, kind: 'interval', importWh: 100, exportWh: 10, missing: 0 },
      { fromS: originS + 190 * 900, kind: 'interval', importWh: 0, exportWh: 0, missing: 1 },
    ])
  })
  test('sums the days of the viewer’s zone beyond that', () => {
    const window = { fromS: originS - 86_400, toS: twoDays.toS }
    const sums = (zone: string) =>
      tabulate(seriesOfTwoDays({ 100: undefined }), window, createTimeFormat(zone)).map((row) => [
        row.importWh,
        row.missing,
      ])
    expect(sums('UTC')).toEqual([
      [9500, 1],
      [9600, 0],
    ])
    expect(sums('Europe/Berlin')).toEqual([
      [800, 0],
      [9500, 1],
      [8800, 0],
    ])
  })
})
