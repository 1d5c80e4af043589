import { readFileSync } from 'node:fs'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { Card, cardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type CardLink,
  emitPrivileges,
  GlobalPlatformClient,
  inProcessLink,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  namedSecurityLevels,
  partyCells,
  securedLink,
} from '../../src/index.ts'
import {
  deviceId,
  expectRefused,
  headend,
  isSignature,
  keys,
  own,
  publicKeyOf,
  require,
  root,
  supplier,
} from './metering-bench.ts'

const metering = parseCapFile(
  new Uint8Array(readFileSync(new URL('../../../../applets/prebuilt/metering.cap', import.meta.url))),
)
const ssdPackage = fromHex('A0000001515350')
const ssdModule = fromHex('A000000151535041')
const ownerA = { domain: fromHex('F04752494443415244A1'), applet: fromHex('F047524944434152440201A1'), keyByte: 0xa1 }
const ownerB = { domain: fromHex('F04752494443415244B2'), applet: fromHex('F047524944434152440201B2'), keyByte: 0xb2 }
type Owner = typeof ownerA

const keysOf = (byte: number) => {
  const key = (n: number) => Uint8Array.from({ length: 16 }, (_, i) => (byte * (i + 3) + n * 41) & 0xff)
  return { enc: key(1), mac: key(2), dek: key(3) }
}
const issuerKeys = { keyVersion: 0x30, type: 'aes' as const, ...keysOf(0x17) }

/** Two owners, each with a security domain, keys of its own and a Metering applet below it. */
async function cardOfTwoOwners(): Promise<Card> {
  const card = Card.create({ profile: cardProfile('metering'), crypto: nodeCrypto, issuerKeys })
  card.powerOn()
  const client = new GlobalPlatformClient(inProcessLink(card), { crypto: nodeCrypto })
  await client.select()
  await client.open({ keys: issuerKeys, level: namedSecurityLevels['mac+enc+rmac'], protocol: 'SCP03' })
  await client.load({ loadFileAid: meteringPackageAid, dataBlock: emitComponents(metering) })
  for (const { domain, applet } of [ownerA, ownerB]) {
    await client.install({
      loadFileAid: ssdPackage,
      moduleAid: ssdModule,
      instanceAid: domain,
      privileges: emitPrivileges(['SecurityDomain', 'TrustedPath']),
    })
    await client.install({
      loadFileAid: meteringPackageAid,
      moduleAid: meteringAppletAid,
      instanceAid: applet,
      privileges: emitPrivileges([]),
      appletParameters: meteringInstallData({ suites: [0, 1, 2], cells: [0, 2], quotas: 1 }),
    })
    await client.extradite(applet, domain)
  }
  for (const { domain, keyByte } of [ownerA, ownerB]) {
    await client.select(domain)
    await client.open({ keys: issuerKeys, level: namedSecurityLevels['mac+enc'], protocol: 'SCP03' })
    const { enc, mac, dek } = keysOf(keyByte)
    await client.putKeys(
      0x30,
      [enc, mac, dek].map((key) => ({ type: 'aes' as const, key })),
    )
  }
  return card
}

let base: Card
let card: Card
beforeEach(async () => {
  base ??= await cardOfTwoOwners()
  card = base.clone()
  card.powerOn()
}, 240_000)

/** A channel to an owner's applet, by the keys of some domain. */
async function channelTo(owner: Owner, o: { keyByte?: number; level?: keyof typeof namedSecurityLevels } = {}) {
  const client = new GlobalPlatformClient(inProcessLink(card), { crypto: nodeCrypto })
  await client.select(owner.applet)
  const level = namedSecurityLevels[o.level ?? 'mac+enc+rmac']
  await client.open({ keys: keysOf(o.keyByte ?? owner.keyByte), level, protocol: 'SCP03' })
  return { client, metering: new MeteringClient(securedLink(client), owner.applet) }
}

async function inClear(owner: Owner): Promise<MeteringClient> {
  const client = new MeteringClient(inProcessLink(card), owner.applet)
  await client.select()
  return client
}

const identity = { systemTitle: own, deviceId }
const slotKeys = {
  peerSystemTitle: headend,
  unicastKey: fromHex(keys[0].unicast),
  authenticationKey: fromHex(keys[0].authentication),
}

describe('refused', () => {
  it('every command of personalisation in clear', async () => {
    const client = await inClear(ownerA)
    const refused = { code: 'TERMINAL_CARD_REFUSED', place: { sw: 0x6982 } }
    await expect(client.setIdentity(identity)).rejects.toMatchObject(refused)
    await expect(client.putKeySlot(0, slotKeys)).rejects.toMatchObject(refused)
    await expect(client.putKek(new Uint8Array(16))).rejects.toMatchObject(refused)
    await expect(client.putPolicy(0, { parties: [2] })).rejects.toMatchObject(refused)
    await expect(client.putPrepayKey(supplier.entity, new Uint8Array(16))).rejects.toMatchObject(refused)
    await expect(
      client.putCredential(partyCells.root, { entity: root.entity, use: 'sign', publicKey: publicKeyOf(root.sign) }),
    ).rejects.toMatchObject(refused)
    await expect(client.activate()).rejects.toMatchObject(refused)
    expectRefused(await client.generateKeyPair(1, 'sign'), 0x6982)
  })

  it.each(['clear', 'mac'] as const)(
    'a channel at level %s: keys go encrypted and authenticated only',
    async (level) => {
      const { metering } = await channelTo(ownerA, { level })
      await expect(metering.putKeySlot(0, slotKeys)).rejects.toMatchObject({ place: { sw: 0x6982 } })
      expect((await (await inClear(ownerA)).status()).loadedSlots).toBe(0)
    },
  )

  it("the other owner's keys, and the issuer's", async () => {
    for (const keyByte of [ownerB.keyByte, 0x17]) {
      await expect(channelTo(ownerA, { keyByte })).rejects.toMatchObject({ code: 'TERMINAL_GP_CARD_NOT_AUTHENTIC' })
    }
  })

  it("a channel to one owner's applet is none to the other's", async () => {
    const { client } = await channelTo(ownerA)
    const link = inProcessLink(card)
    await link.transmit(concatBytes(fromHex('00A40400'), Uint8Array.of(ownerB.applet.length), ownerB.applet))
    const stolen = new MeteringClient(securedLink(client), ownerB.applet)
    await expect(stolen.setIdentity(identity)).rejects.toMatchObject({ place: { sw: 0x6982 } })
  })

  it('a command in clear beside an open channel, a changed one, and one sent twice', async () => {
    const { client, metering } = await channelTo(ownerA)
    const sent: Uint8Array[] = []
    const link: CardLink = {
      ...inProcessLink(card),
      transmit: async (one) => {
        sent.push(one)
        return card.transmit(one)
      },
    }
    const recording = new GlobalPlatformClient(link, { crypto: nodeCrypto })
    await metering.setIdentity(identity)
    expect(toHex(card.transmit(fromHex('80220100')))).toBe('6982')
    client.close()
    await recording.select(ownerA.applet)
    await recording.open({ keys: keysOf(ownerA.keyByte), level: namedSecurityLevels['mac+enc'], protocol: 'SCP03' })
    await new MeteringClient(securedLink(recording), ownerA.applet).putKeySlot(0, slotKeys)
    const putKeySlot = sent.at(-1)!
    expect(toHex(putKeySlot)).not.toContain(keys[0].unicast)
    expect(toHex(card.transmit(putKeySlot))).toBe('6982')
    const changed = putKeySlot.slice()
    changed[6]! ^= 1
    expect(toHex(card.transmit(changed))).toBe('6982')
  })

  it('the codes of the channel after activation, when they mean something else', async () => {
    const { metering } = await channelTo(ownerA)
    await metering.setIdentity(identity)
    await metering.putKeySlot(0, slotKeys)
    await metering.activate()
    await expect(channelTo(ownerA)).rejects.toMatchObject({ place: { sw: 0x6985 } })
    await expect(metering.putKek(new Uint8Array(16))).rejects.toMatchObject({ place: { sw: 0x6e00 } })
  })

  it('on a card without GlobalPlatform: conditions, and nothing else happens', async () => {
    const { blankCard } = await import('./metering-bench.ts')
    const plain = blankCard()
    const parameters = meteringInstallData({ suites: [0], cells: [0], quotas: 0 })
    plain.installApplet({ packageAid: meteringPackageAid, appletAid: meteringAppletAid, parameters })
    plain.powerOn()
    plain.transmit(concatBytes(fromHex('00A404000B'), meteringAppletAid))
    expect(toHex(plain.transmit(fromHex('8050000008000102030405060700')))).toBe('6985')
    expect(toHex(plain.transmit(fromHex('84220100')))).toBe('6985')
  })
})

describe('allowed', () => {
  it.each(['mac+enc', 'mac+enc+rmac', 'mac+enc+rmac+renc'] as const)('all of it at level %s', async (level) => {
    const { metering } = await channelTo(ownerA, { level })
    await metering.setIdentity(identity)
    await metering.putKeySlot(0, slotKeys)
    await metering.putKek(fromHex('404142434445464748494A4B4C4D4E50'))
    await metering.putPrepayKey(supplier.entity, fromHex('505152535455565758595A5B5C5D5E5F'))
    await metering.putCredential(partyCells.root, {
      entity: root.entity,
      use: 'sign',
      publicKey: publicKeyOf(root.sign),
    })
    await metering.putPolicy(0, { parties: [partyCells.root] })
    const point = require(await metering.generateKeyPair(1, 'sign'))
    await metering.activate()

    const client = await inClear(ownerA)
    require(await client.bindDevice(deviceId))
    expect(toHex(require(await client.publicKey(1, 'sign')))).toBe(toHex(point))
    const message = fromHex('0102030405')
    expect(isSignature(point, message, require(await client.sign(1, message)))).toBe(true)
    require(await client.protect(0, 0x30, message))
    expect((await (await inClear(ownerB)).status()).lifeCycle).toBe('personalising')
  })
})
