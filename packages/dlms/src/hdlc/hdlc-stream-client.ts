import type { DlmsTransport } from '../client/dlms-transport.ts'
import { DlmsError } from '../errors.ts'
import type { ByteStream, Timer } from './byte-stream.ts'
import { HdlcClientLink, type HdlcClientOptions, type HdlcClientStep } from './hdlc-client-link.ts'
import type { HdlcParameters } from './hdlc-parameters.ts'

export interface HdlcStreamClientOptions extends HdlcClientOptions {
  readonly stream: ByteStream
  readonly timer: Timer
  /** For connecting, and for each whole answer with all its segments and repetitions. Default 10 s. */
  readonly timeoutMs?: number
  /** Gets what comes in UI frames; without it they are dropped. */
  readonly onNotification?: (apdu: Uint8Array) => void
}

export interface HdlcTransport extends DlmsTransport {
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

interface Pending {
  readonly resolve: (apdu: Uint8Array) => void
  readonly reject: (error: DlmsError) => void
  readonly cancelTimeout: () => void
}

const nothing = new Uint8Array(0)

class HdlcStreamClient implements HdlcTransport {
  readonly #options: HdlcStreamClientOptions
  readonly #link: HdlcClientLink
  #parameters: HdlcParameters | undefined
  #pending: Pending | undefined
  #failure: DlmsError | undefined
  #cancelTick = () => {}
  #leaving: (() => void)[] = []

  constructor(options: HdlcStreamClientOptions) {
    this.#options = options
    this.#link = new HdlcClientLink(options)
    options.stream.onBytes((chunk) => this.#run((nowMs) => this.#link.receive(chunk, nowMs)))
    options.stream.onClose((cause) => this.#fail(closed('connection closed', cause === undefined ? {} : { cause })))
  }

  get parameters(): HdlcParameters {
    return this.#parameters!
  }

  async connect(): Promise<void> {
    await this.#await((nowMs) => this.#link.connect(nowMs))
  }

  send(apdu: Uint8Array): Promise<Uint8Array> {
    return this.#await((nowMs) => this.#link.request(apdu, nowMs))
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

  #await(act: (nowMs: number) => HdlcClientStep): Promise<Uint8Array> {
    if (this.#failure !== undefined) return Promise.reject(closed('connection closed', { cause: this.#failure }))
    if (this.#pending !== undefined) return Promise.reject(new DlmsError('DLMS_BUSY', 'a request is under way'))
    const { timer, timeoutMs = 10_000 } = this.#options
    return new Promise((resolve, reject) => {
      const late = () => this.#fail(new DlmsError('DLMS_TIMEOUT', 'no whole answer in time'))
      this.#pending = { resolve, reject, cancelTimeout: timer.after(timeoutMs, late) }
      this.#run(act)
    })
  }

  #run(act: (nowMs: number) => HdlcClientStep): void {
    const { stream, timer, onNotification } = this.#options
    if (this.#failure !== undefined) return
    let step: HdlcClientStep
    try {
      step = act(timer.nowMs())
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      this.#fail(error)
      return
    }
    for (const frame of step.frames) stream.write(frame)
    for (const event of step.events) {
      if (event.kind === 'connected') {
        this.#parameters = event.parameters
        this.#settle(nothing)
      } else if (event.kind === 'response') this.#settle(event.apdu)
      else if (event.kind === 'notification') onNotification?.(event.apdu)
      else this.#fail(event.error ?? closed('disconnected'))
    }
    this.#schedule()
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

  #settle(apdu: Uint8Array): void {
    const pending = this.#pending
    this.#pending = undefined
    pending?.cancelTimeout()
    pending?.resolve(apdu)
  }

  #fail(error: DlmsError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#cancelTick()
    this.#options.stream.close()
    const pending = this.#pending
    this.#pending = undefined
    pending?.cancelTimeout()
    pending?.reject(error)
    for (const resolve of this.#leaving.splice(0)) resolve()
  }
}

const closed = (message: string, options?: ErrorOptions): DlmsError =>
  new DlmsError('DLMS_TRANSPORT_CLOSED', message, {}, options)
