import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hash32, unit, wholeBetween } from './hash-noise.ts'
import { Household, localMidnight } from './household.ts'
import { Sky, skyStepMinutes } from './sky.ts'

const day = 86_400
const newYear = Date.UTC(2026, 0, 1) / 1000
const seeds = fc.integer({ min: 0, max: 0xffff_ffff })
const instants = fc.integer({ min: Date.UTC(2020, 0, 1) / 1000, max: Date.UTC(2040, 0, 1) / 1000 })
const kWh = (ws: number) => ws / 3.6e6

describe('the hash that draws homes', () => {
  test('changes about half of its bits when one bit of its input changes', () => {
    let flipped = 0
    let count = 0
    for (let value = 0; value < 200; value++) {
      for (let bit = 0; bit < 32; bit++) {
        const difference = hash32(1, value) ^ hash32(1, value ^ (1 << bit))
        flipped += [...(difference >>> 0).toString(2)].filter((digit) => digit === '1').length
        count += 32
      }
    }
    expect(flipped / count).toBeGreaterThan(0.48)
    expect(flipped / count).toBeLessThan(0.52)
  })

  test('tells its places apart', () => {
    const values = [hash32(1, 2, 3, 4), hash32(2, 1, 3, 4), hash32(1, 3, 2, 4), hash32(1, 2, 4, 3), hash32(1, 2, 3)]
    expect(new Set(values).size).toBe(values.length)
  })

  test('stays in the range asked for', () => {
    fc.assert(
      fc.property(seeds, fc.integer(), fc.integer({ min: -50, max: 50 }), fc.nat(100), (seed, place, low, width) => {
        const drawn = wholeBetween(low, low + width, seed, place)
        return Number.isInteger(drawn) && drawn >= low && drawn <= low + width && unit(seed, place) < 1
      }),
    )
  })
})

describe('a home', () => {
  test('does the same in the same second, asked in whatever order', () => {
    fc.assert(
      fc.property(seeds, fc.array(instants, { minLength: 2, maxLength: 6 }), (seed, times) => {
        const forth = new Household({ seed })
        const back = new Household({ seed })
        const asked = times.map((t) => forth.energyBetween(t, t + 900))
        const reversed = times.toReversed().map((t) => back.energyBetween(t, t + 900))
        expect(reversed.toReversed()).toEqual(asked)
      }),
      { numRuns: 20 },
    )
  })

  test('uses in the whole exactly what it uses in the parts, cut at any second', () => {
    fc.assert(
      fc.property(seeds, instants, fc.nat(3 * day), fc.nat(3 * day), (seed, from, first, second) => {
        const home = new Household({ seed })
        const a = home.energyBetween(from, from + first)
        const b = home.energyBetween(from + first, from + first + second)
        const whole = home.energyBetween(from, from + first + second)
        expect(whole).toEqual({ importWs: a.importWs + b.importWs, exportWs: a.exportWs + b.exportWs })
      }),
      { numRuns: 40 },
    )
  })

  test('uses in a second what its power says, and never imports while it exports', () => {
    fc.assert(
      fc.property(seeds, instants, (seed, at) => {
        const home = new Household({ seed })
        const { importW, exportW } = home.powerAt(at)
        expect(home.energyBetween(at, at + 1)).toEqual({ importWs: importW, exportWs: exportW })
        expect(Math.min(importW, exportW)).toBe(0)
        expect(Number.isInteger(importW) && Number.isInteger(exportW)).toBe(true)
        expect(Math.max(importW, exportW)).toBeLessThan(24_000)
      }),
      { numRuns: 60 },
    )
  })

  test('has a voltage within ten percent of 230 V, lower under load', () => {
    fc.assert(
      fc.property(seeds, instants, fc.integer({ min: -9000, max: 15_000 }), (seed, at, netW) => {
        const home = new Household({ seed })
        const voltageDv = home.voltageAt(at, netW)
        expect(Number.isInteger(voltageDv)).toBe(true)
        expect(voltageDv).toBeGreaterThan(2070)
        expect(voltageDv).toBeLessThan(2530)
        expect(home.voltageAt(at, netW + 1000)).toBeLessThan(voltageDv)
      }),
    )
  })

  test('uses 1500 to 6000 kWh a year; with panels it feeds some 400 to 1200 kWh for each kilowatt of them', () => {
    const sky = new Sky(1)
    const homes = Array.from({ length: 60 }, (_, seed) => new Household({ seed, sky }))
    for (const home of homes) {
      const year = home.energyBetween(newYear, newYear + 365 * day)
      const { pvPeakW } = home.traits
      if (pvPeakW === 0) {
        expect(kWh(year.importWs)).toBeGreaterThan(1500)
        expect(kWh(year.importWs)).toBeLessThan(6000)
        expect(year.exportWs).toBe(0)
      } else {
        expect(kWh(year.importWs)).toBeGreaterThan(700)
        expect(kWh(year.exportWs)).toBeLessThan((1200 * pvPeakW) / 1000)
        expect(kWh(year.exportWs)).toBeGreaterThan((400 * pvPeakW) / 1000)
      }
    }
    expect(homes.some((home) => home.traits.pvPeakW > 0)).toBe(true)
    expect(homes.some((home) => home.traits.vehicleW > 0)).toBe(true)
  })

  test('feeds more in June than in December, and nothing at midnight', () => {
    const seed = Array.from({ length: 50 }, (_, i) => i).find((i) => new Household({ seed: i }).traits.pvPeakW > 0)!
    const home = new Household({ seed })
    const june = home.energyBetween(Date.UTC(2026, 5, 1) / 1000, Date.UTC(2026, 6, 1) / 1000)
    const december = home.energyBetween(Date.UTC(2026, 11, 1) / 1000, Date.UTC(2027, 0, 1) / 1000)
    expect(june.exportWs).toBeGreaterThan(3 * december.exportWs)
    for (let night = 0; night < 365; night++) expect(home.powerAt(newYear + night * day).exportW).toBe(0)
  })

  test('without panels uses more in the evening than at night', () => {
    const home = new Household({ seed: Array.from({ length: 50 }, (_, i) => i).find(hasNothingSpecial)! })
    let night = 0
    let evening = 0
    for (let d = 0; d < 60; d++) {
      const midnight = localMidnight(newYear + d * day)
      night += home.energyBetween(midnight + 2 * 3600, midnight + 4 * 3600).importWs
      evening += home.energyBetween(midnight + 18 * 3600, midnight + 20 * 3600).importWs
    }
    expect(evening).toBeGreaterThan(2 * night)
  })
})

describe('the sky over the street', () => {
  test('is dark at midnight and bright at noon, longer in June than in December', () => {
    const sky = new Sky(3)
    const [june, december] = [Date.UTC(2026, 5, 21), Date.UTC(2026, 11, 21)].map((ms) => sky.day(ms / 1000 / day))
    const lightMinutes = (sunSine: Float64Array) => sunSine.filter((sine) => sine > 0).length * skyStepMinutes
    // 51 degrees north: about 16 h 30 min and 7 h 50 min
    expect(Math.abs(lightMinutes(june!.sunSine) - 990)).toBeLessThan(30)
    expect(Math.abs(lightMinutes(december!.sunSine) - 470)).toBeLessThan(30)
    expect(Math.abs(Math.max(...june!.sunSine) - Math.sin((62.4 * Math.PI) / 180))).toBeLessThan(0.01)
    expect(june!.irradiance.every((share) => share >= 0 && share <= 1)).toBe(true)
  })

  test('is the same for all homes that share it, and differs from day to day', () => {
    const sky = new Sky(3)
    expect(sky.day(20_000)).toBe(sky.day(20_000))
    expect(sky.day(20_000).irradiance).not.toEqual(sky.day(20_001).irradiance)
    expect(new Sky(3).day(20_000)).toEqual(sky.day(20_000))
  })
})

function hasNothingSpecial(seed: number): boolean {
  const { pvPeakW, vehicleW } = new Household({ seed }).traits
  return pvPeakW === 0 && vehicleW === 0
}
