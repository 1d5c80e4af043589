import { fromAscii } from '@gridcard/bytes'
import { expect, test } from 'vitest'
import { crc16, crc32 } from '../src/index.ts'

// The check values over '123456789' in the catalogue of parametrised CRC algorithms: CRC-16/GSM and GENIBUS, CRC-32/ISO-HDLC.
const CHECK = fromAscii('123456789')

test('CRC-16 from 0, as Checksum begins, and from FFFF', () => {
  expect([crc16(CHECK), crc16(CHECK, 0xffff)]).toEqual([0xce3c, 0xd64e])
})

test('CRC-32 from FFFFFFFF is that of ZIP', () => {
  expect(crc32(CHECK, 0xffffffff)).toBe(0xcbf43926)
})

test('a checksum goes on from what it stood at, inverted', () => {
  const [head, tail] = [CHECK.subarray(0, 4), CHECK.subarray(4)]
  expect(crc16(tail, crc16(head) ^ 0xffff)).toBe(crc16(CHECK))
  expect(crc32(tail, ~crc32(head))).toBe(crc32(CHECK))
})

test('of nothing it is the start, inverted', () => {
  expect([crc16(new Uint8Array()), crc32(new Uint8Array())]).toEqual([0xffff, 0xffffffff])
})
