import type { MeterDetail, MeterSummary, StreetEvent } from '@gridcard/headend/api'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { browserFeedPorts, type FeedConnection, type FeedStatus, openFeed } from './feed-connection.ts'
import { mergeEvents, mergeMeter, mergeMeterDetail } from './street-events.ts'
import { createThrottle } from './throttle.ts'

interface Feed {
  readonly status: FeedStatus
  retryNow(): void
}

const FeedContext = createContext<Feed>({ status: { phase: 'connecting' }, retryNow: () => {} })

/** One feed for the whole console. What it tells goes into the queries' answers, where every page looks. */
export function FeedProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const connection = useRef<FeedConnection>(undefined)
  const [status, setStatus] = useState<FeedStatus>({ phase: 'connecting' })

  useEffect(() => {
    const opened = openFeed(browserFeedPorts, {
      ...createFeedWriter(client),
      onStatus: setStatus,
      onRegained: () => void client.invalidateQueries(),
    })
    connection.current = opened
    const onOnline = () => opened.retryNow()
    window.addEventListener('online', onOnline)
    return () => {
      window.removeEventListener('online', onOnline)
      opened.close()
    }
  }, [client])

  const feed = useMemo<Feed>(() => ({ status, retryNow: () => connection.current?.retryNow() }), [status])
  return <FeedContext value={feed}>{children}</FeedContext>
}

export const useFeed = (): Feed => useContext(FeedContext)

const REFRESH_MS = 3000

function createFeedWriter(client: QueryClient) {
  const refreshStreet = createThrottle(REFRESH_MS, () => void client.invalidateQueries({ queryKey: ['street'] }))
  const refreshBySerial = new Map<string, () => void>()
  const refreshMeter = (serial: string) => {
    let refresh = refreshBySerial.get(serial)
    if (refresh === undefined) {
      refresh = createThrottle(REFRESH_MS, () => {
        void client.invalidateQueries({ queryKey: ['meter', serial] })
        void client.invalidateQueries({ queryKey: ['load-profile', serial] })
      })
      refreshBySerial.set(serial, refresh)
    }
    refresh()
  }
  return {
    onEvent: (event: StreetEvent) => {
      const merge = (known: StreetEvent[] | undefined) => mergeEvents(known ?? [], [event])
      client.setQueryData<StreetEvent[]>(['events'], merge)
      if (event.serial === null) return
      // Only where someone looks: a list of one event must not pass for the meter's whole log.
      const key = ['meter-events', event.serial]
      if (client.getQueryData(key) !== undefined) client.setQueryData<StreetEvent[]>(key, merge)
    },
    onMeter: (meter: MeterSummary) => {
      client.setQueryData<MeterSummary[]>(['meters'], (known) => known && mergeMeter(known, meter))
      client.setQueryData<MeterDetail>(['meter', meter.serial], (known) => known && mergeMeterDetail(known, meter))
      refreshMeter(meter.serial)
      refreshStreet()
    },
  }
}
