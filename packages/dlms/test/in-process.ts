import { DlmsError, type DlmsServer, type DlmsTransport } from '../src/index.ts'

export interface Tampering {
  /** What arrives of a request, and of an answer; both see the number of the exchange, from 0. */
  readonly request?: (apdu: Uint8Array, exchange: number) => Uint8Array
  readonly response?: (apdu: Uint8Array, exchange: number) => Uint8Array
}

/** A transport straight into a server, with a man in the middle if wanted. Keeps what went over the line. */
export function inProcessTransport(
  server: DlmsServer,
  saps: { readonly clientSap: number; readonly serverSap: number },
  tampering: Tampering = {},
): DlmsTransport & { readonly exchanges: { request: Uint8Array; response: Uint8Array }[] } {
  const connection = server.connection()
  const exchanges: { request: Uint8Array; response: Uint8Array }[] = []
  return {
    exchanges,
    async send(apdu) {
      const number = exchanges.length
      const request = tampering.request?.(apdu, number) ?? apdu
      const [answer] = await connection.handle({
        sourceWPort: saps.clientSap,
        destinationWPort: saps.serverSap,
        apdu: request,
      })
      if (answer === undefined) throw new DlmsError('DLMS_TIMEOUT', 'no answer')
      const response = tampering.response?.(answer, number) ?? answer
      exchanges.push({ request, response })
      return response
    },
    close: () => connection.close(),
  }
}
