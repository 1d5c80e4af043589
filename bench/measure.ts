import type { PreparedQuestion } from './question.ts'

export interface Measurement {
  /** Units per second, the middle sample. */
  readonly median: number
  /** Half the distance between the slowest and the fastest sample, as a part of the median. */
  readonly spread: number
  readonly samples: number
}

const SAMPLES = 9
const SAMPLE_MS = 300
const WARM_UP_MS = 700

async function rate(prepared: PreparedQuestion, atLeastMs: number): Promise<number> {
  const started = performance.now()
  let units = 0
  let elapsedMs = 0
  do {
    units += await prepared.run()
    elapsedMs = performance.now() - started
  } while (elapsedMs < atLeastMs)
  return units / (elapsedMs / 1000)
}

/** Verifies, warms up, then takes nine samples. */
export async function measure(prepared: PreparedQuestion): Promise<Measurement> {
  await prepared.verify()
  await rate(prepared, WARM_UP_MS)
  const rates: number[] = []
  for (let i = 0; i < SAMPLES; i++) rates.push(await rate(prepared, SAMPLE_MS))
  await prepared.verify()
  rates.sort((a, b) => a - b)
  const median = rates[SAMPLES >> 1]!
  return { median, spread: (rates[SAMPLES - 1]! - rates[0]!) / 2 / median, samples: SAMPLES }
}
