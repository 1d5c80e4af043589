import { connect, type Socket } from 'node:net'
import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { VpcdCard } from './vpcd-card.ts'

export interface ConnectVpcdOptions {
  readonly link: CardLink
  /** Default 127.0.0.1: what goes over this line is neither encrypted nor authenticated. */
  readonly host?: string
  /** Default 35963, the first slot of vpcd; the second is 35964. */
  readonly port?: number
  /** Default 5 s. */
  readonly timeoutMs?: number
}

export interface VpcdConnection {
  /** Settles when the connection ended; rejects when vpcd went away or the card's link failed. */
  readonly ended: Promise<void>
  /** Takes the card out. */
  close(): Promise<void>
}

export const defaultVpcdPort = 35963

/**
 * Puts a card into the virtual reader of vsmartcard-vpcd, which the pcscd of this machine serves.
 * @throws TerminalError `TERMINAL_VPCD_UNREACHABLE`
 */
export async function connectVpcd(options: ConnectVpcdOptions): Promise<VpcdConnection> {
  const { link, host = '127.0.0.1', port = defaultVpcdPort, timeoutMs = 5000 } = options
  const socket = await open(host, port, timeoutMs)
  const card = new VpcdCard(link)
  let isClosing = false
  const ended = serve(socket, card).then(() => {
    if (!isClosing) throw unreachable('vpcd closed the connection', host, port)
  })
  ended.catch(() => {}) // whoever awaits `ended` is told
  return {
    ended,
    close: async () => {
      isClosing = true
      socket.destroy()
      await ended.catch(() => {})
    },
  }
}

function open(host: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    const giveUp = (cause?: Error) => {
      socket.destroy()
      reject(unreachable(`no vpcd at ${host}:${port}`, host, port, cause))
    }
    const timer = setTimeout(giveUp, timeoutMs)
    socket.once('error', (error) => {
      clearTimeout(timer)
      giveUp(error)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

/** Chunk after chunk; nothing more is read while the card works. Ends with the connection, and the card without power. */
async function serve(socket: Socket, card: VpcdCard): Promise<void> {
  let failure: unknown
  try {
    for await (const chunk of socket) {
      const answers = await card.receive(chunk as Buffer).catch((error: unknown) => {
        failure = error
      })
      if (answers === undefined) break
      for (const answer of answers) socket.write(answer)
    }
  } catch {
    // a connection that is reset has ended like any other
  }
  socket.destroy()
  await card.powerOff()
  if (failure !== undefined) throw failure
}

function unreachable(message: string, host: string, port: number, cause?: Error): TerminalError {
  return new TerminalError('TERMINAL_VPCD_UNREACHABLE', message, { host, port }, { cause })
}
