import { fromHex } from '@gridcard/bytes'
import { type CosemData, cosem, dateTimeOf, emitDateTime } from '@gridcard/dlms'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseClientOptions } from './client-options.ts'
import { objectListOf, ranges } from './discover.ts'
import { attributeText, parseAttribute, parseAttributes, parseMethod } from './reference.ts'
import { csvLine, tableLines } from './table.ts'
import { parseTime } from './time-option.ts'
import { fromJson, parseValue, toJson } from './value-json.ts'
import { dateTimeText, decimalText, scaledText, valueLines, valueText } from './value-text.ts'

const isPrintable = (text: string) => /^[^\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]*$/u.test(text)

describe('values for people', () => {
  test('no octets of a meter reach the terminal as control characters', () => {
    const evil = '\u001b[2J\u0007\u009b31m\u202egnp.exe\r\n'
    for (const data of [cosem.visibleString(evil), { type: 'utf8-string', value: evil } as CosemData]) {
      expect(isPrintable(valueText(data))).toBe(true)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (octets) => {
        expect(isPrintable(valueText(cosem.octetString(octets)))).toBe(true)
      }),
    )
  })
  test.each([
    ['4711', 0, '4711'],
    ['4711', -2, '47.11'],
    ['5', -3, '0.005'],
    ['-5', -1, '-0.5'],
    ['0', 3, '0'],
    ['12', 3, '12000'],
    ['18446744073709551615', -1, '1844674407370955161.5'],
    ['1.5', 0, '1.5'],
    ['1.5', 2, '1.5e2'],
  ])('%s times ten to the %d is exactly %s', (digits, scaler, text) => {
    expect(decimalText(digits, scaler)).toBe(text)
  })
  test('scaler and unit', () => {
    expect(scaledText(cosem.longUnsigned(2304), { scaler: -1, unit: 35 })).toBe('230.4 V')
    expect(scaledText(cosem.unsigned(3), { scaler: 0, unit: 255 })).toBe('3')
    expect(scaledText(cosem.unsigned(3), { scaler: 0, unit: 200 })).toBe('3 unit 200')
    expect(scaledText(cosem.visibleString('x'), { scaler: 0, unit: 30 })).toBe('"x"')
  })
  test.each([
    ['07EA011F060C0700FF800000', '2026-01-31T12:07:00'],
    ['07EA011F060C0700FF000000', '2026-01-31T12:07:00Z'],
    ['07EA011F060D070032FFC400', '2026-01-31T13:07:00.50+01:00'],
    ['07EA011F060C070000003C02', '2026-01-31T12:07:00-01:00 (doubtful)'],
    ['FFFFFFFFFFFFFFFFFFFFFFFF', '(not specified)'],
    ['FFFF03FE0702000000800000', '****-03-254 weekday 7 02:00:00'],
  ])('date-time %s is %s', (octets, text) => {
    expect(dateTimeText(fromHex(octets))).toBe(text)
  })
  test('a time is recognised in an octet-string, twelve other octets are not', () => {
    const octets = emitDateTime(dateTimeOf(Date.UTC(2026, 0, 31)))
    expect(valueText(cosem.octetString(octets))).toBe('2026-01-31T00:00:00Z')
    expect(valueText(cosem.octetString(fromHex('000102030405060708090A0B')))).toBe('000102030405060708090A0B')
  })
  test('lines of a structure keep to the width', () => {
    const data = cosem.structure(cosem.octetString(new Uint8Array(200).fill(1)), cosem.array([cosem.unsigned(1)]))
    const lines = valueLines(data, 60)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60)
    expect(lines.slice(-2)).toEqual(['  array of 1', '    unsigned 1'])
  })
})

describe('values as they are typed', () => {
  test.each([
    'unsigned',
    'unsigned=',
    'unsigned=256',
    'unsigned=-1',
    'unsigned=1.5',
    'unsigned=abc',
    'long=40000',
    'long64-unsigned=18446744073709551616',
    'octet-string=123',
    'octet-string=xyz',
    'octet-text=Zähler',
    'octet-time=yesterday',
    'boolean=1',
    'visible-strin=x',
    'array=[]',
    '{"unsigned":',
    '{"unsigned":1,"long":2}',
    '{}',
    '{"structure":[{"unsigned":1},{"unsigned":999}]}',
    '{"structure":[5]}',
  ])('%s is refused', (text) => {
    expect(() => parseValue(text)).toThrow(expect.objectContaining({ code: 'GRIDCARD_BAD_OPTION' }))
  })
  test('are taken', () => {
    expect(parseValue('null-data')).toEqual({ type: 'null-data' })
    expect(parseValue('boolean=true')).toEqual(cosem.boolean(true))
    expect(parseValue('octet-text=GRC')).toEqual(cosem.octetString(fromHex('475243')))
    expect(parseValue('bit-string=10100000')).toEqual(cosem.bitString(Uint8Array.of(0xa0)))
    expect(parseValue('long64=-5')).toEqual(cosem.long64(-5n))
    expect(parseValue('octet-time=2026-01-31T12:07+01:00')).toEqual(
      cosem.octetString(fromHex('07EA011F060B070000000000')),
    )
    expect(parseValue('{"array":[{"unsigned":1}]}')).toEqual(cosem.array([cosem.unsigned(1)]))
  })
  const leaf = fc.oneof(
    fc.integer({ min: 0, max: 255 }).map(cosem.unsigned),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(cosem.doubleLong),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(cosem.long64Unsigned),
    fc.boolean().map(cosem.boolean),
    fc.uint8Array({ maxLength: 20 }).map(cosem.octetString),
    fc.string({ unit: 'binary-ascii', maxLength: 10 }).map(cosem.visibleString),
    fc.constant<CosemData>(cosem.nullData),
  )
  test('JSON gives back what it was made from', () => {
    const tree = fc.letrec<{ data: CosemData }>((tie) => ({
      data: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('data'), { maxLength: 4 }).map(cosem.array)),
    })).data
    fc.assert(
      fc.property(tree, (data) => {
        expect(fromJson(JSON.parse(JSON.stringify(toJson(data))))).toEqual(data)
      }),
    )
  })
})

describe('options', () => {
  test('times', () => {
    const now = Date.UTC(2026, 0, 31, 12)
    for (const bad of ['', 'x', '2026-13-01', '2026-02-30', '2026-01-31T25:00', '7', '7w', '-1d']) {
      expect(parseTime(bad, now), bad).toBeUndefined()
    }
    expect(parseTime('24h', now)).toBe(Date.UTC(2026, 0, 30, 12))
    expect(parseTime('2026-01-31', now)).toBe(Date.UTC(2026, 0, 31))
    expect(parseTime('2026-01-31T12:00+02:00', now)).toBe(Date.UTC(2026, 0, 31, 10))
  })
  test('a target may be a name, an IPv4 or an IPv6 address; the port is 4059 unless told', () => {
    expect(parseClientOptions('meter.example', {})).toMatchObject({ host: 'meter.example', port: 4059 })
    expect(parseClientOptions('[::1]:4060', {})).toMatchObject({ host: '::1', port: 4060 })
    expect(parseClientOptions('/dev/ttyUSB0', { modeE: true })).toMatchObject({
      host: '/dev/ttyUSB0',
      serial: { baud: 300, isModeE: true },
    })
    for (const bad of ['::1', 'a:b', 'a:0', '', 'http://a:1', 'a b:1']) {
      expect(() => parseClientOptions(bad, {}), bad).toThrow(expect.objectContaining({ code: 'GRIDCARD_BAD_OPTION' }))
    }
    expect(() => parseClientOptions('a:1', { public: true, keyFile: 'k' })).toThrow(/contradict/)
    expect(() => parseClientOptions('a:1', { timeout: '0' })).toThrow(/--timeout/)
  })
  test('references by name and by number are the same', () => {
    const byName = parseAttribute('register/1-0:1.8.0*255/scaler_unit')
    expect(byName).toEqual({ classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 3 })
    expect(parseAttribute('3/1.0.1.8.0.255/3')).toEqual(byName)
    expect(attributeText(byName)).toBe('register/1.0.1.8.0.255/scaler-unit')
    expect(parseAttribute('4711/1.0.1.8.0.255/-3').attributeIndex).toBe(-3)
    expect(parseAttributes('data/1.0.1.8.0.255')).toHaveLength(2)
    expect(parseMethod('disconnect-control/0.0.96.3.10.255/remote_reconnect').methodIndex).toBe(2)
  })
})

describe('tables', () => {
  test('a spreadsheet takes no cell for a formula', () => {
    expect(csvLine(['=1+1', '@x', '-5.0', '-5x', 'a,"b"', 7])).toBe(`'=1+1,'@x,-5.0,'-5x,"a,""b""",7\r\n`)
  })
  test('columns line up', () => {
    expect(
      tableLines(
        [
          ['a', '1'],
          ['bbb', '22'],
        ],
        { right: [1] },
      ),
    ).toEqual(['a     1', 'bbb  22'])
    expect(ranges([1, 2, 3, 5, 7, 8])).toBe('1-3,5,7-8')
  })
})

test('an object list that makes no sense is shown as far as it does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(cosem.nullData, cosem.unsigned(1), cosem.octetString(new Uint8Array(6)))),
      (cells) => {
        const list = cosem.array([cosem.structure(...cells), cosem.nullData, cosem.structure(cosem.longUnsigned(3))])
        expect(Array.isArray(objectListOf(list))).toBe(true)
      },
    ),
  )
  expect(objectListOf(cosem.nullData)).toEqual([])
})

test('access rights of version 3 are bits', () => {
  const entry = (classId: number, version: number, mode: number) =>
    cosem.structure(
      cosem.longUnsigned(classId),
      cosem.unsigned(version),
      cosem.octetString(Uint8Array.of(0, 0, 40, 0, 0, 255)),
      cosem.structure(
        cosem.array([cosem.structure(cosem.integer(2), cosem.enumeration(mode), cosem.nullData)]),
        cosem.array([cosem.structure(cosem.integer(1), cosem.boolean(true))]),
      ),
    )
  const seen = (version: number, mode: number) => objectListOf(cosem.array([entry(15, version, mode)]))[0]
  expect(seen(3, 5)).toMatchObject({ readable: [2], writable: [], callable: [1] })
  expect(seen(1, 5)).toMatchObject({ readable: [], writable: [2] })
})
