import { Card } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import type { MeterIdentity } from '@gridcard/devices'
import { type CardLink, inProcessLink } from '@gridcard/terminal'
import { associationKeysOf, makeMeterCard, meterCardElement, meterCardProfile } from 'gridcard'

const curve = ecDomain('P-256')

/** A meter's card as a street has it, of a maker and a head-end of its own; software is not judged by it. */
export async function makeTestCard(identity: MeterIdentity, ownerTitle: Uint8Array) {
  const keyPair = () => {
    const privateKey = nodeCrypto.generateEcPrivateKey(curve)
    return { privateKey, point: nodeCrypto.ecPublicKey(curve, privateKey) }
  }
  const [maker, sign, agree] = [keyPair(), keyPair(), keyPair()]
  const issuer = { enc: nodeCrypto.randomBytes(16), mac: nodeCrypto.randomBytes(16), dek: nodeCrypto.randomBytes(16) }
  const owner = { entity: ownerTitle, sign: sign.point, agree: agree.point }
  const made = await makeMeterCard({ crypto: nodeCrypto, issuer, makerKey: maker.point, owner }, identity)
  const link = inProcessLink(Card.open({ profile: meterCardProfile, crypto: nodeCrypto, image: made.image }))
  return { ...made, link, keys: associationKeysOf(made.keys), ownerKey: sign.privateKey }
}

export const testCardElement = (identity: MeterIdentity, ownerTitle: Uint8Array, link: CardLink) =>
  meterCardElement(identity, { link, ownerTitle, crypto: nodeCrypto })
