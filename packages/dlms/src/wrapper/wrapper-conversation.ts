import { apduTags } from '../apdu/apdu-tags.ts'
import { ApduInbox } from '../client/apdu-inbox.ts'
import type { ConversingTransport, DlmsTransport } from '../client/dlms-transport.ts'
import { DlmsError } from '../errors.ts'
import { emitWpdu, type Wpdu } from './wrapper.ts'

export interface WrapperConversationOptions {
  readonly clientSap: number
  readonly serverSap: number
  /** For each answer. */
  readonly timeoutMs: number
  /** Gets plain data-notifications that come in between; without it they are dropped. */
  readonly onNotification?: ((apdu: Uint8Array) => void) | undefined
  write(wpdu: Uint8Array): void
  /** Ends the line; called once. */
  end(): void
}

/**
 * What a client says and hears over the wrapper, whatever is below. After a timeout, or an APDU nobody asked for, it is
 * over, so that no late answer is ever taken for another request's.
 */
export class WrapperConversation implements ConversingTransport, DlmsTransport {
  readonly #options: WrapperConversationOptions
  readonly #inbox = new ApduInbox()
  #failure: DlmsError | undefined
  #onWaiting: (() => void) | undefined

  constructor(options: WrapperConversationOptions) {
    this.#options = options
  }

  async send(apdu: Uint8Array): Promise<Uint8Array> {
    if (this.#inbox.isAwaited) throw new DlmsError('DLMS_BUSY', 'a request is under way')
    this.#inbox.clear()
    await this.post(apdu)
    const timer = setTimeout(
      () => this.fail(new DlmsError('DLMS_TIMEOUT', 'no answer in time')),
      this.#options.timeoutMs,
    )
    try {
      // Nobody lets it expire but the timer of `next`, and there is one wait at a time.
      return (await this.#inbox.next())!
    } finally {
      clearTimeout(timer)
    }
  }

  async post(apdu: Uint8Array): Promise<void> {
    this.#requireOpen()
    const { clientSap, serverSap } = this.#options
    this.#options.write(emitWpdu({ sourceWPort: clientSap, destinationWPort: serverSap, apdu }))
  }

  async next(quietMs: number): Promise<Uint8Array | undefined> {
    this.#requireOpen()
    const next = this.#inbox.next()
    if (!this.#inbox.isAwaited) return next
    const timer = setTimeout(() => this.#inbox.expire(), quietMs)
    try {
      return await next
    } finally {
      clearTimeout(timer)
    }
  }

  onWaiting(listener: () => void): void {
    this.#onWaiting = listener
  }

  close(): void {
    this.fail(closed('connection closed by us'))
  }

  get isForUs(): (wpdu: Wpdu) => boolean {
    const { clientSap, serverSap } = this.#options
    return ({ sourceWPort, destinationWPort }) => sourceWPort === serverSap && destinationWPort === clientSap
  }

  /** @throws DlmsError `DLMS_UNEXPECTED_RESPONSE` for what nobody waits for and nobody listens to */
  take(apdu: Uint8Array): void {
    if (apdu[0] === apduTags['data-notification'] && this.#options.onNotification !== undefined) {
      this.#options.onNotification(apdu)
      return
    }
    const isAwaited = this.#inbox.isAwaited
    // Blocks come in windows, and doubled ones after the last that was waited for.
    const mayWait = this.#onWaiting !== undefined || apdu[0] === apduTags['general-block-transfer']
    if (!isAwaited && !mayWait) {
      if (apdu[0] === apduTags['data-notification']) return
      throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'answer without a request')
    }
    this.#inbox.push(apdu)
    if (!isAwaited) this.#onWaiting?.()
  }

  fail(error: DlmsError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#options.end()
    this.#inbox.fail(error)
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw closed('connection closed', { cause: this.#failure })
  }
}

export const closed = (message: string, options?: ErrorOptions): DlmsError =>
  new DlmsError('DLMS_TRANSPORT_CLOSED', message, {}, options)
