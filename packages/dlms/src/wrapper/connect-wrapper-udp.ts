import { createSocket, type Socket } from 'node:dgram'
import { apduTags } from '../apdu/apdu-tags.ts'
import type { DlmsTransport } from '../client/dlms-client.ts'
import { DlmsError } from '../errors.ts'
import type { ConnectWrapperTcpOptions } from './connect-wrapper-tcp.ts'
import { emitWpdu, parseWpdu, type Wpdu } from './wrapper.ts'

/** As for TCP; `timeoutMs` is for each answer. */
export type ConnectWrapperUdpOptions = ConnectWrapperTcpOptions

interface Pending {
  readonly resolve: (apdu: Uint8Array) => void
  readonly reject: (error: DlmsError) => void
  readonly timer: NodeJS.Timeout
}

/**
 * A socket for one client and one server. Nothing is sent twice: a repeated request would have an old counter, or
 * switch a meter twice. What does not come from the server, or is no WPDU for us, is passed over; a timeout ends the
 * socket, so that no late answer is taken for another's.
 * @throws DlmsError `DLMS_TRANSPORT_CLOSED`
 */
export async function connectWrapperUdp(options: ConnectWrapperUdpOptions): Promise<DlmsTransport> {
  const { host, port } = options
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (cause) => {
      socket.close()
      reject(new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot connect', { host, port }, { cause }))
    })
    // Connected, the socket hears nobody but this host and port.
    socket.connect(port, host, () => {
      socket.removeAllListeners('error')
      resolve()
    })
  })
  return new WrapperUdpTransport(socket, options)
}

class WrapperUdpTransport implements DlmsTransport {
  readonly #socket: Socket
  readonly #options: ConnectWrapperUdpOptions
  #pending: Pending | undefined
  #failure: DlmsError | undefined

  constructor(socket: Socket, options: ConnectWrapperUdpOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('error', (cause) => this.#fail(closed('socket broken', { cause })))
    socket.on('message', (datagram) => this.#receive(datagram))
  }

  send(apdu: Uint8Array): Promise<Uint8Array> {
    if (this.#failure !== undefined) return Promise.reject(closed('socket closed', { cause: this.#failure }))
    if (this.#pending !== undefined) return Promise.reject(new DlmsError('DLMS_BUSY', 'a request is under way'))
    const { clientSap, serverSap, timeoutMs = 10_000 } = this.#options
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new DlmsError('DLMS_TIMEOUT', 'no answer in time')), timeoutMs)
      this.#pending = { resolve, reject, timer }
      this.#socket.send(emitWpdu({ sourceWPort: clientSap, destinationWPort: serverSap, apdu }))
    })
  }

  close(): void {
    this.#fail(closed('socket closed by us'))
  }

  #receive(datagram: Uint8Array): void {
    const { clientSap, serverSap, onNotification } = this.#options
    const wpdu = parsed(datagram)
    if (wpdu === undefined || wpdu.sourceWPort !== serverSap || wpdu.destinationWPort !== clientSap) return
    if (wpdu.apdu[0] === apduTags['data-notification']) {
      onNotification?.(wpdu.apdu)
      return
    }
    const pending = this.#pending
    this.#pending = undefined
    clearTimeout(pending?.timer)
    pending?.resolve(wpdu.apdu)
  }

  #fail(error: DlmsError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#socket.close()
    const pending = this.#pending
    this.#pending = undefined
    clearTimeout(pending?.timer)
    pending?.reject(error)
  }
}

function parsed(datagram: Uint8Array): Wpdu | undefined {
  try {
    return parseWpdu(datagram)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}

const closed = (message: string, options?: ErrorOptions): DlmsError =>
  new DlmsError('DLMS_TRANSPORT_CLOSED', message, {}, options)
