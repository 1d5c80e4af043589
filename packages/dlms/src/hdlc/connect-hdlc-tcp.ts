import { DlmsError } from '../errors.ts'
import { dialTcp } from '../wrapper/dial-tcp.ts'
import { hdlcAddress, hdlcServerAddress } from './hdlc-address.ts'
import { connectHdlcStream, type HdlcStreamClientOptions, type HdlcTransport } from './hdlc-stream-client.ts'
import { nodeTimer, socketStream } from './node-stream.ts'

export interface ConnectHdlcTcpOptions extends Omit<HdlcStreamClientOptions, 'stream' | 'timer' | 'client' | 'server'> {
  readonly host: string
  readonly port: number
  readonly clientSap: number
  /** Upper address. */
  readonly serverSap: number
  /** Lower address; without it the server's address has one octet. */
  readonly physicalAddress?: number
  /** Octets of the server's address, where the shortest form is not what the meter wants; 2 and 4 hold a physical address. */
  readonly serverAddressBytes?: 1 | 2 | 4
}

/**
 * A link over HDLC on TCP for one client.
 * @throws DlmsError `DLMS_CONFIGURATION`, `DLMS_TIMEOUT`, `DLMS_TRANSPORT_CLOSED`, `DLMS_LINK_REFUSED`, `DLMS_LINK_LOST`
 */
export async function connectHdlcTcp(options: ConnectHdlcTcpOptions): Promise<HdlcTransport> {
  const { host, port, clientSap, serverSap, physicalAddress, serverAddressBytes } = options
  if (physicalAddress === undefined && (serverAddressBytes ?? 1) !== 1) {
    // Left out it could only be 0, and that means no station.
    throw new DlmsError('DLMS_CONFIGURATION', `${serverAddressBytes} octets of address hold a physical address`)
  }
  const shortest = hdlcServerAddress(serverSap, physicalAddress)
  const server =
    serverAddressBytes === undefined || serverAddressBytes === 1 || shortest.lengthBytes === 1
      ? shortest
      : { ...shortest, lengthBytes: serverAddressBytes }
  const socket = await dialTcp(host, port, options.timeoutMs ?? 10_000)
  const stream = socketStream(socket)
  try {
    return await connectHdlcStream({ ...options, client: hdlcAddress(clientSap), server, stream, timer: nodeTimer })
  } catch (error) {
    socket.destroy()
    throw error
  }
}
