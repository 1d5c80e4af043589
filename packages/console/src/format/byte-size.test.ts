import { expect, test } from 'vitest'
import { formatByteSize, spacedHex } from './byte-size.ts'

test('small sizes stay exact, larger ones turn to kB', () => {
  expect([0, 9_999, 10_000, 65_536].map(formatByteSize)).toEqual([
    '0\u00a0bytes',
    '9\u202f999\u00a0bytes',
    '10.0\u00a0kB',
    '65.5\u00a0kB',
  ])
})

test('hex is spaced by byte, and an odd digit is not lost', () => {
  expect(spacedHex('')).toBe('')
  expect(spacedHex('f04752')).toBe('F0 47 52')
  expect(spacedHex('f0475')).toBe('F0 47 5')
})
