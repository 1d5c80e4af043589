import type { DlmsServer, DlmsServerConnection } from '../server/dlms-server.ts'
import type { ByteStream, Timer } from './byte-stream.ts'
import type { HdlcParameters } from './hdlc-parameters.ts'
import { HdlcServerStation, type HdlcStationEvent, type HdlcStationStep } from './hdlc-server-station.ts'

export interface ServeHdlcStreamOptions {
  readonly server: DlmsServer
  readonly stream: ByteStream
  readonly timer: Timer
  /** Lower address that must be met; undefined takes any, and none. */
  readonly physicalAddress?: number
  /** Most this server does, default 2030 octets and windows of 7. */
  readonly parameters?: HdlcParameters
  /** Silence after which a link, and its association, is forgotten; default 120 s. */
  readonly inactivityTimeoutMs?: number
  readonly maxLinks?: number
  /** Whether this device has called in, and answers to the CALLING physical address. Default no. */
  isCaller?(): boolean
  /** When notifications go out: at once, or when the client asks for them. Default `at-once`. */
  readonly notifications?: 'at-once' | 'when-polled'
}

/** Serves a logical device on one line, until the stream closes. Each link has associations of its own. */
export function serveHdlcStream(options: ServeHdlcStreamOptions): void {
  const { server, stream, timer } = options
  const station = new HdlcServerStation({
    ...options,
    serves: (serverSap) => server.serves(serverSap),
    serverSaps: () => server.serverSaps,
    // Some more, so that a request that is a little too long is answered and not cut off.
    maxApduBytes: server.maxPduBytes + 256,
  })
  const connections = new Map<string, DlmsServerConnection>()
  /** For what comes without a link, and to all. */
  const unlinked = server.connection()
  let isClosed = false
  let cancelTick = () => {}

  const run = (step: HdlcStationStep) => {
    if (isClosed) return
    for (const frame of step.frames) stream.write(frame)
    for (const event of step.events) take(event)
    schedule()
  }
  const schedule = () => {
    cancelTick()
    const { deadlineMs } = station
    if (deadlineMs === undefined) return
    const delayMs = Math.max(0, deadlineMs - timer.nowMs())
    cancelTick = timer.after(delayMs, () => run(station.tick(timer.nowMs())))
  }
  const take = (event: HdlcStationEvent) => {
    if (event.kind === 'connected') {
      const { link } = event
      connections.set(
        link,
        server.connection(({ apdu }) => run(station.notify(link, apdu))),
      )
    } else if (event.kind === 'disconnected') forget(event.link)
    else if (event.kind === 'unconfirmed') hear(event)
    else void answer(event.link, event.apdu, event.saps)
  }
  const answer = async (
    link: string,
    apdu: Uint8Array,
    { clientSap, serverSap }: { readonly clientSap: number; readonly serverSap: number },
  ) => {
    const connection = connections.get(link)
    const responses = await connection?.handle({ sourceWPort: clientSap, destinationWPort: serverSap, apdu })
    // The link may have been opened anew meanwhile; then this answer is nobody's.
    if (connections.get(link) === connection) run(station.respond(link, responses ?? []))
  }
  const hear = ({ link, apdu, saps }: Extract<HdlcStationEvent, { kind: 'unconfirmed' }>) => {
    const connection = connections.get(link) ?? unlinked
    void connection.handle({ sourceWPort: saps.clientSap, destinationWPort: saps.serverSap, apdu })
  }
  const forget = (link: string) => {
    connections.get(link)?.close()
    connections.delete(link)
  }

  stream.onBytes((chunk) => run(station.receive(chunk, timer.nowMs())))
  stream.onClose(() => {
    isClosed = true
    cancelTick()
    unlinked.close()
    for (const connection of connections.values()) connection.close()
    connections.clear()
  })
}
