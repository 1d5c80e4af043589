import { chmodSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TerminalError } from '../errors.ts'
import type { PcscEndpoint } from './pcsc-endpoint.ts'

export interface ServePcscOptions {
  readonly endpoint: PcscEndpoint
  /** Where the private directory is made. Default: XDG_RUNTIME_DIR, the directory for temporary files, or /tmp. */
  readonly directory?: string
  /** More are closed at once; each context of each program is one. Default 200, as many as pcscd takes. */
  readonly maxConnections?: number
}

export interface PcscService {
  /** For `PCSCLITE_CSOCK_NAME`. */
  readonly socketPath: string
  /** Cuts all clients off, then removes the socket and its directory. */
  close(): Promise<void>
}

/** `sun_path` of a Unix address, without its NUL. */
const MAX_PATH_BYTES = 107
const SOCKET_NAME = 'pcscd.comm'

/**
 * Serves an endpoint on a Unix socket of its own in a new directory that only this user can enter: whoever opens the socket
 * can use every card. A new directory each time also means that no stale socket is ever in the way.
 * @throws TerminalError `TERMINAL_PCSC_SOCKET`
 */
export async function servePcsc(options: ServePcscOptions): Promise<PcscService> {
  const directory = makePrivateDirectory(options.directory === undefined ? usualParents() : [options.directory])
  const socketPath = join(directory, SOCKET_NAME)
  const removeFiles = () => {
    rmSync(socketPath, { force: true })
    rmdirSync(directory)
  }
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveSocket(socket, options.endpoint)
  })
  listener.maxConnections = options.maxConnections ?? 200
  try {
    await listen(listener, socketPath)
    chmodSync(socketPath, 0o600)
  } catch (error) {
    listener.close()
    removeFiles()
    throw error
  }
  const close = () =>
    new Promise<void>((resolve) => {
      listener.close(() => {
        removeFiles()
        resolve()
      })
      for (const socket of sockets) socket.destroy()
    })
  let closing: Promise<void> | undefined
  return {
    socketPath,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Where private directories go, the best place first. */
function usualParents(): readonly string[] {
  const runtime = process.env['XDG_RUNTIME_DIR']
  return [...(runtime ? [runtime] : []), tmpdir(), '/tmp']
}

function makePrivateDirectory(parents: readonly string[]): string {
  let cause: unknown
  for (const parent of parents) {
    const pattern = join(parent, 'gridcard-pcsc-')
    if (Buffer.byteLength(`${pattern}XXXXXX/${SOCKET_NAME}`) > MAX_PATH_BYTES) continue
    try {
      return mkdtempSync(pattern) // mode 0700
    } catch (error) {
      cause = error
    }
  }
  const places = parents.join(', ')
  throw new TerminalError('TERMINAL_PCSC_SOCKET', `no directory for a socket can be made in ${places}`, {}, { cause })
}

function listen(listener: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', (cause) =>
      reject(new TerminalError('TERMINAL_PCSC_SOCKET', `cannot listen on ${path}`, {}, { cause })),
    )
    listener.listen(path, () => resolve())
  })
}

function serveSocket(socket: Socket, endpoint: PcscEndpoint): void {
  const connection = endpoint.connect({
    send: (bytes) => socket.write(bytes),
    close: () => socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  })
  socket.on('data', (chunk) => connection.receive(chunk))
  socket.on('drain', () => connection.writable())
  socket.on('error', () => socket.destroy())
  socket.on('close', () => connection.closed())
}
