import { unit, valueNoise } from './hash-noise.ts'

/** Where the street lies. One place for all of them for now: the middle of Europe, on central European standard time. */
export const streetPlace = { latitudeDegrees: 51, longitudeDegrees: 10, utcOffsetMinutes: 60 } as const

export const minutesPerDay = 1440
/** The sky is sampled every five minutes. */
export const skyStepMinutes = 5
export const skyStepsPerDay = minutesPerDay / skyStepMinutes

/** One local day of sun and clouds over the street, in steps of five minutes. */
export interface SkyDay {
  /** Sine of the sun's height, -1..1; below 0 it is night. */
  readonly sunSine: Float64Array
  /** Power of a panel lying flat, as a share of its peak, 0..1. */
  readonly irradiance: Float64Array
}

/** A month of them: each home of a street asks for the same days when it is read. */
const keptDays = 40

/** Sun and clouds, shared by all homes of a street, because a cloud covers all of them. */
export class Sky {
  readonly #seed: number
  readonly #days = new Map<number, SkyDay>()

  constructor(seed: number) {
    this.#seed = seed
  }

  /** @param day local days since 1970-01-01 */
  day(day: number): SkyDay {
    const kept = this.#days.get(day)
    if (kept !== undefined) return kept
    const drawn = drawSkyDay(this.#seed, day)
    if (this.#days.size >= keptDays) this.#days.delete(this.#days.keys().next().value!)
    this.#days.set(day, drawn)
    return drawn
  }
}

function drawSkyDay(seed: number, day: number): SkyDay {
  const sunSine = new Float64Array(skyStepsPerDay)
  const irradiance = new Float64Array(skyStepsPerDay)
  for (let step = 0; step < skyStepsPerDay; step++) {
    const sine = sunHeightSine(day, step * skyStepMinutes - streetPlace.utcOffsetMinutes)
    sunSine[step] = sine
    if (sine > 0) irradiance[step] = sine ** 1.2 * clearness(seed, day, step)
  }
  return { sunSine, irradiance }
}

/**
 * Sine of the solar elevation from date, time and place: declination after Cooper's formula, no equation of time
 * (a quarter of an hour at most, which a simulated panel does not mind).
 */
function sunHeightSine(day: number, utcMinutes: number): number {
  const dayOfYear = day % 365.2425
  const declination = toRadians(23.45) * Math.sin(toRadians((360 * (284 + dayOfYear)) / 365.2425))
  const hourAngle = toRadians(utcMinutes / 4 + streetPlace.longitudeDegrees - 180)
  const latitude = toRadians(streetPlace.latitudeDegrees)
  return Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle)
}

const stream = { day: 1, hour: 2, gust: 3 } as const

/** 0.1 under thick cloud .. 1: a weather of the day, hours that differ from it, and single clouds. */
function clearness(seed: number, day: number, step: number): number {
  const hours = day * 24 + (step * skyStepMinutes) / 60
  const ofDay = unit(seed, stream.day, day)
  const ofHour = valueNoise(seed, stream.hour, hours / 2) - 0.5
  const ofGust = valueNoise(seed, stream.gust, hours * 6) - 0.5
  const cloud = Math.min(1, Math.max(0, ofDay + 0.5 * ofHour + 0.4 * ofGust * (1 - Math.abs(2 * ofDay - 1))))
  return 1 - 0.9 * cloud
}

function toRadians(degrees: number): number {
  return (degrees * Math.PI) / 180
}
