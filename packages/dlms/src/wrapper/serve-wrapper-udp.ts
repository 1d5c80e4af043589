import { createSocket } from 'node:dgram'
import { DlmsError } from '../errors.ts'
import { serverBlockWindow } from '../server/block-service.ts'
import type { DlmsServer, DlmsServerConnection } from '../server/dlms-server.ts'
import { bindUdp } from './bind-udp.ts'
import { emitWpdu, parseWpdu, type Wpdu } from './wrapper.ts'

export interface ServeWrapperUdpOptions {
  readonly server: DlmsServer
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** Senders remembered at once; more are not heard until one was silent for long enough. Default 64. */
  readonly maxPeers?: number
  /** A sender that is silent for so long is forgotten, with its associations. Default 120 s. */
  readonly idleTimeoutMs?: number
}

export interface WrapperUdpServer {
  readonly port: number
  close(): Promise<void>
}

interface Peer {
  readonly connection: DlmsServerConnection
  readonly idle: NodeJS.Timeout
  pending: number
}

/** More datagrams of one sender wait for no answer; a window of blocks may. */
const MAX_PENDING = 2 * serverBlockWindow

/**
 * Serves a logical device over UDP with the wrapper: one datagram, one WPDU. Each sender (address and port) has
 * connections of its own. An address can be forged, so let nothing but ciphered associations matter here.
 * @source Green Book ed. 8 §7 (TCP-UDP/IP profile)
 */
export async function serveWrapperUdp(options: ServeWrapperUdpOptions): Promise<WrapperUdpServer> {
  const { server } = options
  const peers = new Map<string, Peer>()
  const socket = createSocket('udp4')
  const forget = (name: string) => {
    const peer = peers.get(name)
    clearTimeout(peer?.idle)
    peer?.connection.close()
    peers.delete(name)
  }
  const peerOf = (address: string, port: number): Peer | undefined => {
    const name = `${address} ${port}`
    const known = peers.get(name)
    if (known !== undefined) {
      known.idle.refresh()
      return known
    }
    if (peers.size >= (options.maxPeers ?? 64)) return undefined
    const idle = setTimeout(() => forget(name), options.idleTimeoutMs ?? 120_000)
    const peer = {
      connection: server.connection((wpdu) => socket.send(emitWpdu(wpdu), port, address)),
      idle,
      pending: 0,
    }
    peers.set(name, peer)
    return peer
  }
  socket.on('message', async (datagram, { address, port }) => {
    const wpdu = requestOf(datagram, server.longestRequestBytes)
    if (wpdu === undefined) return
    const peer = peerOf(address, port)
    if (peer === undefined || peer.pending >= MAX_PENDING) return
    peer.pending++
    const apdus = await peer.connection.handle(wpdu)
    peer.pending--
    const addresses = { sourceWPort: wpdu.destinationWPort, destinationWPort: wpdu.sourceWPort }
    for (const apdu of apdus) socket.send(emitWpdu({ ...addresses, apdu }), port, address)
  })
  const port = await bindUdp(socket, options.port ?? 0, options.host ?? '127.0.0.1')
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        for (const name of peers.keys()) forget(name)
        socket.close(() => resolve())
      }),
  }
}

/** Undefined for what is no request that can be served. */
function requestOf(datagram: Uint8Array, longestBytes: number): Wpdu | undefined {
  try {
    const wpdu = parseWpdu(datagram)
    return wpdu.apdu.length <= longestBytes ? wpdu : undefined
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
