import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader } from './byte-reader.ts'
import { BytesError } from './errors.ts'
import { fromHex } from './hex.ts'

const reader = (hex: string) => new ByteReader(fromHex(hex))
const code = (read: () => unknown): string => {
  try {
    read()
  } catch (error) {
    if (error instanceof BytesError) return error.code
    throw error
  }
  return 'read'
}

describe('refuses', () => {
  test('to read past the end, names the place, and stays where it was', () => {
    const bytes = reader('01 02 03')
    bytes.skip(1)
    expect(() => bytes.u32()).toThrow(
      expect.objectContaining({ code: 'BYTES_TRUNCATED', place: { offsetBytes: 1, wanted: 4, available: 2 } }),
    )
    expect(bytes.offsetBytes).toBe(1)
  })

  test.each([-1, Number.NaN, 4, Number.POSITIVE_INFINITY])('to take %d of 3 bytes', (count) => {
    expect(code(() => reader('010203').take(count))).toBe('BYTES_TRUNCATED')
  })

  test('to look at a byte after the last', () => {
    expect(code(() => reader('').peek())).toBe('BYTES_TRUNCATED')
  })

  test.each([
    [-1, 2],
    [2, 1],
    [0, 4],
  ])('a range %d..%d of 3 bytes', (start, end) => {
    expect(code(() => new ByteReader(fromHex('010203'), start, end))).toBe('BYTES_OUT_OF_RANGE')
  })

  test.each([0, 4, -1, Number.NaN])('to move to %d when its range is 1..3', (offset) => {
    const bytes = new ByteReader(fromHex('01020304'), 1, 3)
    expect(
      code(() => {
        bytes.offsetBytes = offset
      }),
    ).toBe('BYTES_OUT_OF_RANGE')
  })

  test('to leave the range it was given, though there are more bytes', () => {
    expect(code(() => new ByteReader(fromHex('01020304'), 1, 3).take(3))).toBe('BYTES_TRUNCATED')
    expect(code(() => reader('01020304').sub(2).u32())).toBe('BYTES_TRUNCATED')
  })
})

describe('reads', () => {
  test('numbers, high byte first', () => {
    const bytes = reader('FF FF 8000 8000 FFFFFFFE FFFFFFFE FFFFFFFFFFFFFFFE FFFFFFFFFFFFFFFE')
    expect([bytes.u8(), bytes.i8(), bytes.u16(), bytes.i16(), bytes.u32(), bytes.i32()]).toEqual([
      255, -1, 0x8000, -0x8000, 0xffff_fffe, -2,
    ])
    expect([bytes.u64(), bytes.i64()]).toEqual([0xffff_ffff_ffff_fffen, -2n])
    expect(bytes.isAtEnd).toBe(true)
  })

  test('floating point numbers', () => {
    const bytes = reader('C0490FDB 400921FB54442D18')
    expect(bytes.f32()).toBeCloseTo(-Math.PI, 6)
    expect(bytes.f64()).toBe(Math.PI)
  })

  test('a byte without moving on', () => {
    const bytes = reader('0A0B')
    expect([bytes.peek(), bytes.peek(), bytes.u8(), bytes.peek(), bytes.remaining]).toEqual([10, 10, 10, 11, 1])
  })

  test('a part as a reader of its own, which it passes over', () => {
    const bytes = reader('01 0203 04')
    bytes.skip(1)
    const part = bytes.sub(2)
    expect([part.remaining, part.offsetBytes, part.u16(), part.isAtEnd, bytes.u8()]).toEqual([2, 1, 0x0203, true, 4])
  })

  test('again from an earlier place', () => {
    const bytes = reader('0102')
    const start = bytes.offsetBytes
    bytes.u16()
    bytes.offsetBytes = start
    expect(bytes.u16()).toBe(0x0102)
  })

  test('copies, also out of a Buffer, whose own slice would not', () => {
    const source = Buffer.from([1, 2, 3, 4])
    const bytes = new ByteReader(source)
    const [taken, rest] = [bytes.take(2), bytes.rest()]
    source.fill(0)
    expect(taken).toEqual(Uint8Array.of(1, 2))
    expect(rest).toEqual(Uint8Array.of(3, 4))
    expect(taken.constructor).toBe(Uint8Array)
  })

  test('bytes that begin in the middle of their memory', () => {
    expect(new ByteReader(fromHex('00 00 01 02').subarray(1)).u16()).toBe(1)
  })
})

test('whatever is asked of whatever bytes, it reads or says truncated, and never passes the end', () => {
  const ask = fc.constantFrom('u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64', 'peek', 'rest')
  const asks = fc.array(fc.oneof(ask, fc.nat(20)), { maxLength: 20 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), asks, (bytes, wanted) => {
      const source = new ByteReader(bytes)
      for (const one of wanted) {
        const result = code(() => (typeof one === 'number' ? source.take(one) : source[one as 'u8']()))
        expect(['read', 'BYTES_TRUNCATED']).toContain(result)
        expect(source.offsetBytes + source.remaining).toBe(bytes.length)
        expect(source.remaining).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})
