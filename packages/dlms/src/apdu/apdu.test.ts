import { fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aare, aarq, apdu } from '../../test/arbitraries.ts'
import { damaged, valueOrDlmsError } from '../../test/hostile.ts'
import { DlmsError } from '../errors.ts'
import { type Apdu, emitApdu, parseApdu } from './apdu.ts'
import { apduView, traceApdu } from './apdu-view.ts'

describe('parseApdu refuses', () => {
  test.each([
    ['no octets', ''],
    ['a short name cut off', '05 01 02 00'],
    ['a short name of another form', '05 01 03 00 08'],
    ['a dedicated-key APDU cut short', 'D0 1E 30 01234567 00'],
    ['an unknown key in general-ciphering', 'DD 00 00 00 00 00 01 03 00 05 30 00000000'],
    ['general-ciphering without content', 'DD 00 00 00 00 00 00'],
    ['general-signing without signature', 'DF 00 00 00 00 00 01 C0'],
    ['general block transfer with octets after it', 'E0 81 0001 0001 00 00'],
    ['an ACCESS of an unknown service', 'D9 40000001 00 01 06 0008 0000010000FF 02 00'],
    ['an answer to an ACCESS of an unknown service', 'DA 40000001 00 00 00 01 04 00'],
    ['an EVENT with a time of other length', 'C2 01 01 00 0008 0000010000FF 02 00'],
    ['an unknown choice of GET', 'C0 04 C1'],
    ['an unknown choice of ACTION', 'C3 07 C1 01 00'],
    ['a usage flag that is neither 0 nor 1', 'C0 01 C1 0008 0000010000FF 02 02'],
    ['octets after the APDU', 'C5 01 C1 00 00'],
    ['an AARQ with one field twice', '60 16 A1 09 06 07 60857405080101 A1 09 06 07 60857405080101'],
    ['an AARQ with an unknown field', '60 0E A1 09 06 07 60857405080101 BF 01 00'],
    ['an AARQ without application context', '60 06 AC 04 80 02 4142'],
    ['an AARQ with octets after it', '60 0B A1 09 06 07 60857405080101 00'],
    ['an AARE without result', '61 0B A1 09 06 07 60857405080101'],
    ['a ciphered APDU without counter', 'C8 03 30 0000'],
    ['a ciphered APDU longer than it says', 'C8 06 30 00000000 FF FF'],
    ['a conformance block of another shape', '01 00 00 00 06 5F 1F 04 01 00 00 1F FFFF'],
  ])('%s', (_name, hex) => {
    const result = valueOrDlmsError(() => parseApdu(fromHex(hex)))
    expect(result).toBeInstanceOf(DlmsError)
    expect(result).toMatchObject({ code: 'DLMS_MALFORMED' })
  })
})

test('emitApdu refuses a field that does not fit', () => {
  const request: Apdu = { kind: 'get-request-next', invokeIdAndPriority: 0xc1, blockNumber: -1 }
  expect(valueOrDlmsError(() => emitApdu(request))).toMatchObject({ code: 'DLMS_NOT_REPRESENTABLE' })
})

test('what was emitted parses to the same APDU', () => {
  fc.assert(
    fc.property(apdu, (value) => {
      expect(parseApdu(emitApdu(value))).toEqual(value)
    }),
    { numRuns: 1000 },
  )
})

test('every field of AARQ and AARE comes back', () => {
  fc.assert(
    fc.property(fc.oneof(aarq, aare), (value) => {
      expect(parseApdu(emitApdu(value))).toEqual(value)
    }),
  )
})

test('damaged APDUs give a value or a DlmsError, and always a trace of one line', () => {
  fc.assert(
    fc.property(apdu, (value) => {
      const emitted = emitApdu(value)
      if (emitted.length > 150) return
      for (const bytes of damaged(emitted)) {
        valueOrDlmsError(() => parseApdu(bytes))
        expect(traceApdu(bytes)).toMatch(/^[^\n]+$/)
      }
    }),
    { numRuns: 100 },
  )
})

test('random octets after each known tag give a value or a DlmsError', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      (bytes) => void valueOrDlmsError(() => parseApdu(bytes)),
    ),
  )
})

describe('traces', () => {
  test.each([
    ['C001C100080000010000FF0200', 'get-request (13) normal id 1: 8 0.0.1.0.0.255 2'],
    ['C401C1000600001391', 'get-response (9) normal id 1: double-long-unsigned'],
    ['C401C10103', 'get-response (5) normal id 1: read-write-denied'],
    [
      'C101C100080000010000FF0200090C07E50118FF0E303950FFC400',
      'set-request (27) normal id 1: 8 0.0.1.0.0.255 2 octet-string(12)',
    ],
    [
      'C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B',
      'glo-get-request (32) sc 30 ic 19088743 25 bytes',
    ],
    ['D00530000000FF', 'ded-get-request (7) sc 30 ic 255 0 bytes'],
    [
      'DD0101084D4D4D0000BC614E08475243000000000100000102010200063000000001AA',
      'general-ciphering (35) transaction 01 from 4D4D4D0000BC614E to 4752430000000001 key agreed by scheme 02 sc 30 ic 1 1 bytes',
    ],
    ['DF000000000002050102F1F2', 'general-signing (12) transaction - from - to - signature 2 around read-request (2)'],
    ['D80105', 'exception-response (3) state 1 service 5'],
    ['C401C1', 'get-response (3) ! xDLMS APDU: truncated or badly framed at 3'],
    ['', 'empty (0) ! xDLMS APDU: truncated or badly framed at 0'],
    ['99', 'tag 99 (1) ! no service spoken here'],
  ])('%s', (hex, line) => {
    expect(traceApdu(fromHex(hex))).toBe(line)
  })

  test('never tell the value of an octet-string, a number or a challenge', () => {
    const secret = '53454352455421'
    for (const hex of [
      `C401C1000907${secret}`,
      `C301C0000F0000280000FF01010907${secret}`,
      `6023A1090607608574050801018A0207808B0760857405080205AC098007${secret}`,
    ]) {
      const bytes = fromHex(hex)
      expect(apduView(bytes).problem).toBeUndefined()
      expect(traceApdu(bytes)).not.toContain(secret)
      expect(traceApdu(bytes)).not.toContain('SECRET')
    }
    expect(toHex(fromHex(secret))).toBe(secret)
  })
})
