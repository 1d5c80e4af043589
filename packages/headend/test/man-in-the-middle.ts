import { connect, createServer, type Server, type Socket } from 'node:net'
import { emitWpdu, WrapperSplitter } from '@gridcard/dlms'

/** Gives what the head-end hears instead of `answer`, the `index`-th of this connection; undefined swallows it. */
export type Meddle = (answer: Uint8Array, index: number) => Uint8Array | undefined

export interface ManInTheMiddle {
  readonly port: number
  /** Answers of the meter as they came, one list per connection. */
  readonly recorded: Uint8Array[][]
  meddle: Meddle
  close(): Promise<void>
}

/** Sits on the wire to a meter, passes requests on, and may change what comes back. */
export async function sitBefore(meterPort: number): Promise<ManInTheMiddle> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  }
  const recorded: Uint8Array[][] = []
  const middle = { recorded, meddle: ((answer) => answer) as Meddle }
  const server: Server = createServer((headend) => {
    const meter = connect({ port: meterPort, host: '127.0.0.1' })
    keep(headend)
    keep(meter)
    const answers: Uint8Array[] = []
    recorded.push(answers)
    const splitter = new WrapperSplitter()
    headend.pipe(meter)
    headend.on('close', () => meter.destroy())
    meter.on('close', () => headend.destroy())
    meter.on('data', (chunk) => {
      for (const wpdu of splitter.push(chunk)) {
        answers.push(wpdu.apdu)
        const apdu = middle.meddle(wpdu.apdu, answers.length - 1)
        if (apdu !== undefined) headend.write(emitWpdu({ ...wpdu, apdu }))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return Object.assign(middle, {
    port,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  })
}
