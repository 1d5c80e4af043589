import { wholeBetween } from './hash-noise.ts'
import type { HouseholdTraits } from './traits.ts'

/** A power held for some minutes. */
export interface Phase {
  readonly minutes: number
  readonly watts: number
}

/** One of the things that somebody switches on. Windows are local minutes after midnight in which a run may begin. */
export interface Appliance {
  readonly name: string
  /** Mean runs a day; the whole part happens for sure, the rest by chance. */
  runsPerDay(home: HouseholdTraits, weekend: boolean): number
  window(home: HouseholdTraits, weekend: boolean): readonly [fromMinute: number, toMinute: number]
  /** @param draw whole numbers in a range, each index another draw of this run */
  phases(home: HouseholdTraits, draw: Draw): readonly Phase[]
}

export type Draw = (low: number, high: number, index: number) => number

export function drawOf(seed: number, day: number, run: number): Draw {
  return (low, high, index) => wholeBetween(low, high, seed, day, run, index + 1)
}

const awayByDay = (home: HouseholdTraits, weekend: boolean) => !home.homeByDay && !weekend

/** Runs may pass midnight, but none is longer than a day. */
export const appliances: readonly Appliance[] = [
  {
    name: 'coffee and toast',
    runsPerDay: () => 1,
    window: (home, weekend) => [home.wakeMinute + (weekend ? 60 : 5), home.wakeMinute + (weekend ? 150 : 40)],
    phases: (_, draw) => [{ minutes: draw(6, 11, 0), watts: 50 * draw(16, 22, 1) }],
  },
  {
    name: 'kettle',
    runsPerDay: (home, weekend) => 0.8 + 0.4 * home.persons + (awayByDay(home, weekend) ? 0 : 0.8),
    window: (home, weekend) => [awayByDay(home, weekend) ? 1020 : home.wakeMinute + 30, home.bedMinute - 20],
    phases: (_, draw) => [{ minutes: draw(2, 4, 0), watts: 100 * draw(18, 22, 1) }],
  },
  {
    name: 'hob at noon',
    runsPerDay: (home, weekend) => (awayByDay(home, weekend) ? 0 : 0.55),
    window: () => [675, 750],
    phases: (home, draw) => hob(home, draw),
  },
  {
    name: 'hob in the evening',
    runsPerDay: (_, weekend) => (weekend ? 0.6 : 0.8),
    window: () => [1050, 1170],
    phases: (home, draw) => hob(home, draw),
  },
  {
    name: 'oven',
    runsPerDay: (home, weekend) => (weekend ? 0.2 : 0.08) + 0.05 * home.persons,
    window: (_, weekend) => (weekend ? [630, 1140] : [1035, 1140]),
    phases: (_, draw) => {
      const watts = 100 * draw(20, 24, 0)
      const heating: Phase = { minutes: draw(8, 12, 1), watts }
      const holding = Array.from({ length: draw(4, 8, 2) }, () => [
        { minutes: 3, watts: 60 },
        { minutes: 2, watts },
      ])
      return [heating, ...holding.flat()]
    },
  },
  {
    name: 'dishwasher',
    runsPerDay: (home) => 0.1 + 0.15 * home.persons,
    window: (home) => [1140, home.bedMinute],
    phases: () => [
      { minutes: 10, watts: 60 },
      { minutes: 18, watts: 1900 },
      { minutes: 45, watts: 80 },
      { minutes: 12, watts: 1900 },
      { minutes: 25, watts: 15 },
    ],
  },
  {
    name: 'washing machine',
    runsPerDay: (home, weekend) => (0.08 + 0.09 * home.persons) * (weekend ? 1.9 : 0.7),
    window: (home, weekend) => (awayByDay(home, weekend) ? [1035, 1200] : [540, 1140]),
    phases: (_, draw) => [
      { minutes: 6, watts: 120 },
      { minutes: draw(14, 24, 0), watts: 2000 },
      { minutes: 40, watts: 160 },
      { minutes: 12, watts: 480 },
    ],
  },
  {
    name: 'dryer',
    runsPerDay: (home, weekend) => (home.hasDryer ? 0.06 * home.persons * (weekend ? 1.9 : 0.7) : 0),
    window: (home, weekend) => (awayByDay(home, weekend) ? [1080, 1230] : [660, 1230]),
    phases: (_, draw) => [{ minutes: draw(60, 95, 0), watts: 900 }],
  },
  {
    name: 'television',
    runsPerDay: (_, weekend) => (weekend ? 1.4 : 1),
    window: () => [1110, 1230],
    phases: (_, draw) => [{ minutes: draw(70, 200, 0), watts: draw(80, 140, 1) }],
  },
  {
    name: 'computer',
    runsPerDay: (home, weekend) => (awayByDay(home, weekend) ? 0.35 : 0.75) * (0.6 + 0.3 * home.persons),
    window: (home, weekend) => (awayByDay(home, weekend) ? [1050, 1200] : [480, 840]),
    phases: (_, draw) => [{ minutes: draw(80, 330, 0), watts: draw(55, 110, 1) }],
  },
  {
    name: 'vacuum cleaner',
    runsPerDay: (_, weekend) => (weekend ? 0.4 : 0.15),
    window: (home, weekend) => (awayByDay(home, weekend) ? [1020, 1140] : [570, 1080]),
    phases: (_, draw) => [{ minutes: draw(10, 25, 0), watts: 700 }],
  },
  {
    name: 'vehicle',
    runsPerDay: (home, weekend) => (home.vehicleW === 0 ? 0 : weekend ? 0.7 : 0.85),
    window: () => [1020, 1260],
    phases: (home, draw) => [
      { minutes: Math.round((home.vehicleMinutesPerDay * draw(60, 160, 0)) / 100), watts: home.vehicleW },
    ],
  },
]

/** A plate that is switched on and off by its thermostat. */
function hob(home: HouseholdTraits, draw: Draw): readonly Phase[] {
  const watts = 100 * draw(11, 15 + home.persons, 0)
  const holding = Array.from({ length: draw(3, 8, 1) }, () => [
    { minutes: 2, watts: 150 },
    { minutes: 1, watts },
  ])
  return [{ minutes: draw(5, 9, 2), watts }, ...holding.flat()]
}
