import { DevicesError } from './errors.ts'
import { PeriodicRuns, type RunDue, type Scheduler } from './scheduler.ts'

/** What time it is for a device: milliseconds since 1970-01-01 UTC, whole, in simulated time. */
export interface Clock {
  nowMs(): number
}

/** A clock that moves with real time at some pace, so that one can wait for it. */
export interface PacedClock extends Clock {
  /** Real milliseconds until it shows `atMs`; 0 if it already does. */
  realDelayMs(atMs: number): number
}

export const systemClock: PacedClock = {
  nowMs: () => Date.now(),
  realDelayMs: (atMs) => Math.max(0, atMs - Date.now()),
}

export interface SimulatedClockOptions {
  /** What the clock shows now. */
  readonly startMs: number
  /** Simulated seconds per real second, above 0: 1 is real time, 3600 an hour per second. */
  readonly speed: number
  /** Real time; by default one that no clock correction turns back. */
  readonly realNowMs?: () => number
}

export function simulatedClock({
  startMs,
  speed,
  realNowMs = () => performance.now(),
}: SimulatedClockOptions): PacedClock {
  if (!Number.isFinite(speed) || speed <= 0) {
    throw new DevicesError('DEVICES_BAD_OPTION', 'the speed of a simulated clock is a number above 0')
  }
  if (!Number.isInteger(startMs)) {
    throw new DevicesError('DEVICES_BAD_OPTION', 'a simulated clock starts at whole milliseconds')
  }
  const realStartMs = realNowMs()
  const elapsedMs = () => (realNowMs() - realStartMs) * speed
  return {
    nowMs: () => startMs + Math.floor(elapsedMs()),
    realDelayMs: (atMs) => Math.max(0, (atMs - startMs - elapsedMs()) / speed),
  }
}

/** A clock that stands until it is moved, and its own scheduler: what is due runs inside `moveTo`. */
export class SettableClock implements Clock, Scheduler {
  #nowMs: number
  readonly #runs = new PeriodicRuns()

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  /** Shows `atMs` from now on, which may be earlier, and runs what became due. */
  moveTo(atMs: number): void {
    this.#nowMs = atMs
    this.#runs.runDue(atMs)
  }

  moveBy(ms: number): void {
    this.moveTo(this.#nowMs + ms)
  }

  every(periodMs: number, run: RunDue): () => void {
    return this.#runs.add(periodMs, this.#nowMs, run)
  }
}
