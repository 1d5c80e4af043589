import { createSocket } from 'node:dgram'
import type { ConversingTransport, DlmsTransport } from '../client/dlms-transport.ts'
import { DlmsError } from '../errors.ts'
import type { ConnectWrapperTcpOptions } from './connect-wrapper-tcp.ts'
import { parseWpdu, type Wpdu } from './wrapper.ts'
import { closed, WrapperConversation } from './wrapper-conversation.ts'

/** As for TCP; `timeoutMs` is for each answer. */
export type ConnectWrapperUdpOptions = ConnectWrapperTcpOptions

/**
 * A socket for one client and one server. Nothing is sent twice: a repeated request would have an old counter, or
 * switch a meter twice. What does not come from the server, or is no WPDU for us, is passed over; a timeout ends the
 * socket, so that no late answer is taken for another's.
 * @throws DlmsError `DLMS_TRANSPORT_CLOSED`
 */
export async function connectWrapperUdp(
  options: ConnectWrapperUdpOptions,
): Promise<DlmsTransport & ConversingTransport> {
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
  const conversation = new WrapperConversation({
    ...options,
    timeoutMs: options.timeoutMs ?? 10_000,
    write: (wpdu) => socket.send(wpdu),
    end: () => void socket.close(),
  })
  socket.on('error', (cause) => conversation.fail(closed('socket broken', { cause })))
  socket.on('message', (datagram) => {
    const wpdu = parsed(datagram)
    if (wpdu === undefined || !conversation.isForUs(wpdu)) return
    try {
      conversation.take(wpdu.apdu)
    } catch (error) {
      // Anybody can send a datagram: what nobody asked for is passed over.
      if (!(error instanceof DlmsError)) throw error
    }
  })
  return conversation
}

function parsed(datagram: Uint8Array): Wpdu | undefined {
  try {
    return parseWpdu(datagram)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
