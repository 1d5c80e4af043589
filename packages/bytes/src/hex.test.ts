import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from './hex.ts'

test.each(['0', '0G', '0x00', '00-11', 'é0'])('"%s" is no hex', (text) => {
  expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'BYTES_BAD_HEX' }))
})

test('bytes are printed as the specifications print them', () => {
  expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe('000AFF')
  expect(toHex(new Uint8Array())).toBe('')
})

test('either case is read, and white space is not seen', () => {
  expect(fromHex(' a0 0B\n\tfF ')).toEqual(Uint8Array.of(0xa0, 0x0b, 0xff))
})

test('hex and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes)
    }),
  )
})
