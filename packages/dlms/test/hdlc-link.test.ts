import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { fcs16 } from '../src/hdlc/fcs16.ts'
import {
  emitHdlcFrame,
  HdlcClientLink,
  type HdlcClientOptions,
  type HdlcFrame,
  HdlcServerStation,
  type HdlcServerStationOptions,
  hdlcAddress,
  hdlcServerAddress,
  parseHdlcFrame,
  traceHdlcFrame,
} from '../src/index.ts'

// Client and server of one line without I/O: frames as traces, time as a number.

const client = hdlcAddress(16)
const server = hdlcServerAddress(1, 17)
const nothing = new Uint8Array(0)
const toServer = { destination: server, source: client }
const toClient = { destination: client, source: server }
const traces = (frames: readonly Uint8Array[]) => frames.map((bytes) => traceHdlcFrame(parseHdlcFrame(bytes)))
const octets = (length: number) => Uint8Array.from({ length }, (_unused, i) => i & 0xff)
const small = { transmitInformationBytes: 20, receiveInformationBytes: 20, transmitWindow: 3, receiveWindow: 3 }

function stationOf(options: Partial<HdlcServerStationOptions> = {}): HdlcServerStation {
  return new HdlcServerStation({ serves: (sap) => sap === 1, maxApduBytes: 1024, ...options })
}

/** Sends one frame to the station, gives what came back and what it told. */
function ask(station: HdlcServerStation, frame: HdlcFrame, nowMs = 0) {
  const { frames, events } = station.receive(emitHdlcFrame(frame), nowMs)
  return { answers: traces(frames), events, frames }
}

const snrm: HdlcFrame = { kind: 'snrm', ...toServer, pollFinal: true, information: nothing }
const disc: HdlcFrame = { ...snrm, kind: 'disc' }
const rr = (receiveNumber: number): HdlcFrame => ({ kind: 'rr', ...toServer, receiveNumber, pollFinal: true })
const information = (sendNumber: number, hex: string, more: Partial<Extract<HdlcFrame, { kind: 'i' }>> = {}) =>
  ({
    kind: 'i',
    ...toServer,
    sendNumber,
    receiveNumber: 0,
    isSegmented: false,
    pollFinal: true,
    information: fromHex(hex),
    ...more,
  }) as const satisfies HdlcFrame

describe('a server without a link', () => {
  test.each<[string, HdlcFrame]>([
    ['an I frame', information(0, 'E6E600C0')],
    ['RR', rr(0)],
    ['DISC', disc],
  ])('answers %s with DM', (_name, frame) => {
    expect(ask(stationOf(), frame)).toMatchObject({ answers: ['1/17 > 16 DM P/F'], events: [] })
  })

  test.each<[string, HdlcFrame]>([
    ['for another logical device', { ...snrm, destination: hdlcServerAddress(2, 17) }],
    ['for another physical device', { ...snrm, destination: hdlcServerAddress(1, 18) }],
    ['from a client with two octets of address', { ...snrm, source: server }],
    ['without poll', information(0, 'E6E600C0', { pollFinal: false })],
    ['with UI', { kind: 'ui', ...toServer, pollFinal: true, isSegmented: false, information: nothing }],
  ])('does not answer frames %s', (_name, frame) => {
    expect(ask(stationOf({ physicalAddress: 17 }), frame)).toMatchObject({ answers: [], events: [] })
  })

  test('answers an SNRM that cannot be read with DM', () => {
    expect(ask(stationOf(), { ...snrm, information: fromHex('8180') }).answers).toEqual(['1/17 > 16 DM P/F'])
  })

  test('keeps no more links than allowed', () => {
    const station = stationOf({ maxLinks: 1 })
    expect(ask(station, snrm).answers).toEqual(['1/17 > 16 UA P/F 21 bytes'])
    expect(ask(station, { ...snrm, source: hdlcAddress(17) })).toMatchObject({ answers: [], events: [] })
  })
})

describe('a linked server', () => {
  const linked = (options: Partial<HdlcServerStationOptions> = {}) => {
    const station = stationOf(options)
    ask(station, snrm)
    return station
  }
  const link = '1/17 16'

  test('answers an undefined control field with FRMR until the link is made anew', () => {
    const station = linked()
    const fields = fromHex('A008022321F3')
    const check = fcs16(fields)
    const undefinedControl = Uint8Array.of(0x7e, ...fields, check & 0xff, check >> 8, 0x7e)
    const [answer] = station.receive(undefinedControl, 0).frames
    expect(parseHdlcFrame(answer!)).toMatchObject({ kind: 'frmr', information: Uint8Array.of(0xf3, 0, 1) })
    expect(ask(station, rr(0)).answers).toEqual(['1/17 > 16 FRMR P/F 3 bytes'])
    expect(ask(station, snrm).answers).toEqual(['1/17 > 16 UA P/F 21 bytes'])
    expect(ask(station, rr(0)).answers).toEqual(['1/17 > 16 RR r0 P/F'])
  })

  test('answers information longer than agreed with FRMR', () => {
    const frame = information(0, toHex(octets(129)))
    expect(ask(linked(), frame).answers).toEqual(['1/17 > 16 FRMR P/F 3 bytes'])
  })

  test('ends the link at a message longer than allowed', () => {
    const station = linked({ maxApduBytes: 100 })
    const { answers, events } = ask(station, information(0, toHex(octets(104))))
    expect(answers).toEqual(['1/17 > 16 DM P/F'])
    expect(events).toMatchObject([{ kind: 'disconnected', reason: 'message longer than allowed' }])
  })

  test('acknowledges a message without LLC header and never answers it', () => {
    expect(ask(linked(), information(0, 'C001C1'))).toMatchObject({ answers: ['1/17 > 16 RR r1 P/F'], events: [] })
  })

  test('drops a frame out of sequence and says which it expects', () => {
    const { answers, events } = ask(linked(), information(3, 'E6E600C0'))
    expect(answers).toEqual(['1/17 > 16 RR r0 P/F'])
    expect(events).toEqual([])
  })

  test('gives a request out once, however often it comes, and refuses a second while busy', () => {
    const station = linked()
    const first = ask(station, information(0, 'E6E600C0'))
    expect(first).toMatchObject({ answers: [], events: [{ kind: 'request', apdu: Uint8Array.of(0xc0) }] })
    expect(ask(station, information(0, 'E6E600C0'))).toMatchObject({ answers: ['1/17 > 16 RR r1 P/F'], events: [] })
    expect(ask(station, information(1, 'E6E600C1'))).toMatchObject({ answers: ['1/17 > 16 RNR r1 P/F'], events: [] })
    // Both polls were answered, so the answer waits for the next one.
    expect(station.respond(link, [Uint8Array.of(0xc4)]).frames).toEqual([])
    expect(ask(station, rr(0)).answers).toEqual(['1/17 > 16 I s0 r1 P/F 4 bytes'])
    // Not acknowledged: once more.
    expect(ask(station, rr(0)).answers).toEqual(['1/17 > 16 I s0 r1 P/F 4 bytes'])
    expect(ask(station, rr(1)).answers).toEqual(['1/17 > 16 RR r1 P/F'])
  })

  test('answers the poll that waited as soon as it can', () => {
    const station = linked()
    ask(station, information(0, 'E6E600C0'))
    expect(traces(station.respond(link, [Uint8Array.of(0xc4)]).frames)).toEqual(['1/17 > 16 I s0 r1 P/F 4 bytes'])
  })

  test('drops an answer that comes after the link was made anew', () => {
    const station = linked()
    ask(station, information(0, 'E6E600C0'))
    expect(ask(station, snrm).events.map(({ kind }) => kind)).toEqual(['disconnected', 'connected'])
    expect(station.respond(link, [Uint8Array.of(0xc4)]).frames).toEqual([])
    expect(ask(station, rr(0)).answers).toEqual(['1/17 > 16 RR r0 P/F'])
  })

  test('sends nothing to a client that is not ready', () => {
    const station = linked()
    ask(station, information(0, 'E6E600C0'))
    ask(station, rr(0))
    station.respond(link, [Uint8Array.of(0xc4)])
    expect(ask(station, { ...rr(0), kind: 'rnr' } as HdlcFrame).answers).toEqual(['1/17 > 16 RR r1 P/F'])
  })

  test('confirms DISC, and answers DM to the next', () => {
    const station = linked()
    expect(ask(station, disc)).toMatchObject({ answers: ['1/17 > 16 UA P/F'], events: [{ kind: 'disconnected' }] })
    expect(ask(station, disc).answers).toEqual(['1/17 > 16 DM P/F'])
  })

  test('forgets a link that was silent for too long, without a word', () => {
    const station = linked({ inactivityTimeoutMs: 1000 })
    expect(station.deadlineMs).toBe(1000)
    ask(station, rr(0), 900)
    expect(station.tick(1000).events).toEqual([])
    expect(station.tick(1900)).toMatchObject({ frames: [], events: [{ reason: 'inactive for too long' }] })
    expect(ask(station, rr(0), 1901).answers).toEqual(['1/17 > 16 DM P/F'])
  })

  test('sends a notification in one UI frame, and none that does not fit', () => {
    const station = linked()
    expect(() => station.notify(link, octets(126))).toThrow(expect.objectContaining({ code: 'DLMS_LIMIT_EXCEEDED' }))
    expect(traces(station.notify(link, octets(125)).frames)).toEqual(['1/17 > 16 UI 128 bytes'])
  })
})

describe('a client', () => {
  const clientOf = (options: Partial<HdlcClientOptions> = {}) => new HdlcClientLink({ client, server, ...options })
  const linkedClient = (options: Partial<HdlcClientOptions> = {}) => {
    const link = clientOf(options)
    link.connect(0)
    link.receive(emitHdlcFrame({ kind: 'ua', ...toClient, pollFinal: true, information: nothing }), 0)
    return link
  }
  const answer = (frame: HdlcFrame) => emitHdlcFrame({ ...frame, ...toClient })

  test('is refused by DM', () => {
    const link = clientOf()
    expect(traces(link.connect(0).frames)).toEqual(['16 > 1/17 SNRM P/F'])
    const { events } = link.receive(answer({ ...snrm, kind: 'dm' } as HdlcFrame), 5)
    expect(events).toMatchObject([{ kind: 'disconnected', error: { code: 'DLMS_LINK_REFUSED' } }])
    expect(link.state).toBe('disconnected')
  })

  test('does not take a UA from somebody else, nor one for somebody else', () => {
    const link = clientOf()
    link.connect(0)
    const ua = { ...snrm, kind: 'ua' } as HdlcFrame
    link.receive(emitHdlcFrame({ ...ua, ...toClient, source: hdlcServerAddress(1, 18) }), 1)
    link.receive(emitHdlcFrame({ ...ua, ...toClient, destination: hdlcAddress(17) }), 1)
    expect(link.state).toBe('connecting')
  })

  test('gives up when SNRM stays without answer', () => {
    const link = clientOf({ responseTimeoutMs: 100, maxRetries: 2 })
    link.connect(0)
    expect(link.tick(99).frames).toEqual([])
    expect(traces(link.tick(100).frames)).toEqual(['16 > 1/17 SNRM P/F'])
    expect(traces(link.tick(200).frames)).toEqual(['16 > 1/17 SNRM P/F'])
    expect(link.tick(300).events).toMatchObject([{ kind: 'disconnected', error: { code: 'DLMS_LINK_LOST' } }])
  })

  test.each<[string, HdlcFrame, string]>([
    ['DM', { ...snrm, kind: 'dm' } as HdlcFrame, 'DLMS_LINK_LOST'],
    ['FRMR', { ...snrm, kind: 'frmr', information: Uint8Array.of(0x10, 0, 1) } as HdlcFrame, 'DLMS_LINK_LOST'],
    ['an answer without LLC header', information(0, 'C401C1'), 'DLMS_MALFORMED'],
    ['an answer under the header of a request', information(0, 'E6E600C401C1'), 'DLMS_MALFORMED'],
  ])('ends the link at %s', (_name, frame, code) => {
    const link = linkedClient()
    link.request(Uint8Array.of(0xc0), 0)
    expect(link.receive(answer(frame), 1).events).toMatchObject([{ kind: 'disconnected', error: { code } }])
  })

  test('ends the link at an answer longer than allowed', () => {
    const link = linkedClient({ maxApduBytes: 10 })
    link.request(Uint8Array.of(0xc0), 0)
    const { events } = link.receive(answer(information(0, `E6E700${'00'.repeat(11)}`)), 1)
    expect(events).toMatchObject([{ error: { code: 'DLMS_LIMIT_EXCEEDED' } }])
  })

  test('takes one request at a time', () => {
    const link = linkedClient()
    link.request(Uint8Array.of(0xc0), 0)
    expect(() => link.request(Uint8Array.of(0xc0), 0)).toThrow(expect.objectContaining({ code: 'DLMS_BUSY' }))
    expect(() => link.connect(0)).toThrow(expect.objectContaining({ code: 'DLMS_BUSY' }))
  })

  test('asks again when the server has nothing to say yet', () => {
    const link = linkedClient({ pollIntervalMs: 50 })
    link.request(Uint8Array.of(0xc0), 0)
    const acknowledged = answer({ kind: 'rr', ...toClient, receiveNumber: 1, pollFinal: true })
    expect(traces(link.receive(acknowledged, 10).frames)).toEqual(['16 > 1/17 RR r0 P/F'])
    expect(link.receive(acknowledged, 20).frames).toEqual([])
    expect(link.deadlineMs).toBe(70)
    expect(traces(link.tick(70).frames)).toEqual(['16 > 1/17 RR r0 P/F'])
    const { events } = link.receive(answer(information(0, 'E6E700C4', { receiveNumber: 1 })), 80)
    expect(events).toEqual([{ kind: 'response', apdu: Uint8Array.of(0xc4) }])
  })

  test('counts the link as gone after being idle for too long', () => {
    const link = linkedClient({ inactivityTimeoutMs: 1000 })
    expect(link.tick(1000).events).toMatchObject([{ kind: 'disconnected', error: { code: 'DLMS_LINK_LOST' } }])
  })

  test('hands on what comes in UI frames, at any time, and nothing else', () => {
    const link = linkedClient()
    const ui = (hex: string, isSegmented = false) =>
      answer({ kind: 'ui', ...toClient, pollFinal: false, isSegmented, information: fromHex(hex) })
    expect(link.receive(ui('C2'), 1).events).toEqual([])
    expect(link.receive(ui('E6E7000F', true), 1).events).toEqual([])
    expect(link.receive(ui('E6E7000F'), 1).events).toEqual([{ kind: 'notification', apdu: Uint8Array.of(0x0f) }])
  })

  test('leaves with DISC, also when nobody confirms it', () => {
    const link = linkedClient({ responseTimeoutMs: 100, maxRetries: 0 })
    expect(traces(link.disconnect(0).frames)).toEqual(['16 > 1/17 DISC P/F'])
    expect(link.tick(100).events).toEqual([{ kind: 'disconnected', error: undefined }])
  })
})

test('a long exchange goes in windows of segments, both ways', () => {
  const station = stationOf()
  const link = new HdlcClientLink({ client, server, parameters: small })
  const log: string[] = []
  const events: string[] = []
  let answered: Uint8Array | undefined
  let frames = link.connect(0).frames
  const exchange = () => {
    while (frames.length > 0) {
      log.push(...traces(frames))
      const back: Uint8Array[] = []
      for (const frame of frames) {
        const step = station.receive(frame, 0)
        back.push(...step.frames)
        for (const event of step.events) {
          events.push(event.kind)
          if (event.kind === 'request') back.push(...station.respond(event.link, [octets(97)]).frames)
        }
      }
      log.push(...traces(back))
      frames = back.flatMap((frame) => {
        const step = link.receive(frame, 0)
        for (const event of step.events) if (event.kind === 'response') answered = event.apdu
        return step.frames
      })
    }
  }
  exchange()
  frames = link.request(octets(67), 0).frames
  exchange()
  expect(answered).toEqual(octets(97))
  expect(events).toEqual(['connected', 'request'])
  expect(log).toEqual([
    '16 > 1/17 SNRM P/F 21 bytes',
    '1/17 > 16 UA P/F 21 bytes',
    '16 > 1/17 I s0 r0 segmented 20 bytes',
    '16 > 1/17 I s1 r0 segmented 20 bytes',
    '16 > 1/17 I s2 r0 P/F segmented 20 bytes',
    '1/17 > 16 RR r3 P/F',
    '16 > 1/17 I s3 r0 P/F 10 bytes',
    '1/17 > 16 I s0 r4 segmented 20 bytes',
    '1/17 > 16 I s1 r4 segmented 20 bytes',
    '1/17 > 16 I s2 r4 P/F segmented 20 bytes',
    '16 > 1/17 RR r3 P/F',
    '1/17 > 16 I s3 r4 segmented 20 bytes',
    '1/17 > 16 I s4 r4 P/F 20 bytes',
  ])
})
