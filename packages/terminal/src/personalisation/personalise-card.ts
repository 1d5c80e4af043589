import { fromHex } from '@gridcard/bytes'
import type { CryptoProvider, StaticKeys } from '@gridcard/crypto'
import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { GlobalPlatformClient } from '../globalplatform/globalplatform-client.ts'
import { emitPrivileges } from '../globalplatform/privileges.ts'
import { securedLink } from '../globalplatform/secured-link.ts'
import { namedSecurityLevels } from '../globalplatform/security-level.ts'
import { IntegrityClient, type IntegrityPersonalisation } from '../integrity/integrity-client.ts'
import { iotSafeBlocks, iotSafeEnd } from '../iot-safe/iot-safe-personalisation.ts'
import { parseIotSafePublicKey } from '../iot-safe/iot-safe-public-key.ts'
import { type CardKeys, domainKeysOf } from './card-keys.ts'
import {
  domainModuleAid,
  domainPackageAid,
  type LineApplet,
  type LineAppletName,
  lineApplets,
  lineIotSafeFiles,
  lineIotSafeKeys,
  type linePolicies,
  ownerDomainAid,
} from './line-plan.ts'
import type { PartyPoints } from './party-points.ts'
import { personaliseMetering } from './personalise-metering.ts'

export interface PersonaliseCardOptions {
  readonly crypto: CryptoProvider
  /** The issuer security domain's, of this card. */
  readonly issuerKeys: StaticKeys
  readonly keys: CardKeys
  /** Components of the load file of each applet that comes onto the card. */
  readonly loadFiles: ReadonlyMap<string, Uint8Array>
  readonly root: Pick<PartyPoints, 'entity' | 'sign'>
  readonly owner: PartyPoints
  /** Who may order what; default: those of the line. */
  readonly policies?: typeof linePolicies
  /** With it the card gets the Integrity applet, too. Its title is that of the keys. */
  readonly integrity?: Omit<IntegrityPersonalisation, 'systemTitle'>
  /** With it the card gets the IoT SAFE applet, too. */
  readonly iotSafe?: IotSafeIssue
}

/** What fills the IoT SAFE store of a card; see `lineIotSafeNames`. */
export interface IotSafeIssue {
  /** @param point uncompressed, of the key pair that the card has made for TLS. @returns certificate for it, DER */
  readonly certify: (point: Uint8Array) => Promise<Uint8Array>
  /** Certificates (DER) of whoever issued that one, and of whom the device trusts. */
  readonly authority: Uint8Array
  readonly root: Uint8Array
}

/** Public halves of the key pairs that a card has made; uncompressed points. */
export interface CardPoints {
  /** Of the Metering applet. */
  readonly sign: Uint8Array
  readonly agree: Uint8Array
  /** With which the Integrity applet signs quotes. */
  readonly attestation?: Uint8Array
  /** Of the IoT SAFE store. */
  readonly tls?: Uint8Array
}

/** Authenticated and encrypted both ways: what the card answers, its new points above all, is the card's. */
const LEVEL = namedSecurityLevels['mac+enc+rmac+renc']
/** Nothing of what is loaded and installed is secret; that it is genuine matters, and that the card says so. */
const CONTENT_LEVEL = namedSecurityLevels['mac+rmac']
/** Of LOAD, where the card takes long commands. */
const LOAD_BLOCK_BYTES = 2048

/** Which applets these options ask for. */
export function appletNamesOf(o: Pick<PersonaliseCardOptions, 'integrity' | 'iotSafe'>): readonly LineAppletName[] {
  return ['metering', ...(o.integrity ? (['integrity'] as const) : []), ...(o.iotSafe ? (['iot-safe'] as const) : [])]
}

/**
 * A blank card becomes its owner's: domain, applets over SCP03, each of them filled through the secure channel of the domain:
 * keys, key pairs made on the card, personalisation ended. Needs no folder and keeps none.
 *
 * @throws TerminalError
 */
export async function personaliseCard(link: CardLink, o: PersonaliseCardOptions): Promise<CardPoints> {
  const client = new GlobalPlatformClient(link, { crypto: o.crypto })
  try {
    await loadAndInstall(client, o)
    await putDomainKeys(client, o.issuerKeys, o.keys)
    const attestation = o.integrity && (await personaliseIntegrity(client, o.keys, o.integrity))
    const tls = o.iotSafe && (await personaliseIotSafe(client, o.keys, o.iotSafe))
    const [metering] = lineApplets(o.keys.suite, ['metering'])
    await openTo(client, metering!.instanceAid, o.keys)
    const points = await personaliseMetering(securedLink(client), o)
    return { ...points, ...(attestation && { attestation }), ...(tls && { tls }) }
  } finally {
    client.close()
  }
}

async function loadAndInstall(client: GlobalPlatformClient, o: PersonaliseCardOptions): Promise<void> {
  const applets = lineApplets(o.keys.suite, appletNamesOf(o))
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

/** A channel with the owner's keys to one of its applets, or to the domain itself. */
async function openTo(client: GlobalPlatformClient, aid: Uint8Array, keys: CardKeys): Promise<void> {
  await client.select(aid)
  await client.open({ keys: domainKeysOf(keys), level: LEVEL, protocol: 'SCP03' })
}

async function personaliseIntegrity(
  client: GlobalPlatformClient,
  keys: CardKeys,
  o: Omit<IntegrityPersonalisation, 'systemTitle'>,
): Promise<Uint8Array> {
  const [{ instanceAid }] = lineApplets(keys.suite, ['integrity']) as [LineApplet]
  await openTo(client, instanceAid, keys)
  return new IntegrityClient(securedLink(client)).personalise({ ...o, systemTitle: fromHex(keys.systemTitle) })
}

async function personaliseIotSafe(client: GlobalPlatformClient, keys: CardKeys, o: IotSafeIssue): Promise<Uint8Array> {
  const [{ instanceAid }] = lineApplets(keys.suite, ['iot-safe']) as [LineApplet]
  await openTo(client, instanceAid, keys)
  const answers = await client.storeData(iotSafeBlocks(lineIotSafeKeys))
  const point = parseIotSafePublicKey(answers.find((answer) => answer.length > 0) ?? new Uint8Array())
  const { certify, ...authorities } = o
  const files = lineIotSafeFiles({ certificate: await certify(point), ...authorities })
  await client.storeData([...iotSafeBlocks({ files }), iotSafeEnd])
  return point
}
