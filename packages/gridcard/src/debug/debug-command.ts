import { createServer, type Socket } from 'node:net'
import { exitCodes } from '../exit-code.ts'
import { badOption } from '../workbench/aid-option.ts'
import { DapSession } from './dap/dap-session.ts'
import { DebugHost } from './debug-host.ts'
import { parseLaunchOptions } from './launch-options.ts'
import { traceScript } from './trace/trace-command.ts'

export interface RawDebugOptions {
  readonly port?: string
  readonly applet?: readonly string[]
  readonly script?: string
  readonly format?: string
  readonly reader?: true
  readonly trace?: true
  readonly json?: true
}

/** `gridcard debug`: serves one editor on standard input and output, or editors on a port. @returns the exit code */
export async function debug(raw: RawDebugOptions, write: (text: string) => void): Promise<number> {
  if (raw.trace) return traceScript(raw, write)
  const isGiven = (raw.applet ?? []).length > 0 || raw.script !== undefined
  if (raw.port === undefined) {
    if (isGiven || raw.reader) throw badOption('without --port the editor says in "launch" what to debug')
    const session = new DapSession({ input: process.stdin, output: process.stdout })
    await session.ended
    return exitCodes.done
  }
  const port = Number(raw.port)
  if (!/^\d{1,5}$/.test(raw.port) || port > 0xffff) throw badOption(`--port takes 0 to 65535, not "${raw.port}"`)
  const host = isGiven ? await prepareHost(raw) : undefined
  if (host !== undefined && raw.script === undefined) await host.start()
  return servePort(port, host, raw.json === true)
}

async function prepareHost({ applet = [], script, format, reader }: RawDebugOptions): Promise<DebugHost> {
  const options = parseLaunchOptions({ applets: [...applet], script, format, reader })
  const host = await DebugHost.prepare(options)
  host.listen((event) => {
    if (event.event === 'output') process.stderr.write(event.text)
  })
  return host
}

/** On the loopback interface only: whoever debugs a card reads its keys. */
async function servePort(port: number, host: DebugHost | undefined, isJson: boolean): Promise<number> {
  const sockets = new Set<Socket>()
  const admit = host === undefined ? async (make: () => DapSession) => make() : oneAtATime()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {}) // the session hears of it, too
    void admit(() => new DapSession({ input: socket, output: socket, ...(host && { host }) })).then(async (session) => {
      await session?.ended
      if (session === undefined) socket.destroy()
      else socket.end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  }).catch((cause: Error) => {
    throw badOption(`port ${port} cannot be taken: ${cause.message}`, { cause })
  })
  const { port: taken } = server.address() as { port: number }
  process.stdout.write(
    isJson
      ? `${JSON.stringify({ port: taken })}\n`
      : `Debug Adapter Protocol on 127.0.0.1:${taken}; Ctrl-C stops it.\n`,
  )
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  server.close()
  for (const socket of sockets) socket.destroy()
  await host?.end()
  return exitCodes.done
}

/** One editor looks into a card; the next one waits until the last has put everything back. Undefined for all others. */
function oneAtATime(): (make: () => DapSession) => Promise<DapSession | undefined> {
  let isTaken = false
  let last: DapSession | undefined
  return async (make) => {
    if (isTaken && last?.isEnding !== true) return undefined
    isTaken = true
    const before = last
    last = undefined
    await before?.ended
    last = make()
    return last
  }
}
