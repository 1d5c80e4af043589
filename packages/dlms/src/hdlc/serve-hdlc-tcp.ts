import { createServer, type Socket } from 'node:net'
import { listenTcp } from '../wrapper/listen-tcp.ts'
import { type ServeHdlcStreamOptions, serveHdlcStream } from './hdlc-stream-server.ts'
import { nodeTimer, socketStream } from './node-stream.ts'

export interface ServeHdlcTcpOptions extends Omit<ServeHdlcStreamOptions, 'stream' | 'timer'> {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** More are closed at once. Default 8. */
  readonly maxConnections?: number
}

export interface HdlcTcpServer {
  readonly port: number
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/**
 * Serves a logical device over HDLC on TCP, as meters behind a serial server or modem do. A connection that stays
 * without a link, or loses its last one by inactivity, is closed after the inactivity timeout.
 */
export async function serveHdlcTcp(options: ServeHdlcTcpOptions): Promise<HdlcTcpServer> {
  const sockets = new Set<Socket>()
  const idleMs = options.inactivityTimeoutMs ?? 120_000
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    // Twice, so that a link that is forgotten at the end of its own time can still be told so.
    socket.setTimeout(2 * idleMs, () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    serveHdlcStream({ ...options, stream: socketStream(socket), timer: nodeTimer })
  })
  listener.maxConnections = options.maxConnections ?? 8
  const port = await listenTcp(listener, options.port ?? 0, options.host ?? '127.0.0.1')
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
