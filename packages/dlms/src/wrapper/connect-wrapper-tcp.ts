import type { ConversingTransport, DlmsTransport } from '../client/dlms-transport.ts'
import { DlmsError } from '../errors.ts'
import { dialTcp } from './dial-tcp.ts'
import { WrapperSplitter } from './wrapper.ts'
import { closed, WrapperConversation } from './wrapper-conversation.ts'

export interface ConnectWrapperTcpOptions {
  readonly host: string
  readonly port: number
  readonly clientSap: number
  readonly serverSap: number
  /** For connecting, and for each answer. Default 10 s. */
  readonly timeoutMs?: number
  /** Gets plain data-notifications that come in between; without it a client gets them, and without one they are dropped. */
  readonly onNotification?: (apdu: Uint8Array) => void
}

/**
 * A connection for one client. It carries one request at a time. After a timeout, an answer nobody asked for, foreign
 * addresses or broken framing it is cut, so that no late answer is ever taken for another request's.
 * @throws DlmsError `DLMS_TIMEOUT`, `DLMS_TRANSPORT_CLOSED`
 */
export async function connectWrapperTcp(
  options: ConnectWrapperTcpOptions,
): Promise<DlmsTransport & ConversingTransport> {
  const timeoutMs = options.timeoutMs ?? 10_000
  const socket = await dialTcp(options.host, options.port, timeoutMs)
  const splitter = new WrapperSplitter()
  const conversation = new WrapperConversation({
    ...options,
    timeoutMs,
    write: (wpdu) => void socket.write(wpdu),
    end: () => void socket.destroy(),
  })
  socket.on('error', (cause) => conversation.fail(closed('connection broken', { cause })))
  socket.on('close', () => conversation.fail(closed('connection closed')))
  socket.on('data', (chunk) => {
    try {
      for (const wpdu of splitter.push(chunk)) {
        if (!conversation.isForUs(wpdu)) {
          const { sourceWPort, destinationWPort } = wpdu
          throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'answer with other addresses', {
            sourceWPort,
            destinationWPort,
          })
        }
        conversation.take(wpdu.apdu)
      }
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      conversation.fail(error)
    }
  })
  return conversation
}
