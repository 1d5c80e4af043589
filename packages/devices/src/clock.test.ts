import { describe, expect, test } from 'vitest'
import { SettableClock, simulatedClock } from './clock.ts'
import { ClockScheduler, type DuePoints } from './scheduler.ts'

const quarterMs = 900_000
const midnightMs = Date.UTC(2026, 0, 5)

describe('a simulated clock', () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses speed %d', (speed) => {
    expect(() => simulatedClock({ startMs: 0, speed })).toThrow(expect.objectContaining({ code: 'DEVICES_BAD_OPTION' }))
  })

  test('refuses to start between milliseconds', () => {
    expect(() => simulatedClock({ startMs: 0.5, speed: 1 })).toThrow(
      expect.objectContaining({ code: 'DEVICES_BAD_OPTION' }),
    )
  })

  test('runs an hour in a second at speed 3600', () => {
    let realMs = 5000
    const clock = simulatedClock({ startMs: midnightMs, speed: 3600, realNowMs: () => realMs })
    expect(clock.nowMs()).toBe(midnightMs)
    realMs += 1000
    expect(clock.nowMs()).toBe(midnightMs + 3_600_000)
    expect(clock.realDelayMs(midnightMs + 2 * 3_600_000)).toBe(1000)
    expect(clock.realDelayMs(midnightMs)).toBe(0)
  })
})

describe('what runs every quarter of an hour', () => {
  test('cannot run every 0 or every half millisecond', () => {
    const clock = new SettableClock(midnightMs)
    for (const periodMs of [0, 0.5, -1]) {
      expect(() => clock.every(periodMs, () => {})).toThrow(expect.objectContaining({ code: 'DEVICES_BAD_OPTION' }))
    }
  })

  test('does not run before its time, nor for the grid point it was asked at', () => {
    const { clock, calls } = recorded(midnightMs)
    clock.moveBy(quarterMs - 1)
    expect(calls).toEqual([])
    clock.moveBy(1)
    expect(calls).toEqual([{ firstMs: midnightMs + quarterMs, lastMs: midnightMs + quarterMs }])
  })

  test('gets every grid point once, in one call for all that were missed', () => {
    const { clock, calls } = recorded(midnightMs + 1)
    clock.moveBy(7 * quarterMs)
    clock.moveBy(1)
    clock.moveBy(quarterMs)
    expect(calls).toEqual([
      { firstMs: midnightMs + quarterMs, lastMs: midnightMs + 7 * quarterMs },
      { firstMs: midnightMs + 8 * quarterMs, lastMs: midnightMs + 8 * quarterMs },
    ])
  })

  test('is not told again after a clock went back', () => {
    const { clock, calls } = recorded(midnightMs)
    clock.moveBy(2 * quarterMs)
    clock.moveBy(-2 * quarterMs)
    clock.moveBy(2 * quarterMs)
    expect(calls).toHaveLength(1)
  })

  test('is not told of grid points before it joined a group that is late', () => {
    const clock = new SettableClock(midnightMs)
    const late: DuePoints[] = []
    clock.every(quarterMs, () => {
      if (late.length === 0) clock.every(quarterMs, (due) => late.push(due))
    })
    clock.moveBy(3 * quarterMs)
    clock.moveBy(quarterMs)
    expect(late[0]).toEqual({ firstMs: midnightMs + 4 * quarterMs, lastMs: midnightMs + 4 * quarterMs })
  })

  test('stops when told to', () => {
    const { clock, calls, stop } = recorded(midnightMs)
    stop()
    clock.moveBy(5 * quarterMs)
    expect(calls).toEqual([])
  })
})

describe('the scheduler of a paced clock', () => {
  test('misses no grid point at speed 100 000, and runs nothing after close', async () => {
    const clock = simulatedClock({ startMs: midnightMs, speed: 100_000 })
    const scheduler = new ClockScheduler(clock)
    const calls: DuePoints[] = []
    await new Promise<void>((resolve) => {
      scheduler.every(quarterMs, (due) => {
        calls.push(due)
        if (due.lastMs >= midnightMs + 12 * quarterMs) resolve()
      })
    })
    scheduler.close()
    let expectedMs = midnightMs + quarterMs
    for (const { firstMs, lastMs } of calls) {
      expect(firstMs).toBe(expectedMs)
      expectedMs = lastMs + quarterMs
    }
    const count = calls.length
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(calls).toHaveLength(count)
  })
})

function recorded(startMs: number) {
  const clock = new SettableClock(startMs)
  const calls: DuePoints[] = []
  const stop = clock.every(quarterMs, (due) => calls.push(due))
  return { clock, calls, stop }
}
