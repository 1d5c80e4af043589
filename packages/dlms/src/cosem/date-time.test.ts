import { fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DlmsError } from '../errors.ts'
import { type CosemDateTime, dateTimeOf, dateTimeText, emitDateTime, epochMsOf, parseDateTime } from './date-time.ts'

const paris = parseDateTime(fromHex('07E50118FF0E303950FFC400'))

describe('parseDateTime', () => {
  test.each([0, 5, 11, 13])('refuses %i octets', (length) => {
    expect(() => parseDateTime(new Uint8Array(length))).toThrow(DlmsError)
  })

  test('reads the time of a captured SET request: 24 January 2021, 14:48:57.80, an hour ahead of UTC', () => {
    expect(paris).toEqual({
      year: 2021,
      month: 1,
      dayOfMonth: 24,
      dayOfWeek: undefined,
      hour: 14,
      minute: 48,
      second: 57,
      hundredths: 80,
      deviationMinutes: -60,
      status: 0,
    })
    expect(new Date(epochMsOf(paris)!).toISOString()).toBe('2021-01-24T13:48:57.800Z')
    expect(dateTimeText(paris)).toBe('2021-01-24 14:48:57.80 dev -60 status 00')
  })

  test('keeps whatever twelve octets it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (octets) => {
        expect(toHex(emitDateTime(parseDateTime(octets)))).toBe(toHex(octets))
      }),
    )
  })
})

describe('epochMsOf gives nothing for', () => {
  const noon: CosemDateTime = dateTimeOf(Date.UTC(2024, 1, 29, 12))
  test.each<[string, Partial<CosemDateTime>]>([
    ['no year', { year: undefined }],
    ['no month', { month: undefined }],
    ['no day', { dayOfMonth: undefined }],
    ['no hour', { hour: undefined }],
    ['no minute', { minute: undefined }],
    ['no deviation', { deviationMinutes: undefined }],
    ['the month daylight saving begins in', { month: 0xfe }],
    ['the last day of a month', { dayOfMonth: 0xfe }],
    ['30 February', { dayOfMonth: 30 }],
    ['29 February of a common year', { year: 2023 }],
    ['month 13', { month: 13 }],
    ['hour 24', { hour: 24 }],
    ['minute 60', { minute: 60 }],
    ['second 60', { second: 60 }],
    ['hundredth 100', { hundredths: 100 }],
    ['a deviation beyond the date line', { deviationMinutes: 841 }],
  ])('%s', (_name, change) => {
    expect(epochMsOf(noon)).toBe(Date.UTC(2024, 1, 29, 12))
    expect(epochMsOf({ ...noon, ...change })).toBeUndefined()
  })

  test('seconds and hundredths may be left open, and a deviation be assumed', () => {
    const open = { ...noon, second: undefined, hundredths: undefined, status: undefined }
    expect(epochMsOf(open)).toBe(Date.UTC(2024, 1, 29, 12))
    expect(epochMsOf({ ...noon, deviationMinutes: undefined }, -60)).toBe(Date.UTC(2024, 1, 29, 11))
  })
})

describe('dateTimeOf', () => {
  test('refuses years that have no date-time', () => {
    expect(() => dateTimeOf(Date.UTC(10_000, 0, 1))).toThrow(DlmsError)
    expect(() => dateTimeOf(Number.NaN)).toThrow(DlmsError)
  })

  test('Sunday is the seventh day', () => {
    expect(dateTimeOf(Date.UTC(2026, 0, 4)).dayOfWeek).toBe(7)
    expect(dateTimeOf(Date.UTC(2026, 0, 5)).dayOfWeek).toBe(1)
  })

  test('turns back into the same instant, to the hundredth, at every deviation', () => {
    const instant = fc.integer({ min: Date.UTC(1900, 0, 1) / 10, max: Date.UTC(2200, 0, 1) / 10 })
    const deviation = fc.integer({ min: -720, max: 840 })
    fc.assert(
      fc.property(instant, deviation, fc.nat(9), (hundredths, deviationMinutes, rest) => {
        const time = dateTimeOf(hundredths * 10 + rest, { deviationMinutes })
        expect(epochMsOf(time)).toBe(hundredths * 10)
        expect(parseDateTime(emitDateTime(time))).toEqual(time)
      }),
    )
  })
})
