import { readFileSync } from 'node:fs'
import { concatBytes, equalBytes } from '@gridcard/bytes'
import { Card, type NvStore } from '@gridcard/card'
import type { CryptoProvider } from '@gridcard/crypto'
import { managementSlot } from '@gridcard/devices'
import { inProcessLink, MeterSecurityClient, meterSecurityAppletAid, meterSecurityPackageAid } from '@gridcard/terminal'
import { meterSecurityCardProfile } from 'gridcard'

/** The CAP file that the repository ships. */
const meterSecurityCap = new Uint8Array(
  readFileSync(new URL('../../applets/prebuilt/meter-security.cap', import.meta.url)),
)

export interface TestCardSecrets {
  readonly systemTitle: Uint8Array
  readonly deviceId: Uint8Array
  readonly peerSystemTitle: Uint8Array
  readonly encryptionKey: Uint8Array
  readonly authenticationKey: Uint8Array
}

/** A card with the MeterSecurity applet in operation, as streets had them before cards judged commands. */
export async function makeMeterSecurityCard(
  crypto: CryptoProvider,
  secrets: TestCardSecrets,
  store?: NvStore,
): Promise<Card> {
  const card = Card.create({ profile: meterSecurityCardProfile, crypto, ...(store === undefined ? {} : { store }) })
  card.powerOn()
  card.loadPackage(meterSecurityCap)
  card.installApplet({ packageAid: meterSecurityPackageAid, appletAid: meterSecurityAppletAid })
  const security = new MeterSecurityClient(inProcessLink(card))
  await security.select()
  await security.setIdentity(secrets.systemTitle, secrets.deviceId)
  const checks = await security.putKeySlot(managementSlot, secrets)
  const expected = concatBytes(keyCheck(crypto, secrets.encryptionKey), keyCheck(crypto, secrets.authenticationKey))
  if (!equalBytes(concatBytes(checks.encryptionKeyCheck, checks.authenticationKeyCheck), expected)) {
    throw new Error('the card holds other keys than it was given')
  }
  await security.activate()
  return card
}

/** First three bytes of a block of zeros under the key. */
function keyCheck(crypto: CryptoProvider, key: Uint8Array): Uint8Array {
  return crypto.aesEcbEncrypt(key, new Uint8Array(16)).slice(0, 3)
}
