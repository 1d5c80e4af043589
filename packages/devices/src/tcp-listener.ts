import { serveWrapperTcp } from '@gridcard/dlms/node'
import type { MeterListener } from './meter/meter.ts'

/**
 * A TCP port with the DLMS wrapper. With port 0 the first start takes a free one, and later starts of the same meter
 * ask for that one again: a meter does not move because its power was cut.
 */
export function tcpListener({ host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {}): MeterListener {
  let wantedPort = port
  return async (server) => {
    const serving = await serveWrapperTcp({ server, host, port: wantedPort })
    wantedPort = serving.port
    return { host, port: serving.port, close: () => serving.close() }
  }
}
