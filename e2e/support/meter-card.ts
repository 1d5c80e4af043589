import { readFileSync } from 'node:fs'
import { Card, type NvStore } from '@gridcard/card'
import type { CryptoProvider } from '@gridcard/crypto'
import { inProcessLink, meterSecurityAppletAid, meterSecurityPackageAid } from '@gridcard/terminal'
import { meterCardProfile, personaliseCard } from 'gridcard'

/** The CAP file that the repository ships. */
export const meterSecurityCap = new Uint8Array(
  readFileSync(new URL('../../applets/prebuilt/meter-security.cap', import.meta.url)),
)

export interface TestCardSecrets {
  readonly systemTitle: Uint8Array
  readonly deviceId: Uint8Array
  readonly peerSystemTitle: Uint8Array
  readonly encryptionKey: Uint8Array
  readonly authenticationKey: Uint8Array
}

/** A card with the MeterSecurity applet in operation, as the street makes it. */
export async function makeMeterCard(crypto: CryptoProvider, secrets: TestCardSecrets, store?: NvStore): Promise<Card> {
  const card = Card.create({ profile: meterCardProfile, crypto, ...(store === undefined ? {} : { store }) })
  card.powerOn()
  card.loadPackage(meterSecurityCap)
  card.installApplet({ packageAid: meterSecurityPackageAid, appletAid: meterSecurityAppletAid })
  await personaliseCard(inProcessLink(card), secrets, secrets.peerSystemTitle, secrets, crypto)
  return card
}
