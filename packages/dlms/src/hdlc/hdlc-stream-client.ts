import { ApduInbox } from '../client/apdu-inbox.ts'
import type { ConversingTransport, DlmsTransport } from '../client/dlms-transport.ts'
import { DlmsError } from '../errors.ts'
import type { ByteStream, Timer } from './byte-stream.ts'
import {
  type HdlcClientEvent,
  HdlcClientLink,
  type HdlcClientOptions,
  type HdlcClientStep,
} from './hdlc-client-link.ts'
import type { HdlcParameters } from './hdlc-parameters.ts'

export interface HdlcStreamClientOptions extends HdlcClientOptions {
  readonly stream: ByteStream
  readonly timer: Timer
  /** For connecting, and for each whole answer with all its segments and repetitions. Default 10 s. */
  readonly timeoutMs?: number
  /** Gets what comes in UI frames; without it a client gets them that listens, and without one they are dropped. */
  readonly onNotification?: (apdu: Uint8Array) => void
}

/** `send` is one question, `post` and `next` are for several requests or answers under way at once. */
export type HdlcTransport = DlmsTransport &
  ConversingTransport & {
    /** In UI frames. */
    postUnconfirmed(apdu: Uint8Array): Promise<void>
    /** Gives the server its turn, for notifications that it keeps until then (`notifications: 'when-polled'`). */
    invite(): void
    /** What both ends agreed on, seen from here. */
    readonly parameters: HdlcParameters
    /** DISC, then closes the stream; resolves also when the server does not confirm. */
    disconnect(): Promise<void>
  }

/**
 * Links to a server over any byte stream. After a failure the stream is closed.
 * @throws DlmsError `DLMS_LINK_REFUSED`, `DLMS_LINK_LOST`, `DLMS_TIMEOUT`, `DLMS_TRANSPORT_CLOSED`
 */
export async function connectHdlcStream(options: HdlcStreamClientOptions): Promise<HdlcTransport> {
  const client = new HdlcStreamClient(options)
  await client.connect()
  return client
}

class HdlcStreamClient implements HdlcTransport {
  readonly #options: HdlcStreamClientOptions
  readonly #link: HdlcClientLink
  readonly #inbox = new ApduInbox()
  readonly #linked = Promise.withResolvers<HdlcParameters>()
  #parameters: HdlcParameters | undefined
  #failure: DlmsError | undefined
  #cancelTick = () => {}
  #leaving: (() => void)[] = []
  #onWaiting: (() => void) | undefined

  constructor(options: HdlcStreamClientOptions) {
    this.#options = options
    this.#link = new HdlcClientLink(options)
    options.stream.onBytes((chunk) => this.#run((nowMs) => this.#link.receive(chunk, nowMs)))
    options.stream.onClose((cause) => this.#fail(closed('connection closed', cause === undefined ? {} : { cause })))
  }

  get parameters(): HdlcParameters {
    return this.#parameters!
  }

  /** The link repeats what is lost; silence means that nobody is there. */
  get quietMs(): number {
    return this.#timeoutMs
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 10_000
  }

  async connect(): Promise<void> {
    const cancel = this.#options.timer.after(this.#timeoutMs, () => this.#fail(late()))
    this.#run((nowMs) => this.#link.connect(nowMs))
    try {
      this.#parameters = await this.#linked.promise
    } finally {
      cancel()
    }
  }

  async send(apdu: Uint8Array): Promise<Uint8Array> {
    this.#requireOpen()
    if (this.#inbox.isAwaited) throw new DlmsError('DLMS_BUSY', 'a request is under way')
    this.#inbox.clear()
    const answer = this.#inbox.next()
    const cancel = this.#options.timer.after(this.#timeoutMs, () => this.#fail(late()))
    this.#run((nowMs) => this.#link.request(apdu, nowMs))
    try {
      // Nobody lets it expire: there is one wait at a time.
      return (await answer)!
    } finally {
      cancel()
    }
  }

  async post(apdu: Uint8Array): Promise<void> {
    this.#requireOpen()
    this.#run((nowMs) => this.#link.post(apdu, nowMs))
  }

  async postUnconfirmed(apdu: Uint8Array): Promise<void> {
    this.#requireOpen()
    this.#run(() => this.#link.unconfirmed(apdu))
  }

  async next(quietMs: number): Promise<Uint8Array | undefined> {
    this.#requireOpen()
    const next = this.#inbox.next()
    if (!this.#inbox.isAwaited) return next
    if (quietMs <= 0) {
      this.#inbox.expire()
      return next
    }
    this.#run((nowMs) => this.#link.hear(nowMs))
    const cancel = this.#options.timer.after(quietMs, () => {
      this.#link.stopHearing()
      this.#inbox.expire()
    })
    try {
      return await next
    } finally {
      cancel()
    }
  }

  onWaiting(listener: () => void): void {
    this.#onWaiting = listener
  }

  invite(): void {
    this.#requireOpen()
    this.#run((nowMs) => this.#link.invite(nowMs))
  }

  close(): void {
    this.#fail(closed('connection closed by us'))
  }

  disconnect(): Promise<void> {
    if (this.#failure !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#leaving.push(resolve)
      this.#run((nowMs) => this.#link.disconnect(nowMs))
    })
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw closed('connection closed', { cause: this.#failure })
  }

  #run(act: (nowMs: number) => HdlcClientStep): void {
    const { stream, timer } = this.#options
    if (this.#failure !== undefined) return
    try {
      const step = act(timer.nowMs())
      for (const frame of step.frames) stream.write(frame)
      for (const event of step.events) this.#take(event)
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      this.#fail(error)
    }
    this.#schedule()
  }

  #take(event: HdlcClientEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#linked.resolve(event.parameters)
        return
      case 'response':
        this.#inbox.push(event.apdu)
        return
      case 'notification':
        this.#notify(event.apdu)
        return
      case 'disconnected':
        this.#fail(event.error ?? closed('disconnected'))
    }
  }

  /** Without a listener it is dropped, or it would be taken for an answer. */
  #notify(apdu: Uint8Array): void {
    const { onNotification } = this.#options
    if (onNotification !== undefined) onNotification(apdu)
    else if (this.#onWaiting !== undefined) {
      const isAwaited = this.#inbox.isAwaited
      this.#inbox.push(apdu)
      if (!isAwaited) this.#onWaiting()
    }
  }

  #schedule(): void {
    this.#cancelTick()
    this.#cancelTick = () => {}
    const { deadlineMs } = this.#link
    if (deadlineMs === undefined || this.#failure !== undefined) return
    const { timer } = this.#options
    const delayMs = Math.max(0, deadlineMs - timer.nowMs())
    this.#cancelTick = timer.after(delayMs, () => this.#run((nowMs) => this.#link.tick(nowMs)))
  }

  #fail(error: DlmsError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#cancelTick()
    this.#options.stream.close()
    this.#linked.promise.catch(() => {}) // nobody may be waiting for it any more
    this.#linked.reject(error)
    this.#inbox.fail(error)
    for (const resolve of this.#leaving.splice(0)) resolve()
  }
}

/**
 * Sends APDUs in UI frames without any link: to all stations, say. Nothing comes back.
 * @throws DlmsError `DLMS_TRANSPORT_CLOSED` from `postUnconfirmed` after the stream has closed
 */
export function hdlcWithoutLink({
  stream,
  ...options
}: HdlcClientOptions & { readonly stream: ByteStream }): Required<Pick<DlmsTransport, 'send' | 'postUnconfirmed'>> {
  const link = new HdlcClientLink(options)
  let isClosed = false
  stream.onClose(() => {
    isClosed = true
  })
  return {
    send: () => Promise.reject(new DlmsError('DLMS_CONFIGURATION', 'without a link there are no answers')),
    async postUnconfirmed(apdu) {
      if (isClosed) throw closed('connection closed')
      for (const frame of link.unconfirmed(apdu).frames) stream.write(frame)
    },
  }
}

const late = (): DlmsError => new DlmsError('DLMS_TIMEOUT', 'no whole answer in time')

const closed = (message: string, options?: ErrorOptions): DlmsError =>
  new DlmsError('DLMS_TRANSPORT_CLOSED', message, {}, options)
