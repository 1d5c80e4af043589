import type { MeterDetail, MeterSummary, StreetEvent } from '@gridcard/headend/api'
import type { QueryClient } from '@tanstack/react-query'
import { mergeEvents, mergeMeter, mergeMeterDetail } from './street-events.ts'
import { createThrottle } from './throttle.ts'

/** Shorter than an eye notices, long enough that a thousand meters do not redraw the page a thousand times. */
const FLUSH_MS = 250
/** What the feed does not carry (totals, registers, profile) is fetched again, but not for every message. */
const REFRESH_MS = 3000

export interface FeedWriter {
  onEvent(event: StreetEvent): void
  onMeter(meter: MeterSummary): void
}

/** Puts what the feed tells into the queries' answers, where every page looks. */
export function createFeedWriter(client: QueryClient): FeedWriter {
  let events: StreetEvent[] = []
  let meters = new Map<string, MeterSummary>()
  const refreshStreet = createThrottle(REFRESH_MS, () => void client.invalidateQueries({ queryKey: ['street'] }))
  const refreshMeter = createRefreshBySerial(client)
  const flush = createThrottle(FLUSH_MS, () => {
    const arrived = { events, meters }
    events = []
    meters = new Map()
    if (arrived.events.length > 0) writeEvents(client, arrived.events)
    if (arrived.meters.size > 0) writeMeters(client, [...arrived.meters.values()])
  })
  return {
    onEvent: (event) => {
      events.push(event)
      flush()
    },
    onMeter: (meter) => {
      meters.set(meter.serial, meter)
      flush()
      refreshMeter(meter.serial)
      refreshStreet()
    },
  }
}

function writeEvents(client: QueryClient, arrived: readonly StreetEvent[]): void {
  client.setQueryData<StreetEvent[]>(['events'], (known) => mergeEvents(known ?? [], arrived))
  for (const serial of new Set(arrived.map((event) => event.serial))) {
    const own = arrived.filter((event) => event.serial === serial)
    // Only where someone looks: a list of one event must not pass for the meter's whole log.
    client.setQueryData<StreetEvent[]>(['meter-events', serial], (known) => known && mergeEvents(known, own))
  }
}

function writeMeters(client: QueryClient, arrived: readonly MeterSummary[]): void {
  client.setQueryData<MeterSummary[]>(['meters'], (known) => known && arrived.reduce(mergeMeter, known))
  for (const meter of arrived) {
    client.setQueryData<MeterDetail>(['meter', meter.serial], (known) => known && mergeMeterDetail(known, meter))
  }
}

function createRefreshBySerial(client: QueryClient): (serial: string) => void {
  const refreshes = new Map<string, () => void>()
  return (serial) => {
    const refresh =
      refreshes.get(serial) ??
      createThrottle(REFRESH_MS, () => {
        void client.invalidateQueries({ queryKey: ['meter', serial] })
        void client.invalidateQueries({ queryKey: ['load-profile', serial] })
      })
    refreshes.set(serial, refresh)
    refresh()
  }
}
