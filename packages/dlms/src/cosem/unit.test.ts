import { expect, test } from 'vitest'
import { cosem } from './cosem-data.ts'
import { numberOf, scalerUnitData, scalerUnitOf, units } from './unit.ts'

test('refuses what is no scaler_unit', () => {
  expect(scalerUnitOf(cosem.nullData)).toBeUndefined()
  expect(scalerUnitOf(cosem.structure(cosem.integer(0)))).toBeUndefined()
  expect(scalerUnitOf(cosem.structure(cosem.unsigned(0), cosem.enumeration(30)))).toBeUndefined()
})

test('scaler and unit come back as they went in', () => {
  expect(scalerUnitOf(scalerUnitData({ scaler: -1, unit: 35 }))).toEqual({ scaler: -1, unit: 35 })
})

test('the units of electricity have their codes', () => {
  expect([27, 30, 32, 33, 35, 44].map((code) => units[code]?.symbol)).toEqual(['W', 'Wh', 'varh', 'A', 'V', 'Hz'])
})

test('a number beyond 2^53 is not rounded but refused', () => {
  expect(numberOf(cosem.long64Unsigned(2n ** 53n))).toBeUndefined()
  expect(numberOf(cosem.long64(-5n))).toBe(-5)
  expect(numberOf(cosem.unsigned(5))).toBe(5)
  expect(numberOf(cosem.visibleString('5'))).toBeUndefined()
  expect(numberOf(cosem.nullData)).toBeUndefined()
})
