import type { EventLogName, LoggedEvent } from '../meter/event-log.ts'

/** Which events the element may not have seen yet: kept with the logs, so that a power cut in between loses none. */
export interface EventSealing {
  /** Events ever. */
  readonly count: number
  /** The last of them, oldest first. */
  readonly pending: readonly SealedEvent[]
}

export interface SealedEvent extends LoggedEvent {
  readonly log: EventLogName
}

/** More cannot wait: a meter without its card for that long has lost the chain, and its quotes show it. */
export const mostPendingEvents = 256

export const nothingSealed: EventSealing = { count: 0, pending: [] }

export function withSealedEvent(sealing: EventSealing, event: SealedEvent): EventSealing {
  return { count: sealing.count + 1, pending: [...sealing.pending, event].slice(-mostPendingEvents) }
}

/** Without those that the element has. @param sealed how many events it has ever been given */
export function stillPending({ count, pending }: EventSealing, sealed: number): EventSealing {
  return { count, pending: pending.slice(Math.max(0, pending.length - Math.max(0, count - sealed))) }
}

/** What is sealed of an event: `LOG NAME`, its time in ms, its code, as ASCII. */
export const sealedText = ({ log, atMs, code }: SealedEvent): string => `${log} ${atMs} ${code}`
