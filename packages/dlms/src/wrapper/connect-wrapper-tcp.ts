import type { Socket } from 'node:net'
import { apduTags } from '../apdu/apdu-tags.ts'
import type { DlmsTransport } from '../client/dlms-client.ts'
import { DlmsError } from '../errors.ts'
import { dialTcp } from './dial-tcp.ts'
import { emitWpdu, type Wpdu, WrapperSplitter } from './wrapper.ts'

export interface ConnectWrapperTcpOptions {
  readonly host: string
  readonly port: number
  readonly clientSap: number
  readonly serverSap: number
  /** For connecting, and for each answer. Default 10 s. */
  readonly timeoutMs?: number
  /** Gets plain data-notifications that come in between; without it they are dropped. */
  readonly onNotification?: (apdu: Uint8Array) => void
}

/**
 * A connection for one client. It carries one request at a time. After a timeout, an answer nobody asked for, foreign
 * addresses or broken framing it is cut, so that no late answer is ever taken for another request's.
 * @throws DlmsError `DLMS_TIMEOUT`, `DLMS_TRANSPORT_CLOSED`
 */
export async function connectWrapperTcp(options: ConnectWrapperTcpOptions): Promise<DlmsTransport> {
  const timeoutMs = options.timeoutMs ?? 10_000
  const socket = await dialTcp(options.host, options.port, timeoutMs)
  return new WrapperTcpTransport(socket, options, timeoutMs)
}

interface Pending {
  readonly resolve: (apdu: Uint8Array) => void
  readonly reject: (error: DlmsError) => void
  readonly timer: NodeJS.Timeout
}

class WrapperTcpTransport implements DlmsTransport {
  readonly #socket: Socket
  readonly #options: ConnectWrapperTcpOptions
  readonly #timeoutMs: number
  readonly #splitter = new WrapperSplitter()
  #pending: Pending | undefined
  #failure: DlmsError | undefined

  constructor(socket: Socket, options: ConnectWrapperTcpOptions, timeoutMs: number) {
    this.#socket = socket
    this.#options = options
    this.#timeoutMs = timeoutMs
    socket.on('error', (cause) => this.#fail(closed('connection broken', { cause })))
    socket.on('close', () => this.#fail(closed('connection closed')))
    socket.on('data', (chunk) => this.#receive(chunk))
  }

  send(apdu: Uint8Array): Promise<Uint8Array> {
    if (this.#failure !== undefined) return Promise.reject(closed('connection closed', { cause: this.#failure }))
    if (this.#pending !== undefined) return Promise.reject(new DlmsError('DLMS_BUSY', 'a request is under way'))
    const { clientSap, serverSap } = this.#options
    const wpdu = emitWpdu({ sourceWPort: clientSap, destinationWPort: serverSap, apdu })
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new DlmsError('DLMS_TIMEOUT', 'no answer in time')), this.#timeoutMs)
      this.#pending = { resolve, reject, timer }
      this.#socket.write(wpdu)
    })
  }

  close(): void {
    this.#fail(closed('connection closed by us'))
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const wpdu of this.#splitter.push(chunk)) this.#take(wpdu)
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      this.#fail(error)
    }
  }

  #take({ sourceWPort, destinationWPort, apdu }: Wpdu): void {
    const { clientSap, serverSap, onNotification } = this.#options
    if (sourceWPort !== serverSap || destinationWPort !== clientSap) {
      throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'answer with other addresses', { sourceWPort, destinationWPort })
    }
    if (apdu[0] === apduTags['data-notification']) {
      onNotification?.(apdu)
      return
    }
    const pending = this.#pending
    if (pending === undefined) throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'answer without a request')
    this.#pending = undefined
    clearTimeout(pending.timer)
    pending.resolve(apdu)
  }

  #fail(error: DlmsError): void {
    this.#failure ??= error
    this.#socket.destroy()
    const pending = this.#pending
    this.#pending = undefined
    clearTimeout(pending?.timer)
    pending?.reject(error)
  }
}

const closed = (message: string, options?: ErrorOptions): DlmsError =>
  new DlmsError('DLMS_TRANSPORT_CLOSED', message, {}, options)
