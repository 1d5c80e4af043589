import { describe, expect, test } from 'vitest'
import { createTimeFormat } from '../format/time.ts'
import { axisPowers, axisTimes, plotColumns, verticalScale } from './plot-drawing.ts'
import { shapeProfile } from './profile-series.ts'

const originS = Date.parse('2026-05-12T00:00:00Z') / 1000
const series = shapeProfile({
  intervalMinutes: 15,
  intervals: [
    { endAt: '2026-05-12T00:15:00Z', importWh: 250, exportWh: 0, status: 0 },
    { endAt: '2026-05-12T00:45:00Z', importWh: 0, exportWh: 500, status: 0 },
  ],
})
const window = { fromS: originS, toS: originS + 3600 }

describe('the columns of the plot', () => {
  test('are average powers in kW, export below zero, gaps empty', () => {
    const [starts, imports, exports] = plotColumns(series)
    expect(starts).toEqual([originS, originS + 900, originS + 1800])
    expect(imports).toEqual([1, null, 0])
    expect(exports).toEqual([0, null, -2])
  })
})

describe('the vertical scale', () => {
  test('makes room below zero only when something was exported', () => {
    expect(verticalScale(series, { fromS: originS, toS: originS + 900 }).min).toBe(0)
    expect(verticalScale(series, window).min).toBeLessThan(-2)
  })
  test('does not blow up an idle home', () => {
    expect(verticalScale(series, { fromS: originS - 7200, toS: originS - 3600 })).toEqual({ min: 0, max: 0.2 })
  })
})

describe('axis labels', () => {
  const utc = createTimeFormat('UTC')
  test('name the day where a new one begins', () => {
    expect(axisTimes([originS - 7200, originS, originS + 7200], 7200, utc)).toEqual(['22:00', '12 May', '02:00'])
  })
  test('name only days along a month', () => {
    expect(axisTimes([originS + 7200], 86_400, utc)).toEqual(['12 May'])
  })
  test('show export without its sign and as many digits as needed', () => {
    expect(axisPowers([-2, 0, 2])).toEqual(['2', '0', '2'])
    expect(axisPowers([-0.5, 0, 0.5])).toEqual(['0.5', '0.0', '0.5'])
    expect(axisPowers([0, 0.05, 0.1])).toEqual(['0.00', '0.05', '0.10'])
  })
})
