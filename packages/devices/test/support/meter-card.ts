import { readFileSync } from 'node:fs'
import { fromHex } from '@gridcard/bytes'
import { Card, type CardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { type MeterIdentity, managementSlot } from '@gridcard/devices'
import { inProcessLink, MeterSecurityClient, meterSecurityAppletAid, meterSecurityPackageAid } from '@gridcard/terminal'
import { type FreshKeys, headendTitle } from './meter-bench.ts'

export const testCardProfile: CardProfile = {
  name: 'metering test',
  nvSizeBytes: 64 * 1024,
  ramSizeBytes: 8 * 1024,
  commitCapacityBytes: 2 * 1024,
  atr: fromHex('3B800181'),
}

const cap = new Uint8Array(readFileSync(new URL('../../../../applets/prebuilt/meter-security.cap', import.meta.url)))

/** A real card with the applet that the repository ships, personalised for a meter and powered off. */
export async function makeMeterCard(identity: MeterIdentity, keys: FreshKeys): Promise<Card> {
  const card = Card.create({ profile: testCardProfile, crypto: nodeCrypto })
  card.powerOn()
  card.loadPackage(cap)
  card.installApplet({ packageAid: meterSecurityPackageAid, appletAid: meterSecurityAppletAid })
  const client = new MeterSecurityClient(inProcessLink(card))
  await client.select()
  await client.setIdentity(identity.systemTitle, identity.deviceId)
  await client.putKeySlot(managementSlot, {
    peerSystemTitle: headendTitle,
    encryptionKey: keys.blockCipherKey,
    authenticationKey: keys.authenticationKey,
  })
  await client.activate()
  card.powerOff()
  return card
}
