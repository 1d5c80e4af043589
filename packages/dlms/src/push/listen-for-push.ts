import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { DlmsError } from '../errors.ts'
import { bindUdp } from '../wrapper/bind-udp.ts'
import { listenTcp } from '../wrapper/listen-tcp.ts'
import { parseWpdu, type Wpdu, WrapperSplitter } from '../wrapper/wrapper.ts'
import { isPushRefusal, type Push, type PushReceiver, type PushRefusalReason } from './push-receiver.ts'

export interface PushListenerOptions {
  readonly receiver: PushReceiver
  readonly onPush: (push: Push, from: PushSource) => void
  /** For the log; the sender is told nothing. */
  readonly onRefused?: (reason: PushRefusalReason | 'no-wrapper', from: PushSource) => void
  /** Default 127.0.0.1. */
  readonly host?: string
  /** For TCP and UDP alike; 0, the default, takes a free one. */
  readonly port?: number
  /** Longest APDU taken, default 65535. */
  readonly maxApduBytes?: number
  /** TCP connections at once, default 64. */
  readonly maxConnections?: number
  /** A TCP connection without a whole notification for so long is closed. Default 30 s. */
  readonly idleTimeoutMs?: number
}

export interface PushSource {
  readonly address: string
  readonly port: number
}

export interface PushListener {
  /** The same for TCP and UDP. */
  readonly port: number
  close(): Promise<void>
}

/** Takes notifications in the wrapper, over TCP and UDP, and answers none. @throws DlmsError `DLMS_TRANSPORT_CLOSED` */
export async function listenForPush(options: PushListenerOptions): Promise<PushListener> {
  const host = options.host ?? '127.0.0.1'
  const { maxApduBytes, onRefused } = options
  const sockets = new Set<Socket>()
  const take = async ({ apdu }: Wpdu, from: PushSource) => {
    const result = await options.receiver.receive(apdu, `${from.address} ${from.port}`)
    if (isPushRefusal(result)) {
      if (result.refused !== 'incomplete') onRefused?.(result.refused, from)
    } else options.onPush(result, from)
  }
  const listener = createServer((socket) => {
    sockets.add(socket)
    const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    const splitter = new WrapperSplitter(maxApduBytes)
    const idle = setTimeout(() => socket.destroy(), options.idleTimeoutMs ?? 30_000)
    const serve = async (chunk: Uint8Array) => {
      for (const wpdu of splitter.push(chunk)) {
        idle.refresh()
        await take(wpdu, from)
      }
      socket.resume()
    }
    socket.on('data', (chunk) => {
      // One after the other: a sender cannot fill our memory.
      socket.pause()
      serve(chunk).catch((error: unknown) => {
        socket.destroy()
        if (!(error instanceof DlmsError)) throw error
        onRefused?.('no-wrapper', from)
      })
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(idle)
      sockets.delete(socket)
    })
  })
  listener.maxConnections = options.maxConnections ?? 64
  const port = await listenTcp(listener, options.port ?? 0, host)
  const udp = createSocket('udp4')
  udp.on('message', (datagram, { address, port: fromPort }) => {
    const from = { address, port: fromPort }
    const wpdu = whole(datagram)
    if (wpdu === undefined || wpdu.apdu.length > (maxApduBytes ?? 0xffff)) onRefused?.('no-wrapper', from)
    else void take(wpdu, from)
  })
  await bindUdp(udp, port, host)
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        listener.close(() => udp.close(() => resolve()))
      }),
  }
}

function whole(datagram: Uint8Array): Wpdu | undefined {
  try {
    return parseWpdu(datagram)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
