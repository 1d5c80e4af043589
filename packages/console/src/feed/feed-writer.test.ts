import type { MeterSummary, StreetEvent } from '@gridcard/headend/api'
import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFeedWriter } from './feed-writer.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const event = (id: number, serial: string | null): StreetEvent => ({
  id,
  at: '2026-05-12T12:00:00Z',
  serial,
  source: 'headend',
  kind: 'meter.read',
  severity: 'info',
  text: `event ${id}`,
})

const meter = (serial: string, importWh: number): MeterSummary => ({
  serial,
  systemTitle: '4752430000000001',
  logicalDeviceName: 'GRC0000000000001',
  address: '127.0.0.1:4059',
  state: 'online',
  stateReason: null,
  switchState: 'connected',
  lastReadAt: null,
  importWh,
  exportWh: 0,
  powerW: 0,
})

test('a meter’s log that nobody has fetched is not begun by the feed', () => {
  const client = new QueryClient()
  createFeedWriter(client).onEvent(event(1, 'GC1'))
  expect(client.getQueryData(['meter-events', 'GC1'])).toBeUndefined()
  expect(client.getQueryData<StreetEvent[]>(['events'])?.length).toBe(1)
})

test('events reach the street’s list and the log of their own meter only', () => {
  const client = new QueryClient()
  client.setQueryData(['meter-events', 'GC1'], [event(1, 'GC1')])
  const writer = createFeedWriter(client)
  for (const told of [event(2, 'GC1'), event(3, 'GC2'), event(4, null)]) writer.onEvent(told)
  vi.advanceTimersByTime(250)
  const ids = (key: string[]) => client.getQueryData<StreetEvent[]>(key)?.map((each) => each.id)
  expect(ids(['meter-events', 'GC1'])).toEqual([2, 1])
  expect(ids(['events'])).toEqual([4, 3, 2])
})

test('a burst of changes is one redraw, and its last word stays', () => {
  const client = new QueryClient()
  client.setQueryData(['meters'], [meter('GC1', 0), meter('GC2', 0)])
  const redrawn = vi.fn<() => void>()
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type === 'updated' && query.queryKey[0] === 'meters') redrawn()
  })
  const writer = createFeedWriter(client)
  for (let importWh = 1; importWh <= 100; importWh++) writer.onMeter(meter('GC2', importWh))
  vi.advanceTimersByTime(250)
  expect(client.getQueryData<MeterSummary[]>(['meters'])?.map((each) => each.importWh)).toEqual([0, 100])
  expect(redrawn.mock.calls.length).toBeLessThanOrEqual(2)
})
