/** Which log an event goes to; each is a profile on the meter. */
export type EventLogName = 'standard' | 'fraud' | 'disconnector'

/**
 * Event codes by log. From 230 on they are this maker's own: there is no common code for a security card that is missing,
 * dead, or refuses the device it sits in; for software that may not run, or is not what was measured; nor for critical
 * commands that the card refuses, and why.
 */
export const eventCodes = {
  standard: { powerDown: 1, powerUp: 2, firmwareReady: 17, firmwareActivated: 18 },
  fraud: {
    associationRefused: 46,
    authenticationFailed: 49,
    replayRefused: 50,
    cardUnavailable: 230,
    softwareRefused: 231,
    softwareMismatch: 232,
    commandUnauthorised: 233,
    commandNotGenuine: 234,
    commandForOtherDevice: 235,
    commandNotAllowed: 236,
    commandReplayed: 237,
    commandNotNow: 238,
    commandOtherPayload: 239,
  },
  disconnector: { disconnectedRemotely: 60, connectedRemotely: 61 },
} as const

export interface LoggedEvent {
  readonly atMs: number
  /** 0..255 */
  readonly code: number
  /** Its place in the chain of a meter that seals its log, from 1 on. */
  readonly number?: number
}

export const eventLogCapacity = 256

/** The log with one event more; when it is full the oldest gives way. Logs are lists, oldest first. */
export function withEvent(log: readonly LoggedEvent[], event: LoggedEvent): readonly LoggedEvent[] {
  return [...log.slice(Math.max(0, log.length + 1 - eventLogCapacity)), event]
}
