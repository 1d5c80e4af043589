import { appliances, drawOf } from './appliances.ts'
import { hash32, unit, valueNoise, wholeBetween } from './hash-noise.ts'
import { minutesPerDay, type SkyDay, skyStepMinutes, skyStepsPerDay } from './sky.ts'
import type { HouseholdTraits } from './traits.ts'

/** Energy that crossed the meter, in whole watt-seconds: exact, so that sums of parts equal the whole. */
export interface EnergyWs {
  readonly importWs: number
  readonly exportWs: number
}

const stream = { background: 101, fridge: 102, heating: 103, run: 200, start: 300 } as const

/**
 * One local day of a home: power is constant within each minute and a whole number of watts, and panels and appliances
 * net each other out before the meter. Kept as cumulated energy at the minutes, from which power, energy and any part
 * of a minute follow.
 */
export class DayLoad {
  /** Watt-seconds from midnight to the minute; a day of less than 49 kW fits 32 bits. */
  readonly #importWs = new Uint32Array(minutesPerDay + 1)
  readonly #exportWs = new Uint32Array(minutesPerDay + 1)

  constructor(seed: number, home: HouseholdTraits, day: number, sky: SkyDay) {
    const watts = new Int32Array(minutesPerDay)
    addBackground(watts, seed, home, day, sky)
    addFridge(watts, seed, home, day)
    addRuns(watts, seed, home, day - 1, minutesPerDay)
    addRuns(watts, seed, home, day, 0)
    subtractPanels(watts, home, sky)
    for (let minute = 0; minute < minutesPerDay; minute++) {
      const net = watts[minute]!
      this.#importWs[minute + 1] = this.#importWs[minute]! + (net > 0 ? net * 60 : 0)
      this.#exportWs[minute + 1] = this.#exportWs[minute]! + (net < 0 ? -net * 60 : 0)
    }
  }

  /** From midnight to `second`, 0..86400. */
  energyUntil(second: number): EnergyWs {
    const minute = Math.floor(second / 60)
    const rest = second - 60 * minute
    const { importW, exportW } = rest === 0 ? { importW: 0, exportW: 0 } : this.powerIn(minute)
    return {
      importWs: this.#importWs[minute]! + rest * importW,
      exportWs: this.#exportWs[minute]! + rest * exportW,
    }
  }

  /** @param minute 0..1439 */
  powerIn(minute: number): { importW: number; exportW: number } {
    return {
      importW: (this.#importWs[minute + 1]! - this.#importWs[minute]!) / 60,
      exportW: (this.#exportWs[minute + 1]! - this.#exportWs[minute]!) / 60,
    }
  }
}

/** 1970-01-01 was a Thursday. */
function isWeekend(day: number): boolean {
  const weekday = (((day + 4) % 7) + 7) % 7
  return weekday === 0 || weekday === 6
}

function isOnHoliday(home: HouseholdTraits, day: number): boolean {
  const dayOfYear = Math.floor(day % 365.2425)
  return dayOfYear >= home.holidayDayOfYear && dayOfYear < home.holidayDayOfYear + 14
}

/** What is never off, the heating's pump on cold days, and light while it is dark and somebody is up. */
function addBackground(watts: Int32Array, seed: number, home: HouseholdTraits, day: number, sky: SkyDay): void {
  const away = isOnHoliday(home, day)
  const late = isWeekend(day) ? 60 : 0
  const cold = sky.sunSine[skyStepsPerDay / 2]! < 0.62 // noon sun below 38 degrees: October to March
  for (let minute = 0; minute < minutesPerDay; minute += skyStepMinutes) {
    const wander = valueNoise(seed, stream.background, (day * minutesPerDay + minute) / 45) - 0.5
    let level = home.standbyW * (1 + 0.2 * wander)
    if (cold && minute >= home.wakeMinute - 45) level += 22 + 20 * unit(seed, stream.heating, day)
    const isUp = minute >= home.wakeMinute + late && minute < home.bedMinute
    if (!away && isUp) {
      const isOut = !home.homeByDay && late === 0 && minute >= home.wakeMinute + 75 && minute < 1020
      if (!isOut && sky.sunSine[minute / skyStepMinutes]! < 0.08) level += home.lightsW * (1 + wander)
    }
    watts.fill(Math.round(level), minute, minute + skyStepMinutes)
  }
}

/** The compressor's cycles run through midnight: they are counted from 1970, each with its own small delay. */
function addFridge(watts: Int32Array, seed: number, home: HouseholdTraits, day: number): void {
  const period = home.fridgePeriodMinutes
  const midnight = day * minutesPerDay
  const firstCycle = Math.floor(midnight / period) - 1
  const lastCycle = Math.floor((midnight + minutesPerDay) / period)
  for (let cycle = firstCycle; cycle <= lastCycle; cycle++) {
    const from = cycle * period + wholeBetween(0, 6, seed, stream.fridge, cycle) - midnight
    addFlat(watts, from, home.fridgeOnMinutes, home.fridgeW)
  }
}

/** The runs that began on `day`, as seen `shiftMinutes` later. */
function addRuns(watts: Int32Array, seed: number, home: HouseholdTraits, day: number, shiftMinutes: number): void {
  if (isOnHoliday(home, day)) return
  const weekend = isWeekend(day)
  appliances.forEach((appliance, index) => {
    const mean = appliance.runsPerDay(home, weekend)
    const count = Math.floor(mean + unit(seed, stream.run + index, day))
    if (count === 0) return
    const [from, to] = appliance.window(home, weekend)
    for (let run = 0; run < count; run++) {
      const runSeed = hash32(seed, stream.start + index, day, run)
      let at = wholeBetween(from, Math.max(from, to), runSeed, 0) - shiftMinutes
      for (const phase of appliance.phases(home, drawOf(runSeed, day, run))) {
        addFlat(watts, at, phase.minutes, phase.watts)
        at += phase.minutes
      }
    }
  })
}

/** The part of `minutes` from `from` on that lies in this day. */
function addFlat(watts: Int32Array, from: number, minutes: number, flatW: number): void {
  const end = Math.min(minutesPerDay, from + minutes)
  for (let minute = Math.max(0, from); minute < end; minute++) watts[minute]! += flatW
}

/** Inverter losses and dirt: what a panel gives of what the sky allows. */
const panelYield = 0.88

function subtractPanels(watts: Int32Array, home: HouseholdTraits, sky: SkyDay): void {
  if (home.pvPeakW === 0) return
  const turn = home.pvTurnMinutes / skyStepMinutes
  for (let step = 0; step < skyStepsPerDay; step++) {
    const seen = Math.min(skyStepsPerDay - 1, Math.max(0, step - turn))
    const panelsW = Math.round(home.pvPeakW * panelYield * sky.irradiance[seen]!)
    if (panelsW === 0) continue
    for (let minute = step * skyStepMinutes; minute < (step + 1) * skyStepMinutes; minute++) watts[minute]! -= panelsW
  }
}
