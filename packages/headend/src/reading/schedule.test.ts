import { describe, expect, test } from 'vitest'
import { INTERVAL_MS } from '../clock.ts'
import type { ReadResult } from './meter-jobs.ts'
import { MeterLanes } from './meter-lanes.ts'
import { afterAttempt, isDue, neverAttempted, startSchedule } from './schedule.ts'
import { SessionAborted } from './session-failure.ts'

const noon = Date.UTC(2026, 5, 15, 12)

describe('a meter', () => {
  test('is not due again in the quarter it was read in, nor before the next is captured', () => {
    const read = afterAttempt(neverAttempted, undefined, noon + 60_000, 0)
    expect(isDue(read, noon + 61_000, 1)).toBe(false)
    expect(isDue(read, noon + INTERVAL_MS - 1, 1)).toBe(false)
    expect(isDue(read, noon + INTERVAL_MS + 4_999, 1)).toBe(false)
    expect(isDue(read, noon + INTERVAL_MS + 5_000, 1)).toBe(true)
  })
  test('is due at the start', () => {
    expect(isDue(neverAttempted, noon, 0)).toBe(true)
  })
  test('is left alone for longer and longer while it fails, and due when the pause is over', () => {
    let meter = neverAttempted
    const pauses: number[] = []
    for (let i = 0; i < 12; i++) {
      meter = afterAttempt(meter, 'unreachable', noon, 1000)
      pauses.push(meter.notBeforeMs - 1000)
      expect(isDue(meter, noon + 100 * INTERVAL_MS, meter.notBeforeMs - 1)).toBe(false)
      expect(isDue(meter, noon, meter.notBeforeMs)).toBe(true)
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1000))
    expect(afterAttempt(meter, undefined, noon, 5000)).toMatchObject({ failures: 0, notBeforeMs: 0 })
  })
  test('is due when its clock is set back, only once the next quarter of an hour comes', () => {
    const read = afterAttempt(neverAttempted, undefined, noon, 0)
    expect(isDue(read, noon - 10 * INTERVAL_MS, 1)).toBe(false)
  })
})

describe('a schedule', () => {
  const done: ReadResult = {
    outcome: { serial: '', done: true, intervalsStored: 0, durationMs: 0, text: '' },
    failure: undefined,
  }
  test('does not pile up readings of a slow meter, however fast the clock runs', async () => {
    let nowMs = noon
    let underWay = 0
    let most = 0
    let started = 0
    const reading = Promise.withResolvers<ReadResult>()
    const schedule = startSchedule({
      clock: { nowMs: () => (nowMs += 10 * INTERVAL_MS) },
      serials: () => ['A001'],
      read: async () => {
        started++
        most = Math.max(most, ++underWay)
        if (started === 1) await reading.promise
        underWay--
        return done
      },
      tickMs: 1,
      onFault: (error) => expect.unreachable(String(error)),
    })
    await expect.poll(() => started).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(started).toBe(1)
    reading.resolve(done)
    await expect.poll(() => started).toBeGreaterThan(3)
    schedule.stop()
    expect(most).toBe(1)
  })
  test('goes on when a reading throws', async () => {
    const faults: unknown[] = []
    let started = 0
    const schedule = startSchedule({
      clock: { nowMs: () => noon },
      serials: () => ['A001'],
      read: () => Promise.reject(new Error(`no ${++started}`)),
      tickMs: 1,
      onFault: (error) => faults.push(error),
    })
    await expect.poll(() => faults.length).toBeGreaterThan(1)
    schedule.stop()
  })
})

describe('lanes', () => {
  const lanes = () => new MeterLanes({ concurrency: 3, maxPerMeter: 4 })
  test('refuse what is too much for one meter, and nothing of another', async () => {
    const all = lanes()
    const gate = Promise.withResolvers<void>()
    const job = (serial: string) => all.add({ serial, isUrgent: false, run: () => gate.promise })
    const waiting = Array.from({ length: 4 }, () => job('A001'))
    await expect(job('A001')).rejects.toMatchObject({ code: 'HEADEND_METER_BUSY' })
    waiting.push(job('A002'))
    gate.resolve()
    await Promise.all(waiting)
    await job('A001')
  })
  test('run one at a time per meter and so many in all', async () => {
    const all = lanes()
    const running = new Map<string, number>()
    let most = 0
    const run = (serial: string) => async () => {
      running.set(serial, (running.get(serial) ?? 0) + 1)
      expect(running.get(serial)).toBe(1)
      most = Math.max(
        most,
        [...running.values()].reduce((sum, count) => sum + count),
      )
      await new Promise((resolve) => setTimeout(resolve, 2))
      running.set(serial, 0)
    }
    const serials = ['A001', 'A002', 'A003', 'A004', 'A005', 'A006']
    const jobs = [...serials, ...serials, ...serials]
    await Promise.all(jobs.map((serial) => all.add({ serial, isUrgent: false, run: run(serial) })))
    expect(most).toBe(3)
  })
  test('let the urgent go first', async () => {
    const all = new MeterLanes({ concurrency: 1, maxPerMeter: 4 })
    const order: string[] = []
    const add = (serial: string, isUrgent: boolean) =>
      all.add({
        serial,
        isUrgent,
        run: async () => {
          order.push(serial)
        },
      })
    await Promise.all([add('A001', false), add('A002', false), add('A003', false), add('A004', true)])
    expect(order.indexOf('A004')).toBeLessThan(order.indexOf('A003'))
  })
  test('abort what runs and refuse what waits when they close', async () => {
    const all = new MeterLanes({ concurrency: 1, maxPerMeter: 4 })
    const running = all.add({
      serial: 'A001',
      isUrgent: false,
      run: (signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    })
    const waiting = all.add({ serial: 'A002', isUrgent: false, run: async () => expect.unreachable() })
    const refused = expect(waiting).rejects.toBeInstanceOf(SessionAborted)
    await all.close()
    await Promise.all([running, refused])
    await expect(all.add({ serial: 'A001', isUrgent: true, run: async () => {} })).rejects.toBeInstanceOf(
      SessionAborted,
    )
  })
})
