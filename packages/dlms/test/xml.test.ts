import { fromHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  apduOfXml,
  apduXml,
  cosem,
  DlmsError,
  dataOfXml,
  dataXml,
  emitApdu,
  emitData,
  parseApdu,
  parseData,
} from '../src/index.ts'
import { apdu, cosemData } from './arbitraries.ts'
import { valueOrDlmsError } from './hostile.ts'

describe('XML is refused', () => {
  test.each([
    '',
    'unsigned',
    '<unsigned>5',
    '<unsigned>5</integer>',
    '<unsigned>five</unsigned>',
    '<unsigned>256</unsigned>',
    '<octet-string>0</octet-string>',
    '<bit-string>012</bit-string>',
    '<boolean>yes</boolean>',
    '<dword>1</dword>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><visible-string>&b;</visible-string>',
    '<visible-string>&b;</visible-string>',
    '<visible-string a="1" a="2">x</visible-string>',
    `${'<array>'.repeat(60)}${'</array>'.repeat(60)}`,
    '<unsigned>5</unsigned><unsigned>5</unsigned>',
  ])('%s', (source) => {
    expect(valueOrDlmsError(() => dataOfXml(source))).toBeInstanceOf(DlmsError)
  })

  test('where it is no APDU, or one with something missing', () => {
    for (const source of [
      '<get-request-normal/>',
      '<nothing/>',
      '<unsigned>5</unsigned>',
      '<rlrq><reason>x</reason></rlrq>',
    ]) {
      expect(valueOrDlmsError(() => apduOfXml(source))).toBeInstanceOf(DlmsError)
    }
  })

  test('whatever is damaged: a value or a DlmsError', () => {
    const source = dataXml(
      cosem.structure(cosem.unsigned(5), cosem.visibleString('a<b'), cosem.octetString(fromHex('0102'))),
    )
    fc.assert(
      fc.property(fc.nat(source.length), fc.string({ maxLength: 4 }), (at, text) => {
        valueOrDlmsError(() => dataOfXml(source.slice(0, at) + text + source.slice(at + text.length)))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('XML shows', () => {
  test('a value with the names of its types', () => {
    const data = cosem.structure(cosem.doubleLongUnsigned(4711), cosem.octetString(fromHex('0100FF')), cosem.nullData)
    expect(dataXml(data)).toBe(
      '<structure>\n  <double-long-unsigned>4711</double-long-unsigned>\n  <octet-string>0100FF</octet-string>\n  <null-data/>\n</structure>\n',
    )
  })

  test('an APDU with its fields', () => {
    expect(apduXml(parseApdu(fromHex('C001C100080000010000FF0200')))).toMatchSnapshot()
  })

  test('all of it: what is read back is the same value', () => {
    fc.assert(
      fc.property(cosemData, (value) => {
        expect(emitData(dataOfXml(dataXml(value)))).toEqual(emitData(value))
        expect(dataOfXml(dataXml(parseData(emitData(value))))).toEqual(parseData(emitData(value)))
      }),
      { numRuns: 500 },
    )
  })

  test('all of it: what is read back is the same APDU, of every kind', () => {
    fc.assert(
      fc.property(apdu, (value) => {
        const parsed = parseApdu(emitApdu(value))
        expect(apduOfXml(apduXml(parsed))).toEqual(parsed)
      }),
      { numRuns: 1000 },
    )
  })
})
