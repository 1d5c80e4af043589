import { fromHex } from '@gridcard/bytes'
import { type CosemData, cosem } from '@gridcard/dlms'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeadendError } from '../errors.ts'
import {
  cardFactsOf,
  energyWhOf,
  logEntriesOf,
  profileColumnsOf,
  profileRowsOf,
  registerOf,
  switchStateOf,
  textOf,
  timeOf,
} from './meter-values.ts'

const { structure, octetString, unsigned, doubleLongUnsigned, integer, enumeration, longUnsigned, array } = cosem
const scalerUnit = (scaler: number, unit: number) => structure(integer(scaler), enumeration(unit))
// 15 June 2026, a Monday, 12:00:00.00, deviation 0, status 0.
const noon = octetString(fromHex('07EA 06 0F 01 0C 00 00 00 0000 00'))
const noonMs = Date.UTC(2026, 5, 15, 12)

const column = (classId: number, name: string, attributeIndex = 2): CosemData =>
  structure(longUnsigned(classId), octetString(fromHex(name)), integer(attributeIndex), longUnsigned(0))
const columnsData = array([
  column(8, '0000010000FF'),
  column(1, '0000600A01FF'),
  column(3, '0100010800FF'),
  column(3, '0100020800FF'),
])

describe('a genuine value of a wrong form is not taken', () => {
  const unreadable = expect.objectContaining({ code: 'HEADEND_METER_UNREADABLE' })
  const readers: Record<string, (data: CosemData) => unknown> = {
    text: (data) => textOf(data, 'text'),
    time: (data) => timeOf(data, 'time'),
    'switch state': switchStateOf,
    register: (data) => registerOf('1.0.1.8.0.255', data, scalerUnit(0, 30)),
    'scaler and unit': (data) => registerOf('1.0.1.8.0.255', unsigned(1), data),
    columns: profileColumnsOf,
    rows: (data) => profileRowsOf(data, profileColumnsOf(columnsData), { importEnergy: 0, exportEnergy: 0 }),
    log: logEntriesOf,
    card: cardFactsOf,
  }
  const anything: fc.Arbitrary<CosemData> = fc.letrec<{ data: CosemData }>((tie) => ({
    data: fc.oneof(
      { depthSize: 'small' },
      fc.constant<CosemData>({ type: 'null-data' }),
      fc.integer({ min: 0, max: 255 }).map(unsigned),
      fc.integer({ min: 0, max: 255 }).map(enumeration),
      fc.integer({ min: -128, max: 127 }).map(integer),
      fc.double().map((value): CosemData => ({ type: 'float64', value })),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(cosem.long64),
      fc.uint8Array({ maxLength: 14 }).map(octetString),
      fc.string({ maxLength: 5 }).map(cosem.visibleString),
      fc.boolean().map(cosem.boolean),
      fc.array(tie('data'), { maxLength: 8 }).map(array),
      fc.array(tie('data'), { maxLength: 8 }).map((values) => structure(...values)),
    ),
  })).data
  test.each(Object.entries(readers))('%s', (_what, reader) => {
    fc.assert(
      fc.property(anything, (data) => {
        try {
          reader(data)
        } catch (error) {
          if (!(error instanceof HeadendError)) throw error
          expect(error).toEqual(unreadable)
        }
      }),
      { numRuns: 500 },
    )
  })
  test.each([
    octetString(fromHex('07EA 06 1F 01 0C 00 00 00 0000 00')),
    octetString(fromHex('FFFF 06 0F 01 0C 00 00 00 0000 00')),
    octetString(fromHex('07EA 06 0F 01 0C 00 00 00 0000')),
  ])('a time that is none', (data) => {
    expect(() => timeOf(data, 'clock')).toThrow(unreadable)
  })
  test('a name with control characters', () => {
    expect(() => textOf(octetString(fromHex('0A1B5B')), 'name')).toThrow(unreadable)
  })
  test('a profile without one of the energies', () => {
    expect(() => profileColumnsOf(array([column(8, '0000010000FF'), column(3, '0100010800FF')]))).toThrow(unreadable)
  })
  test('a row with a column too few, a register below zero, a status of two bytes', () => {
    const read = (...row: CosemData[]) =>
      profileRowsOf(array([structure(...row)]), profileColumnsOf(columnsData), { importEnergy: 0, exportEnergy: 0 })
    const wh = doubleLongUnsigned(5)
    expect(() => read(noon, unsigned(0), wh)).toThrow(unreadable)
    expect(() => read(noon, unsigned(0), cosem.doubleLong(-5), wh)).toThrow(unreadable)
    expect(() => read(noon, longUnsigned(256), wh, wh)).toThrow(unreadable)
    expect(read(noon, unsigned(4), wh, wh)).toEqual([{ endMs: noonMs, importWh: 5n, exportWh: 5n, status: 4 }])
  })
})

describe('a register', () => {
  test.each([
    [longUnsigned(2305), -1, 35, 230.5, 'V'],
    [doubleLongUnsigned(7), 3, 30, 7000, 'Wh'],
    [cosem.long64Unsigned(12_345_678_901n), 0, 30, 12_345_678_901, 'Wh'],
    [unsigned(1), 0, 200, 1, ''],
  ])('%o with scaler %i and unit %i is %d %s', (value, scaler, unit, expected, symbol) => {
    const read = registerOf('1.0.1.8.0.255', value, scalerUnit(scaler, unit))
    expect([read.value, read.unit]).toEqual([expected, symbol])
  })
  test('counts Wh or is no energy', () => {
    expect(energyWhOf(registerOf('x', unsigned(5), scalerUnit(0, 27)))).toBeUndefined()
    expect(energyWhOf(registerOf('x', unsigned(57), scalerUnit(-1, 30)))).toBe(5n)
    expect(energyWhOf(undefined)).toBeUndefined()
  })
  test('with a scaler counts the same in the profile', () => {
    const rows = profileRowsOf(
      array([structure(noon, unsigned(0), doubleLongUnsigned(7), doubleLongUnsigned(7999))]),
      profileColumnsOf(columnsData),
      { importEnergy: 3, exportEnergy: -3 },
    )
    expect(rows).toMatchObject([{ importWh: 7000n, exportWh: 7n }])
  })
})
