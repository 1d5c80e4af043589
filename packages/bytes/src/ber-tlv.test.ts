import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emitTlv, parseTlvs, readBerLength, writeBerLength } from './ber-tlv.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { BytesError } from './errors.ts'
import { fromHex, toHex } from './hex.ts'

const lengthBytes = (length: number) => {
  const writer = new ByteWriter()
  writeBerLength(writer, length)
  return writer.toBytes()
}

describe('a length (X.690 §8.1.3)', () => {
  test.each([
    ['80', 'indefinite'],
    ['850000000001', 'five bytes'],
    ['FF', 'reserved'],
  ])('%s is refused: %s', (hex) => {
    expect(() => readBerLength(new ByteReader(fromHex(hex)))).toThrow(
      expect.objectContaining({ code: 'BYTES_BAD_TLV', place: { offsetBytes: 0 } }),
    )
  })

  test.each([
    [0x26, '26'],
    [0x7f, '7F'],
    [0x80, '8180'],
    [0xc9, '81C9'],
    [0x100, '820100'],
    [0xffff, '82FFFF'],
    [0x1_0000, '83010000'],
    [0xff_ffff, '83FFFFFF'],
    [0x100_0000, '8401000000'],
    [0xffff_ffff, '84FFFFFFFF'],
  ])('%d is written as %s, the shortest way, and read back', (length, hex) => {
    expect(toHex(lengthBytes(length))).toBe(hex)
    expect(readBerLength(new ByteReader(fromHex(hex)))).toBe(length)
  })

  test('longer ways than needed are read', () => {
    expect(readBerLength(new ByteReader(fromHex('8400000005')))).toBe(5)
  })
})

describe('elements', () => {
  test.each([
    ['60', 'BYTES_TRUNCATED', 'a tag and no length'],
    ['6002AA', 'BYTES_TRUNCATED', 'a value cut short'],
    ['5F', 'BYTES_TRUNCATED', 'a tag cut short'],
    ['BF81828300', 'BYTES_BAD_TLV', 'a tag of four bytes'],
    ['60820001', 'BYTES_TRUNCATED', 'a length without its value'],
  ])('%s is refused as %s: %s', (hex, code) => {
    expect(() => parseTlvs(fromHex(hex))).toThrow(expect.objectContaining({ code }))
  })

  test('tags of one, two and three bytes', () => {
    expect(parseTlvs(fromHex('4F02A000 5F1F0104 BF810100'))).toEqual([
      { tag: 0x4f, value: Uint8Array.of(0xa0, 0) },
      { tag: 0x5f1f, value: Uint8Array.of(4) },
      { tag: 0xbf8101, value: new Uint8Array() },
    ])
  })

  test('an association request of DLMS, one level down', () => {
    const [aarq] = parseTlvs(fromHex('601D A109060760857405080101 BE10040E01000000065F1F0400007E1F04B0'))
    expect(aarq!.tag).toBe(0x60)
    expect(parseTlvs(aarq!.value).map(({ tag, value }) => [tag, value.length])).toEqual([
      [0xa1, 9],
      [0xbe, 16],
    ])
  })

  const firstByte = fc.integer({ min: 0, max: 0xff }).filter((byte) => (byte & 0x1f) !== 0x1f)
  const tag = fc.oneof(
    firstByte,
    fc.tuple(fc.constantFrom(0x1f, 0x5f, 0xbf), fc.nat(0x7f)).map(([a, b]) => a * 0x100 + b),
    fc
      .tuple(fc.constantFrom(0x1f, 0x9f, 0xff), fc.integer({ min: 0x80, max: 0xff }), fc.nat(0x7f))
      .map(([a, b, c]) => (a * 0x100 + b) * 0x100 + c),
  )

  test('what is emitted is parsed', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ tag, value: fc.uint8Array({ maxLength: 300 }) })), (elements) => {
        const writer = new ByteWriter()
        for (const element of elements) writer.bytes(emitTlv(element.tag, element.value))
        expect(parseTlvs(writer.toBytes())).toEqual(elements)
      }),
    )
  })

  test('cut off anywhere, it is refused or ends between two elements', () => {
    const whole = fromHex('6003 0102035F1F0104 BF8101820002AABB')
    for (let length = 0; length < whole.length; length++) {
      const parse = () => parseTlvs(whole.subarray(0, length))
      if ([0, 5, 9].includes(length)) expect(parse()).toHaveLength([0, 5, 9].indexOf(length))
      else expect(parse).toThrow(BytesError)
    }
  })

  test('any bytes give elements or a BytesError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          for (const { value } of parseTlvs(bytes)) expect(value.length).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect(error).toBeInstanceOf(BytesError)
        }
      }),
    )
  })
})
