import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { Card, type CardProfile, type NvStore } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect } from 'vitest'
import {
  type CardLink,
  IotSafeClient,
  type IotSafePlan,
  inProcessLink,
  iotSafeAid,
  iotSafeBlocks,
  iotSafeEnd,
  iotSafeInstallData,
  iotSafeModuleAid,
  iotSafePackageAid,
  isCardRefusal,
} from '../../src/index.ts'
import { type Recording, recorded } from '../command-table.ts'
import { rfc6979 } from './iot-safe-vectors.ts'

export const cap = new Uint8Array(readFileSync(new URL('../../../../applets/prebuilt/iot-safe.cap', import.meta.url)))

export const profile: CardProfile = {
  name: 'IoT SAFE test',
  nvSizeBytes: 64 * 1024,
  ramSizeBytes: 16 * 1024,
  commitCapacityBytes: 1024,
  atr: fromHex('3B8001'),
}
/** The same card as it speaks to a phone. */
export const t0Profile: CardProfile = { ...profile, name: 'IoT SAFE test, T=0', atr: fromHex('3B00') }

export const id = (number: number) => Uint8Array.of(number)
export const text = (value: string) => new TextEncoder().encode(value)
export const byId = (number: number) => ({ id: id(number) })

export const pskValue = fromHex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F')
export const certificate = Uint8Array.from({ length: 700 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)

/** What the tests find in the store; ids say which halves belong together. */
export const plan: IotSafePlan = {
  publicKeys: [
    { id: id(1), label: text('identity'), type: 'p256', functions: ['signature'], access: ['read'] },
    { id: id(2), type: 'p256', functions: ['signature', 'agreement'], access: ['read', 'update'] },
    { id: id(3), type: 'p256Volatile', functions: ['agreement'], access: ['read'] },
    { id: id(4), label: text('peer'), type: 'p256Volatile', functions: ['signature', 'agreement'], access: ['update'] },
    { id: id(5), type: 'brainpoolP256r1', functions: ['signature'], access: ['read'] },
    { id: id(6), type: 'brainpoolP256r1Volatile', functions: ['agreement'], access: ['read'] },
    { id: id(7), type: 'brainpoolP256r1', functions: ['agreement', 'signature'], access: ['read', 'update'] },
    { id: id(9), type: 'p256', functions: ['signature'], access: ['read'], point: rfc6979.point },
  ],
  privateKeys: [
    {
      id: id(1),
      label: text('identity'),
      type: 'p256',
      usage: 'certificateVerifyTls13',
      functions: ['signature', 'generation'],
      publicKeyId: id(1),
      isGenerated: true,
    },
    {
      id: id(3),
      label: text('ephemeral'),
      type: 'p256Volatile',
      functions: ['agreement', 'generation'],
      publicKeyId: id(3),
      isReplaceable: true,
    },
    {
      id: id(5),
      type: 'brainpoolP256r1',
      functions: ['signature', 'generation'],
      publicKeyId: id(5),
      isReplaceable: true,
    },
    {
      id: id(6),
      type: 'brainpoolP256r1Volatile',
      functions: ['agreement', 'generation'],
      publicKeyId: id(6),
      isReplaceable: true,
    },
    { id: id(9), type: 'p256', functions: ['signature'], value: rfc6979.privateKey },
  ],
  secretKeys: [
    { id: id(1), label: text('psk'), derivations: ['prf'], value: pskValue },
    { id: id(2), derivations: ['hkdf'], value: pskValue.slice(0, 16) },
  ],
  files: [
    { id: id(2), label: text('certificate'), usage: 'x509', content: certificate },
    { id: id(3), isReadable: false, content: text('not for the device') },
    { id: id(4), content: { sizeBytes: 10 } },
  ],
}

export const most = { file: 4, privateKey: 6, publicKey: 9, secretKey: 3 } as const

export interface IotSafeCard {
  readonly card: Card
  readonly link: CardLink
  readonly client: IotSafeClient
}

export interface CardWishes {
  readonly store?: NvStore
  readonly profile?: CardProfile
  readonly clearPersonalisation?: boolean
  readonly shortSignatureLength?: boolean
}

/** Installed and selected; its store is empty. */
export async function blank(o: CardWishes = {}): Promise<IotSafeCard> {
  const { store, clearPersonalisation = true, shortSignatureLength = false } = o
  const card = Card.create({ profile: o.profile ?? profile, crypto: nodeCrypto, ...(store && { store }) })
  card.loadPackage(cap)
  const parameters = iotSafeInstallData({ clearPersonalisation, shortSignatureLength, most })
  const names = { packageAid: iotSafePackageAid, appletAid: iotSafeModuleAid, instanceAid: iotSafeAid }
  card.installApplet({ ...names, parameters })
  card.powerOn()
  return opened(card)
}

/** What every card of a test file was asked and what it answered. */
export const links: Recording['seen'][] = []

async function opened(card: Card): Promise<IotSafeCard> {
  const { link, seen } = recorded(inProcessLink(card))
  links.push(seen)
  const client = new IotSafeClient(link)
  await client.select()
  return { card, link, client }
}

/** Personalised by the plan, operational and selected. */
export async function ready(o: CardWishes = {}): Promise<IotSafeCard> {
  const made = await blank(o)
  done(await made.client.storeData([...iotSafeBlocks(plan), iotSafeEnd]))
  return made
}

export function reopen(store: NvStore): Promise<IotSafeCard> {
  const card = Card.open({ profile, crypto: nodeCrypto, store })
  card.powerOn()
  return opened(card)
}

/** What was not refused. */
export function done<T extends object>(answer: T | { readonly sw: number }): T {
  if (isCardRefusal(answer)) throw new Error(`refused: ${answer.sw.toString(16)}`)
  return answer as T
}

export function expectRefused(answer: object, sw: number): void {
  const shown = answer instanceof Uint8Array ? toHex(answer) : JSON.stringify(answer)
  expect(isCardRefusal(answer) ? answer.sw.toString(16) : shown).toBe(sw.toString(16))
}

/** A command as bytes, the answer as hex. */
export async function raw(link: CardLink, command: string): Promise<string> {
  return toHex(await link.transmit(fromHex(command)))
}
