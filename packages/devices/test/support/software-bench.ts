import { readFileSync } from 'node:fs'
import { concatBytes, fromAscii } from '@gridcard/bytes'
import { Card, type NvStore } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  cardIntegrity,
  type DeviceStore,
  type Meter,
  type MeterIdentity,
  type MeterOptions,
  type MeterRelease,
  memoryDeviceStore,
  meterHardware,
  meterReleases,
  meterSoftwareTarget,
  meterSoftwareType,
  softwareLogicalNames,
} from '@gridcard/devices'
import { cosem, type DlmsClient } from '@gridcard/dlms'
import {
  type CardLink,
  emitActivation,
  emitAuthorisation,
  emitImageHeader,
  emitSignedImage,
  type ImageHeader,
  IntegrityClient,
  inProcessLink,
  integrityAppletAid,
  integrityInstallData,
  integrityPackageAid,
  integrityPurposes,
  meterSetTree,
} from '@gridcard/terminal'
import { nowMs } from './meter-bench.ts'
import { makeMeterCard, testCardProfile } from './meter-card.ts'

const cap = new Uint8Array(readFileSync(new URL('../../../../applets/prebuilt/integrity.cap', import.meta.url)))
const domain = ecDomain('P-256')
const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const

export const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)
export const keyPair = () => {
  const privateKey = nodeCrypto.generateEcPrivateKey(domain)
  return { privateKey, publicKey: nodeCrypto.ecPublicKey(domain, privateKey) }
}
export const sign = (privateKey: Uint8Array, ...message: Uint8Array[]) =>
  nodeCrypto.createEcdsaSigner(scheme, privateKey).sign(concatBytes(...message))
export const isSigned = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  nodeCrypto.createEcdsaVerifier(scheme, publicKey).verify(message, signature)

export const maker = keyPair()
export const responsible = keyPair()
export const [first, second] = meterReleases as readonly [MeterRelease, MeterRelease]

/** A release as the maker ships it; with changes, as somebody else would. */
export function shipped(
  release: MeterRelease,
  o: Partial<ImageHeader> & { readonly by?: Uint8Array } = {},
): Uint8Array {
  const { by = maker.privateKey, ...change } = o
  const header = emitImageHeader({
    type: meterSoftwareType,
    hardwareMin: meterHardware,
    hardwareMax: meterHardware,
    target: meterSoftwareTarget,
    version: release.version,
    rollback: release.rollback,
    sizeBytes: release.body.length,
    hash: sha256(release.body),
    ...change,
  })
  const signedHeader = concatBytes(header, sign(by, integrityPurposes.image, header))
  return emitSignedImage({ signedHeader, body: release.body })
}

export function activationOf(
  release: MeterRelease,
  device: Uint8Array,
  o: { readonly by?: Uint8Array; readonly counter?: bigint } = {},
): Uint8Array {
  const tree = meterSetTree([device], sha256)
  const authorisation = emitAuthorisation({
    hash: sha256(release.body),
    root: tree.root,
    counter: o.counter ?? 1n,
    notBefore: 0,
    notAfter: nowMs / 1000 + 3600,
  })
  const signature = sign(o.by ?? responsible.privateKey, integrityPurposes.activation, authorisation)
  return emitActivation({ authorisation, signature, proof: tree.proof(0) })
}

/** A card with both applets, for a meter that leaves the factory with release 1.0.0. */
export async function makeSoftwareCard(
  identity: MeterIdentity,
  keys: Parameters<typeof makeMeterCard>[1],
): Promise<Card> {
  const card = await makeMeterCard(identity, keys)
  card.loadPackage(cap)
  card.installApplet({
    packageAid: integrityPackageAid,
    appletAid: integrityAppletAid,
    parameters: integrityInstallData({ clearPersonalisation: true }),
  })
  card.powerOn()
  const client = new IntegrityClient(inProcessLink(card))
  await client.select()
  await client.personalise({
    systemTitle: identity.systemTitle,
    type: meterSoftwareType,
    hardware: meterHardware,
    manufacturerKey: maker.publicKey,
    responsibleKey: responsible.publicKey,
    releases: [{ target: meterSoftwareTarget, ...first, hash: sha256(first.body) }],
  })
  card.powerOff()
  return card
}

export const reopenCard = (store: NvStore): Card => Card.open({ profile: testCardProfile, crypto: nodeCrypto, store })

/** Options of a meter with that card, and 1.0.0 in its first slot unless told otherwise. */
export function withSoftware(
  link: CardLink,
  slots: readonly [DeviceStore, DeviceStore] = [memoryDeviceStore(shipped(first)), memoryDeviceStore()],
): Pick<MeterOptions, 'link' | 'software'> {
  return { link, software: { integrity: cardIntegrity(link), slots } }
}

const transfer = { classId: 18, logicalName: softwareLogicalNames.imageTransfer }
const method = (methodIndex: number) => ({ ...transfer, methodIndex })
const zero = cosem.integer(0)

/** Steps 1 to 4 of class 18: the size of a block, initiate, blocks, whether all arrived. @source Blue Book ed. 14 §4.4.6 */
export async function transferImage(
  client: DlmsClient,
  image: Uint8Array,
  afterBlock: (n: number) => void = () => {},
): Promise<void> {
  await client.action(
    method(1),
    cosem.structure(cosem.octetString(fromAscii('update')), cosem.doubleLongUnsigned(image.length)),
  )
  const size = await client.get({ ...transfer, attributeIndex: 2 })
  if (size.type !== 'double-long-unsigned') throw new Error('no block size')
  for (let n = 0; n * size.value < image.length; n++) {
    const block = image.slice(n * size.value, (n + 1) * size.value)
    await client.action(method(2), cosem.structure(cosem.doubleLongUnsigned(n), cosem.octetString(block)))
    afterBlock(n)
  }
  const missing = await client.get({ ...transfer, attributeIndex: 4 })
  const blocks = Math.ceil(image.length / size.value)
  if (missing.type !== 'double-long-unsigned' || missing.value !== blocks) throw new Error('blocks are missing')
}

/** Steps 5 and 6. */
export async function verifyImage(client: DlmsClient): Promise<void> {
  await client.action(method(3), zero)
  const info = await client.get({ ...transfer, attributeIndex: 7 })
  if (info.type !== 'array' || info.value.length !== 1) throw new Error('nothing to activate')
}

export async function authorise(client: DlmsClient, activation: Uint8Array): Promise<void> {
  const attribute = { classId: 1, logicalName: softwareLogicalNames.activation, attributeIndex: 2 }
  await client.set(attribute, cosem.octetString(activation))
}

/** Step 7. */
export const activateImage = (client: DlmsClient): Promise<unknown> => client.action(method(4), zero)

export const statusOf = (client: DlmsClient) => client.get({ ...transfer, attributeIndex: 6 })

/** When the meter says so next, or has said so since `events` began to be kept. */
export function nextEvent(meter: Meter, kind: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = meter.onEvent((event) => {
    if (event.kind !== kind) return
    stop()
    resolve()
  })
  return promise
}
