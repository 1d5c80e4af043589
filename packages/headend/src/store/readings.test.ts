import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openMemoryDatabase } from './database.ts'
import { insertEvents, lastLogged, pruneEvents, readEvents } from './events.ts'
import { createReadingStore, type IntervalRow, type ReadingStore } from './readings.ts'
import { readSetting, writeSetting } from './settings.ts'

let db: Database
let store: ReadingStore
let meterId = 0
beforeAll(async () => {
  db = await openMemoryDatabase()
  store = createReadingStore(db)
}, 240_000)
afterAll(() => db.destroy())

const QUARTER = 900_000
const row = (i: number, changes: Partial<IntervalRow> = {}): IntervalRow => ({
  endMs: i * QUARTER,
  importWh: BigInt(100 * i),
  exportWh: 0n,
  energy: i === 0 ? undefined : { importWh: 100n, exportWh: 0n },
  status: 0,
  ...changes,
})
const rows = (count: number) => Array.from({ length: count }, (_unused, i) => row(i))

describe('a reading once stored', () => {
  test.each([
    ['another import register', { importWh: 401n }],
    ['another export register', { exportWh: 1n }],
    ['another energy', { energy: { importWh: 99n, exportWh: 0n } }],
    ['another status', { status: 4 }],
  ])('is not overwritten by %s', async (_what, changes) => {
    meterId++
    await store.insertIntervals(meterId, rows(6))
    const again = await store.insertIntervals(meterId, [row(3), row(4, changes), row(5), row(6)])
    expect(again).toEqual({ stored: 1, differing: [4 * QUARTER] })
    expect(await store.intervals(meterId, 3 * QUARTER, 4 * QUARTER)).toEqual([row(4)])
  })
  test('is told apart from another one in the same batch', async () => {
    meterId++
    const outcome = await store.insertIntervals(meterId, [row(0), row(1), row(1, { status: 1 }), row(1)])
    expect(outcome).toEqual({ stored: 1, differing: [QUARTER] })
  })
  test('is the same when it comes again, with or without its energy', async () => {
    meterId++
    await store.insertIntervals(meterId, rows(4))
    const again = await store.insertIntervals(meterId, [row(3, { energy: undefined }), row(2), row(0)])
    expect(again).toEqual({ stored: 0, differing: [] })
    expect(await store.lastRow(meterId)).toEqual(row(3))
  })
})

describe('the reading store', () => {
  test('knows nothing of a meter it never heard of', async () => {
    expect(await store.lastRow(99_999)).toBeUndefined()
    expect(await store.extent(99_999)).toEqual({ count: 0, firstEndMs: undefined, lastEndMs: undefined })
    expect(await store.intervals(99_999, 0, 1e12)).toEqual([])
    expect(await store.insertIntervals(99_999, [])).toEqual({ stored: 0, differing: [] })
  })
  test('keeps registers beyond 2^53 exactly', async () => {
    meterId++
    const large = row(7, { importWh: 2n ** 62n + 1n, exportWh: 2n ** 53n + 1n })
    await store.insertIntervals(meterId, [large])
    expect(await store.lastRow(meterId)).toEqual(large)
  })
  test('takes more rows than one statement holds, and gives a span of them', async () => {
    meterId++
    expect(await store.insertIntervals(meterId, rows(12_001))).toEqual({ stored: 12_000, differing: [] })
    expect(await store.extent(meterId)).toEqual({ count: 12_000, firstEndMs: QUARTER, lastEndMs: 12_000 * QUARTER })
    const span = await store.intervals(meterId, 10 * QUARTER, 12 * QUARTER)
    expect(span.map(({ endMs }) => endMs / QUARTER)).toEqual([11, 12])
  })
  test('does not mix transactions that run at the same time', async () => {
    meterId++
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_unused, i) =>
        db.transaction().execute(async (transaction) => {
          await createReadingStore(transaction).insertIntervals(meterId, [row(i)])
          if (i % 2 === 1) throw new Error('cut off')
        }),
      ),
    )
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ])
    const stored = await db.selectFrom('readings').select('end_at').where('meter_id', '=', meterId).execute()
    expect(stored.map(({ end_at }) => end_at.getTime() / QUARTER)).toEqual([0, 2, 4, 6, 8])
  })
})

describe('events', () => {
  const event = (text: string, extra: object = {}) =>
    ({ atMs: 1000, source: 'headend', kind: 'test', severity: 'info', text, ...extra }) as const
  test('that happen once per meter are stored once per meter', async () => {
    const [one, other] = [
      { id: 101, serial: 'A001' },
      { id: 102, serial: 'A002' },
    ]
    expect(
      await insertEvents(db, one, [event('a', { once: 'x' }), event('b', { once: 'x' }), event('c')]),
    ).toHaveLength(2)
    expect(await insertEvents(db, one, [event('a', { once: 'x' }), event('c')])).toHaveLength(1)
    expect(await insertEvents(db, other, [event('a', { once: 'x' })])).toMatchObject([{ serial: 'A002', text: 'a' }])
  })
  test('come in order, newest first or after one that is known', async () => {
    const [first] = await insertEvents(db, undefined, [event('1'), event('2'), event('3')])
    expect((await readEvents(db, { limit: 2 })).map(({ text }) => text)).toEqual(['3', '2'])
    expect((await readEvents(db, { afterId: first!.id, limit: 9 })).map(({ text }) => text)).toEqual(['2', '3'])
  })
  test('of a log say how far it was read', async () => {
    await insertEvents(db, { id: 103, serial: 'A003' }, [
      event('a', { log: 'fraud', atMs: 5000 }),
      event('b', { log: 'fraud', atMs: 4000 }),
    ])
    expect(await lastLogged(db, 103)).toEqual(new Map([['fraud', 5000]]))
  })
  test('of routine are dropped when there are too many, others never', async () => {
    await insertEvents(db, undefined, [
      ...Array.from({ length: 5 }, (_unused, i) => event(`r${i}`, { kind: 'routine' })),
      event('alarm', { kind: 'security.x' }),
    ])
    await pruneEvents(db, 'routine', 2)
    const left = (await readEvents(db, { limit: 50 })).filter(({ kind }) => kind !== 'test')
    expect(left.map(({ text }) => text)).toEqual(['alarm', 'r4', 'r3'])
  })
})

test('a setting is the last that was written', async () => {
  expect(await readSetting(db, 'simulated-time')).toBeUndefined()
  await writeSetting(db, 'simulated-time', '1')
  await writeSetting(db, 'simulated-time', '2')
  expect(await readSetting(db, 'simulated-time')).toBe('2')
})
