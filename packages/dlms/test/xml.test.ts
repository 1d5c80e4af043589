import { fromHex, toHex } from '@gridcard/bytes'
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

  test.each([
    ['no APDU', '<nothing/>'],
    ['a value', '<unsigned>5</unsigned>'],
    ['nothing in it', '<xDLMS-APDU/>'],
    [
      'two of them',
      '<xDLMS-APDU><glo-get-request>00</glo-get-request><glo-get-request>00</glo-get-request></xDLMS-APDU>',
    ],
    [
      'a field is missing',
      '<get-request><get-request-next><block-number>1</block-number></get-request-next></get-request>',
    ],
    [
      'fields stand in another order',
      '<get-request><get-request-next><block-number>1</block-number><invoke-id-and-priority>193</invoke-id-and-priority></get-request-next></get-request>',
    ],
    [
      'a field too many',
      '<data-notification-confirm><long-invoke-id-and-priority>1</long-invoke-id-and-priority><date-time/><x/></data-notification-confirm>',
    ],
    [
      'a number of too many octets',
      '<initiateResponse><negotiated-dlms-version-number>256</negotiated-dlms-version-number></initiateResponse>',
    ],
    ['a name that is none', '<aCSE-APDU><rlrq><reason>x</reason></rlrq></aCSE-APDU>'],
    ['a name of every object', '<aCSE-APDU><constructor/></aCSE-APDU>'],
    [
      'another namespace',
      '<x:xDLMS-APDU xmlns:x="http://example.org/"><x:glo-get-request>00</x:glo-get-request></x:xDLMS-APDU>',
    ],
  ])('%s', (_why, source) => {
    expect(valueOrDlmsError(() => apduOfXml(source))).toBeInstanceOf(DlmsError)
  })

  test('octets that the XML would not give back', () => {
    for (const octets of ['C401C10009810100', 'C402C10200000001000100', '6204800200000000']) {
      expect(valueOrDlmsError(() => apduXml(fromHex(octets)))).toBeInstanceOf(DlmsError)
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

  test.each([
    ['GET', 'C001C100080000010000FF0200'],
    [
      'GET with a list, and of one a part',
      'C003C10200080000010000FF020000070100630100FF0201020202060000000106000000FF',
    ],
    ['a block', 'C402C10100000002000203FF'],
    ['SET refused', 'C501C103'],
    ['ACTION answered', 'C701C10001001105'],
    ['ACCESS', 'D9C000000100020100030100010800FF020200010000600109FF02020009020102'],
    ['a notification', '0F00000001000202110506000000FF'],
    ['an exception', 'D801060000012C'],
    ['a compact array', 'C401C100130202121106000102000304'],
    ['general-ciphering', 'DD010101A101B200000100000401020304'],
    [
      'AARQ',
      '6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400001E5DFFFF',
    ],
    ['AARE', '6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F0400601E5D04000007'],
    ['READ of a short name', '05010200FA'],
  ])('%s with the names of the standard', (_what, octets) => {
    const source = apduXml(fromHex(octets))
    expect(source).toMatchSnapshot()
    expect(apduOfXml(source)).toEqual(fromHex(octets))
  })

  // As a translator of another house spells what is the same.
  test.each([
    [
      'a prefix, and numbers for booleans',
      'C402C100000000010000',
      '<?xml version="1.0" encoding="utf-8"?>\n<x:xDLMS-APDU xmlns:x="http://www.dlms.com/COSEMpdu">\n<x:get-response><x:get-response-with-datablock><x:invoke-id-and-priority>193</x:invoke-id-and-priority><x:result><x:last-block>0</x:last-block><x:block-number>1</x:block-number><x:result><x:raw-data></x:raw-data></x:result></x:result></x:get-response-with-datablock></x:get-response></x:xDLMS-APDU>',
    ],
    [
      'an alternative without content as text',
      'D80102',
      '<exception-response><state-error>service-not-allowed</state-error><service-error>service-not-supported</service-error></exception-response>',
    ],
    [
      'conformance in any order and lines',
      '01000000065F1F0400001819FFFF',
      '<initiateRequest><proposed-dlms-version-number>6</proposed-dlms-version-number><proposed-conformance>\naction get set\nblock-transfer-with-get-or-read block-transfer-with-set-or-write </proposed-conformance> <client-max-receive-pdu-size>65535</client-max-receive-pdu-size></initiateRequest>',
    ],
  ])('%s', (_what, octets, source) => {
    expect(toHex(apduOfXml(source))).toBe(octets)
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
        const octets = emitApdu(value)
        const source = valueOrDlmsError(() => apduXml(octets))
        // Codes of errors that the standard has no name for have no XML.
        if (source instanceof DlmsError) expect(value.kind).toMatch(/^(confirmed-service-error|exception-response)$/)
        else expect(apduOfXml(source)).toEqual(octets)
      }),
      { numRuns: 1000 },
    )
  })
})
