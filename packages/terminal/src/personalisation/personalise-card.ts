import { fromHex } from '@gridcard/bytes'
import type { CryptoProvider, StaticKeys } from '@gridcard/crypto'
import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { GlobalPlatformClient } from '../globalplatform/globalplatform-client.ts'
import { emitPrivileges } from '../globalplatform/privileges.ts'
import { securedLink } from '../globalplatform/secured-link.ts'
import { namedSecurityLevels } from '../globalplatform/security-level.ts'
import { isCardRefusal } from '../meter-security-client.ts'
import { type KeyUse, MeteringClient } from '../metering/metering-client.ts'
import { partyCells } from '../metering/metering-messages.ts'
import { type CardKeys, domainKeysOf } from './card-keys.ts'
import {
  domainModuleAid,
  domainPackageAid,
  type LineApplet,
  lineApplets,
  linePolicies,
  ownerDomainAid,
} from './line-plan.ts'

/** A party as its credentials on a card have it. */
export interface PartyPoints {
  /** EUI-64. */
  readonly entity: Uint8Array
  /** Uncompressed. */
  readonly sign: Uint8Array
  readonly agree: Uint8Array
}

export interface PersonaliseCardOptions {
  readonly crypto: CryptoProvider
  /** The issuer security domain's, of this card. */
  readonly issuerKeys: StaticKeys
  readonly keys: CardKeys
  /** Components of the load file of each applet, by name. */
  readonly loadFiles: ReadonlyMap<string, Uint8Array>
  readonly root: Pick<PartyPoints, 'entity' | 'sign'>
  readonly owner: PartyPoints
}

/** Authenticated and encrypted both ways: what the card answers, its new points above all, is the card's. */
const LEVEL = namedSecurityLevels['mac+enc+rmac+renc']
/** Nothing of what is loaded and installed is secret; that it is genuine matters, and that the card says so. */
const CONTENT_LEVEL = namedSecurityLevels['mac+rmac']
/** Of LOAD, where the card takes long commands. */
const LOAD_BLOCK_BYTES = 2048

/**
 * A blank card becomes its owner's: domain, applets over SCP03, keys, key pairs made on the card, personalisation ended.
 *
 * @returns the card's points, as they came through the secure channel
 * @throws TerminalError
 */
export async function personaliseCard(
  link: CardLink,
  o: PersonaliseCardOptions,
): Promise<Readonly<Record<KeyUse, Uint8Array>>> {
  const applets = lineApplets(o.keys.suite)
  const client = new GlobalPlatformClient(link, { crypto: o.crypto })
  try {
    const { largestCommandBytes = 0 } = await client.select()
    await client.open({ keys: o.issuerKeys, level: CONTENT_LEVEL, protocol: 'SCP03' })
    const blocks = largestCommandBytes > LOAD_BLOCK_BYTES + 16 ? { blockBytes: LOAD_BLOCK_BYTES } : {}
    for (const applet of applets) await client.load({ ...loadOf(applet, o.loadFiles), ...blocks })
    await client.install({
      loadFileAid: domainPackageAid,
      moduleAid: domainModuleAid,
      instanceAid: ownerDomainAid,
      privileges: emitPrivileges(['SecurityDomain', 'TrustedPath']),
    })
    for (const { loadFileAid, moduleAid, instanceAid, installData } of applets) {
      const privileges = emitPrivileges([])
      await client.install({ loadFileAid, moduleAid, instanceAid, privileges, appletParameters: installData })
      await client.extradite(instanceAid, ownerDomainAid)
    }
    await putDomainKeys(client, o.issuerKeys, o.keys)
    return await personaliseMetering(client, o)
  } finally {
    client.close()
  }
}

function loadOf({ name, loadFileAid }: LineApplet, loadFiles: ReadonlyMap<string, Uint8Array>) {
  const dataBlock = loadFiles.get(name)
  if (dataBlock === undefined) throw new TerminalError('TERMINAL_LINE_DAMAGED', `there is no load file of ${name}`)
  return { loadFileAid, dataBlock }
}

/** The owner's domain opens with its issuer's keys until it has its own; from then on only with those. */
async function putDomainKeys(client: GlobalPlatformClient, issuerKeys: StaticKeys, keys: CardKeys): Promise<void> {
  await client.select(ownerDomainAid)
  await client.open({ keys: issuerKeys, level: LEVEL, protocol: 'SCP03' })
  const { enc, mac, dek } = domainKeysOf(keys)
  await client.putKeys(
    keys.domain.keyVersion,
    [enc, mac, dek].map((key) => ({ type: 'aes' as const, key })),
  )
}

async function personaliseMetering(client: GlobalPlatformClient, o: PersonaliseCardOptions) {
  const { keys, root, owner } = o
  const { instanceAid } = lineApplets(keys.suite).find(({ name }) => name === 'metering')!
  await client.select(instanceAid)
  await client.open({ keys: domainKeysOf(keys), level: LEVEL, protocol: 'SCP03' })
  const metering = new MeteringClient(securedLink(client), instanceAid)
  await metering.setIdentity({
    systemTitle: fromHex(keys.systemTitle),
    deviceId: fromHex(keys.deviceId),
    tamperPolicy: ['alarm', 'lock', 'zeroise'],
  })
  for (const [slot, { peer, unicast, authentication }] of keys.slots.entries()) {
    await metering.putKeySlot(slot, {
      peerSystemTitle: fromHex(peer),
      unicastKey: fromHex(unicast),
      authenticationKey: fromHex(authentication),
    })
  }
  await metering.putKek(fromHex(keys.masterKey))
  await metering.putCredential(partyCells.root, { entity: root.entity, use: 'sign', publicKey: root.sign })
  for (const use of ['sign', 'agree'] as const) {
    await metering.putCredential(partyCells.supplier, { entity: owner.entity, use, publicKey: owner[use] })
  }
  for (const [commandClass, policy] of linePolicies) await metering.putPolicy(commandClass, policy)
  const curve = keys.suite === 2 ? 2 : 1
  const points = { sign: await pointOf(metering, curve, 'sign'), agree: await pointOf(metering, curve, 'agree') }
  await metering.activate()
  return points
}

async function pointOf(metering: MeteringClient, curve: 1 | 2, use: KeyUse): Promise<Uint8Array> {
  const point = await metering.generateKeyPair(curve, use)
  if (!isCardRefusal(point)) return point
  throw new TerminalError('TERMINAL_CARD_REFUSED', 'the card refused to make a key pair', { sw: point.sw })
}
