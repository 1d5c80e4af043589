import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { fcs16 } from '../src/hdlc/fcs16.ts'
import {
  emitHdlcFrame,
  emitHdlcParameters,
  type HdlcAddress,
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

  test.each<[string, HdlcAddress]>([
    ['1/0', hdlcServerAddress(1, 0)],
    ['1/0 (4)', { lengthBytes: 4, upper: 1, lower: 0 }],
  ])('answers under %s, for many clients name no physical device so', (name, destination) => {
    expect(ask(stationOf(), { ...snrm, destination }).answers).toEqual([`${name} > 16 UA P/F 21 bytes`])
    expect(ask(stationOf({ physicalAddress: 0 }), { ...snrm, destination }).answers).toHaveLength(1)
    // On a line with several devices all of them would answer.
    expect(ask(stationOf({ physicalAddress: 17 }), { ...snrm, destination }).answers).toEqual([])
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

  test('gives a request out once, however often it comes, and refuses more than may be under way', () => {
    const station = linked({ maxPending: 1 })
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

  test('gives out several requests of one window, and answers in their order', () => {
    const station = linked({ parameters: small })
    station.receive(emitHdlcFrame({ ...snrm, information: emitHdlcParameters(small) }), 0)
    const noPoll = { pollFinal: false }
    expect(ask(station, information(0, 'E6E600C0', noPoll))).toMatchObject({
      answers: [],
      events: [{ kind: 'request' }],
    })
    expect(ask(station, information(1, 'E6E600C1', noPoll))).toMatchObject({
      answers: [],
      events: [{ kind: 'request' }],
    })
    expect(ask(station, information(2, 'E6E600C3'))).toMatchObject({ answers: [], events: [{ kind: 'request' }] })
    // The first has no answer: the turn stays with the server until there is something to say.
    expect(station.respond(link, []).frames).toEqual([])
    expect(traces(station.respond(link, [Uint8Array.of(0xc5)]).frames)).toEqual(['1/17 > 16 I s0 r3 P/F 4 bytes'])
    expect(station.respond(link, [Uint8Array.of(0xc7)]).frames).toEqual([])
    expect(ask(station, rr(1)).answers).toEqual(['1/17 > 16 I s1 r3 P/F 4 bytes'])
    expect(station.respond(link, [Uint8Array.of(0xc9)]).frames).toEqual([])
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

  test('sends a notification in as many UI frames as it needs', () => {
    const station = linked()
    expect(traces(station.notify(link, octets(125)).frames)).toEqual(['1/17 > 16 UI 128 bytes'])
    expect(traces(station.notify(link, octets(260)).frames)).toEqual([
      '1/17 > 16 UI segmented 128 bytes',
      '1/17 > 16 UI segmented 128 bytes',
      '1/17 > 16 UI 7 bytes',
    ])
  })

  test('keeps notifications until it is polled by an empty UI frame, where told so', () => {
    const station = linked({ notifications: 'when-polled' })
    const invitation: HdlcFrame = { kind: 'ui', ...toServer, pollFinal: true, isSegmented: false, information: nothing }
    expect(ask(station, invitation).answers).toEqual(['1/17 > 16 RR r0 P/F'])
    expect(station.notify(link, Uint8Array.of(0x0f)).frames).toEqual([])
    expect(station.notify(link, octets(200)).frames).toEqual([])
    expect(ask(station, invitation).answers).toEqual([
      '1/17 > 16 UI 4 bytes',
      '1/17 > 16 UI segmented 128 bytes',
      '1/17 > 16 UI P/F 75 bytes',
    ])
    for (let i = 0; i < 16; i++) station.notify(link, Uint8Array.of(0x0f))
    expect(() => station.notify(link, Uint8Array.of(0x0f))).toThrow(
      expect.objectContaining({ code: 'DLMS_LIMIT_EXCEEDED' }),
    )
  })
})

describe('what has no answer', () => {
  const ui = (hex: string, more: Partial<Extract<HdlcFrame, { kind: 'ui' }>> = {}): HdlcFrame => ({
    kind: 'ui',
    ...toServer,
    pollFinal: false,
    isSegmented: false,
    information: fromHex(hex),
    ...more,
  })
  const heard = (station: HdlcServerStation, frame: HdlcFrame) => {
    const { answers, events } = ask(station, frame)
    expect(answers).toEqual([])
    return events.map((event) => ({ ...event, link: undefined }))
  }
  const unconfirmed = (serverSap: number, ...apdu: number[]) => ({
    kind: 'unconfirmed',
    apdu: Uint8Array.from(apdu),
    link: undefined,
    saps: { clientSap: 16, serverSap },
  })

  test('is heard in UI frames, with a link and without', () => {
    const station = stationOf()
    expect(heard(station, ui('E6E600C1'))).toEqual([unconfirmed(1, 0xc1)])
    ask(station, snrm)
    expect(heard(station, ui('E6E600C2'))).toEqual([unconfirmed(1, 0xc2)])
    expect(heard(station, ui('E6E700C2'))).toEqual([])
  })

  test('is put together from several, each message from its own header on', () => {
    const station = stationOf({ maxApduBytes: 6 })
    const more = { isSegmented: true }
    expect(heard(station, ui('C3'))).toEqual([])
    expect(heard(station, ui('E6E600C101', more))).toEqual([])
    expect(heard(station, ui('02', more))).toEqual([])
    expect(heard(station, ui('03'))).toEqual([unconfirmed(1, 0xc1, 1, 2, 3)])
    // Its last frame is lost, and the next message begins.
    expect(heard(station, ui('E6E600C1', more))).toEqual([])
    expect(heard(station, ui('E6E600C2'))).toEqual([unconfirmed(1, 0xc2)])
    // Two clients at once do not mix.
    const other = { source: hdlcAddress(17) }
    expect(heard(station, ui('E6E600C1', more))).toEqual([])
    expect(heard(station, ui('E6E600C2', { ...more, ...other }))).toEqual([])
    expect(heard(station, ui('01'))).toEqual([unconfirmed(1, 0xc1, 1)])
    // Too long, and what follows is of no message.
    expect(heard(station, ui('E6E600C1020304050607', more))).toEqual([])
    expect(heard(station, ui('08'))).toEqual([])
  })

  test.each<[string, HdlcAddress, readonly number[]]>([
    ['all logical devices', hdlcAddress(0x7f), [1, 2]],
    ['all logical devices of one physical', hdlcServerAddress(0x7f, 17), [1, 2]],
    ['one logical device of all physical', hdlcServerAddress(1, 0x7f), [1]],
    ['all of all', hdlcServerAddress(0x7f, 0x7f), [1, 2]],
    ['all of all, four octets', { lengthBytes: 4, upper: 0x3fff, lower: 0x3fff }, [1, 2]],
    ['7F in four octets, which is no broadcast', { lengthBytes: 4, upper: 0x7f, lower: 0x7f }, []],
    ['all logical devices of another physical', hdlcServerAddress(0x7f, 18), []],
    ['no logical device', hdlcServerAddress(0, 17), []],
    ['no physical device', hdlcServerAddress(1, 0), []],
    ['who has called in', hdlcServerAddress(1, 0x7e), []],
  ])('goes to %s', (_name, destination, saps) => {
    const station = stationOf({ serves: (sap) => sap < 3, serverSaps: () => [1, 2], physicalAddress: 17 })
    expect(heard(station, ui('E6E600C1', { destination }))).toEqual(saps.map((sap) => unconfirmed(sap, 0xc1)))
  })

  test('is all that a broadcast may be: no poll, no other frame, nothing answered', () => {
    const station = stationOf({ serverSaps: () => [1] })
    const destination = hdlcServerAddress(0x7f, 0x7f)
    expect(heard(station, ui('E6E600C1', { destination, pollFinal: true }))).toEqual([])
    expect(ask(station, { ...snrm, destination })).toMatchObject({ answers: [], events: [] })
    expect(ask(station, { ...disc, destination })).toMatchObject({ answers: [], events: [] })
    expect(ask(station, { ...snrm, source: hdlcAddress(0x7f) })).toMatchObject({ answers: [], events: [] })
    expect(ask(station, { ...snrm, source: hdlcAddress(0) })).toMatchObject({ answers: [], events: [] })
  })

  test('a client sends it between turns, linked or not', () => {
    const link = new HdlcClientLink({ client, server })
    expect(traces(link.unconfirmed(octets(200)).frames)).toEqual([
      '16 > 1/17 UI segmented 128 bytes',
      '16 > 1/17 UI 75 bytes',
    ])
    link.connect(0)
    expect(link.unconfirmed(Uint8Array.of(0xc1)).frames).toEqual([])
    const ua = emitHdlcFrame({ kind: 'ua', ...toClient, pollFinal: true, information: nothing })
    expect(traces(link.receive(ua, 1).frames)).toEqual(['16 > 1/17 UI 4 bytes'])
  })
})

describe('the physical device that has called in', () => {
  const destination = hdlcServerAddress(1, 0x7e)

  test('is the only one that answers its address, under its own', () => {
    expect(ask(stationOf({ physicalAddress: 17 }), { ...snrm, destination }).answers).toEqual([])
    expect(ask(stationOf({ isCaller: () => false }), { ...snrm, destination }).answers).toEqual([])
    const caller = { isCaller: () => true }
    expect(ask(stationOf(caller), { ...snrm, destination }).answers).toEqual(['1/126 > 16 UA P/F 21 bytes'])
    const station = stationOf({ ...caller, physicalAddress: 17 })
    expect(ask(station, { ...snrm, destination }).answers).toEqual(['1/17 > 16 UA P/F 21 bytes'])
    expect(ask(station, information(0, 'C0')).answers).toEqual(['1/17 > 16 RR r1 P/F'])
    const wide = { lengthBytes: 4, upper: 1, lower: 0x3ffe } as const
    expect(ask(station, { ...snrm, destination: wide }).answers).toEqual(['1/17 (4) > 16 UA P/F 21 bytes'])
  })

  test('is known to the client by that address from then on', () => {
    const link = new HdlcClientLink({ client, server: destination })
    expect(traces(link.connect(0).frames)).toEqual(['16 > 1/126 SNRM P/F'])
    const ua: HdlcFrame = { kind: 'ua', ...toClient, pollFinal: true, information: nothing }
    link.receive(emitHdlcFrame({ ...ua, source: hdlcServerAddress(2, 17) }), 1)
    expect(link.state).toBe('connecting')
    link.receive(emitHdlcFrame(ua), 1)
    expect(traces(link.request(Uint8Array.of(0xc0), 1).frames)).toEqual(['16 > 1/17 I s0 r0 P/F 4 bytes'])
    link.receive(
      emitHdlcFrame({
        kind: 'dm',
        ...toClient,
        source: hdlcServerAddress(1, 18),
        pollFinal: true,
        information: nothing,
      }),
      2,
    )
    expect(link.state).toBe('waiting')
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

  test('has several requests under way, as many in a turn as its window takes', () => {
    const link = clientOf({ parameters: { ...small, transmitWindow: 2 } })
    link.connect(0)
    const agreed = emitHdlcParameters({ ...small, receiveWindow: 2 })
    link.receive(emitHdlcFrame({ kind: 'ua', ...toClient, pollFinal: true, information: agreed }), 0)
    expect(traces(link.request(Uint8Array.of(1), 0).frames)).toEqual(['16 > 1/17 I s0 r0 P/F 4 bytes'])
    expect(link.request(Uint8Array.of(2), 0).frames).toEqual([])
    expect(link.request(Uint8Array.of(3), 0).frames).toEqual([])
    expect(() => link.connect(0)).toThrow(expect.objectContaining({ code: 'DLMS_BUSY' }))
    const first = answer(information(0, 'E6E7000A', { receiveNumber: 1 }))
    const { frames, events } = link.receive(first, 1)
    expect(events).toEqual([{ kind: 'response', apdu: Uint8Array.of(10) }])
    expect(traces(frames)).toEqual(['16 > 1/17 I s1 r1 4 bytes', '16 > 1/17 I s2 r1 P/F 4 bytes'])
    const both = [
      answer(information(1, 'E6E7000B', { receiveNumber: 3, pollFinal: false })),
      answer(information(2, 'E6E7000C', { receiveNumber: 3 })),
    ].map((frame) => link.receive(frame, 2))
    expect(both.flatMap((step) => step.events)).toHaveLength(2)
    expect(both.flatMap((step) => step.frames)).toEqual([])
    expect(link.state).toBe('connected')
  })

  test('hears more than it asked for when it listens, and stops when told so', () => {
    const link = linkedClient({ pollIntervalMs: 50 })
    expect(() => clientOf().hear(0)).toThrow(expect.objectContaining({ code: 'DLMS_BUSY' }))
    expect(traces(link.hear(0).frames)).toEqual(['16 > 1/17 RR r0 P/F'])
    expect(link.receive(answer(information(0, 'E6E7000A')), 1).events).toHaveLength(1)
    expect(link.state).toBe('connected')
    link.hear(2)
    link.receive(answer(rr(0)), 3)
    link.stopHearing()
    expect(traces(link.tick(60).frames)).toEqual(['16 > 1/17 RR r1 P/F'])
    link.receive(answer(rr(0)), 61)
    expect(link.state).toBe('connected')
  })

  test('gives the server its turn for notifications', () => {
    const link = linkedClient()
    expect(traces(link.invite(0).frames)).toEqual(['16 > 1/17 UI P/F'])
    expect(() => link.invite(0)).toThrow(expect.objectContaining({ code: 'DLMS_BUSY' }))
    const ui = { kind: 'ui', ...toClient, isSegmented: false, information: fromHex('E6E7000F') } as const
    expect(link.receive(answer({ ...ui, pollFinal: false }), 1).events).toHaveLength(1)
    expect(link.state).toBe('waiting')
    expect(link.receive(answer({ ...ui, pollFinal: true }), 1).events).toHaveLength(1)
    expect(link.state).toBe('connected')
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
    expect(link.receive(ui('01'), 1).events).toEqual([{ kind: 'notification', apdu: Uint8Array.of(0x0f, 1) }])
    expect(link.receive(ui('E6E7000F'), 1).events).toEqual([{ kind: 'notification', apdu: Uint8Array.of(0x0f) }])
    // The second block of a push, which some meters send without the header.
    expect(link.receive(ui('E0C000020000010F'), 1).events).toMatchObject([{ kind: 'notification' }])
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
