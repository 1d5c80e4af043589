import { createServer, type Socket } from 'node:net'
import { toHex } from '@gridcard/bytes'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StreetNews } from '../src/index.ts'
import { type HeadendUnderTest, headendUnderTest } from './head-end-under-test.ts'
import { type PeerMeter, quarterRows, randomKeys, startPeerMeter } from './meter-peer.ts'

const QUARTER = 900_000
const start = Date.UTC(2026, 5, 15, 12, 0, 20)
const lines: string[] = []
let under: HeadendUnderTest
let nowMs = start
const realStart = performance.now()
// An hour in four seconds, once it is let go.
let isRunning = false
const clock = { nowMs: () => (isRunning ? nowMs + Math.floor((performance.now() - realStart) * 900) : nowMs) }

beforeAll(async () => {
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  under = await headendUnderTest({ clock, speed: 900, logger, isScheduled: true })
}, 240_000)
afterAll(() => under.close())

/** A meter whose profile grows with the clock. */
async function livePeer(serial: string): Promise<PeerMeter> {
  const meter = await startPeerMeter({ serial, nowMs: () => clock.nowMs() })
  const first = start - 20_000 - 8 * QUARTER
  Object.defineProperty(meter, 'rows', { get: () => quarterRows(first, clock.nowMs()) })
  return meter
}

describe('registering', () => {
  const good = () => ({
    serial: 'GC00000050',
    systemTitle: new Uint8Array(8).fill(1),
    host: '127.0.0.1',
    port: 4059,
    keys: randomKeys(),
  })
  test.each([
    ['a serial number of another form', { serial: 'gc-1' }, 'HEADEND_BAD_OPTION'],
    ['a short system title', { systemTitle: new Uint8Array(7) }, 'HEADEND_BAD_OPTION'],
    ['no port', { port: 0 }, 'HEADEND_BAD_OPTION'],
    [
      'documentation keys',
      { keys: { ...randomKeys(), blockCipherKey: Uint8Array.from({ length: 16 }, (_unused, i) => i) } },
      'HEADEND_KEY_REFUSED',
    ],
  ])('with %s is refused and leaves nothing', async (_what, changes, code) => {
    await expect(under.headend.registerMeter({ ...good(), ...changes })).rejects.toMatchObject({ code })
    expect((await under.get('/api/meters/GC00000050')).status).toBe(404)
  })
  test('without keys is refused when none are there', async () => {
    const { keys: _keys, ...without } = good()
    await expect(under.headend.registerMeter(without)).rejects.toMatchObject({ code: 'HEADEND_KEYS_MISSING' })
  })
  test('without keys goes well when they were kept before, and only good ones are', async () => {
    const { keys, ...without } = { ...good(), serial: 'GC00000052' }
    const zeros = { ...keys, blockCipherKey: new Uint8Array(16) }
    await expect(under.headend.keepKeys('GC00000052', zeros)).rejects.toMatchObject({ code: 'HEADEND_KEY_REFUSED' })
    await expect(under.headend.keepKeys('__proto__', keys)).rejects.toMatchObject({ code: 'HEADEND_BAD_OPTION' })
    expect(under.headend.hasKeys('GC00000052')).toBe(false)
    await under.headend.keepKeys('GC00000052', keys)
    expect(under.headend.hasKeys('GC00000052')).toBe(true)
    await under.headend.registerMeter(without)
    await expect(under.headend.keepKeys('GC00000052', randomKeys())).rejects.toMatchObject({
      code: 'HEADEND_METER_CONFLICT',
    })
  })
  test('again with another title or other keys is refused; with another address it moves', async () => {
    const meter = good()
    await under.headend.registerMeter(meter)
    const changed = { ...meter, systemTitle: new Uint8Array(8).fill(2) }
    await expect(under.headend.registerMeter(changed)).rejects.toMatchObject({ code: 'HEADEND_METER_CONFLICT' })
    const rekeyed = { ...meter, keys: randomKeys() }
    await expect(under.headend.registerMeter(rekeyed)).rejects.toMatchObject({ code: 'HEADEND_METER_CONFLICT' })
    await under.headend.registerMeter({ ...meter, port: 4060 })
    expect((await under.get('/api/meters/GC00000050')).body).toMatchObject({ address: '127.0.0.1:4060' })
  })
  test('leaves the caller’s keys as they were', async () => {
    const meter = { ...good(), serial: 'GC00000051' }
    const before = toHex(meter.keys.blockCipherKey)
    await under.headend.registerMeter(meter)
    expect(toHex(meter.keys.blockCipherKey)).toBe(before)
  })
})

describe('the schedule', () => {
  test('reads a new meter at once, follows a fast clock, and misses no quarter of an hour', async () => {
    const meter = await livePeer('GC00000060')
    const news: StreetNews[] = []
    const stop = under.headend.events.subscribe((one) => news.push(one))
    await under.register(meter)
    const detail = async () => (await under.get('/api/meters/GC00000060')).body as { intervalsStored: number }
    await expect.poll(async () => (await detail()).intervalsStored, { timeout: 60_000 }).toBe(8)
    nowMs = start - Math.floor((performance.now() - realStart) * 900)
    isRunning = true
    await expect.poll(async () => (await detail()).intervalsStored, { timeout: 60_000 }).toBeGreaterThan(12)
    isRunning = false
    stop()
    const { intervals } = (await under.get('/api/meters/GC00000060/load-profile?to=2026-06-16T00:00:00Z')).body as {
      intervals: { endAt: string; importWh: number }[]
    }
    intervals.slice(1).forEach(({ endAt, importWh }, i) => {
      expect([Date.parse(endAt) - Date.parse(intervals[i]!.endAt), importWh]).toEqual([QUARTER, 10])
    })
    expect(news.some((one) => one.type === 'event' && one.event.kind === 'meter.read')).toBe(true)
    expect(news).toContainEqual({ type: 'meter', serial: 'GC00000060' })
    await meter.close()
  }, 240_000)
})

test('closing aborts a reading of a meter that does not answer, at once', async () => {
  const sockets: Socket[] = []
  const silentMeter = createServer((socket) => sockets.push(socket))
  await new Promise<void>((resolve) => silentMeter.listen(0, '127.0.0.1', resolve))
  const address = silentMeter.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const other = await headendUnderTest({ answerTimeoutMs: 600_000 })
  await other.headend.registerMeter({
    serial: 'GC00000070',
    systemTitle: new Uint8Array(8),
    host: '127.0.0.1',
    port,
    keys: randomKeys(),
  })
  const reading = other.headend.readAll()
  const outcome = reading.then(
    () => 'read',
    () => 'aborted',
  )
  await expect.poll(() => sockets.length).toBe(1)
  await other.close()
  expect(await outcome).toBe('aborted')
  for (const socket of sockets) socket.destroy()
  silentMeter.close()
}, 240_000)

test('no key was ever logged, told or sent', async () => {
  const keys = randomKeys()
  const meter = await startPeerMeter({ serial: 'GC00000080', nowMs: () => clock.nowMs() })
  await under.register({ ...meter, keys })
  await under.post('/api/meters/GC00000080/read')
  const paths = ['/api/meters', '/api/meters/GC00000080', '/api/events', '/api/street']
  const told = [
    ...lines,
    ...(await Promise.all(paths.map(async (path) => JSON.stringify((await under.get(path)).body)))),
  ]
  expect(lines.length).toBeGreaterThan(0)
  for (const key of Object.values({ ...keys, other: meter.keys.blockCipherKey })) {
    const forms = [toHex(key), toHex(key).toLowerCase(), Buffer.from(key).toString('base64'), [...key].join(',')]
    for (const form of forms) expect(told.join('\n')).not.toContain(form)
  }
  await meter.close()
})
