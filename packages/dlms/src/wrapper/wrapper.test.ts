import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { damaged, valueOrDlmsError } from '../../test/hostile.ts'
import { emitWpdu, parseWpdu, type Wpdu, WrapperSplitter } from './wrapper.ts'

const port = fc.integer({ min: 0, max: 0xffff })
const wpdu: fc.Arbitrary<Wpdu> = fc.record({
  sourceWPort: port,
  destinationWPort: port,
  apdu: fc.uint8Array({ maxLength: 300 }),
})

describe('parseWpdu refuses', () => {
  test.each([
    ['nothing', ''],
    ['half a header', '0001 0010'],
    ['another version', '0002 0010 0001 0000'],
    ['less than announced', '0001 0010 0001 0002 C0'],
    ['more than announced', '0001 0010 0001 0000 C0'],
    ['two of them', '0001 0010 0001 0000 0001 0010 0001 0000'],
  ])('%s', (_name, hex) => {
    expect(valueOrDlmsError(() => parseWpdu(fromHex(hex)))).toMatchObject({ code: 'DLMS_MALFORMED' })
  })
})

describe('the splitter', () => {
  test('refuses a length over its bound before the octets come', () => {
    const splitter = new WrapperSplitter(100)
    const header = fromHex('0001 0010 0001 0065')
    expect(valueOrDlmsError(() => splitter.push(header))).toMatchObject({ code: 'DLMS_LIMIT_EXCEEDED' })
  })

  test('refuses another version as soon as the header is there', () => {
    const splitter = new WrapperSplitter()
    expect(splitter.push(fromHex('0002 0010 0001 00'))).toEqual([])
    expect(valueOrDlmsError(() => splitter.push(fromHex('00')))).toMatchObject({ code: 'DLMS_MALFORMED' })
  })

  test('finds the same WPDUs however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(wpdu, { maxLength: 5 }), fc.array(fc.nat(400), { maxLength: 20 }), (wpdus, cuts) => {
        const stream = concatBytes(...wpdus.map(emitWpdu))
        const splitter = new WrapperSplitter()
        const found: Wpdu[] = []
        let offset = 0
        for (const length of [...cuts, stream.length]) {
          found.push(...splitter.push(stream.slice(offset, offset + length)))
          offset = Math.min(offset + length, stream.length)
        }
        expect(found).toEqual(wpdus)
        expect(splitter.pendingBytes).toBe(0)
      }),
    )
  })

  test('one octet at a time', () => {
    const splitter = new WrapperSplitter()
    const bytes = fromHex('000100100001000DC001C1000100002A0000FF0200')
    const found = [...bytes].flatMap((byte) => splitter.push(Uint8Array.of(byte)))
    expect(found.map(({ apdu }) => toHex(apdu))).toEqual(['C001C1000100002A0000FF0200'])
  })
})

test('damaged WPDUs give a value or a DlmsError', () => {
  fc.assert(
    fc.property(wpdu, (value) => {
      const bytes = emitWpdu(value)
      expect(parseWpdu(bytes)).toEqual(value)
      if (bytes.length > 60) return
      for (const hurt of damaged(bytes)) valueOrDlmsError(() => parseWpdu(hurt))
    }),
  )
})
