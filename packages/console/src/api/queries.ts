import type { StreetEvent } from '@gridcard/headend/api'
import { QueryClient, queryOptions } from '@tanstack/react-query'
import { FEED_LIMIT, mergeEvents } from '../feed/street-events.ts'
import { HeadendRequestError } from './errors.ts'
import { headend } from './headend-client.ts'

// The feed tells what changed; the intervals here only bound how long a missed message could mislead.
const SECOND = 1000
const PROFILE_SPAN_MS = 30 * 86_400_000

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always', // a head-end on this very machine answers without a network
        staleTime: 5 * SECOND,
        retry: (failures, error) =>
          failures < 1 && !(error instanceof HeadendRequestError && error.status !== undefined),
        retryDelay: SECOND,
      },
      mutations: { networkMode: 'always' },
    },
  })
}

export const streetQuery = queryOptions({
  queryKey: ['street'],
  queryFn: () => headend.street(),
  refetchInterval: 10 * SECOND,
})

export const metersQuery = queryOptions({
  queryKey: ['meters'],
  queryFn: () => headend.meters(),
  refetchInterval: 60 * SECOND,
})

export const meterQuery = (serial: string) =>
  queryOptions({
    queryKey: ['meter', serial],
    queryFn: () => headend.meter(serial),
    refetchInterval: 60 * SECOND,
  })

/** The 30 days up to `nowMs()`, which is asked when fetching: the key must not change as time passes. */
export const loadProfileQuery = (serial: string, nowMs: () => number | undefined) =>
  queryOptions({
    queryKey: ['load-profile', serial],
    queryFn: () => {
      const toMs = nowMs() ?? Date.now()
      return headend.loadProfile(serial, { fromMs: toMs - PROFILE_SPAN_MS, toMs })
    },
    enabled: nowMs() !== undefined,
  })

export const eventsQuery = queryOptions({
  queryKey: ['events'],
  // Events that came by the feed while this answer was on its way are not lost.
  queryFn: async ({ client }) => mergeEvents(await headend.events(FEED_LIMIT), heard(client, ['events'])),
})

export const meterEventsQuery = (serial: string) =>
  queryOptions({
    queryKey: ['meter-events', serial],
    queryFn: async ({ client }) =>
      mergeEvents(await headend.meterEvents(serial, FEED_LIMIT), heard(client, ['meter-events', serial])),
  })

const heard = (client: QueryClient, key: string[]): StreetEvent[] => client.getQueryData<StreetEvent[]>(key) ?? []
