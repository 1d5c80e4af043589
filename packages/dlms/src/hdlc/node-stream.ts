import type { Socket } from 'node:net'
import type { ByteStream, Timer } from './byte-stream.ts'

/** A socket as a byte stream. While what was written has not left, nothing is read: a slow peer fills no memory. */
export function socketStream(socket: Socket): ByteStream {
  socket.on('drain', () => socket.resume())
  return {
    write(bytes) {
      if (!socket.destroyed && !socket.write(bytes)) socket.pause()
    },
    close: () => void socket.destroy(),
    onBytes: (listener) => void socket.on('data', (chunk) => listener(chunk)),
    onClose(listener) {
      let cause: unknown
      socket.on('error', (error) => {
        cause = error
        socket.destroy()
      })
      socket.once('close', () => listener(cause))
    },
  }
}

export const nodeTimer: Timer = {
  nowMs: () => performance.now(),
  after(delayMs, act) {
    const timer = setTimeout(act, delayMs)
    return () => clearTimeout(timer)
  },
}
