import { connect, type Socket } from 'node:net'
import { DlmsError } from '../errors.ts'

/** A connected socket without listeners. @throws DlmsError `DLMS_TIMEOUT`, `DLMS_TRANSPORT_CLOSED` */
export function dialTcp(host: string, port: number, timeoutMs: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true })
  return new Promise((resolve, reject) => {
    const fail = (error: DlmsError) => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => fail(new DlmsError('DLMS_TIMEOUT', 'no connection in time', { host, port })),
      timeoutMs,
    )
    socket.once('error', (cause) =>
      fail(new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot connect', { host, port }, { cause })),
    )
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
