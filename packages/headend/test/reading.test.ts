import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { LoadProfile, MeterDetail, ReadOutcome, StreetEvent } from '../src/index.ts'
import { clockAt, type HeadendUnderTest, headendUnderTest } from './head-end-under-test.ts'
import { type ManInTheMiddle, sitBefore } from './man-in-the-middle.ts'
import { type PeerMeter, quarterRows, randomKeys, startPeerMeter } from './meter-peer.ts'

const QUARTER = 900_000
const DAY = 86_400_000
const start = Date.UTC(2026, 5, 15, 12, 0, 20)
const lastQuarter = start - 20_000
const clock = clockAt(start)

let under: HeadendUnderTest
const closers: (() => Promise<void>)[] = []
let number = 0

beforeAll(async () => {
  under = await headendUnderTest({ clock })
}, 240_000)
afterAll(() => under.close())
afterEach(async () => {
  clock.setMs(start)
  for (const close of closers.splice(0)) await close()
})

async function peer(options: Partial<Parameters<typeof startPeerMeter>[0]> = {}): Promise<PeerMeter> {
  const serial = `GC${String(++number).padStart(8, '0')}`
  const meter = await startPeerMeter({ serial, nowMs: () => clock.nowMs(), ...options })
  meter.rows = quarterRows(lastQuarter - DAY, lastQuarter)
  closers.push(() => meter.close())
  return meter
}

async function middleBefore(meter: PeerMeter): Promise<ManInTheMiddle> {
  const middle = await sitBefore(meter.port)
  closers.push(() => middle.close())
  return middle
}

const read = async (serial: string): Promise<ReadOutcome> => (await under.post(`/api/meters/${serial}/read`)).body
const detail = async (serial: string): Promise<MeterDetail> => (await under.get(`/api/meters/${serial}`)).body
const events = async (serial: string): Promise<StreetEvent[]> => (await under.get(`/api/meters/${serial}/events`)).body
const kinds = async (serial: string) => (await events(serial)).map(({ kind }) => kind)
const profile = async (serial: string): Promise<LoadProfile> =>
  (await under.get(`/api/meters/${serial}/load-profile`)).body

async function expectNothingStored(serial: string): Promise<void> {
  const { intervalsStored, registers, card, clock: clockReading, lastReadAt, importWh } = await detail(serial)
  expect({ intervalsStored, registers, card, clockReading, lastReadAt, importWh }).toEqual({
    intervalsStored: 0,
    registers: [],
    card: null,
    clockReading: null,
    lastReadAt: null,
    importWh: null,
  })
}

describe('a meter that cannot be trusted', () => {
  test('with another key is refused, and nothing is stored', async () => {
    const meter = await peer()
    await under.register({ ...meter, keys: randomKeys() })
    const outcome = await read(meter.serial)
    expect(outcome).toMatchObject({ done: false, intervalsStored: 0 })
    await expectNothingStored(meter.serial)
    expect((await detail(meter.serial)).state).toBe('refusing')
    expect((await events(meter.serial))[0]).toMatchObject({
      kind: 'security.authentication-failed',
      severity: 'alarm',
      source: 'headend',
    })
    expect(meter.security.map(({ kind }) => kind)).toContain('decryption-failed')
    expect(meter.reads).toEqual([])
  })

  test('whose answers were changed on the way is refused at each of them, and nothing is stored', async () => {
    const meter = await peer()
    const middle = await middleBefore(meter)
    await under.register(meter, middle.port)
    await read(meter.serial)
    const answers = middle.recorded[0]!.length
    const other = await peer()
    const before = await middleBefore(other)
    await under.register(other, before.port)
    // The last answer only says good-bye.
    for (let at = 0; at < answers - 1; at++) {
      before.meddle = (answer, index) => (index === at ? answer.with(answer.length - 3, answer.at(-3)! ^ 1) : answer)
      expect(await read(other.serial)).toMatchObject({ done: false, intervalsStored: 0 })
      expect((await events(other.serial))[0]).toMatchObject({ severity: 'alarm' })
    }
    await expectNothingStored(other.serial)
    expect((await detail(other.serial)).state).toBe('refusing')
  })

  test('whose answers come again from an earlier session is refused, and nothing is stored', async () => {
    const meter = await peer()
    const middle = await middleBefore(meter)
    await under.register(meter, middle.port)
    await read(meter.serial)
    const [recorded] = middle.recorded
    const stored = (await detail(meter.serial)).intervalsStored
    meter.rows = meter.rows.concat(quarterRows(lastQuarter + QUARTER, lastQuarter + 4 * QUARTER, 5000, 500))
    clock.setMs(start + 4 * QUARTER)
    // Association, token, clock, lists, profile and logs; what follows may be the good-bye already.
    for (let at = 0; at < 7; at++) {
      middle.meddle = (answer, index) => (index === at ? recorded![index]! : answer)
      expect(await read(meter.serial)).toMatchObject({ done: false })
      expect((await events(meter.serial))[0]!.kind).toBe('security.replay-refused')
    }
    expect((await detail(meter.serial)).intervalsStored).toBe(stored)
    middle.meddle = (answer) => answer
    expect(await read(meter.serial)).toMatchObject({ done: true, intervalsStored: 4 })
  })

  test.each([
    ['garbage', () => Uint8Array.of(0x99, 1, 2, 3, 4, 5)],
    ['nothing in the frame', () => new Uint8Array(0)],
    ['an answer in the open', () => Uint8Array.of(0xc4, 1, 0xc1, 0, 6, 0, 0, 0, 1)],
  ])('and answers with %s is refused, and nothing is stored', async (_what, answer) => {
    const meter = await peer()
    const middle = await middleBefore(meter)
    await under.register(meter, middle.port)
    for (const at of [0, 1, 2, 3]) {
      middle.meddle = (genuine, index) => (index === at ? answer() : genuine)
      expect(await read(meter.serial)).toMatchObject({ done: false })
    }
    await expectNothingStored(meter.serial)
    expect((await detail(meter.serial)).state).toBe('refusing')
    expect((await events(meter.serial))[0]!.kind).toMatch(/^security\./)
  })

  test('tells another serial number, and nothing is stored', async () => {
    const meter = await peer()
    meter.told.serial = 'GC99999999'
    await under.register(meter)
    expect(await read(meter.serial)).toMatchObject({ done: false })
    await expectNothingStored(meter.serial)
    expect(await kinds(meter.serial)).toContain('meter.unreadable')
  })
})

describe('a meter that does not answer', () => {
  test('is unreachable, and one event says so until the reason changes', async () => {
    const meter = await peer()
    await under.register(meter)
    await meter.close()
    expect(await read(meter.serial)).toMatchObject({ done: false })
    expect(await read(meter.serial)).toMatchObject({ done: false })
    expect((await detail(meter.serial)).state).toBe('unreachable')
    expect(await kinds(meter.serial)).toEqual(['meter.unreachable', 'meter.registered'])
  })

  test('for so long in all is given up, even if each answer comes in time', async () => {
    const other = await headendUnderTest({ clock, answerTimeoutMs: 60_000, sessionTimeoutMs: 200 })
    const meter = await peer()
    const middle = await middleBefore(meter)
    await other.register(meter, middle.port)
    middle.meddle = (answer, index) => (index === 3 ? undefined : answer)
    const outcome: ReadOutcome = (await other.post(`/api/meters/${meter.serial}/read`)).body
    expect(outcome).toMatchObject({ done: false, text: 'It did not answer in time; nothing was stored' })
    await other.close()
  }, 240_000)

  test('in the middle of a session leaves nothing behind, and is read later with all it has', async () => {
    const meter = await peer()
    const middle = await middleBefore(meter)
    await under.register(meter, middle.port)
    middle.meddle = (answer, index) => (index === 6 ? undefined : answer)
    expect(await read(meter.serial)).toMatchObject({ done: false })
    await expectNothingStored(meter.serial)
    middle.meddle = (answer) => answer
    expect(await read(meter.serial)).toMatchObject({ done: true, intervalsStored: 96 })
    expect((await detail(meter.serial)).state).toBe('online')
    expect(await kinds(meter.serial)).toContain('meter.online')
  })
})

describe('a reading', () => {
  test('brings registers, clock, switch, card and intervals', async () => {
    const meter = await peer()
    await under.register(meter)
    expect(await read(meter.serial)).toMatchObject({ done: true, intervalsStored: 96, text: 'Read; 96 new intervals' })
    const found = await detail(meter.serial)
    expect(found).toMatchObject({
      state: 'online',
      stateReason: null,
      logicalDeviceName: `GRC000${meter.serial}`,
      switchState: 'connected',
      importWh: meter.rows.at(-1)!.importWh,
      exportWh: meter.rows.at(-1)!.exportWh,
      powerW: 400,
      intervalsStored: 96,
      firstIntervalEndAt: new Date(lastQuarter - DAY + QUARTER).toISOString(),
      lastIntervalEndAt: new Date(lastQuarter).toISOString(),
      clock: { meterTime: new Date(start).toISOString(), deviationS: 0 },
      card: { appletAid: 'F047524944', lifeCycle: 'operational', bound: true, appletBytes: 2048 },
    })
    expect(found.registers.map(({ logicalName, value, unit }) => [logicalName, value, unit])).toContainEqual([
      '1.0.32.7.0.255',
      230.5,
      'V',
    ])
    const { intervals } = await profile(meter.serial)
    expect(intervals).toEqual(
      meter.rows.slice(1).map((row, i) => ({
        endAt: new Date(row.endMs).toISOString(),
        importWh: row.importWh - meter.rows[i]!.importWh,
        exportWh: row.exportWh - meter.rows[i]!.exportWh,
        status: 0,
      })),
    )
  })

  test('done again brings nothing twice', async () => {
    const meter = await peer()
    meter.logs.fraud = [
      { atMs: start - 5000, code: 49 },
      { atMs: start - 5000, code: 49 },
    ]
    await under.register(meter)
    await read(meter.serial)
    const before = await profile(meter.serial)
    expect(await read(meter.serial)).toMatchObject({ done: true, intervalsStored: 0 })
    expect(await profile(meter.serial)).toEqual(before)
    expect((await kinds(meter.serial)).filter((kind) => kind === 'meter.authentication-failed')).toHaveLength(2)
  })

  test('that tells a stored interval differently keeps the first and raises one alarm', async () => {
    const meter = await peer()
    await under.register(meter)
    await read(meter.serial)
    const last = meter.rows.at(-1)!
    meter.rows = [...meter.rows.slice(0, -1), { ...last, importWh: last.importWh + 7 }]
    await read(meter.serial)
    await read(meter.serial)
    const { intervals } = await profile(meter.serial)
    expect(intervals.at(-1)!.importWh).toBe(10)
    const alarms = (await events(meter.serial)).filter(({ kind }) => kind === 'reading.differs')
    expect(alarms).toMatchObject([{ severity: 'alarm' }])
  })

  test('after a long silence fetches what was missed', async () => {
    const meter = await peer()
    await under.register(meter)
    await read(meter.serial)
    const laterMs = start + 40 * DAY
    clock.setMs(laterMs)
    meter.rows = quarterRows(lastQuarter - DAY, lastQuarter + 40 * DAY)
    expect(await read(meter.serial)).toMatchObject({ done: true, intervalsStored: 40 * 96 })
    expect((await detail(meter.serial)).intervalsStored).toBe(41 * 96)
    expect(await kinds(meter.serial)).not.toContain('profile.gap')
  })

  test('at the first time goes 30 days back and not further', async () => {
    const meter = await peer()
    meter.rows = quarterRows(lastQuarter - 35 * DAY, lastQuarter)
    await under.register(meter)
    expect(await read(meter.serial)).toMatchObject({ intervalsStored: 30 * 96 })
  })

  test('leaves a gap open where the meter has none of the entries', async () => {
    const meter = await peer()
    const missing = meter.rows[40]!
    meter.rows = meter.rows.filter((row) => row !== missing)
    await under.register(meter)
    expect(await read(meter.serial)).toMatchObject({ intervalsStored: 94 })
    expect((await profile(meter.serial)).intervals).toHaveLength(94)
    await read(meter.serial)
    expect((await kinds(meter.serial)).filter((kind) => kind === 'profile.gap')).toHaveLength(1)
  })

  test('notices a register that went back', async () => {
    const meter = await peer()
    meter.rows = meter.rows.map((row, i) => (i >= 50 ? { ...row, importWh: row.importWh - 900 } : row))
    await under.register(meter)
    expect(await read(meter.serial)).toMatchObject({ intervalsStored: 95 })
    expect(await kinds(meter.serial)).toContain('profile.register-went-back')
  })

  test('notices a clock that is off, once, and when it is right again', async () => {
    const meter = await peer()
    meter.told.clockOffsetMs = -3 * 3_600_000
    await under.register(meter)
    await read(meter.serial)
    await read(meter.serial)
    meter.told.clockOffsetMs = 0
    await read(meter.serial)
    const seen = (await kinds(meter.serial)).filter((kind) => kind.startsWith('clock.'))
    expect(seen).toEqual(['clock.right', 'clock.deviates'])
  })

  test('does without objects the meter does not have', async () => {
    const meter = await peer({ without: ['0.128.96.0.0.255', '0.0.99.98.1.255', '1.0.32.7.0.255'] })
    await under.register(meter)
    expect(await read(meter.serial)).toMatchObject({ done: true, intervalsStored: 96 })
    const found = await detail(meter.serial)
    expect([found.card, found.registers.length]).toEqual([null, 4])
  })

  test('asked for twice at once is done once', async () => {
    const meter = await peer()
    await under.register(meter)
    const [one, two] = await Promise.all([read(meter.serial), read(meter.serial)])
    expect(one).toEqual(two)
    expect(meter.reads.filter((name) => name === '1.0.99.1.0.255/2')).toHaveLength(1)
  })
})
