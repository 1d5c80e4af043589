import { fromAscii } from '@gridcard/bytes'
import { expect, it } from 'vitest'
import { crc32 } from './crc32.ts'

it('gives the check value of CRC-32', () => {
  expect(crc32(fromAscii('123456789'), 0, 9) >>> 0).toBe(0xcbf4_3926)
})

it('is told apart by the sequence number it starts from', () => {
  const bytes = fromAscii('123456789')
  const checks = new Set(Array.from({ length: 1000 }, (_, sequence) => crc32(bytes, 0, 9, sequence)))
  expect(checks.size).toBe(1000)
})
