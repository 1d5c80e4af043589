import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { toHex } from './hex.ts'

describe('refuses', () => {
  test.each([
    ['u8', 256],
    ['u8', -1],
    ['u8', 1.5],
    ['u8', Number.NaN],
    ['i8', 128],
    ['u16', 0x1_0000],
    ['i16', 0x8000],
    ['u32', 0x1_0000_0000],
    ['u32', -1],
    ['i32', 0x8000_0000],
  ] as const)('%s of %d, and writes nothing', (kind, value) => {
    const writer = new ByteWriter().u8(7)
    expect(() => writer[kind](value)).toThrow(
      expect.objectContaining({ code: 'BYTES_OUT_OF_RANGE', place: { offsetBytes: 1 } }),
    )
    expect(writer.toBytes()).toEqual(Uint8Array.of(7))
  })

  test.each([-1, 2, Number.NaN])('to fill in a length at %d when 3 bytes are written', (offset) => {
    const writer = new ByteWriter().bytes(Uint8Array.of(1, 2, 3))
    expect(() => writer.setU16At(offset, 0)).toThrow(expect.objectContaining({ code: 'BYTES_OUT_OF_RANGE' }))
  })
})

test('numbers are written high byte first', () => {
  const writer = new ByteWriter().u8(1).i8(-1).u16(0x0203).i16(-2).u32(0x8405_0607).i32(-3).u64(8n).i64(-4n)
  expect(toHex(writer.toBytes())).toBe('01FF0203FFFE84050607FFFFFFFD0000000000000008FFFFFFFFFFFFFFFC')
})

test('a 64-bit number wraps', () => {
  expect(toHex(new ByteWriter().u64(-1n).toBytes())).toBe('FFFFFFFFFFFFFFFF')
})

test('a length known late is filled in', () => {
  const writer = new ByteWriter().u8(0x0a).u16(0).u8(0x0b)
  expect(toHex(writer.setU16At(1, writer.length).toBytes())).toBe('0A00040B')
})

test('what was given out is not changed by writing on', () => {
  const writer = new ByteWriter().u16(1)
  const before = writer.toBytes()
  writer.setU16At(0, 0xffff).u8(2)
  expect(before).toEqual(Uint8Array.of(0, 1))
})

test('what is written in any sizes is read back', () => {
  const number = fc.oneof(
    fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
    fc.record({ kind: fc.constant('i16' as const), value: fc.integer({ min: -0x8000, max: 0x7fff }) }),
    fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
    fc.record({ kind: fc.constant('f64' as const), value: fc.double() }),
  )
  fc.assert(
    fc.property(fc.array(number, { maxLength: 60 }), fc.uint8Array({ maxLength: 300 }), (numbers, tail) => {
      const writer = new ByteWriter()
      for (const { kind, value } of numbers) writer[kind](value)
      const reader = new ByteReader(writer.bytes(tail).toBytes())
      for (const { kind, value } of numbers) expect(reader[kind]()).toBe(value)
      expect(reader.rest()).toEqual(tail)
    }),
  )
})
