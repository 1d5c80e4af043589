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
): DlmsTransport &
  Required<Pick<DlmsTransport, 'post'>> & {
    readonly exchanges: { request: Uint8Array; response: Uint8Array }[]
    /** What went out without waiting, and what came of it. */
    readonly posted: { request: Uint8Array; responses: readonly Uint8Array[] }[]
  } {
  const connection = server.connection()
  const exchanges: { request: Uint8Array; response: Uint8Array }[] = []
  const posted: { request: Uint8Array; responses: readonly Uint8Array[] }[] = []
  return {
    exchanges,
    posted,
    async post(request) {
      const wpdu = { sourceWPort: saps.clientSap, destinationWPort: saps.serverSap, apdu: request }
      posted.push({ request, responses: await connection.handle(wpdu) })
    },
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
