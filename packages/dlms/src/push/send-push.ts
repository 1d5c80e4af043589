import { createSocket } from 'node:dgram'
import { DlmsError } from '../errors.ts'
import { dialTcp } from '../wrapper/dial-tcp.ts'
import { emitWpdu } from '../wrapper/wrapper.ts'

export interface SendPushOptions {
  readonly protocol: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
  /** Logical device that sends, default 1. */
  readonly serverSap?: number
  /** Client it is for, default 1. */
  readonly clientSap?: number
  /** From `notificationApdu`. */
  readonly apdu: Uint8Array
  readonly timeoutMs?: number
}

/**
 * Sends one notification. Nobody confirms it: over TCP the octets have left, over UDP not even that is sure.
 * @throws DlmsError `DLMS_TIMEOUT`, `DLMS_TRANSPORT_CLOSED`
 */
export async function sendPush(options: SendPushOptions): Promise<void> {
  const { protocol, host, port, serverSap = 1, clientSap = 1, apdu } = options
  const wpdu = emitWpdu({ sourceWPort: serverSap, destinationWPort: clientSap, apdu })
  const failed = (cause: unknown) => new DlmsError('DLMS_TRANSPORT_CLOSED', 'cannot send', { host, port }, { cause })
  if (protocol === 'udp') {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      socket.on('error', (cause) => reject(failed(cause)))
      socket.send(wpdu, port, host, (cause) => (cause ? reject(failed(cause)) : resolve()))
    }).finally(() => socket.close())
    return
  }
  const socket = await dialTcp(host, port, options.timeoutMs ?? 10_000)
  await new Promise<void>((resolve, reject) => {
    socket.on('error', (cause) => reject(failed(cause)))
    socket.end(wpdu, () => resolve())
  })
}
