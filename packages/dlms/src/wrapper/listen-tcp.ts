import type { Server } from 'node:net'
import { DlmsError } from '../errors.ts'

/** @returns the port @throws DlmsError `DLMS_TRANSPORT_CLOSED` */
export function listenTcp(listener: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once('error', (cause) =>
      reject(new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot listen', { host, port }, { cause })),
    )
    listener.listen(port, host, () => {
      const address = listener.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
