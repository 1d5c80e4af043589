import { readFileSync } from 'node:fs'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { Card, type CardProfile, type NvStore } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect } from 'vitest'
import {
  type CommandHeader,
  commandClasses,
  emitCommandHeader,
  inProcessLink,
  isCardRefusal,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  partyCells,
  purposes,
} from '../../src/index.ts'

/** GRIDCARD_METERING_CAP=metering-304 runs everything here on the build for Java Card 3.0.4. */
export const capName = process.env['GRIDCARD_METERING_CAP'] ?? 'metering'
export const meteringCap = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../../applets/prebuilt/${name}.cap`, import.meta.url)))

export const profile: CardProfile = {
  name: 'metering applet test',
  nvSizeBytes: 48 * 1024,
  ramSizeBytes: 16 * 1024,
  commitCapacityBytes: 2048,
  atr: fromHex('3B8001'),
}

export const own = fromHex('4752430000000001')
export const headend = fromHex('4752434845414431')
export const controller = fromHex('4752434143423031')
export const deviceId = fromHex('00112233445566778899AABBCCDDEEFF')
export const NOW = 1_800_000_000

/** A party with a key pair to sign and one to agree, on P-256. */
export interface Party {
  readonly entity: Uint8Array
  readonly sign: Uint8Array
  readonly agree: Uint8Array
}

export function makeParty(entity: string, curve: 'P-256' | 'P-384' = 'P-256'): Party {
  const domain = ecDomain(curve)
  return {
    entity: fromHex(entity),
    sign: nodeCrypto.generateEcPrivateKey(domain),
    agree: nodeCrypto.generateEcPrivateKey(domain),
  }
}

export const publicKeyOf = (privateKey: Uint8Array) =>
  nodeCrypto.ecPublicKey(ecDomain(privateKey.length === 32 ? 'P-256' : 'P-384'), privateKey)

export function sign(privateKey: Uint8Array, purpose: Uint8Array, message: Uint8Array): Uint8Array {
  const is256 = privateKey.length === 32
  const scheme = {
    domain: ecDomain(is256 ? 'P-256' : 'P-384'),
    hash: is256 ? 'sha256' : 'sha384',
    encoding: 'plain',
  } as const
  return nodeCrypto.createEcdsaSigner(scheme, privateKey).sign(concatBytes(purpose, message))
}

export function isSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const is256 = publicKey.length === 65
  const scheme = {
    domain: ecDomain(is256 ? 'P-256' : 'P-384'),
    hash: is256 ? 'sha256' : 'sha384',
    encoding: 'plain',
  } as const
  return nodeCrypto.createEcdsaVerifier(scheme, publicKey).verify(message, signature)
}

/** Keys of slot 0 (suite 0), slot 1 (suite 1, the access controller's MAC) and slot 2 (suite 2). */
export const keys = [
  { unicast: '000102030405060708090A0B0C0D0E0F', authentication: 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF' },
  { unicast: '101112131415161718191A1B1C1D1E1F', authentication: 'E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF' },
  {
    unicast: '202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F',
    authentication: 'F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECF',
  },
] as const
export const broadcastKey = fromHex('B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF')
export const kek = fromHex('404142434445464748494A4B4C4D4E50')
export const prepayKey = fromHex('505152535455565758595A5B5C5D5E5F')

export const root = makeParty('475243524F4F5431')
export const supplier = makeParty('4752435355503031')
export const network = makeParty('475243444E4F3031')
export const changeOfSupplier = makeParty('475243434F533031')

export interface MeteringCard {
  readonly card: Card
  readonly client: MeteringClient
}

export interface CardWishes {
  readonly store?: NvStore
  readonly instanceAid?: Uint8Array
  readonly into?: Card
  readonly p384?: boolean
}

export function blankCard({ store, cap = capName }: { store?: NvStore; cap?: string } = {}): Card {
  const card = Card.create({ profile, crypto: nodeCrypto, ...(store && { store }) })
  card.loadPackage(meteringCap(cap))
  return card
}

/** Personalised in clear, as on a bench, but not yet activated. */
export async function personalise(o: CardWishes = {}): Promise<MeteringCard> {
  const card = o.into ?? blankCard(o)
  const aid = o.instanceAid ?? meteringAppletAid
  const parameters = meteringInstallData({
    suites: [0, 1, 2],
    cells: [partyCells.root, partyCells.supplier, partyCells.networkOperator, partyCells.changeOfSupplier],
    quotas: 2,
    clearPersonalisation: true,
    p384: o.p384 ?? false,
  })
  card.installApplet({ packageAid: meteringPackageAid, appletAid: meteringAppletAid, instanceAid: aid, parameters })
  card.powerOn()
  const client = new MeteringClient(inProcessLink(card), aid)
  await client.select()
  await giveKeys(client, o)
  return { card, client }
}

/** Everything that personalisation brings, but its end. */
export async function giveKeys(client: MeteringClient, o: Pick<CardWishes, 'p384'> = {}): Promise<void> {
  await client.setIdentity({ systemTitle: own, deviceId, tamperPolicy: ['alarm', 'lock', 'zeroise'] })
  for (const [slot, { unicast, authentication }] of keys.entries()) {
    await client.putKeySlot(slot, {
      peerSystemTitle: slot === 1 ? controller : headend,
      unicastKey: fromHex(unicast),
      authenticationKey: fromHex(authentication),
      ...(slot === 0 ? { broadcastKey } : {}),
    })
  }
  await client.putKek(kek)
  await client.putPrepayKey(supplier.entity, prepayKey)
  for (const [cell, party] of [
    [partyCells.root, root],
    [partyCells.supplier, supplier],
    [partyCells.networkOperator, network],
    [partyCells.changeOfSupplier, changeOfSupplier],
  ] as const) {
    await client.putCredential(cell, { entity: party.entity, use: 'sign', publicKey: publicKeyOf(party.sign) })
    await client.putCredential(cell, { entity: party.entity, use: 'agree', publicKey: publicKeyOf(party.agree) })
  }
  const { disconnect, reconnect, limiter, credential, quota, unlock, prepay } = commandClasses
  await client.putPolicy(disconnect, { parties: [partyCells.supplier], macSlot: 1 })
  await client.putPolicy(reconnect, { parties: [partyCells.supplier], refusedWhenTampered: true })
  await client.putPolicy(limiter, {
    parties: [partyCells.supplier, partyCells.networkOperator],
    most: { count: 2, windowSeconds: 3600 },
  })
  await client.putPolicy(prepay, { parties: [partyCells.supplier] })
  await client.putPolicy(credential, { parties: [partyCells.root] })
  await client.putPolicy(quota, { parties: [partyCells.networkOperator] })
  await client.putPolicy(unlock, { parties: [partyCells.root] })
  for (const use of ['sign', 'agree'] as const) {
    require(await client.generateKeyPair(1, use))
    if (o.p384) require(await client.generateKeyPair(2, use))
  }
}

/** Operational, selected and bound. */
export async function ready(o: CardWishes = {}): Promise<MeteringCard> {
  const made = await personalise(o)
  await made.client.activate()
  require(await made.client.bindDevice(deviceId))
  return made
}

/** Power off and on, selected and bound again. */
export async function restart({ card, client }: MeteringCard): Promise<void> {
  card.powerOff()
  card.powerOn()
  await client.select()
  require(await client.bindDevice(deviceId))
}

export async function reopen(store: NvStore): Promise<MeteringCard> {
  const card = Card.open({ profile, crypto: nodeCrypto, store })
  card.powerOn()
  const client = new MeteringClient(inProcessLink(card))
  await client.select()
  return { card, client }
}

/** What was not refused. */
export function require<T extends object>(answer: T | { readonly sw: number }): T {
  if (isCardRefusal(answer)) throw new Error(`refused: ${answer.sw.toString(16)}`)
  return answer as T
}

export function expectRefused(answer: object, sw: number): void {
  expect(isCardRefusal(answer) ? answer.sw.toString(16) : toHexOrOk(answer)).toBe(sw.toString(16))
}

const toHexOrOk = (answer: object) => (answer instanceof Uint8Array ? toHex(answer) : JSON.stringify(answer))

// ---- the other side, from the standard's words

const additional = (slot: number, securityControl: number) =>
  concatBytes(Uint8Array.of(securityControl), fromHex(keys[slot]!.authentication))

export function seal(o: {
  readonly slot: number
  readonly control: number
  readonly counter: number
  readonly plaintext: Uint8Array
  readonly title?: Uint8Array
  readonly key?: Uint8Array
  readonly aad?: Uint8Array
}): Uint8Array {
  const { slot, control, counter, plaintext, title = slot === 1 ? controller : headend, aad = new Uint8Array(0) } = o
  const key = o.key ?? fromHex(keys[slot]!.unicast)
  const iv = concatBytes(title, u32(counter))
  const head = concatBytes(additional(slot, control), aad)
  if ((control & 0x20) === 0) {
    return concatBytes(plaintext, nodeCrypto.gcmSeal(key, iv, concatBytes(head, plaintext), new Uint8Array(0), 12))
  }
  return nodeCrypto.gcmSeal(key, iv, head, plaintext, 12)
}

export function openBody(o: {
  readonly slot: number
  readonly control: number
  readonly counter: number
  readonly body: Uint8Array
  readonly key?: Uint8Array
  readonly aad?: Uint8Array
}): Uint8Array | undefined {
  const { slot, control, counter, body, aad = new Uint8Array(0) } = o
  const key = o.key ?? fromHex(keys[slot]!.unicast)
  const iv = concatBytes(own, u32(counter))
  const head = concatBytes(additional(slot, control), aad)
  const tag = body.slice(-12)
  const text = body.slice(0, -12)
  if ((control & 0x20) === 0) {
    const opened = nodeCrypto.gcmOpen(key, iv, concatBytes(head, text), tag, 12)
    return opened && text
  }
  return nodeCrypto.gcmOpen(key, iv, head, concatBytes(text, tag), 12) ?? undefined
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

/** A command of the supplier, signed, with the access controller's MAC where a counter for it is given. */
export function command(
  o: Partial<CommandHeader> & {
    readonly payload: Uint8Array
    readonly by?: Party
    readonly macCounter?: number
  },
): Uint8Array {
  const { payload, by = supplier, macCounter, ...header } = o
  const emitted = emitCommandHeader({
    target: own,
    party: partyCells.supplier,
    commandClass: commandClasses.disconnect,
    counter: 1n,
    notBefore: NOW - 60,
    notAfter: NOW + 3600,
    payloadHash: nodeCrypto.sha256(payload),
    ...header,
  })
  const signed = concatBytes(emitted, sign(by.sign, purposes.command, emitted))
  if (macCounter === undefined) return signed
  const tag = seal({ slot: 1, control: 0x11, counter: macCounter, plaintext: signed }).slice(-12)
  return concatBytes(signed, u32(macCounter), tag)
}
