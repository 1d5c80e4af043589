import { describe, expect, test } from 'vitest'
import { energyQuantity, formatColumnKwh, formatEnergy, formatFigure, formatRegisterKwh } from './energy.ts'

const plain = (text: string) => text.replaceAll(/[\u202f\u00a0]/g, ' ').replaceAll('\u2212', '-')

describe('figures', () => {
  test('a value that rounds to zero carries no minus sign', () => {
    expect(formatFigure(-0.0004, 3)).toBe('0.000')
  })
  test('thousands are grouped with a thin space, decimals are not', () => {
    expect(formatFigure(1234567.8912, 4)).toBe('1\u202f234\u202f567.8912')
    expect(formatFigure(999, 0)).toBe('999')
    expect(formatFigure(-1000, 0)).toBe('\u22121\u202f000')
  })
})

describe('energy', () => {
  test('a register shows every Wh', () => {
    expect(plain(formatRegisterKwh(12_345_678))).toBe('12 345.678')
    expect(formatRegisterKwh(1)).toBe('0.001')
  })
  test('a column keeps one decimal for every row', () => {
    expect([0, 49, 50, 12_345_678].map((wh) => plain(formatColumnKwh(wh)))).toEqual(['0.0', '0.0', '0.1', '12 345.7'])
  })
  test('a sum loses digits as it grows', () => {
    const sums = [0, 412, 9_999, 10_000, 142_640, 999_940, 1_000_000, 12_345_678, 123_456_789]
    expect(sums.map((wh) => plain(formatEnergy(wh)))).toEqual([
      '0.0 kWh',
      '0.41 kWh',
      '10.00 kWh',
      '10.0 kWh',
      '142.6 kWh',
      '999.9 kWh',
      '1 000 kWh',
      '12 346 kWh',
      '123.46 MWh',
    ])
  })
  test('figure and unit come apart for headings', () => {
    expect(energyQuantity(38_120)).toEqual({ figure: '38.1', unit: 'kWh' })
  })
})
