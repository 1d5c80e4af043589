import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emitHdlcFrame,
  HdlcClientLink,
  type HdlcFrame,
  HdlcServerStation,
  hdlcAddress,
  hdlcServerAddress,
  parseHdlcFrame,
} from '../src/index.ts'
import { hdlcFrame } from './arbitraries.ts'

// Any frames in any order, at any time: both ends go on, and the next proper exchange works.

const client = hdlcAddress(16)
const server = hdlcServerAddress(1, 17)
const nothing = new Uint8Array(0)
const frames = (to: Pick<HdlcFrame, 'destination' | 'source'>) =>
  fc.array(
    fc.oneof(
      { weight: 9, arbitrary: hdlcFrame.map((frame): HdlcFrame => ({ ...frame, ...to })) },
      { weight: 1, arbitrary: hdlcFrame },
    ),
    { maxLength: 40 },
  )
/** What an earlier link has acknowledged must not have SNRM repeated for ever. */
const lostAfterProgress: HdlcFrame[] = [
  { kind: 'ua', destination: client, source: server, pollFinal: false, information: nothing },
  { kind: 'rr', destination: client, source: server, pollFinal: false, receiveNumber: 1 },
  { kind: 'dm', destination: client, source: server, pollFinal: false, information: nothing },
  { kind: 'dm', destination: server, source: server, pollFinal: false, information: nothing },
]
const snrm: HdlcFrame = { kind: 'snrm', destination: server, source: client, pollFinal: true, information: nothing }

describe('hostile frames', () => {
  test('do not disturb a server: it never throws, answers in frames, and takes the next SNRM', () => {
    fc.assert(
      fc.property(frames({ destination: server, source: client }), fc.boolean(), (list, isAnswering) => {
        const station = new HdlcServerStation({ serves: (sap) => sap === 1, maxApduBytes: 512, maxLinks: 4 })
        for (const [i, frame] of list.entries()) {
          const step = station.receive(emitHdlcFrame(frame), i * 1000)
          for (const bytes of step.frames) parseHdlcFrame(bytes)
          for (const event of step.events) {
            if (event.kind !== 'request') continue
            expect(event.apdu.length).toBeLessThanOrEqual(512)
            if (isAnswering) station.respond(event.link, [new Uint8Array(700)])
          }
          station.tick(i * 1000)
        }
        const [answer] = station.receive(emitHdlcFrame(snrm), 100_000).frames
        expect(parseHdlcFrame(answer!).kind).toBe('ua')
      }),
      { numRuns: 300 },
    )
  })

  test('do not disturb a client: it never throws, and ends where it can connect again', () => {
    fc.assert(
      fc.property(frames({ destination: client, source: server }), (list) => {
        const link = new HdlcClientLink({ client, server, maxApduBytes: 512, responseTimeoutMs: 100 })
        let nowMs = 0
        for (const frame of list) {
          nowMs += 10
          if (link.state === 'disconnected') link.connect(nowMs)
          if (link.state === 'connected') link.request(new Uint8Array(300), nowMs)
          for (const event of link.receive(emitHdlcFrame(frame), nowMs).events) {
            if (event.kind === 'response') expect(event.apdu.length).toBeLessThanOrEqual(512)
          }
          link.tick(nowMs)
        }
        // Without answers everything comes to its end.
        for (let i = 0; i < 50 && link.state !== 'disconnected'; i++) {
          if (link.state === 'connected') link.disconnect(nowMs)
          nowMs = Math.max(nowMs, link.deadlineMs ?? nowMs)
          link.tick(nowMs)
        }
        expect(link.state).toBe('disconnected')
        expect(link.deadlineMs).toBeUndefined()
      }),
      { numRuns: 300, examples: [[lostAfterProgress]] },
    )
  })
})
