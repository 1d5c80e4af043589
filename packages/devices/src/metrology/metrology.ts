import type { EnergyWs } from '../household/day-load.ts'
import { type Household, householdDayS, localMidnight } from '../household/household.ts'
import type { SupplyHistory } from './supply-history.ts'

/** What the energy registers show, whole Wh. */
export interface Registers {
  readonly importWh: number
  readonly exportWh: number
}

export interface Instantaneous {
  readonly importW: number
  readonly exportW: number
  /** Tenths of a volt. */
  readonly voltageDv: number
}

/** What happened in one capture period; the meter's own truth, for comparison with what others stored. */
export interface IntervalTruth {
  readonly startMs: number
  readonly endMs: number
  readonly importWh: number
  readonly exportWh: number
  /** The profile's status byte; 0 is good, and all there is yet. */
  readonly status: number
}

/** One line of the load profile: register readings at the end of a capture period. */
export interface ProfileReading extends Registers {
  readonly atMs: number
  readonly status: number
}

export interface MetrologyOptions {
  readonly household: Household
  /** Asked at each read; it may grow, but never before an instant that was read. */
  readonly supply: () => SupplyHistory
  readonly installedAtMs: number
}

export const capturePeriodMs = 900_000

/** 40 days of quarters of an hour and the reading they start from. */
export const profileCapacity = 40 * 96 + 1

/**
 * Registers and load profile as a function of household, installation and supply history. Energy is summed in
 * watt-seconds and only shown in Wh, so the differences of the profile add up to the register, always. Sums at the
 * midnights are kept, so a read costs at most one day's work. Never asked for the future, which is not decided.
 */
export class Metrology {
  readonly #household: Household
  readonly #supply: () => SupplyHistory
  readonly #installedAtS: number
  readonly #firstCaptureMs: number
  /** Energy from installation to the midnights, the first of which lies before installation. */
  readonly #midnights: EnergyWs[] = [{ importWs: 0, exportWs: 0 }]

  constructor({ household, supply, installedAtMs }: MetrologyOptions) {
    this.#household = household
    this.#supply = supply
    this.#installedAtS = Math.floor(installedAtMs / 1000)
    this.#firstCaptureMs = Math.ceil(installedAtMs / capturePeriodMs) * capturePeriodMs
  }

  #suppliedEnergy(fromS: number, toS: number): EnergyWs {
    let importWs = 0
    let exportWs = 0
    for (const span of this.#supply().spans(fromS, toS)) {
      const energy = this.#household.energyBetween(span.fromS, span.toS)
      importWs += energy.importWs
      exportWs += energy.exportWs
    }
    return { importWs, exportWs }
  }

  #energyUntil(atS: number): EnergyWs {
    const firstS = localMidnight(this.#installedAtS)
    const day = Math.floor((localMidnight(atS) - firstS) / householdDayS)
    if (day < 0) return { importWs: 0, exportWs: 0 }
    for (let known = this.#midnights.length; known <= day; known++) {
      const energy = this.#suppliedEnergy(firstS + (known - 1) * householdDayS, firstS + known * householdDayS)
      this.#midnights.push(sum(this.#midnights[known - 1]!, energy))
    }
    return sum(this.#midnights[day]!, this.#suppliedEnergy(firstS + day * householdDayS, atS))
  }

  registersAt(atMs: number): Registers {
    const { importWs, exportWs } = this.#energyUntil(Math.floor(atMs / 1000))
    return { importWh: Math.floor(importWs / 3600), exportWh: Math.floor(exportWs / 3600) }
  }

  instantaneousAt(atMs: number): Instantaneous {
    const atS = Math.floor(atMs / 1000)
    const power = this.#supply().isSuppliedAt(atS) ? this.#household.powerAt(atS) : { importW: 0, exportW: 0 }
    return { ...power, voltageDv: this.#household.voltageAt(atS, power.importW - power.exportW) }
  }

  /** The capture times in the buffer at `nowMs`; undefined before the first. */
  captured(nowMs: number): { readonly firstMs: number; readonly lastMs: number } | undefined {
    const lastMs = Math.floor(nowMs / capturePeriodMs) * capturePeriodMs
    if (lastMs < this.#firstCaptureMs) return undefined
    return { firstMs: Math.max(this.#firstCaptureMs, lastMs - (profileCapacity - 1) * capturePeriodMs), lastMs }
  }

  readingAt(atMs: number): ProfileReading {
    return { atMs, ...this.registersAt(atMs), status: 0 }
  }

  /** The intervals inside `[fromMs, toMs]` that both ends of were captured by `nowMs`, also those the buffer forgot. */
  intervals(fromMs: number, toMs: number, nowMs: number): IntervalTruth[] {
    const firstMs = Math.max(this.#firstCaptureMs, Math.ceil(fromMs / capturePeriodMs) * capturePeriodMs)
    const lastMs = Math.min(toMs, nowMs)
    const intervals: IntervalTruth[] = []
    let before = this.registersAt(firstMs)
    for (let endMs = firstMs + capturePeriodMs; endMs <= lastMs; endMs += capturePeriodMs) {
      const after = this.registersAt(endMs)
      intervals.push({
        startMs: endMs - capturePeriodMs,
        endMs,
        importWh: after.importWh - before.importWh,
        exportWh: after.exportWh - before.exportWh,
        status: 0,
      })
      before = after
    }
    return intervals
  }
}

function sum(a: EnergyWs, b: EnergyWs): EnergyWs {
  return { importWs: a.importWs + b.importWs, exportWs: a.exportWs + b.exportWs }
}
