import type { ServerResponse } from 'node:http'
import type { StreetFeed, StreetNews } from '../events.ts'
import type { MeterSummary, StreetEvent } from './schema.ts'

export interface FeedHubOptions {
  readonly feed: StreetFeed
  readonly loadMeter: (serial: string) => Promise<MeterSummary | undefined>
  /** Events after this one, oldest first. */
  readonly loadMissed: (afterId: number) => Promise<readonly StreetEvent[]>
  readonly onFault: (error: unknown) => void
  readonly maxClients?: number
  readonly heartbeatMs?: number
  /** A client with more than this unread is dropped; it comes back and is told what it missed. */
  readonly maxUnreadBytes?: number
}

interface FeedClient {
  readonly response: ServerResponse
  /** What came while it is still told what it missed; undefined once it is up to date. */
  held: Message[] | undefined
}

interface Message {
  /** Of an event; a meter's summary has none. */
  readonly id: number | undefined
  readonly text: string
}

const RETRY_MS = 2000

/** Server-sent events to many clients. @source HTML Standard §9.2 */
export class FeedHub {
  readonly #options: FeedHubOptions
  readonly #clients = new Set<FeedClient>()
  readonly #unsubscribe: () => void
  readonly #heartbeat: NodeJS.Timeout
  #isClosed = false

  constructor(options: FeedHubOptions) {
    this.#options = options
    this.#unsubscribe = options.feed.subscribe((news) => this.#tell(news))
    this.#heartbeat = setInterval(() => {
      for (const client of this.#clients) this.#write(client, ': still here\n\n')
    }, options.heartbeatMs ?? 15_000)
    this.#heartbeat.unref()
  }

  get isFull(): boolean {
    return this.#clients.size >= (this.#options.maxClients ?? 32)
  }

  /**
   * Takes over a response whose headers are written.
   * @param lastId what the client heard last, from its Last-Event-ID; undefined for one that begins
   */
  async add(response: ServerResponse, lastId: number | undefined): Promise<void> {
    const client: FeedClient = { response, held: [] }
    this.#clients.add(client)
    response.on('close', () => this.#clients.delete(client))
    response.on('error', () => this.#clients.delete(client))
    this.#write(client, `retry: ${RETRY_MS}\n\n`)
    let toldId = lastId ?? 0
    if (lastId !== undefined) {
      for (const event of await this.#options.loadMissed(lastId)) {
        this.#write(client, eventMessage(event).text)
        toldId = event.id
      }
    }
    const held = client.held ?? []
    client.held = undefined
    // What was stored while it was being told is in both.
    for (const { id, text } of held) if (id === undefined || id > toldId) this.#write(client, text)
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#heartbeat)
    this.#unsubscribe()
    for (const { response } of this.#clients) response.end()
  }

  #tell(news: StreetNews): void {
    if (this.#clients.size === 0) return
    if (news.type === 'event') this.#broadcast(eventMessage(news.event))
    else {
      const tell = (meter: MeterSummary | undefined) => {
        if (meter !== undefined) this.#broadcast({ id: undefined, text: sse('meter', meter) })
      }
      this.#options.loadMeter(news.serial).then(tell, (error) => this.#isClosed || this.#options.onFault(error))
    }
  }

  #broadcast(message: Message): void {
    for (const client of this.#clients) {
      if (client.held !== undefined) client.held.push(message)
      else this.#write(client, message.text)
    }
  }

  #write(client: FeedClient, text: string): void {
    const { response } = client
    if (!response.writable) return
    response.write(text)
    if (response.writableLength > (this.#options.maxUnreadBytes ?? 256 * 1024)) response.destroy()
  }
}

const eventMessage = (event: StreetEvent): Message => ({ id: event.id, text: sse('event', event, event.id) })

const sse = (name: string, value: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(value)}\n\n`
