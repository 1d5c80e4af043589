import type { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { emitCommand, meterSecurityAppletAid, parseResponse } from '@gridcard/terminal'
import { makeMeterSecurityCard } from '../../e2e/support/meter-security-card.ts'

const deviceId = Uint8Array.from({ length: 16 }, (_, i) => i)
const SELECT = emitCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: meterSecurityAppletAid })
const BIND = emitCommand({ cla: 0x80, ins: 0x20, p1: 0, p2: 0, data: deviceId })
const PROTECT = emitCommand({ cla: 0x80, ins: 0x30, p1: 0, p2: 0x30, data: new Uint8Array(16), ne: 32 })

/** Of a card with the metering applet, keys and a device that it is bound to. */
export async function personalisedImage(): Promise<Uint8Array> {
  const secrets = {
    systemTitle: nodeCrypto.randomBytes(8),
    deviceId,
    peerSystemTitle: nodeCrypto.randomBytes(8),
    encryptionKey: nodeCrypto.randomBytes(16),
    authenticationKey: nodeCrypto.randomBytes(16),
  }
  return (await makeMeterSecurityCard(nodeCrypto, secrets)).image()
}

/** A powered card protects a message. @returns the counter that it took for it */
export function protect(card: Card): number {
  card.transmit(SELECT)
  card.transmit(BIND)
  const { data, sw } = parseResponse(card.transmit(PROTECT))
  if (sw !== 0x9000) throw new Error(`PROTECT was answered ${sw.toString(16)}`)
  return new DataView(data.buffer, data.byteOffset).getUint32(0)
}
