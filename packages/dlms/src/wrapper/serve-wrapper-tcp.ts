import { createServer, type Socket } from 'node:net'
import type { DlmsServer } from '../server/dlms-server.ts'
import { listenTcp } from './listen-tcp.ts'
import { emitWpdu, type Wpdu, WrapperSplitter } from './wrapper.ts'

export interface ServeWrapperTcpOptions {
  readonly server: DlmsServer
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** More are closed at once. Default 8. */
  readonly maxConnections?: number
  /** A connection that brings no complete request for so long is closed. Default 120 s. */
  readonly idleTimeoutMs?: number
}

export interface WrapperTcpServer {
  readonly port: number
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/** Serves a logical device over TCP with the wrapper. @source Green Book ed. 8 §7 (TCP-UDP/IP profile) */
export async function serveWrapperTcp(options: ServeWrapperTcpOptions): Promise<WrapperTcpServer> {
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveSocket(socket, options.server, options.idleTimeoutMs ?? 120_000)
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

/** Requests are served one after the other; meanwhile nothing more is read, so a sender cannot fill our memory. */
function serveSocket(socket: Socket, server: DlmsServer, idleTimeoutMs: number): void {
  const connection = server.connection((wpdu) => {
    if (!socket.destroyed) socket.write(emitWpdu(wpdu))
  })
  const splitter = new WrapperSplitter(server.longestRequestBytes)
  // Not socket.setTimeout: a byte now and then would keep that from firing.
  const idle = setTimeout(() => socket.destroy(), idleTimeoutMs)
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    clearTimeout(idle)
    connection.close()
  })
  const serve = async (chunk: Uint8Array) => {
    for (const wpdu of splitter.push(chunk)) {
      if (socket.destroyed) return
      idle.refresh()
      for (const apdu of await connection.handle(wpdu)) {
        if (!socket.destroyed) await write(socket, answerTo(wpdu, apdu))
      }
    }
    socket.resume()
  }
  socket.on('data', (chunk) => {
    socket.pause()
    // What cannot be split has no answer: there is no telling where the next request begins.
    serve(chunk).catch(() => socket.destroy())
  })
}

function answerTo(request: Wpdu, apdu: Uint8Array): Uint8Array {
  return emitWpdu({ sourceWPort: request.destinationWPort, destinationWPort: request.sourceWPort, apdu })
}

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve())))
}
