import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { NewsDesk } from '../events.ts'
import { FeedHub } from './feed-hub.ts'
import type { StreetEvent } from './schema.ts'

let server: Server | undefined
let socket: Socket | undefined
let hub: FeedHub | undefined
afterEach(() => {
  hub?.close()
  socket?.destroy()
  server?.close()
})

const event = (id: number, text: string): StreetEvent => ({
  id,
  at: '2026-06-15T12:00:00.000Z',
  serial: null,
  source: 'headend',
  kind: 'test',
  severity: 'info',
  text,
})

async function open(options: Partial<ConstructorParameters<typeof FeedHub>[0]>, lastId?: number): Promise<NewsDesk> {
  const news = new NewsDesk(() => {})
  const made = new FeedHub({
    feed: news,
    loadMeter: async () => undefined,
    loadMissed: async () => [],
    onFault: (error) => expect.unreachable(String(error)),
    ...options,
  })
  hub = made
  const listening = createServer((_request, response) => {
    response.writeHead(200)
    void made.add(response, lastId)
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const client = connect((listening.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {})
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  socket = client
  return news
}

test('a listener who does not read is let go, so that he costs no memory', async () => {
  const news = await open({ maxUnreadBytes: 1000 })
  await new Promise((resolve) => socket!.once('data', resolve))
  socket!.pause()
  let isGone = false
  socket!.on('close', () => {
    isGone = true
  })
  // Far more than the systems between us and him keep.
  for (let id = 1; id <= 400; id++) news.publish({ type: 'event', event: event(id, 'x'.repeat(100_000)) })
  socket!.resume()
  await expect.poll(() => isGone).toBe(true)
})

test('an event stored while the missed ones are told is told once', async () => {
  let release: (events: StreetEvent[]) => void = () => {}
  const missed = new Promise<StreetEvent[]>((resolve) => {
    release = resolve
  })
  let asked = false
  const news = await open(
    {
      loadMissed: () => {
        asked = true
        return missed
      },
    },
    4,
  )
  let text = ''
  socket!.on('data', (chunk) => {
    text += String(chunk)
  })
  await expect.poll(() => asked).toBe(true)
  news.publish({ type: 'event', event: event(6, 'stored meanwhile, and among the missed') })
  news.publish({ type: 'event', event: event(7, 'stored later') })
  release([event(5, 'missed'), event(6, 'stored meanwhile, and among the missed')])
  await expect.poll(() => text).toContain('stored later')
  expect([...text.matchAll(/id: (\d+)/g)].map(([, id]) => Number(id))).toEqual([5, 6, 7])
})

test('a text with line ends stays one message', async () => {
  const news = await open({})
  let text = ''
  socket!.on('data', (chunk) => {
    text += String(chunk)
  })
  await expect.poll(() => text).toContain('retry')
  news.publish({ type: 'event', event: event(1, 'a\n\nevent: meter\ndata: {}\r\r') })
  await expect.poll(() => text).toContain('id: 1')
  expect(text.match(/^event: /gm)).toHaveLength(1)
})

test('hears a heartbeat', async () => {
  await open({ heartbeatMs: 10 })
  let text = ''
  socket!.on('data', (chunk) => {
    text += String(chunk)
  })
  await expect.poll(() => text).toContain(': still here')
})
