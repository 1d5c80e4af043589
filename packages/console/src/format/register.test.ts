import { expect, test } from 'vitest'
import { orderRegisters, registerQuantity } from './register.ts'

test('each unit is shown the way people read it', () => {
  const shown = (value: number, unit: string) => {
    const { figure, unit: shownUnit } = registerQuantity({ value, unit })
    return `${figure} ${shownUnit}`.replaceAll(/[\u202f\u00a0]/g, ' ')
  }
  expect(shown(12_345_678, 'Wh')).toBe('12 345.678 kWh')
  expect(shown(412, 'W')).toBe('412 W')
  expect(shown(4120, 'W')).toBe('4.12 kW')
  expect(shown(230.1, 'V')).toBe('230.1 V')
  expect(shown(230, 'V')).toBe('230.0 V')
  expect(shown(49.98, 'Hz')).toBe('49.98 Hz')
  expect(shown(3, '')).toBe('3 ')
  expect(shown(1 / 3, 'A')).toBe('0.333 A')
})

test('energies come first, and an unknown unit last', () => {
  const units = ['W', 'Hz', 'V', 'Wh', 'W'].map((unit, position) => ({ unit, position }))
  expect(orderRegisters(units).map(({ unit, position }) => `${unit}${position}`)).toEqual([
    'Wh3',
    'W0',
    'W4',
    'V2',
    'Hz1',
  ])
})
