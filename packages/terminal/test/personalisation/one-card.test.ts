import { readFileSync } from 'node:fs'
import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { Card, cardProfile } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { GlobalPlatformClient, IntegrityClient, IotSafeClient, inProcessLink, MeteringClient } from '../../src/index.ts'
import {
  lineIotSafeNames,
  makeCardKeys,
  ownerDomainAid,
  ownerKeyVersion,
  type PersonaliseCardOptions,
  personaliseCard,
} from '../../src/personalisation/card.ts'

const componentsOf = (name: string) => {
  const cap = readFileSync(new URL(`../../../../applets/prebuilt/${name}.cap`, import.meta.url))
  return emitComponents(parseCapFile(new Uint8Array(cap)))
}
const loadFiles = new Map(['metering', 'integrity', 'iot-safe'].map((name) => [name, componentsOf(name)]))
const p256 = ecDomain('P-256')
const point = () => nodeCrypto.ecPublicKey(p256, nodeCrypto.generateEcPrivateKey(p256))
const entity = (n: number) => fromHex(`475243F00000000${n}`)
const title = '4752430100000007'

function options(): PersonaliseCardOptions {
  const random = () => nodeCrypto.randomBytes(16)
  return {
    crypto: nodeCrypto,
    issuerKeys: { enc: random(), mac: random(), dek: random() },
    keys: makeCardKeys(nodeCrypto, {
      serial: 'GC00000007',
      systemTitle: title,
      deviceId: toHex(random()),
      owner: 'citynet',
      suite: 1,
      domainAid: ownerDomainAid,
      keyVersion: ownerKeyVersion,
      peers: [entity(2), entity(1)],
    }),
    loadFiles,
    root: { entity: entity(0), sign: point() },
    owner: { entity: entity(2), sign: point(), agree: point() },
  }
}

const integrity = { type: fromAscii('GCEM'), hardware: 1, manufacturerKey: point(), responsibleKey: point() }
/** As long as certificates of the line are, more or less. */
const certificate = (...content: Uint8Array[]) => {
  const bytes = new Uint8Array(512)
  bytes.set(content.flatMap((one) => [...one]))
  return bytes
}
const iotSafe = {
  certify: async (tls: Uint8Array) => certificate(fromAscii('certificate of '), tls),
  authority: certificate(fromAscii('the authority')),
  root: certificate(fromAscii('the root')),
}
const document = readFileSync(new URL('../../../../docs/personalisation.md', import.meta.url), 'utf8')

async function made(change: Partial<PersonaliseCardOptions>) {
  const o = { ...options(), ...change }
  const issuerKeys = { keyVersion: 0x30, type: 'aes' as const, ...o.issuerKeys }
  const card = Card.create({ profile: cardProfile('metering'), crypto: nodeCrypto, issuerKeys })
  card.powerOn()
  const link = inProcessLink(card)
  const points = await personaliseCard(link, o)
  return { o, card, link, points }
}

describe('one card, without a line or a folder', () => {
  test.each([
    ['metering', {}, []],
    ['metering, integrity', { integrity }, ['attestation']],
    ['metering, iot-safe', { iotSafe }, ['tls']],
    ['metering, integrity, iot-safe', { integrity, iotSafe }, ['attestation', 'tls']],
  ])('%s', async (applets, change, further) => {
    const { o, card, link, points } = await made(change)
    expect(Object.keys(points).toSorted()).toEqual(['agree', ...further, 'sign'].toSorted())
    const metering = new MeteringClient(link)
    await metering.select()
    expect(await metering.status()).toMatchObject({ lifeCycle: 'operational', systemTitle: fromHex(title) })
    expect(await metering.publicKey(1, 'sign')).toEqual(points.sign)
    expect(await metering.bindDevice(fromHex(o.keys.deviceId))).toEqual({ ok: true })
    const software = new IntegrityClient(link)
    const store = new IotSafeClient(link)
    if ('integrity' in change) {
      await software.select()
      expect(await software.status()).toMatchObject({ lifeCycle: 'operational', systemTitle: fromHex(title) })
      expect(await software.publicKey('attestation')).toEqual(points.attestation)
      expect(await software.publicKey('manufacturer')).toEqual(integrity.manufacturerKey)
      // Not in clear, and not a second time.
      expect(await software.putData({ identifier: 0x0101, value: new Uint8Array(14) })).toEqual({ sw: 0x6982 })
    } else await expect(software.select()).rejects.toMatchObject({ code: 'TERMINAL_CARD_REFUSED' })
    if ('iotSafe' in change) {
      await store.select()
      expect(await store.readFile(lineIotSafeNames.certificate)).toEqual(await iotSafe.certify(points.tls!))
      expect(await store.readFile(lineIotSafeNames.root)).toEqual(iotSafe.root)
      const message = { text: fromAscii('hello') }
      const signature = await store.sign(lineIotSafeNames.identity, message)
      if ('sw' in signature) throw new Error(`refused: ${signature.sw.toString(16)}`)
      const scheme = { domain: p256, hash: 'sha256', encoding: 'plain' } as const
      expect(nodeCrypto.createEcdsaVerifier(scheme, points.tls!).verify(message.text, signature)).toBe(true)
      expect(await store.generateKeyPair(lineIotSafeNames.identity)).toEqual({ sw: 0x6985 })
      expect(await store.generateKeyPair(lineIotSafeNames.ephemeral)).not.toHaveProperty('sw')
      expect(await store.storeData([fromHex('CF00')])).toEqual({ sw: 0x6985 })
    } else await expect(store.select()).rejects.toMatchObject({ code: 'TERMINAL_CARD_REFUSED' })
    // The applets are their owner's: with its keys the domain can delete none of them, with the issuer's nobody opens it.
    const client = new GlobalPlatformClient(link, { crypto: nodeCrypto })
    await client.select(ownerDomainAid)
    await expect(client.open({ keys: o.issuerKeys, protocol: 'SCP03' })).rejects.toMatchObject({
      code: 'TERMINAL_GP_CARD_NOT_AUTHENTIC',
    })
    expect.soft(document).toContain(`| ${applets} | ${card.report().memory.nvUsedBytes.toLocaleString('en')} |`)
    card.powerOff()
  })

  test('refused: no load file, no certificate, a key of the manufacturer that is no point', async () => {
    await expect(made({ iotSafe, loadFiles: new Map([...loadFiles].slice(0, 2)) })).rejects.toMatchObject({
      code: 'TERMINAL_LINE_DAMAGED',
    })
    const certify = async () => new Uint8Array(0)
    await expect(made({ iotSafe: { ...iotSafe, certify } })).rejects.toMatchObject({ code: 'TERMINAL_CARD_REFUSED' })
    const key = integrity.manufacturerKey.slice()
    key[0] = 2
    await expect(made({ integrity: { ...integrity, manufacturerKey: key } })).rejects.toMatchObject({
      code: 'TERMINAL_CARD_REFUSED',
    })
  })
})
