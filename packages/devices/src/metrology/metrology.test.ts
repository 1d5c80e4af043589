import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Household } from '../household/household.ts'
import { capturePeriodMs, Metrology, profileCapacity } from './metrology.ts'
import { SupplyHistory } from './supply-history.ts'

const installedAtMs = Date.UTC(2026, 2, 1, 10, 0, 0)
const installedAtS = installedAtMs / 1000
const dayMs = 86_400_000

describe('a supply history', () => {
  test('refuses changes that do not rise', () => {
    expect(() => new SupplyHistory([5, 5])).toThrow('assertion')
    expect(() => new SupplyHistory([10]).changed(false, 9)).toThrow('assertion')
  })

  test('forgets what was undone in the same second, and what changes nothing', () => {
    const supply = new SupplyHistory()
      .changed(false, 3)
      .changed(true, 10)
      .changed(true, 11)
      .changed(false, 20)
      .changed(true, 20)
    expect(supply.changesS).toEqual([10])
  })

  test('says of each second what the changes before it say', () => {
    const histories = fc.uniqueArray(fc.nat(60), { maxLength: 8 }).map((s) => s.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(histories, fc.nat(60), fc.nat(60), (changes, a, b) => {
        const supply = new SupplyHistory(changes)
        const from = Math.min(a, b)
        const to = Math.max(a, b)
        const spans = supply.spans(from, to)
        for (let s = from; s < to; s++) {
          const supplied = changes.filter((change) => change <= s).length % 2 === 1
          expect(supply.isSuppliedAt(s)).toBe(supplied)
          expect(spans.some((span) => s >= span.fromS && s < span.toS)).toBe(supplied)
        }
      }),
    )
  })
})

describe('registers and profile', () => {
  test('show nothing before installation', () => {
    const { metrology } = installed()
    expect(metrology.registersAt(installedAtMs - 40 * dayMs)).toEqual({ importWh: 0, exportWh: 0 })
    expect(metrology.captured(installedAtMs - 1)).toBeUndefined()
    expect(metrology.captured(installedAtMs)).toEqual({ firstMs: installedAtMs, lastMs: installedAtMs })
  })

  test('show what the home used, whatever was asked for before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20 * 86_400), { minLength: 1, maxLength: 8 }), (seconds) => {
        const { metrology, household } = installed()
        for (const s of seconds) {
          const { importWs, exportWs } = household.energyBetween(installedAtS, installedAtS + s)
          expect(metrology.registersAt(installedAtMs + s * 1000)).toEqual({
            importWh: Math.floor(importWs / 3600),
            exportWh: Math.floor(exportWs / 3600),
          })
        }
      }),
      { numRuns: 20 },
    )
  })

  test('add up: the intervals from installation on are the register, and none is missing', () => {
    const { metrology } = installed()
    const nowMs = installedAtMs + 9 * dayMs + 1234
    const intervals = metrology.intervals(0, Number.POSITIVE_INFINITY, nowMs)
    expect(intervals).toHaveLength(9 * 96)
    const total = intervals.reduce((sum, { importWh }) => sum + importWh, 0)
    expect(total).toBe(metrology.registersAt(intervals.at(-1)!.endMs).importWh)
    const starts = intervals.map(({ startMs }) => startMs)
    expect(starts).toEqual(intervals.map((_, i) => installedAtMs + i * capturePeriodMs))
  })

  test('stand still while the home is disconnected; the interval of the cut keeps what was used before it', () => {
    const cutS = installedAtS + 5 * 900 + 400
    const backS = cutS + 4 * 900
    const { metrology, household } = installed([installedAtS, cutS, backS])
    const at = (s: number) => metrology.registersAt(s * 1000)
    expect(at(backS)).toEqual(at(cutS))
    expect(metrology.instantaneousAt(cutS * 1000)).toMatchObject({ importW: 0, exportW: 0 })
    expect(metrology.instantaneousAt(cutS * 1000 - 1).importW).toBeGreaterThan(0)
    const used =
      household.energyBetween(installedAtS, cutS).importWs + household.energyBetween(backS, backS + 500).importWs
    expect(at(backS + 500).importWh).toBe(Math.floor(used / 3600))
    const intervals = metrology.intervals(installedAtMs, installedAtMs + 10 * 900_000, (backS + 5000) * 1000)
    expect(intervals.slice(6, 9).map(({ importWh }) => importWh)).toEqual([0, 0, 0])
    expect(intervals[5]!.importWh).toBeGreaterThan(0)
  })

  test('never run backwards, whatever is switched', () => {
    const switchings = fc.uniqueArray(fc.nat(3 * 86_400), { maxLength: 12 }).map((s) => s.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(switchings, (offsets) => {
        const { metrology } = installed([installedAtS, ...offsets.map((s) => installedAtS + 1 + s)])
        const imports = metrology.intervals(0, Number.POSITIVE_INFINITY, installedAtMs + 3 * dayMs)
        expect(imports.every(({ importWh, exportWh }) => importWh >= 0 && exportWh >= 0)).toBe(true)
      }),
      { numRuns: 15 },
    )
  })

  test('are captured on the UTC grid from the first quarter after installation, up to the capacity of the buffer', () => {
    const supply = new SupplyHistory([installedAtS + 61])
    const household = new Household({ seed: 5 })
    const metrology = new Metrology({ household, supply: () => supply, installedAtMs: installedAtMs + 61_000 })
    const firstMs = installedAtMs + capturePeriodMs
    expect(metrology.captured(firstMs - 1)).toBeUndefined()
    expect(metrology.captured(firstMs + 2 * capturePeriodMs)).toEqual({
      firstMs,
      lastMs: firstMs + 2 * capturePeriodMs,
    })
    const lateMs = firstMs + 200 * dayMs
    const window = metrology.captured(lateMs)!
    expect((window.lastMs - window.firstMs) / capturePeriodMs + 1).toBe(profileCapacity)
    expect(profileCapacity).toBeGreaterThanOrEqual(30 * 96 + 1)
  })
})

function installed(supplyChangesS = [installedAtS]) {
  const household = new Household({ seed: 5 })
  const supply = new SupplyHistory(supplyChangesS)
  return { household, metrology: new Metrology({ household, supply: () => supply, installedAtMs }) }
}
