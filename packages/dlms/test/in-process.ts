import {
  DlmsError,
  type DlmsServer,
  type DlmsTransport,
  emitAarq,
  emitXdlms,
  parseAarq,
  parseXdlms,
} from '../src/index.ts'

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

/** The same transport for a client that proposes these bits of conformance not, in an association in clear. */
export function withoutConformance<T extends Pick<DlmsTransport, 'send'>>(transport: T, bits: number): T {
  const send = (apdu: Uint8Array): Promise<Uint8Array> => {
    if (apdu[0] !== 0x60) return transport.send(apdu)
    const aarq = parseAarq(apdu)
    const initiate = parseXdlms(aarq.userInformation!)
    if (initiate.kind !== 'initiate-request') throw new Error(initiate.kind)
    const userInformation = emitXdlms({ ...initiate, conformance: initiate.conformance & ~bits })
    return transport.send(emitAarq({ ...aarq, userInformation }))
  }
  return new Proxy(transport, {
    get(target, name) {
      const value: unknown = name === 'send' ? send : Reflect.get(target, name, target)
      return typeof value === 'function' && name !== 'send' ? value.bind(target) : value
    },
  })
}
