import type { MeterSummary, StreetEvent } from '@gridcard/headend/api'

export type FeedStatus =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  | { readonly phase: 'waiting'; readonly attempt: number; readonly retryAtMs: number }

export interface FeedListener {
  onOpen(): void
  onLoss(): void
  onMessage(name: 'event' | 'meter', json: string): void
}

/** What the connection needs of the page: a stream of server-sent events, a clock and a timer. */
export interface FeedPorts {
  open(listener: FeedListener): { close(): void }
  nowMs(): number
  schedule(delayMs: number, act: () => void): () => void
}

export interface FeedHandlers {
  onStatus(status: FeedStatus): void
  onEvent(event: StreetEvent): void
  onMeter(meter: MeterSummary): void
  /** Live again after a loss: whatever happened in between was not heard. */
  onRegained(): void
}

export interface FeedConnection {
  /** Tries at once instead of waiting for the next attempt; does nothing while live. */
  retryNow(): void
  close(): void
}

const FIRST_DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000

/** 1, 2, 4 ... 30 s. */
export const retryDelayMs = (attempt: number): number => Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS)

/**
 * Holds the live feed open. The browser's own reconnection is not used: it gives up for good on an HTTP error, which
 * is exactly what a restarting head-end behind a proxy answers, and it does not tell when it will try again.
 */
export function openFeed(ports: FeedPorts, handlers: FeedHandlers): FeedConnection {
  let source: { close(): void } | undefined
  let cancelRetry: (() => void) | undefined
  let attempt = 0
  let wasLost = false

  const connect = () => {
    cancelRetry = undefined
    handlers.onStatus({ phase: 'connecting' })
    source = ports.open({
      onOpen: () => {
        attempt = 0
        handlers.onStatus({ phase: 'live' })
        if (wasLost) handlers.onRegained()
        wasLost = false
      },
      onLoss: () => {
        drop()
        wasLost = true
        attempt += 1
        const delayMs = retryDelayMs(attempt)
        handlers.onStatus({ phase: 'waiting', attempt, retryAtMs: ports.nowMs() + delayMs })
        cancelRetry = ports.schedule(delayMs, connect)
      },
      onMessage: (name, json) => deliver(handlers, name, json),
    })
  }
  const drop = () => {
    source?.close()
    source = undefined
  }

  connect()
  return {
    retryNow: () => {
      if (cancelRetry === undefined) return
      cancelRetry()
      connect()
    },
    close: () => {
      cancelRetry?.()
      cancelRetry = undefined
      drop()
    },
  }
}

function deliver(handlers: FeedHandlers, name: 'event' | 'meter', json: string): void {
  let message: unknown
  try {
    message = JSON.parse(json)
  } catch {
    return // a line cut short by a proxy; the lists are fetched again anyway
  }
  // The shapes are the head-end's own; it validates what it sends.
  if (name === 'event') handlers.onEvent(message as StreetEvent)
  else handlers.onMeter(message as MeterSummary)
}

/** The ports of a real page. */
export const browserFeedPorts: FeedPorts = {
  open: (listener) => {
    const source = new EventSource('/api/feed')
    source.onopen = () => listener.onOpen()
    source.onerror = () => listener.onLoss()
    source.addEventListener('event', (message) => listener.onMessage('event', message.data))
    source.addEventListener('meter', (message) => listener.onMessage('meter', message.data))
    return source
  },
  nowMs: () => performance.now(),
  schedule: (delayMs, act) => {
    const timer = setTimeout(act, delayMs)
    return () => clearTimeout(timer)
  },
}
