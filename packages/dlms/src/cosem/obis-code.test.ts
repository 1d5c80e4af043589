import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DlmsError } from '../errors.ts'
import { logicalNameBytes, logicalNameText } from './obis-code.ts'

test.each(['', '1.0.1.8.0', '1.0.1.8.0.256', '1.0.1.8.0.255.1', '1..1.8.0.255', 'a.0.1.8.0.255', '1.0.1.8.0.-1'])(
  'refuses "%s"',
  (text) => {
    expect(() => logicalNameBytes(text)).toThrow(DlmsError)
  },
)

test.each([0, 5, 7])('refuses %i octets', (length) => {
  expect(() => logicalNameText(new Uint8Array(length))).toThrow(DlmsError)
})

test('reads the form with medium, channel and billing period', () => {
  expect(logicalNameText(logicalNameBytes('1-0:1.8.0*255'))).toBe('1.0.1.8.0.255')
})

test('text and octets tell the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (octets) => {
      expect(logicalNameBytes(logicalNameText(octets))).toEqual(octets)
    }),
  )
})
