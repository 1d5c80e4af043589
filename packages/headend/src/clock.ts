/** What time it is on the street: milliseconds since 1970-01-01 UTC, whole, in simulated time. */
export interface Clock {
  nowMs(): number
}

/** The load profile's period, and the grid its stamps lie on. */
export const INTERVAL_MS = 900_000
export const DAY_MS = 86_400_000
