import type { Interval, LoadProfile } from '@gridcard/headend'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson, startTestStreet, type TestStreet } from './support/street.ts'

const meters = 20
const quarterMs = 900_000
const dayMs = 96 * quarterMs

let street: TestStreet
beforeAll(async () => {
  street = await startTestStreet({ meters })
})
afterAll(() => street?.close())

const iso = (ms: number) => new Date(ms).toISOString()

async function storedIntervals(serial: string, fromMs: number, toMs: number): Promise<readonly Interval[]> {
  const path = `/api/meters/${serial}/load-profile?from=${iso(fromMs)}&to=${iso(toMs)}`
  return (await getJson<LoadProfile>(street, path)).intervals
}

describe('twenty meters for a simulated day', () => {
  test('are read every quarter of an hour, and each stored interval is what the meter itself says', async () => {
    const fromMs = street.clock.nowMs()
    const one = street.street.meters[3]!
    for (let quarter = 1; quarter <= 96; quarter++) {
      street.clock.moveTo(fromMs + quarter * quarterMs + 10_000)
      // In the middle of the day somebody's supply is off for three hours.
      if (quarter === 40 || quarter === 52) {
        const to = quarter === 40 ? 'disconnected' : 'connected'
        const { serial } = one.identity
        const outcome = await fetch(`${street.url}/api/meters/${serial}/switch`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ to, confirmSerial: serial }),
        })
        expect(await outcome.json()).toMatchObject({ done: true, switchState: to })
      }
      const outcomes = await street.headend.readAll()
      expect(outcomes.filter(({ done }) => !done)).toEqual([])
    }

    for (const meter of street.street.meters) {
      const truth = meter.truth.intervals(fromMs, fromMs + dayMs).map((interval) => ({
        endAt: iso(interval.endMs),
        importWh: interval.importWh,
        exportWh: interval.exportWh,
        status: interval.status,
      }))
      const stored = await storedIntervals(meter.identity.serial, fromMs, fromMs + dayMs)
      expect(truth).toHaveLength(96)
      expect(stored, meter.identity.serial).toEqual(truth) // all equal, none missing, none twice
    }
    const off = await storedIntervals(one.identity.serial, fromMs + 41 * quarterMs, fromMs + 52 * quarterMs)
    expect(off).toHaveLength(11)
    expect(off.every(({ importWh, exportWh }) => importWh === 0 && exportWh === 0)).toBe(true)
  })

  test('leave nothing out of the thirty days before', async () => {
    const toMs = street.clock.nowMs()
    for (const meter of street.street.meters) {
      const fromMs = street.record.installedAtMs + 2 * 86_400_000
      const truth = meter.truth.intervals(fromMs, toMs)
      const stored = await storedIntervals(meter.identity.serial, fromMs, toMs)
      expect(truth.length).toBeGreaterThan(28 * 96)
      expect(stored.map(({ endAt, importWh, exportWh }) => [Date.parse(endAt), importWh, exportWh])).toEqual(
        truth.map(({ endMs, importWh, exportWh }) => [endMs, importWh, exportWh]),
      )
    }
  })
})
