import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { Card, cardProfile } from '@gridcard/card'
import { type CryptoProvider, diversifiedKeys, type StaticKeys } from '@gridcard/crypto'
import { type MeterIdentity, MeteringSecurityModule, managementSlot, meterHardware } from '@gridcard/devices'
import { type CardLink, commandClasses, inProcessLink, parseSignedImage, partyCells } from '@gridcard/terminal'
import {
  type CardKeys,
  type CardPoints,
  lineOrganisations,
  linePolicies,
  makeCardKeys,
  organisationEntity,
  ownerDomainAid,
  ownerKeyVersion,
  type PartyPoints,
  personaliseCard,
} from '@gridcard/terminal/personalisation/card'
import { readBundledCap } from '../bundled.ts'

/** The card in every meter of the street. */
export const meterCardProfile = cardProfile('metering')

/** Keys of the security domain of the maker as it left the chip's. */
const ISSUER_KEY_VERSION = 0x30

/** How often in an hour a home may lose its supply, and get it back: who has the keys cannot make a lamp of a street. */
const mostInAnHour = { count: 12, windowSeconds: 3600 }
const isSwitching = (commandClass: number) =>
  commandClass === commandClasses.disconnect || commandClass === commandClasses.reconnect
const policies = linePolicies.map(
  ([commandClass, policy]) =>
    [commandClass, isSwitching(commandClass) ? { ...policy, most: mostInAnHour } : policy] as const,
)

export interface MeterCardMaker {
  readonly crypto: CryptoProvider
  /** Master keys of the issuer security domains. */
  readonly issuer: StaticKeys
  /** Point of whoever makes the meters: the root of their cards' parties. */
  readonly makerKey: Uint8Array
  /** The head-end, whose title the peer of the management association has, too. */
  readonly owner: PartyPoints
  /** With it cards also judge the software of their meters. */
  readonly software?: CardSoftware
}

export interface CardSoftware {
  /** Points of whoever makes software and of whoever authorises it. */
  readonly manufacturerKey: Uint8Array
  readonly responsibleKey: Uint8Array
  /** What meters leave the factory with. */
  readonly first: Uint8Array
}

export interface MadeMeterCard {
  readonly image: Uint8Array
  readonly keys: CardKeys
  readonly points: CardPoints
}

/**
 * A card for a meter as the personalisation line makes one: applets loaded and filled over SCP03, keys of its own, key pairs made on
 * the card, personalisation ended.
 */
export async function makeMeterCard(maker: MeterCardMaker, identity: MeterIdentity): Promise<MadeMeterCard> {
  const { crypto, owner, software } = maker
  const { serial, systemTitle, deviceId } = identity
  const issuerKeys = issuerKeysOf(maker, systemTitle)
  const card = Card.create({
    profile: meterCardProfile,
    crypto,
    issuerKeys: { keyVersion: ISSUER_KEY_VERSION, type: 'aes', ...issuerKeys },
  })
  card.powerOn()
  const keys = makeCardKeys(crypto, {
    serial,
    systemTitle: toHex(systemTitle),
    deviceId: toHex(deviceId),
    owner: 'head-end',
    suite: 0,
    domainAid: ownerDomainAid,
    keyVersion: ownerKeyVersion,
    peers: [owner.entity, organisationEntity(lineOrganisations.accessController)],
  })
  const points = await personaliseCard(inProcessLink(card), {
    crypto,
    issuerKeys,
    keys,
    loadFiles: loadFiles(),
    root: { entity: organisationEntity(lineOrganisations.root), sign: maker.makerKey },
    owner,
    policies,
    ...(software && { integrity: integrityOf(software) }),
  })
  card.powerOff()
  return { image: card.image(), keys, points }
}

function issuerKeysOf({ crypto, issuer }: MeterCardMaker, systemTitle: Uint8Array) {
  const diversificationData = concatBytes(fromAscii('GC'), systemTitle)
  return { ...diversifiedKeys(crypto, 'kdf3', issuer, diversificationData), diversificationData }
}

function integrityOf({ manufacturerKey, responsibleKey, first }: CardSoftware) {
  const { header } = parseSignedImage(first)
  return { type: header.type, hardware: meterHardware, manufacturerKey, responsibleKey, releases: [header] }
}

let loaded: ReadonlyMap<string, Uint8Array> | undefined
function loadFiles(): ReadonlyMap<string, Uint8Array> {
  loaded ??= new Map(
    (['metering', 'integrity'] as const).map((name) => [name, emitComponents(parseCapFile(readBundledCap(name)))]),
  )
  return loaded
}

/** The keys of the management association. */
export function associationKeysOf({ slots }: CardKeys): {
  readonly blockCipherKey: Uint8Array
  readonly authenticationKey: Uint8Array
} {
  const { unicast, authentication } = slots[managementSlot]!
  return { blockCipherKey: fromHex(unicast), authenticationKey: fromHex(authentication) }
}

/** What else its owner has to keep: ENC, MAC, DEK of the domain; the master key; both keys of the access controller. */
export function ownerKeysOf({ domain, masterKey, slots }: CardKeys): Uint8Array {
  const others = slots.filter((_, slot) => slot !== managementSlot)
  return fromHex(
    [domain.enc, domain.mac, domain.dek, masterKey, ...others.flatMap((one) => [one.unicast, one.authentication])].join(
      '',
    ),
  )
}

/** What such a card is to its meter. */
export function meterCardElement(
  { systemTitle, deviceId }: MeterIdentity,
  o: { readonly link: CardLink; readonly ownerTitle: Uint8Array; readonly crypto: CryptoProvider },
): MeteringSecurityModule {
  const slot = { suite: 0, peerSystemTitle: o.ownerTitle, cell: partyCells.supplier } as const
  const slots = new Map([[managementSlot, slot]])
  const { link, crypto } = o
  return new MeteringSecurityModule({ link, systemTitle, deviceId, slots, randomBytes: crypto.randomBytes })
}
