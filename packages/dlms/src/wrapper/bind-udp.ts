import type { Socket } from 'node:dgram'
import { DlmsError } from '../errors.ts'

/** @returns the port @throws DlmsError `DLMS_TRANSPORT_CLOSED` */
export function bindUdp(socket: Socket, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => {
      socket.close()
      reject(new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot listen', { host, port }, { cause }))
    })
    socket.bind(port, host, () => {
      socket.removeAllListeners('error')
      // A datagram that cannot be delivered is the network's business.
      socket.on('error', () => {})
      resolve(socket.address().port)
    })
  })
}
