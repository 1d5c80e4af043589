import { fromHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { CardError } from '../errors.ts'
import { collectGarbage } from '../runtime/collector.ts'
import { installApplet } from '../runtime/installer.ts'
import type { Jcre } from '../runtime/jcre.ts'
import { addNativePackage } from '../runtime/loader.ts'
import { MOST_CHANNELS } from '../runtime/logical-channels.ts'
import { CPLC_BYTES, CPLC_TAG } from './cplc.ts'
import { type DomainKey, KEY_ACCESS, KEY_TYPE } from './domain-keys.ts'
import { GlobalPlatform } from './globalplatform.ts'
import type { GlobalPlatformProfile, IssuerKeys } from './globalplatform-profile.ts'
import { CARD_STATE } from './life-cycle.ts'
import { SECURITY_DOMAIN_MODULE_AID } from './security-domain.ts'

/** 40 41 .. 4F: what every client tries first. @source by use since VISA's Open Platform */
const WELL_KNOWN_KEY = fromHex('404142434445464748494A4B4C4D4E4F')
const DIVERSIFICATION_TAG = 0xcf

/** Makes a card just formatted one of GlobalPlatform: the domain package, the issuer security domain, its keys and state. */
export function createGlobalPlatform(jcre: Jcre, profile: GlobalPlatformProfile, keys: IssuerKeys | undefined): void {
  const gp = new GlobalPlatform(jcre, profile)
  jcre.open = gp
  const { registry } = gp
  const instance = addNativePackage(jcre, gp.securityDomainPackage)
  registry.atomically(() =>
    registry.newCard({ issuer: 0, restrictions: 0, tries: new Uint8Array(), objects: [cplc(jcre.crypto)] }),
  )
  gp.installation = {
    domain: 0, // its own
    privileges: profile.issuerPrivileges,
    objects: [],
    domainObjects: keys?.diversificationData ? [{ tag: DIVERSIFICATION_TAG, value: keys.diversificationData }] : [],
    channels: Array.from({ length: MOST_CHANNELS }, (_, channel) => channel),
  }
  try {
    const { issuerAid: instanceAid } = profile
    const packageAid = fromHex(gp.securityDomainPackage.aid)
    installApplet(jcre, { packageAid, appletAid: SECURITY_DOMAIN_MODULE_AID, instanceAid })
  } finally {
    gp.installation = undefined
  }
  const { owner } = jcre.registry.find(profile.issuerAid)!
  registry.atomically(() => {
    registry.newLoadFile({ slot: instance.slot, domain: owner, objects: [] })
    registry.saveCard({ ...registry.card, issuer: owner })
    registry.saveDomain({ ...registry.domain(owner), keys: firstKeys(profile, keys) })
    jcre.memory.root.cardLifeCycle = CARD_STATE[profile.initialState]
  })
  collectGarbage(jcre)
}

/** GlobalPlatform of an image. @throws CardError `CARD_IMAGE_CORRUPT` */
export function attachGlobalPlatform(jcre: Jcre, profile: GlobalPlatformProfile): void {
  if (jcre.memory.root.cardLifeCycle === 0) {
    throw new CardError('CARD_IMAGE_CORRUPT', 'the card has no security domain: it was not finished')
  }
  jcre.open = new GlobalPlatform(jcre, profile)
}

function firstKeys({ issuerKeys: source }: GlobalPlatformProfile, keys: IssuerKeys | undefined): DomainKey[] {
  if (source.from === 'card-maker') return keys ? keySet(keys) : []
  const { keyVersion, type, lengthBytes } = source
  const value = Uint8Array.from({ length: lengthBytes }, (_, i) => WELL_KNOWN_KEY[i % WELL_KNOWN_KEY.length]!)
  return keySet(keys ?? { keyVersion, type, enc: value, mac: value, dek: value })
}

function keySet({ keyVersion, type, enc, mac, dek }: IssuerKeys): DomainKey[] {
  return [enc, mac, dek].map((value, i) => ({
    kvn: keyVersion,
    id: i + 1,
    components: [{ type: type === 'aes' ? KEY_TYPE.aes : KEY_TYPE.des, value: value.slice() }],
    usage: 0,
    access: KEY_ACCESS.any,
    sequenceCounter: 0,
  }))
}

/** Nothing of a fabricator is known, but a serial number: bytes 12 to 15. */
function cplc(crypto: CryptoProvider) {
  const value = new Uint8Array(CPLC_BYTES)
  value.set(crypto.randomBytes(4), 12)
  return { tag: CPLC_TAG, value }
}
