/** A simulated instant and when it was learnt; between two of them the console counts on by itself. */
export interface ClockAnchor {
  readonly simulatedMs: number
  /** Simulated seconds per second. */
  readonly speed: number
  /** On this page's own steady clock (`performance.now()`). */
  readonly takenAtMs: number
}

export function simulatedNowMs(anchor: ClockAnchor, steadyNowMs: number): number {
  return anchor.simulatedMs + (steadyNowMs - anchor.takenAtMs) * anchor.speed
}

const TOLERANCE_MS = 1500

/**
 * Takes over a newly learnt instant only when it differs by more than an answer's travel time explains: otherwise the
 * clock would jump to and fro at high speeds.
 */
export function reanchor(previous: ClockAnchor | undefined, next: ClockAnchor): ClockAnchor {
  if (previous === undefined || previous.speed !== next.speed) return next
  const predictedMs = simulatedNowMs(previous, next.takenAtMs)
  return Math.abs(predictedMs - next.simulatedMs) > TOLERANCE_MS * Math.max(next.speed, 1) ? next : previous
}

/** `60 × real time`; nothing when time runs as it does outside. */
export function describeSpeed(speed: number): string {
  if (speed === 1) return ''
  if (speed === 0) return 'time stands still'
  return `${Number(speed.toPrecision(3))} \u00d7 real time`
}
