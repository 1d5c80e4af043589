import { readFileSync } from 'node:fs'
import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { Card, type CardProfile, type NvStore } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect } from 'vitest'
import {
  emitActivation,
  emitAuthorisation,
  emitImageHeader,
  emitIntegrityOrder,
  type ImageHeader,
  IntegrityClient,
  type IntegrityOrder,
  inProcessLink,
  integrityAppletAid,
  integrityInstallData,
  integrityPackageAid,
  integrityPurposes,
  isCardRefusal,
  meterSetTree,
  type SignedImage,
} from '../../src/index.ts'

export const cap = new Uint8Array(readFileSync(new URL('../../../../applets/prebuilt/integrity.cap', import.meta.url)))

export const profile: CardProfile = {
  name: 'integrity applet test',
  nvSizeBytes: 32 * 1024,
  ramSizeBytes: 8 * 1024,
  commitCapacityBytes: 2048,
  atr: fromHex('3B8001'),
}

export const own = fromHex('4752430100000001')
export const type = fromAscii('GCEM')
export const HARDWARE = 3
export const NOW = 1_800_000_000

const domain = ecDomain('P-256')
export const keyPair = () => {
  const privateKey = nodeCrypto.generateEcPrivateKey(domain)
  return { privateKey, publicKey: nodeCrypto.ecPublicKey(domain, privateKey) }
}
export const manufacturer = keyPair()
export const responsible = keyPair()
export const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)

const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const
export const sign = (privateKey: Uint8Array, ...message: Uint8Array[]): Uint8Array =>
  nodeCrypto.createEcdsaSigner(scheme, privateKey).sign(concatBytes(...message))
export const isSigned = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  nodeCrypto.createEcdsaVerifier(scheme, publicKey).verify(message, signature)

/** An image for our device, or with changes for another, by the manufacturer or somebody else. */
export function image(
  o: Partial<ImageHeader> & { readonly body?: Uint8Array; readonly by?: Uint8Array } = {},
): SignedImage {
  const { body = fromAscii(`software ${o.version ?? 1}`), by = manufacturer.privateKey, ...change } = o
  const header: ImageHeader = {
    type,
    hardwareMin: 1,
    hardwareMax: 5,
    target: 0,
    version: 1,
    rollback: 1,
    sizeBytes: body.length,
    hash: sha256(body),
    ...change,
  }
  const emitted = emitImageHeader(header)
  return { header, body, signedHeader: concatBytes(emitted, sign(by, integrityPurposes.image, emitted)) }
}

/** The responsible party's word, for this device unless other ones are named. */
export function activation(
  { header }: Pick<SignedImage, 'header'>,
  o: {
    readonly counter?: bigint
    readonly devices?: readonly Uint8Array[]
    readonly place?: number
    readonly by?: Uint8Array
    readonly purpose?: Uint8Array
    readonly notBefore?: number
    readonly notAfter?: number
  } = {},
): Uint8Array {
  const tree = meterSetTree(o.devices ?? [own], sha256)
  const authorisation = emitAuthorisation({
    hash: header.hash,
    root: tree.root,
    counter: o.counter ?? 1n,
    notBefore: o.notBefore ?? NOW - 60,
    notAfter: o.notAfter ?? NOW + 3600,
  })
  const signature = sign(o.by ?? responsible.privateKey, o.purpose ?? integrityPurposes.activation, authorisation)
  return emitActivation({ authorisation, signature, proof: tree.proof(o.place ?? 0) })
}

export function order(
  what: IntegrityOrder,
  counter: bigint,
  o: { readonly device?: Uint8Array; readonly by?: Uint8Array } = {},
): Uint8Array {
  const emitted = emitIntegrityOrder({ device: o.device ?? own, counter, ...what })
  return concatBytes(emitted, sign(o.by ?? responsible.privateKey, integrityPurposes.order, emitted))
}

export const first = image()

export interface IntegrityCard {
  readonly card: Card
  readonly client: IntegrityClient
}

export function blankCard(store?: NvStore): Card {
  const card = Card.create({ profile, crypto: nodeCrypto, ...(store && { store }) })
  card.loadPackage(cap)
  return card
}

export function installed(
  card = blankCard(),
  o: { readonly instanceAid?: Uint8Array; readonly clear?: boolean } = {},
): IntegrityCard {
  const aid = o.instanceAid ?? integrityAppletAid
  const parameters = integrityInstallData({ clearPersonalisation: o.clear ?? true })
  card.installApplet({
    packageAid: integrityPackageAid,
    appletAid: integrityAppletAid,
    instanceAid: aid,
    parameters,
  })
  return { card, client: new IntegrityClient(inProcessLink(card), { aid }) }
}

export const personalisation = {
  systemTitle: own,
  type,
  hardware: HARDWARE,
  manufacturerKey: manufacturer.publicKey,
  responsibleKey: responsible.publicKey,
  releases: [{ target: 0, version: 1, rollback: 1, hash: first.header.hash }],
} as const

/** Operational and selected; nothing is started yet. */
export async function ready(card = blankCard()): Promise<IntegrityCard> {
  const made = installed(card)
  card.powerOn()
  await made.client.select()
  await made.client.personalise(personalisation)
  await restart(made)
  return made
}

export async function restart({ card, client }: IntegrityCard): Promise<void> {
  card.powerOff()
  card.powerOn()
  await client.select()
}

export async function reopen(store: NvStore): Promise<IntegrityCard> {
  const card = Card.open({ profile, crypto: nodeCrypto, store })
  const client = new IntegrityClient(inProcessLink(card))
  card.powerOn()
  await client.select()
  return { card, client }
}

/** What a device does at power-up: the image through the card, then started. */
export async function boot({ client }: Pick<IntegrityCard, 'client'>, what: SignedImage = first) {
  require(await client.verifyWholeImage(what, 'start'))
  return require(await client.startImage(what.header.target))
}

/** Restarted, with an update verified, authorised and activated; it is on trial at the next boot. */
export async function activated(made: IntegrityCard, what: SignedImage, counter = 1n): Promise<void> {
  require(await made.client.verifyWholeImage(what, 'update'))
  require(await made.client.activateImage(NOW, activation(what, { counter })))
}

/** What was not refused. */
export function require<T extends object>(answer: T | { readonly sw: number }): T {
  if (isCardRefusal(answer)) throw new Error(`refused: ${answer.sw.toString(16)}`)
  return answer as T
}

export function expectRefused(answer: object, sw: number): void {
  const shown = answer instanceof Uint8Array ? toHex(answer) : JSON.stringify(answer)
  expect(isCardRefusal(answer) ? answer.sw.toString(16) : shown).toBe(sw.toString(16))
}
