import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { StreetEvent } from '../src/index.ts'
import { type HeadendUnderTest, headendUnderTest } from './head-end-under-test.ts'
import { type PeerMeter, startPeerMeter } from './meter-peer.ts'

const serial = 'GC00000001'
let under: HeadendUnderTest
let meter: PeerMeter

beforeAll(async () => {
  under = await headendUnderTest()
  meter = await startPeerMeter({ serial, nowMs: () => Date.now() })
  await under.register(meter)
}, 240_000)
afterAll(async () => {
  await meter.close()
  await under.close()
})

interface Told {
  readonly id: string | undefined
  readonly event: string
  readonly value: { readonly kind?: string; readonly serial?: string }
}

/** Listens until `enough`, then hangs up. */
async function listen(
  enough: (told: readonly Told[]) => boolean,
  options: { lastId?: number; meanwhile?: () => Promise<unknown> } = {},
): Promise<Told[]> {
  const hangUp = new AbortController()
  const headers: Record<string, string> =
    options.lastId === undefined ? {} : { 'last-event-id': String(options.lastId) }
  const response = await fetch(`${under.headend.url}/api/feed`, { signal: hangUp.signal, headers })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  await options.meanwhile?.()
  const told: Told[] = []
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true })
    const messages = text.split('\n\n')
    text = messages.pop()!
    for (const message of messages) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
      const data = field('data')
      if (data !== undefined) told.push({ id: field('id'), event: field('event')!, value: JSON.parse(data) })
    }
    if (enough(told)) break
  }
  hangUp.abort()
  return told
}

describe('the feed', () => {
  test('tells events and changed meters as they come', async () => {
    const told = await listen(
      (all) => all.some(({ event }) => event === 'meter') && all.some(({ value }) => value.kind === 'meter.read'),
      { meanwhile: () => under.post(`/api/meters/${serial}/read`) },
    )
    expect(told.filter(({ event }) => event === 'event').map(({ value }) => value.kind)).toEqual([
      'meter.online',
      'meter.read',
    ])
    expect(told.find(({ event }) => event === 'meter')?.value).toMatchObject({ serial, state: 'online' })
  })

  test('tells one who comes back what he missed, in order and once', async () => {
    const [newest]: StreetEvent[] = (await under.get('/api/events?limit=1')).body
    await under.post(`/api/meters/${serial}/read`)
    await under.post(`/api/meters/${serial}/read`)
    const told = await listen((all) => all.filter(({ value }) => value.kind === 'meter.read').length >= 3, {
      lastId: newest!.id,
      meanwhile: () => under.post(`/api/meters/${serial}/read`),
    })
    const ids = told.filter(({ event }) => event === 'event').map(({ id }) => Number(id))
    expect(ids).toEqual([newest!.id + 1, newest!.id + 2, newest!.id + 3])
  })

  test('is for so many and no more, and has room again when one leaves', async () => {
    const open = await Promise.all(
      Array.from({ length: 32 }, async () => {
        const hangUp = new AbortController()
        const response = await fetch(`${under.headend.url}/api/feed`, { signal: hangUp.signal })
        return { response, hangUp }
      }),
    )
    const oneMore = await under.get('/api/feed')
    expect([oneMore.status, oneMore.body]).toMatchObject([503, { code: 'HEADEND_FEED_FULL' }])
    for (const { hangUp } of open) hangUp.abort()
    await expect.poll(async () => (await fetch(`${under.headend.url}/api/feed`)).status).toBe(200)
  })
})

test('closing ends the listeners and answers nothing more', async () => {
  const other = await headendUnderTest()
  const response = await fetch(`${other.headend.url}/api/feed`)
  const ended = response.text().then(
    () => true,
    () => true,
  )
  await other.close()
  expect(await ended).toBe(true)
  await expect(fetch(`${other.headend.url}/api/health`)).rejects.toThrow()
  await other.headend.close()
}, 240_000)
