import { createServer } from 'node:net'
import { HeadendError, isSystemError } from '../errors.ts'
import type { ApiServer } from './routes/api-parts.ts'

/**
 * Gives the port it got.
 * @throws HeadendError `HEADEND_PORT_TAKEN`, `HEADEND_BAD_OPTION`
 */
export async function listen(server: ApiServer, host: string, port: number): Promise<number> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    throw problemOf(error, host, port)
  }
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Looks before the seconds that a first start takes; `listen` itself finds what happens in between. */
export function requirePortFree(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => reject(problemOf(error, host, port)))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()))
  })
}

function problemOf(cause: unknown, host: string, port: number): HeadendError {
  if (isSystemError(cause, 'EADDRINUSE')) {
    return new HeadendError('HEADEND_PORT_TAKEN', `port ${port} on ${host} is taken by another program`, { port })
  }
  return new HeadendError('HEADEND_BAD_OPTION', `cannot listen on ${host}, port ${port}`, { port }, { cause })
}
