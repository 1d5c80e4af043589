import { fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cosemData } from '../../test/arbitraries.ts'
import { damaged, valueOrDlmsError } from '../../test/hostile.ts'
import { DlmsError } from '../errors.ts'
import { type CosemData, cosem } from './cosem-data.ts'
import { emitData, parseData } from './data-codec.ts'

const codeOf = (run: () => unknown): string => {
  const result = valueOrDlmsError(run)
  return result instanceof DlmsError ? result.code : 'no error'
}

describe('parseData refuses', () => {
  test.each([
    ['no octets', ''],
    ['an unknown tag', '07 00000000'],
    ['octets after the value', '11 05 00'],
    ['a structure that ends early', '02 02 11 05'],
    ['an octet-string that ends early', '09 05 01 02 03 04'],
    ['a length of indefinite form', '09 80 00 00'],
    ['a length of five octets', '09 85 00 00 00 00 01 00'],
    ['a length far over the input', '09 84 FF FF FF FF 00'],
    ['an array far over the input', '01 84 FF FF FF FF 00'],
    ['UTF-8 that is none', '0C 02 C3 28'],
    ['a compact array in a compact array', '13 13 11 01 00'],
    ['a compact array of null-data, which could be any number', '13 00 01 00'],
    ['a compact array of empty structures', '13 02 00 01 00'],
    ['a compact array whose contents end within an element', '13 12 03 00 01 00'],
  ])('%s', (_name, hex) => {
    expect(codeOf(() => parseData(fromHex(hex)))).toBe('DLMS_MALFORMED')
  })

  test('values nested deeper than allowed', () => {
    const nested = (depth: number) => fromHex(`${'0101'.repeat(depth)}00`)
    expect(codeOf(() => parseData(nested(17)))).toBe('DLMS_LIMIT_EXCEEDED')
    expect(codeOf(() => parseData(nested(100_000)))).toBe('DLMS_LIMIT_EXCEEDED')
    expect(parseData(nested(16)).type).toBe('array')
  })

  test('type descriptions nested deeper than allowed', () => {
    expect(codeOf(() => parseData(fromHex(`13${'010001'.repeat(1000)}1100`)))).toBe('DLMS_LIMIT_EXCEEDED')
  })

  test('more values than allowed, also where they cost no octets', () => {
    const limits = { maxDepth: 16, maxElements: 10 }
    expect(codeOf(() => parseData(fromHex(`010A${'00'.repeat(10)}`), limits))).toBe('DLMS_LIMIT_EXCEEDED')
    expect(parseData(fromHex(`0109${'00'.repeat(9)}`), limits).type).toBe('array')
    // Four billion null-data in four octets of type description, and one octet of contents.
    const bomb = fromHex('13 02 02 01 FFFF 01 FFFF 00 11 01 00')
    expect(codeOf(() => parseData(bomb))).toBe('DLMS_LIMIT_EXCEEDED')
  })
})

describe('emitData refuses', () => {
  const wrong: readonly CosemData[] = [
    cosem.unsigned(256),
    cosem.unsigned(-1),
    cosem.unsigned(1.5),
    cosem.doubleLongUnsigned(2 ** 32),
    cosem.long64(2n ** 63n),
    cosem.long64Unsigned(-1n),
    cosem.visibleString('€'),
    { type: 'utf8-string', value: '\ud800' },
    { type: 'bit-string', lengthBits: 9, value: new Uint8Array(1) },
    { type: 'date-time', value: new Uint8Array(11) },
    { type: 'compact-array', elementType: { type: 'unsigned' }, value: [cosem.long(1)] },
    { type: 'compact-array', elementType: { type: 'null-data' }, value: [cosem.nullData] },
    {
      type: 'compact-array',
      elementType: { type: 'structure', elements: [{ type: 'unsigned' }] },
      value: [cosem.structure()],
    },
    {
      type: 'compact-array',
      elementType: { type: 'array', length: 2, element: { type: 'unsigned' } },
      value: [cosem.array([cosem.unsigned(1)])],
    },
  ]
  test.each(wrong)('$type with a value outside it, and does not tell the value', (data) => {
    const result = valueOrDlmsError(() => emitData(data))
    expect(result).toMatchObject({ code: 'DLMS_NOT_REPRESENTABLE' })
    expect(`${result}`).not.toMatch(/256|4294967296|9223372036854775808/)
  })
})

test.each<[string, CosemData]>([
  ['00', cosem.nullData],
  ['0301', cosem.boolean(true)],
  ['0405F8', cosem.bitString(Uint8Array.of(0xf8), 5)],
  ['05FFFFFFFE', cosem.doubleLong(-2)],
  ['0600001391', cosem.doubleLongUnsigned(5009)],
  ['0903010203', cosem.octetString(Uint8Array.of(1, 2, 3))],
  ['0A024B57', cosem.visibleString('KW')],
  ['0F80', cosem.integer(-128)],
  ['108000', cosem.long(-32768)],
  ['11FF', cosem.unsigned(255)],
  ['12FFFF', cosem.longUnsigned(65535)],
  ['14FFFFFFFFFFFFFFFF', cosem.long64(-1n)],
  ['15FFFFFFFFFFFFFFFF', cosem.long64Unsigned(2n ** 64n - 1n)],
  ['161E', cosem.enumeration(30)],
  ['173FC00000', { type: 'float32', value: 1.5 }],
  ['02020F00161E', cosem.structure(cosem.integer(0), cosem.enumeration(30))],
  ['FF', { type: 'dont-care' }],
])('%s', (hex, data) => {
  expect(parseData(fromHex(hex))).toEqual(data)
  expect(toHex(emitData(data))).toBe(hex)
})

test('any octet but 0 is true, and is written as 1', () => {
  expect(parseData(fromHex('03FF'))).toEqual(cosem.boolean(true))
})

test('every character of a visible-string is one octet, 0x80 to 0x9F too', () => {
  const octets = Uint8Array.from({ length: 256 }, (_unused, i) => i)
  const emitted = fromHex(`0A820100${toHex(octets)}`)
  const data = parseData(emitted)
  expect(data.type === 'visible-string' && data.value.length).toBe(256)
  expect(emitData(data)).toEqual(emitted)
})

test('what was emitted parses to the same value', () => {
  fc.assert(
    fc.property(cosemData, (data) => {
      expect(parseData(emitData(data))).toEqual(data)
    }),
  )
})

test('damaged octets give a value or a DlmsError; a value emits to as many octets or fewer, and stays itself', () => {
  fc.assert(
    fc.property(cosemData, (data) => {
      const emitted = emitData(data)
      if (emitted.length > 200) return
      for (const bytes of damaged(emitted)) {
        const value = valueOrDlmsError(() => parseData(bytes))
        if (value instanceof DlmsError) continue
        const again = emitData(value)
        expect(again.length).toBeLessThanOrEqual(bytes.length)
        expect(emitData(parseData(again))).toEqual(again)
      }
    }),
    { numRuns: 50 },
  )
})

test('random octets give a value or a DlmsError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void valueOrDlmsError(() => parseData(bytes))))
})
