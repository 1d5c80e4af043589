import { between, unit, wholeBetween } from './hash-noise.ts'

/** What stays the same in a home: who lives there and what stands there. */
export interface HouseholdTraits {
  readonly persons: number
  /** Someone is at home on working days. */
  readonly homeByDay: boolean
  /** Minutes after local midnight. */
  readonly wakeMinute: number
  readonly bedMinute: number
  readonly standbyW: number
  readonly fridgeW: number
  readonly fridgePeriodMinutes: number
  readonly fridgeOnMinutes: number
  readonly lightsW: number
  readonly hasDryer: boolean
  /** Peak power of the panels on the roof, 0 for none. */
  readonly pvPeakW: number
  /** How far the roof is turned from the south: its noon in minutes after the sun's. */
  readonly pvTurnMinutes: number
  /** Power of the charging point, 0 for a home without an electric vehicle. */
  readonly vehicleW: number
  /** What the vehicle takes on a usual day, in minutes of charging. */
  readonly vehicleMinutesPerDay: number
  /** First day of two weeks away, as a day of the year. */
  readonly holidayDayOfYear: number
}

const stream = {
  persons: 1,
  homeByDay: 2,
  wake: 3,
  bed: 4,
  standby: 5,
  fridge: 6,
  fridgePeriod: 7,
  fridgeDuty: 8,
  lights: 9,
  dryer: 10,
  pv: 11,
  pvPeak: 12,
  pvTurn: 13,
  vehicle: 14,
  vehicleUse: 15,
  holiday: 16,
} as const

const sharePv = 0.3
const shareVehicle = 0.2
const vehicleChargerW = 3700

/** The home of a seed. Shares of sizes, panels and vehicles are a guess at a European street, not statistics. */
export function householdTraits(seed: number): HouseholdTraits {
  const size = unit(seed, stream.persons)
  const persons = size < 0.35 ? 1 : size < 0.7 ? 2 : size < 0.86 ? 3 : 4
  const fridgePeriodMinutes = wholeBetween(38, 70, seed, stream.fridgePeriod)
  return {
    persons,
    homeByDay: unit(seed, stream.homeByDay) < 0.35,
    wakeMinute: wholeBetween(345, 465, seed, stream.wake),
    bedMinute: wholeBetween(1290, 1425, seed, stream.bed),
    standbyW: wholeBetween(50, 95, seed, stream.standby) + 18 * persons,
    fridgeW: wholeBetween(80, 125, seed, stream.fridge),
    fridgePeriodMinutes,
    fridgeOnMinutes: Math.round(fridgePeriodMinutes * between(0.28, 0.4, seed, stream.fridgeDuty)),
    lightsW: wholeBetween(40, 90, seed, stream.lights) + 25 * persons,
    hasDryer: persons > 1 && unit(seed, stream.dryer) < 0.5,
    pvPeakW: unit(seed, stream.pv) < sharePv ? 500 * wholeBetween(6, 18, seed, stream.pvPeak) : 0,
    pvTurnMinutes: 5 * wholeBetween(-18, 18, seed, stream.pvTurn),
    vehicleW: unit(seed, stream.vehicle) < shareVehicle ? vehicleChargerW : 0,
    vehicleMinutesPerDay: wholeBetween(65, 110, seed, stream.vehicleUse),
    holidayDayOfYear: wholeBetween(165, 240, seed, stream.holiday),
  }
}
