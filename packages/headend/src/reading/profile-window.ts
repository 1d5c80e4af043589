import { DAY_MS, INTERVAL_MS } from '../clock.ts'

/** Both ends included, as a range of the clock column has it. */
export interface ClockWindow {
  readonly fromMs: number
  readonly toMs: number
}

/** How far back a meter that was never read is asked. */
export const FIRST_READ_DAYS = 30
/** What one request asks for at most. */
const WINDOW_DAYS = 32
/** What a COSEM date-time can tell apart. */
const CLOCK_STEP_MS = 10

/**
 * Which parts of the load profile to ask for: from the last stored row, itself included, since the next interval needs
 * its registers; at the first time 30 days back and the row before. Whatever a meter was silent for is thereby fetched
 * when it speaks again. A day ahead is asked too, in case its clock is ahead of ours.
 */
export function profileWindows(nowMs: number, lastStoredEndMs: number | undefined): ClockWindow[] {
  const fromMs = lastStoredEndMs ?? Math.floor(nowMs / INTERVAL_MS) * INTERVAL_MS - FIRST_READ_DAYS * DAY_MS
  const toMs = nowMs + DAY_MS
  const windows: ClockWindow[] = []
  for (let start = fromMs; start <= toMs; start += WINDOW_DAYS * DAY_MS) {
    windows.push({ fromMs: start, toMs: Math.min(start + WINDOW_DAYS * DAY_MS - CLOCK_STEP_MS, toMs) })
  }
  return windows
}
