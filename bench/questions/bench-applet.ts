import { readFileSync } from 'node:fs'
import { fromHex } from '@gridcard/bytes'
import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { emitCommand } from '@gridcard/terminal'
import { meterSecurityCardProfile } from 'gridcard'

const packageAid = fromHex('F0475249444341524402')
const appletAid = fromHex('F047524944434152440201')

/** A powered card with the bench applet selected. */
export function benchCard(): Card {
  const card = Card.create({ profile: meterSecurityCardProfile, crypto: nodeCrypto })
  card.powerOn()
  card.loadPackage(new Uint8Array(readFileSync(new URL('../../applets/prebuilt/bench.cap', import.meta.url))))
  card.installApplet({ packageAid, appletAid })
  card.transmit(emitCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: appletAid }))
  return card
}
