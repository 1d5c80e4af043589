import type { Clock } from '../clock.ts'
import { INTERVAL_MS } from '../clock.ts'
import type { ReadResult } from './meter-jobs.ts'
import type { FailureKind } from './session-failure.ts'

/** What the schedule remembers of one meter. */
export interface ScheduledMeter {
  /** Quarter of an hour, counted from 1970, of the last attempt; undefined if there was none. */
  readonly lastQuarter: number | undefined
  /** Attempts in a row that failed. */
  readonly failures: number
  /** Real time before which it is left alone. */
  readonly notBeforeMs: number
}

export const neverAttempted: ScheduledMeter = { lastQuarter: undefined, failures: 0, notBeforeMs: 0 }

/** After the end of an interval a meter gets so long, in simulated time, to capture it. */
const SETTLE_MS = 5_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 300_000

const quarterOf = (nowMs: number): number => Math.floor((nowMs - SETTLE_MS) / INTERVAL_MS)

/**
 * Due at the start, once in each quarter of an hour, and after a failure as soon as the pause is over. However fast the
 * clock runs, a meter is due once: what it missed comes with the next reading.
 */
export function isDue(meter: ScheduledMeter, nowMs: number, realNowMs: number): boolean {
  if (realNowMs < meter.notBeforeMs) return false
  return meter.failures > 0 || meter.lastQuarter === undefined || quarterOf(nowMs) > meter.lastQuarter
}

/** Pauses double from a second to five minutes of real time: a wire that is cut does not heal faster in a fast street. */
export function afterAttempt(
  meter: ScheduledMeter,
  failure: FailureKind | undefined,
  attemptedAtMs: number,
  realNowMs: number,
): ScheduledMeter {
  const lastQuarter = quarterOf(attemptedAtMs)
  if (failure === undefined) return { lastQuarter, failures: 0, notBeforeMs: 0 }
  const failures = meter.failures + 1
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS)
  return { lastQuarter, failures, notBeforeMs: realNowMs + pauseMs }
}

export interface ScheduleOptions {
  readonly clock: Clock
  /** Serials of all meters, asked at each look. */
  readonly serials: () => readonly string[]
  readonly read: (serial: string) => Promise<ReadResult>
  /** Real time. */
  readonly tickMs?: number
  readonly realNowMs?: () => number
  readonly onFault: (error: unknown) => void
}

export interface Schedule {
  /** A meter is where it was not before: its failures count no longer, and it is due at once. */
  forget(serial: string): void
  stop(): void
}

/**
 * Looks a few times a second which meters are due and has them read. Looking, rather than one timer per meter, follows
 * any clock: fast, jumping, or standing still.
 */
export function startSchedule(options: ScheduleOptions): Schedule {
  const { clock, read, realNowMs = () => performance.now() } = options
  const meters = new Map<string, ScheduledMeter>()
  const waiting = new Set<string>()
  const attempt = async (serial: string) => {
    waiting.add(serial)
    const attemptedAtMs = clock.nowMs()
    try {
      const { failure } = await read(serial)
      const before = meters.get(serial) ?? neverAttempted
      meters.set(serial, afterAttempt(before, failure?.kind, attemptedAtMs, realNowMs()))
    } finally {
      waiting.delete(serial)
    }
  }
  const look = () => {
    for (const serial of options.serials()) {
      if (waiting.has(serial)) continue
      if (isDue(meters.get(serial) ?? neverAttempted, clock.nowMs(), realNowMs()))
        attempt(serial).catch(options.onFault)
    }
  }
  const timer = setInterval(look, options.tickMs ?? 250)
  return { forget: (serial) => meters.delete(serial), stop: () => clearInterval(timer) }
}
