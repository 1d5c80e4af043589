import { cosem, DlmsError, type MeterPorts, notificationApdu, type SecurityModule } from '@gridcard/dlms'
import { sendPush } from '@gridcard/dlms/node'
import type { AssociationKeys } from '../keys/association-keys.ts'

/** Values of `transport_service` that can be sent by here. @source Blue Book ed. 14 §4.4.8.2.3 */
const services: Readonly<Record<number, 'tcp' | 'udp'>> = { 0: 'tcp', 1: 'udp' }
const dlmsPort = 4059

export interface PushPortOptions {
  /** Both or none; with them what goes out is authenticated and encrypted under the keys of the slot. */
  readonly security: SecurityModule | undefined
  readonly keys: AssociationKeys | undefined
  readonly slot: number
  readonly serverSap: number
  readonly log: (text: string) => void
}

/** Sends what a Push setup names to where it says, as one data-notification. What does not go is told, and no success. */
export function pushPort({ security, keys, slot, serverSap, log }: PushPortOptions): NonNullable<MeterPorts['push']> {
  let sent = 0
  return async (setup, values) => {
    const to = destinationOf(setup.kept('send_destination_and_method'))
    if (to === undefined) {
      log(`${setup.logicalName}: send_destination_and_method is no TCP or UDP with HOST:PORT`)
      return false
    }
    try {
      sent++
      const apdu = await notificationApdu({
        notification: {
          kind: 'data-notification',
          longInvokeIdAndPriority: sent & 0xffffff,
          body: cosem.structure(...values),
        },
        ...(security && { security, slot, suite: keys?.suite ?? 0 }),
      })
      await sendPush({ ...to, serverSap, apdu })
      log(`${setup.logicalName} pushed to ${to.host} port ${to.port}`)
      return true
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      log(`${setup.logicalName} could not push to ${to.host} port ${to.port}: ${error.message}`)
      return false
    }
  }
}

/** `192.0.2.7:4059`, `[2001:db8::7]:4059`, a name; without a port the one of DLMS. */
function destinationOf(
  data: ReturnType<Parameters<NonNullable<MeterPorts['push']>>[0]['kept']>,
): { readonly protocol: 'tcp' | 'udp'; readonly host: string; readonly port: number } | undefined {
  const [service, destination] = data?.type === 'structure' ? data.value : []
  if (service?.type !== 'enum' || destination?.type !== 'octet-string') return undefined
  const protocol = services[service.value]
  const text = String.fromCharCode(...destination.value)
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]{1,253}))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? dlmsPort : Number(match[3])
  return protocol === undefined || host === undefined || port < 1 || port > 65535 ? undefined : { protocol, host, port }
}
