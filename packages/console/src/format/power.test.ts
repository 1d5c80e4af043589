import { describe, expect, test } from 'vitest'
import { describePower, formatColumnKw, formatPower, powerLabel } from './power.ts'

const plain = (text: string) => text.replaceAll(/[\u202f\u00a0]/g, ' ').replaceAll('\u2212', '-')

describe('power', () => {
  test('turns to kilowatts at one thousand watts, in both directions', () => {
    expect([0, 7, 999, 1000, 12_345, -999, -2_310].map((w) => plain(formatPower(w)))).toEqual([
      '0 W',
      '7 W',
      '999 W',
      '1.00 kW',
      '12.35 kW',
      '-999 W',
      '-2.31 kW',
    ])
  })
  test('a column keeps kilowatts for every row', () => {
    expect([0, 7, 12_345, -2_310].map((w) => plain(formatColumnKw(w)))).toEqual(['0.00', '0.01', '12.35', '-2.31'])
  })
  test('a reading from before the switch opened is not called the present', () => {
    expect(powerLabel({ powerW: 400, switchState: 'disconnected' })).toBe('Drawing when last read')
    expect(powerLabel({ powerW: 0, switchState: 'disconnected' })).toBe('Drawing')
    expect(powerLabel({ powerW: -400, switchState: 'connected' })).toBe('Feeding in')
    expect(powerLabel({ powerW: null, switchState: null })).toBe('Drawing')
  })
  test('words say which way the energy goes', () => {
    expect([0, 412, -2_310].map((w) => plain(describePower(w)))).toEqual([
      'drawing nothing',
      'drawing 412 W',
      'feeding in 2.31 kW',
    ])
  })
})
