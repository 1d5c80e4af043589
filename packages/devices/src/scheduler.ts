import type { PacedClock } from './clock.ts'
import { DevicesError } from './errors.ts'

/**
 * The grid points that have come since the last call, both included: whoever was late, by a busy process or a fast
 * clock, gets all he missed in one call.
 */
export interface DuePoints {
  readonly firstMs: number
  readonly lastMs: number
}

export type RunDue = (due: DuePoints) => void

export interface Scheduler {
  /**
   * Calls `run` at each multiple of `periodMs` after now (UTC grid: 900 000 is every quarter of an hour).
   * @returns stops it
   */
  every(periodMs: number, run: RunDue): () => void
}

interface PeriodGroup {
  readonly periodMs: number
  lastMs: number
  readonly runs: Set<{ readonly run: RunDue; readonly afterMs: number }>
}

/** Who runs at which period, and up to where they have run. Subscribers of one period share one entry, so a street of
 * meters costs one timer. */
export class PeriodicRuns {
  readonly #groups = new Map<number, PeriodGroup>()

  add(periodMs: number, nowMs: number, run: RunDue): () => void {
    if (!Number.isInteger(periodMs) || periodMs <= 0) {
      throw new DevicesError('DEVICES_BAD_OPTION', 'a period is a whole number of milliseconds above 0')
    }
    let group = this.#groups.get(periodMs)
    if (group === undefined) {
      group = { periodMs, lastMs: floorTo(nowMs, periodMs), runs: new Set() }
      this.#groups.set(periodMs, group)
    }
    const entry = { run, afterMs: nowMs }
    group.runs.add(entry)
    return () => {
      group.runs.delete(entry)
      if (group.runs.size === 0 && this.#groups.get(periodMs) === group) this.#groups.delete(periodMs)
    }
  }

  /** Undefined when nobody waits. */
  nextDueMs(): number | undefined {
    let next: number | undefined
    for (const { lastMs, periodMs } of this.#groups.values()) {
      if (next === undefined || lastMs + periodMs < next) next = lastMs + periodMs
    }
    return next
  }

  runDue(nowMs: number): void {
    for (const group of this.#groups.values()) {
      const lastMs = floorTo(nowMs, group.periodMs)
      if (lastMs <= group.lastMs) continue
      const firstMs = group.lastMs + group.periodMs
      group.lastMs = lastMs
      for (const { run, afterMs } of group.runs) {
        // someone who joined between two grid points of a late group is not told of points before it joined
        const ownFirstMs = Math.max(firstMs, floorTo(afterMs, group.periodMs) + group.periodMs)
        if (ownFirstMs <= lastMs) run({ firstMs: ownFirstMs, lastMs })
      }
    }
  }
}

function floorTo(ms: number, periodMs: number): number {
  return Math.floor(ms / periodMs) * periodMs
}

/** The longest delay `setTimeout` takes; a later point is waited for in several steps. */
const longestTimeoutMs = 2 ** 31 - 1

/** A scheduler with one timer, however many wait, that follows a paced clock. */
export class ClockScheduler implements Scheduler {
  readonly #clock: PacedClock
  readonly #runs = new PeriodicRuns()
  #timer: ReturnType<typeof setTimeout> | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #closed = false

  constructor(clock: PacedClock) {
    this.#clock = clock
  }

  every(periodMs: number, run: RunDue): () => void {
    const stop = this.#runs.add(periodMs, this.#clock.nowMs(), run)
    this.#arm()
    return () => {
      stop()
      this.#arm()
    }
  }

  close(): void {
    this.#closed = true
    this.#disarm()
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
  }

  #arm(): void {
    const dueMs = this.#runs.nextDueMs()
    if (this.#closed || dueMs === undefined) {
      this.#disarm()
      return
    }
    if (this.#timer !== undefined && this.#dueMs === dueMs) return
    this.#disarm()
    this.#dueMs = dueMs
    const delayMs = Math.min(longestTimeoutMs, Math.ceil(this.#clock.realDelayMs(dueMs)))
    this.#timer = setTimeout(() => this.#fire(), delayMs)
  }

  #fire(): void {
    this.#disarm()
    try {
      this.#runs.runDue(this.#clock.nowMs())
    } finally {
      this.#arm() // also when a run throws: a bug in one must not stop the time of all
    }
  }
}
