import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, equalBytes, fromAscii, toAscii } from './arrays.ts'

test('bytes of another length or value are not equal', () => {
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
})

test('equal bytes are equal whatever holds them', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Buffer.from([1, 2]))).toBe(true)
  expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true)
})

test('parts are joined in order, in memory of their own', () => {
  const part = Uint8Array.of(2, 3)
  const joined = concatBytes(Uint8Array.of(1), part, new Uint8Array())
  part.fill(0)
  expect(joined).toEqual(Uint8Array.of(1, 2, 3))
  expect(concatBytes()).toEqual(new Uint8Array())
})

test('text in ASCII', () => {
  expect(toAscii(Uint8Array.of(0x47, 0x52, 0x43))).toBe('GRC')
  expect(fromAscii('GRC')).toEqual(Uint8Array.of(0x47, 0x52, 0x43))
})

test('every byte survives the way to text and back, 0x80 to 0x9F too', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toAscii(bytes)).toHaveLength(bytes.length)
      expect(fromAscii(toAscii(bytes))).toEqual(bytes)
    }),
  )
})
