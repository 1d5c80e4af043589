import { DayLoad, type EnergyWs } from './day-load.ts'
import { valueNoise } from './hash-noise.ts'
import { minutesPerDay, Sky, streetPlace } from './sky.ts'
import { type HouseholdTraits, householdTraits } from './traits.ts'

const secondsPerDay = 86_400
const utcOffsetS = streetPlace.utcOffsetMinutes * 60
/** Days kept worked out: the one being lived and the one being read. */
const keptDays = 2

const stream = { voltageDrift: 401, voltageFlicker: 402 } as const

export interface HouseholdOptions {
  /** 32 bits; the same seed lives the same life. */
  readonly seed: number
  /** The street's weather; by default the home has a sky of its own. */
  readonly sky?: Sky
}

/**
 * What one home draws and feeds, as a pure function of its seed and of time: nothing is remembered but what could be
 * worked out again. Times are whole seconds since 1970 UTC. The numbers repeat on every machine with the same
 * JavaScript engine; `Math.sin` of another engine may turn one watt of a panel.
 */
export class Household {
  readonly traits: HouseholdTraits
  readonly #seed: number
  readonly #sky: Sky
  readonly #days = new Map<number, DayLoad>()

  constructor({ seed, sky }: HouseholdOptions) {
    this.#seed = seed
    this.#sky = sky ?? new Sky(seed)
    this.traits = householdTraits(seed)
  }

  #day(day: number): DayLoad {
    const kept = this.#days.get(day)
    if (kept !== undefined) return kept
    const lived = new DayLoad(this.#seed, this.traits, day, this.#sky.day(day))
    if (this.#days.size >= keptDays) this.#days.delete(this.#days.keys().next().value!)
    this.#days.set(day, lived)
    return lived
  }

  /** What crosses the meter in `[fromS, toS)` while it is supplied. */
  energyBetween(fromS: number, toS: number): EnergyWs {
    let importWs = 0
    let exportWs = 0
    let at = fromS + utcOffsetS
    const end = toS + utcOffsetS
    while (at < end) {
      const day = Math.floor(at / secondsPerDay)
      const midnight = day * secondsPerDay
      const until = Math.min(end, midnight + secondsPerDay)
      const load = this.#day(day)
      const before = load.energyUntil(at - midnight)
      const after = load.energyUntil(until - midnight)
      importWs += after.importWs - before.importWs
      exportWs += after.exportWs - before.exportWs
      at = until
    }
    return { importWs, exportWs }
  }

  powerAt(atS: number): { importW: number; exportW: number } {
    const at = atS + utcOffsetS
    const day = Math.floor(at / secondsPerDay)
    return this.#day(day).powerIn(Math.floor((at - day * secondsPerDay) / 60))
  }

  /**
   * Voltage at the supply side in tenths of a volt: 230 V, the network's drift, and what the home's own current does to
   * the service line.
   * @param netW import minus export; 0 behind an open switch
   */
  voltageAt(atS: number, netW: number): number {
    const minutes = atS / 60
    const drift = 60 * (valueNoise(this.#seed, stream.voltageDrift, minutes / 40) - 0.5)
    const flicker = 8 * (valueNoise(this.#seed, stream.voltageFlicker, minutes) - 0.5)
    return Math.round(2310 + drift + flicker - netW / 110)
  }
}

/** The local day that begins at or before `atS`, as the instant of its midnight; sums are kept from there. */
export function localMidnight(atS: number): number {
  return Math.floor((atS + utcOffsetS) / secondsPerDay) * secondsPerDay - utcOffsetS
}

export const householdDayS = minutesPerDay * 60
