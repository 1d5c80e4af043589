import { fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hdlcFrame } from '../../test/arbitraries.ts'
import { damaged, flipped, valueOrDlmsError } from '../../test/hostile.ts'
import { DlmsError } from '../errors.ts'
import { fcs16 } from './fcs16.ts'
import { hdlcAddress, hdlcServerAddress } from './hdlc-address.ts'
import { emitHdlcFrame, type HdlcFrame, parseHdlcFrame, traceHdlcFrame } from './hdlc-frame.ts'
import {
  defaultHdlcParameters,
  emitHdlcParameters,
  maxHdlcInformationBytes,
  negotiateHdlcParameters,
  parseHdlcParameters,
} from './hdlc-parameters.ts'
import { HdlcSplitter } from './hdlc-splitter.ts'

/** The frame around hand-written fields, with right check sequences. */
function framed(format: number, header: string, information = ''): Uint8Array {
  const octets = [format >> 8, format & 0xff, ...fromHex(header)]
  const check = () => {
    const fcs = fcs16(Uint8Array.from(octets))
    octets.push(fcs & 0xff, fcs >> 8)
  }
  check()
  if (information !== '') {
    octets.push(...fromHex(information))
    check()
  }
  return Uint8Array.of(0x7e, ...octets, 0x7e)
}

describe('parseHdlcFrame refuses', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['flags alone', fromHex('7E7E')],
    ['a frame without its closing flag', fromHex('7EA00802232193BD64')],
    ['a wrong check sequence', fromHex('7EA00802232193BD657E')],
    ['another format type', framed(0x9008, '0223 21 93')],
    ['a length that does not match', framed(0xa009, '0223 21 93')],
    ['an address of three octets', framed(0xa009, '020223 21 93')],
    ['an address without end', framed(0xa00b, '0202020223 21 93')],
    ['an undefined control field', framed(0xa008, '0223 21 F3')],
    ['an I frame without information', framed(0xa008, '0223 21 10')],
    ['RR with information', framed(0xa00b, '0223 21 11', '55')],
    ['a segmented SNRM', framed(0xa808, '0223 21 93')],
  ])('%s', (_name, bytes) => {
    expect(valueOrDlmsError(() => parseHdlcFrame(bytes))).toMatchObject({ code: 'DLMS_MALFORMED' })
  })
})

describe('emitHdlcFrame refuses', () => {
  const common = { destination: hdlcAddress(1), source: hdlcAddress(16), pollFinal: true }
  test.each<[string, HdlcFrame]>([
    ['a sequence number of 8', { kind: 'rr', ...common, receiveNumber: 8 }],
    ['an address of 128 in one octet', { kind: 'rr', ...common, source: hdlcAddress(128), receiveNumber: 0 }],
    [
      'an address of 16384 in two octets',
      { kind: 'rr', ...common, destination: { lengthBytes: 4, upper: 1, lower: 16384 }, receiveNumber: 0 },
    ],
    [
      'more information than the length field can count',
      { kind: 'ui', ...common, isSegmented: false, information: new Uint8Array(2040) },
    ],
  ])('%s', (_name, frame) => {
    expect(valueOrDlmsError(() => emitHdlcFrame(frame))).toMatchObject({ code: 'DLMS_NOT_REPRESENTABLE' })
  })
})

test('every kind of frame comes back as it was', () => {
  fc.assert(
    fc.property(hdlcFrame, (frame) => {
      const bytes = emitHdlcFrame(frame)
      expect(parseHdlcFrame(bytes)).toEqual(frame)
      expect(toHex(emitHdlcFrame(parseHdlcFrame(bytes)))).toBe(toHex(bytes))
      expect(traceHdlcFrame(frame)).toMatch(/^[^\n]+$/)
    }),
    { numRuns: 500 },
  )
})

test('a trace names addresses, kind and numbers, and never the information', () => {
  const aarq = '7EA02C02232110AF9FE6E600601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFFC5E47E'
  expect(traceHdlcFrame(parseHdlcFrame(fromHex(aarq)))).toBe('16 > 1/17 I s0 r0 P/F 34 bytes')
})

test('cut off anywhere or with any bit flipped, a frame is refused', () => {
  const bytes = fromHex('7EA0199575767837E6E600C0018100080000010000FF020065D77E')
  for (const bad of damaged(bytes)) expect(valueOrDlmsError(() => parseHdlcFrame(bad))).toBeInstanceOf(DlmsError)
})

describe('addresses', () => {
  test.each([
    ['one octet', hdlcServerAddress(1), '03'],
    ['two octets', hdlcServerAddress(1, 17), '0223'],
    ['four octets', hdlcServerAddress(1, 145), '00020223'],
    ['broadcast in four octets', hdlcServerAddress(0x3fff, 0x3fff), 'FEFEFEFF'],
  ])('%s', (_name, destination, hex) => {
    const bytes = emitHdlcFrame({ kind: 'rr', destination, source: hdlcAddress(16), receiveNumber: 0, pollFinal: true })
    expect(toHex(bytes).slice(6, 6 + hex.length)).toBe(hex)
    expect(parseHdlcFrame(bytes).destination).toEqual(destination)
  })
})

describe('parameters', () => {
  test.each([
    ['another format', '828000'],
    ['another group', '818100'],
    ['a group longer than it is', '818004050180'],
    ['octets after the group', '818003050180 00'],
    ['a parameter of zero', '818003050100'],
    ['a parameter without a value', '8180020500'],
    ['a parameter of five octets', '818007050500000000 80'],
  ])('refuses %s', (_name, hex) => {
    expect(valueOrDlmsError(() => parseHdlcParameters(fromHex(hex)))).toMatchObject({ code: 'DLMS_MALFORMED' })
  })

  test('are what the other end says, or the defaults', () => {
    expect(parseHdlcParameters(new Uint8Array(0))).toEqual(defaultHdlcParameters)
    expect(parseHdlcParameters(fromHex('81801205019A06019A070400000001080400000001'))).toEqual({
      ...defaultHdlcParameters,
      transmitInformationBytes: 0x9a,
      receiveInformationBytes: 0x9a,
    })
    expect(parseHdlcParameters(fromHex('81800409020101'))).toEqual(defaultHdlcParameters)
  })

  test('beyond what HDLC can use are the most it can', () => {
    const most = parseHdlcParameters(fromHex('81800A 0502FFFF 070400000008'))
    expect(most).toMatchObject({ transmitInformationBytes: maxHdlcInformationBytes, transmitWindow: 7 })
  })

  test('come back as they were, and what one sends is what the other takes', () => {
    const size = fc.integer({ min: 1, max: maxHdlcInformationBytes })
    const window = fc.integer({ min: 1, max: 7 })
    const parameters = fc.record({
      transmitInformationBytes: size,
      receiveInformationBytes: size,
      transmitWindow: window,
      receiveWindow: window,
    })
    fc.assert(
      fc.property(parameters, parameters, (client, server) => {
        expect(parseHdlcParameters(emitHdlcParameters(client))).toEqual(client)
        const atServer = negotiateHdlcParameters(server, client)
        const atClient = negotiateHdlcParameters(client, atServer)
        expect(atClient).toEqual({
          transmitInformationBytes: atServer.receiveInformationBytes,
          receiveInformationBytes: atServer.transmitInformationBytes,
          transmitWindow: atServer.receiveWindow,
          receiveWindow: atServer.transmitWindow,
        })
      }),
    )
  })

  test('damaged give a value or a DlmsError', () => {
    for (const bytes of damaged(emitHdlcParameters(defaultHdlcParameters))) {
      valueOrDlmsError(() => parseHdlcParameters(bytes))
    }
  })
})

describe('splitter', () => {
  const one = fromHex('7EA00802232193BD647E')
  const two = fromHex('7EA0199575767837E6E600C0018100080000010000FF020065D77E')
  const hexes = (frames: readonly Uint8Array[]) => frames.map(toHex)

  test('gives no credit to a length before the header was checked', () => {
    const splitter = new HdlcSplitter()
    expect(splitter.push(fromHex('7EA7FF 03 21 93 0000 000000000000'))).toEqual([])
    expect(splitter.pendingBytes).toBe(0)
  })

  test('passes over noise, a broken frame, and flags between frames', () => {
    const broken = two.slice()
    broken[12]! ^= 1
    const splitter = new HdlcSplitter()
    const bytes = [...fromHex('0055A0'), ...broken, 0x7e, 0x7e, ...one, ...two.slice(1), 0x7e, 0x11]
    expect(hexes(splitter.push(Uint8Array.from(bytes)))).toEqual(hexes([one, two]))
    expect(splitter.discardedBytes).toBeGreaterThan(3)
  })

  test('finds every frame, wherever the stream is cut', () => {
    const frames = fc.array(fc.tuple(hdlcFrame, fc.boolean()), { maxLength: 6 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(60), { minLength: 1 }), (list, cuts) => {
        const emitted = list.map(([frame]) => emitHdlcFrame(frame))
        // Some share the flag between them.
        const stream = emitted.flatMap((bytes, i) => [...(i > 0 && list[i]![1] ? bytes.slice(1) : bytes)])
        const splitter = new HdlcSplitter()
        const found: Uint8Array[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + 1 + cuts[i % cuts.length]!
          found.push(...splitter.push(Uint8Array.from(stream.slice(at, end))))
          at = end
        }
        expect(hexes(found)).toEqual(hexes(emitted))
      }),
    )
  })

  test('after one flipped bit the next frames are found', () => {
    for (const bad of flipped(two)) {
      const splitter = new HdlcSplitter()
      expect(hexes(splitter.push(Uint8Array.of(...bad, ...one, ...two)))).toEqual(hexes([one, two]))
    }
  })

  test('never keeps more than one frame, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const splitter = new HdlcSplitter(256)
        for (const chunk of chunks) {
          for (const frame of splitter.push(chunk)) valueOrDlmsError(() => parseHdlcFrame(frame))
          expect(splitter.pendingBytes).toBeLessThanOrEqual(258)
        }
      }),
    )
  })
})
