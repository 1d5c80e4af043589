import type { PreparedQuestion } from './question.ts'

export interface Measurement {
  /** Units per second, the middle sample. */
  readonly median: number
  /** The same for each second of processor time of this process: what other programs are doing matters less to it. */
  readonly perCpuSecond?: number
  /** Half the distance between the slowest and the fastest sample, as a part of the median. */
  readonly spread: number
  readonly samples: number
}

const SAMPLES = 9
const SAMPLE_MS = 300
const WARM_UP_MS = 700

interface Rate {
  readonly perSecond: number
  readonly perCpuSecond: number
}

async function rate(prepared: PreparedQuestion, atLeastMs: number): Promise<Rate> {
  const started = performance.now()
  const cpuBefore = process.cpuUsage()
  let units = 0
  let elapsedMs = 0
  do {
    units += await prepared.run()
    elapsedMs = performance.now() - started
  } while (elapsedMs < atLeastMs)
  const { user, system } = process.cpuUsage(cpuBefore)
  return { perSecond: units / (elapsedMs / 1000), perCpuSecond: units / ((user + system) / 1_000_000) }
}

const middle = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

/** Verifies, warms up, then takes nine samples. */
export async function measure(prepared: PreparedQuestion): Promise<Measurement> {
  await prepared.verify()
  await rate(prepared, WARM_UP_MS)
  const rates: Rate[] = []
  for (let i = 0; i < SAMPLES; i++) rates.push(await rate(prepared, SAMPLE_MS))
  await prepared.verify()
  const perSecond = rates.map((one) => one.perSecond)
  const median = middle(perSecond)
  const spread = (Math.max(...perSecond) - Math.min(...perSecond)) / 2 / median
  return { median, perCpuSecond: middle(rates.map((one) => one.perCpuSecond)), spread, samples: SAMPLES }
}
