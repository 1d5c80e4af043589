import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** One DLMS wrapper frame on its way; give back what goes on, or nothing to swallow it. */
export type Tamper = (frame: Uint8Array, direction: 'request' | 'response', number: number) => Uint8Array | undefined

export interface TamperingProxy {
  readonly port: number
  tamper: Tamper
  close(): Promise<void>
}

const honest: Tamper = (frame) => frame

/** A man in the middle between head-end and meter: sees each frame whole, numbered from 0 per connection and direction. */
export async function startTamperingProxy(meter: { host: string; port: number }): Promise<TamperingProxy> {
  const open = new Set<Socket>()
  const server = createServer((fromHeadend) => {
    const toMeter = connect(meter.port, meter.host)
    for (const [from, to, direction] of [
      [fromHeadend, toMeter, 'request'],
      [toMeter, fromHeadend, 'response'],
    ] as const) {
      open.add(from)
      let number = 0
      forwardFrames(from, (frame) => {
        const changed = proxy.tamper(frame, direction, number++)
        if (changed !== undefined && !to.destroyed) to.write(changed)
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: TamperingProxy = {
    port: (server.address() as AddressInfo).port,
    tamper: honest,
    async close() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

const headerBytes = 8

function forwardFrames(from: Socket, send: (frame: Uint8Array) => void): void {
  let waiting = Buffer.alloc(0)
  from.on('data', (part: Buffer) => {
    waiting = Buffer.concat([waiting, part])
    while (waiting.length >= headerBytes) {
      const length = headerBytes + waiting.readUInt16BE(6)
      if (waiting.length < length) return
      send(new Uint8Array(waiting.subarray(0, length)))
      waiting = waiting.subarray(length)
    }
  })
}
