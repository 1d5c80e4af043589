import { concatBytes, fromHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { Card, cardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  emitPrivileges,
  GlobalPlatformClient,
  IotSafeClient,
  type IotSafePlan,
  inProcessLink,
  iotSafeAid,
  iotSafeBlocks,
  iotSafeEnd,
  iotSafeInstallData,
  iotSafeModuleAid,
  iotSafePackageAid,
  namedSecurityLevels,
  iotSafeStatusWords as SW,
} from '../../src/index.ts'
import { blank, byId, cap, done, expectRefused, id, most, plan, pskValue, raw, ready, text } from './iot-safe-bench.ts'
import { rfc6979 } from './iot-safe-vectors.ts'

const testKey = fromHex('404142434445464748494A4B4C4D4E4F')
const keys = { enc: testKey, mac: testKey, dek: testKey }

/** A GlobalPlatform card with the applet loaded and installed over SCP03. */
async function managed(level: keyof typeof namedSecurityLevels = 'mac+enc') {
  const card = Card.create({ profile: cardProfile('developer'), crypto: nodeCrypto })
  card.powerOn()
  const link = inProcessLink(card)
  const issuer = new GlobalPlatformClient(link, { crypto: nodeCrypto })
  await issuer.select()
  await issuer.open({ keys, level: namedSecurityLevels[level] })
  await issuer.load({ loadFileAid: iotSafePackageAid, dataBlock: emitComponents(parseCapFile(cap)) })
  await issuer.install({
    loadFileAid: iotSafePackageAid,
    moduleAid: iotSafeModuleAid,
    instanceAid: iotSafeAid,
    privileges: emitPrivileges([]),
    appletParameters: iotSafeInstallData({ most }),
  })
  return { link, issuer, client: new IotSafeClient(link) }
}

const identity: IotSafePlan = {
  publicKeys: [{ id: id(1), type: 'p256', functions: ['signature'], access: ['read'] }],
  privateKeys: [
    { id: id(1), type: 'p256', functions: ['signature', 'generation'], publicKeyId: id(1), isGenerated: true },
  ],
}
const secret: IotSafePlan = { secretKeys: [{ id: id(1), derivations: ['prf'], value: pskValue }] }

describe('personalisation by the security domain', () => {
  it('the key is made on the card, its certificate written later, then it ends', async () => {
    const { issuer, client, link } = await managed()
    await issuer.personalize(iotSafeAid, iotSafeBlocks(identity))
    await client.select()
    expectRefused(await client.sign(byId(1), { text: text('too early') }), SW.conditions)
    const point = done(await client.readPublicKey(byId(1)))
    const certificate = concatBytes(text('certificate of '), point, new Uint8Array(400))
    await issuer.select()
    await issuer.open({ keys, level: namedSecurityLevels['mac+enc'] })
    const file = iotSafeBlocks({ files: [{ id: id(2), usage: 'x509', content: certificate }] })
    await issuer.personalize(iotSafeAid, [...file, ...iotSafeBlocks(secret), iotSafeEnd])
    const refusal = await issuer.personalize(iotSafeAid, iotSafeBlocks(identity)).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'TERMINAL_CARD_REFUSED', place: { sw: SW.conditions } })
    await client.select()
    expect(done(await client.readFile(byId(2)))).toEqual(certificate)
    const signature = done(await client.sign(byId(1), { text: text('hello') }))
    const verifies = await client.verify(byId(1), { text: text('hello') }, signature)
    expect(done(verifies)).toEqual({ ok: true })
    expect(await raw(link, '80E2800002CF00')).toBe('6985')
  })

  it('keys and secrets come only where nobody reads them', async () => {
    const imported: IotSafePlan = {
      privateKeys: [{ id: id(9), type: 'p256', functions: ['signature'], value: rfc6979.privateKey }],
    }
    for (const [level, isTaken] of [
      ['mac', false],
      ['mac+enc', true],
    ] as const) {
      for (const one of [secret, imported]) {
        const { issuer } = await managed(level)
        const outcome = await issuer.personalize(iotSafeAid, iotSafeBlocks(one)).then(
          () => 'taken',
          (error: { place: { sw: number } }) => error.place.sw.toString(16),
        )
        expect(outcome).toBe(isTaken ? 'taken' : '6982')
      }
    }
  })
})

describe('personalisation with the applet selected', () => {
  it('in clear is refused unless the applet was installed so', async () => {
    const { client } = await blank({ clearPersonalisation: false })
    for (const block of [...iotSafeBlocks(plan), iotSafeEnd]) {
      const answer = await client.storeData([block])
      expect('sw' in answer && [0x6982, 0x6985].includes(answer.sw)).toBe(true)
    }
  })

  it('in a secure channel of its domain', async () => {
    const { link, client } = await managed()
    const own = new GlobalPlatformClient(link, { crypto: nodeCrypto })
    await client.select()
    expectRefused(await client.storeData(iotSafeBlocks(identity)), 0x6982)
    await own.select(iotSafeAid)
    await own.open({ keys, level: namedSecurityLevels['mac+enc'] })
    await own.storeData([...iotSafeBlocks({ ...identity, ...secret }), iotSafeEnd])
    await client.select()
    done(await client.sign(byId(1), { text: text('hello') }))
    done(await client.computePrf({ key: byId(1) }, text('a'), 16))
  })
})

describe('what may not be in a store', () => {
  const point = { id: id(1), type: 'p256', functions: ['signature'], access: ['read'] } as const
  const own = { id: id(1), type: 'p256', functions: ['signature'], value: rfc6979.privateKey } as const
  const file = { id: id(1), content: text('content') } as const
  it.each<[string, IotSafePlan]>([
    ['an id of no bytes', { files: [{ ...file, id: new Uint8Array() }] }],
    ['an id of 21 bytes', { files: [{ ...file, id: new Uint8Array(21) }] }],
    ['a label of 61 bytes', { files: [{ ...file, label: new Uint8Array(61) }] }],
    ['two files of one id', { files: [file, file] }],
    ['two files of one label', { files: [file, file].map((one, i) => ({ ...one, id: id(i), label: text('a') })) }],
    ['a file of no bytes', { files: [{ ...file, content: { sizeBytes: 0 } }] }],
    ['a key that agrees for good', { privateKeys: [{ ...own, functions: ['agreement'] }] }],
    [
      'a key that signs and agrees',
      {
        publicKeys: [{ ...point, type: 'p256Volatile' }],
        privateKeys: [
          {
            id: id(1),
            type: 'p256Volatile',
            functions: ['signature', 'agreement', 'generation'],
            publicKeyId: id(1),
          },
        ],
      },
    ],
    ['a volatile key with a value', { privateKeys: [{ ...own, type: 'p256Volatile' }] }],
    ['a value of 31 bytes', { privateKeys: [{ ...own, value: rfc6979.privateKey.slice(1) }] }],
    ['a generated key without a public object', { privateKeys: [{ ...own, functions: ['signature', 'generation'] }] }],
    [
      'a pair of two curves',
      {
        publicKeys: [{ ...point, type: 'brainpoolP256r1' }],
        privateKeys: [{ id: id(1), type: 'p256', functions: ['generation'], publicKeyId: id(1) }],
      },
    ],
    ['a key without functions', { publicKeys: [{ ...point, functions: [] }] }],
    ['a public key that derives', { publicKeys: [{ ...point, functions: ['derivation'] }] }],
    ['a point of another form', { publicKeys: [{ ...point, point: new Uint8Array(65) }] }],
    ['a secret of 15 bytes', { secretKeys: [{ id: id(1), derivations: ['prf'], value: pskValue.slice(17) }] }],
    ['a secret of 65 bytes', { secretKeys: [{ id: id(1), derivations: ['prf'], value: new Uint8Array(65) }] }],
    ['a secret for nothing', { secretKeys: [{ id: id(1), derivations: [], value: pskValue }] }],
  ])('%s', async (_, wrong) => {
    const { client } = await blank()
    expectRefused(await client.storeData(iotSafeBlocks(wrong)), SW.wrongData)
  })

  it('a public object of a pair that is not there; a number that is no key shows when it is used', async () => {
    const { client } = await blank()
    expectRefused(await client.storeData(iotSafeBlocks({ privateKeys: [{ ...own, publicKeyId: id(7) }] })), SW.notFound)
    const none = iotSafeBlocks({ privateKeys: [{ ...own, value: new Uint8Array(32) }] })
    done(await client.storeData([...none, iotSafeEnd]))
    expectRefused(await client.sign(byId(1), { text: text('a') }), SW.wrongData)
  })

  it('more than the room that was made at installation, or that the card has', async () => {
    const { client } = await blank()
    done(await client.storeData(iotSafeBlocks({ files: [{ id: id(8), content: { sizeBytes: 32767 } }] })))
    const files = Array.from({ length: 5 }, (_, i) => ({ id: id(i), content: text('a') }))
    done(await client.storeData(iotSafeBlocks({ files: files.slice(0, 2) })))
    expectRefused(
      await client.storeData(iotSafeBlocks({ files: [{ id: id(9), content: { sizeBytes: 32767 } }] })),
      0x6a84,
    )
    done(await client.storeData(iotSafeBlocks({ files: files.slice(2, 3) })))
    expectRefused(await client.storeData(iotSafeBlocks({ files: files.slice(3) })), 0x6a84)
  })

  it('what is no block: other tags, what is cut off or goes on, holes in a file, a file that is whole', async () => {
    const { client, link } = await blank()
    for (const wrong of ['0301AA', 'C10100', 'C1', 'CF0100', 'CF0000', 'B900', 'C3820001']) {
      const answer = await raw(link, `80E28000${(wrong.length / 2).toString(16).padStart(2, '0')}${wrong}`)
      expect(answer, wrong).toMatch(/^6A80|^6700/)
    }
    done(await client.storeData(iotSafeBlocks({ files: [{ id: id(1), content: { sizeBytes: 4 } }] })))
    const write = (offset: string, content: string) => {
      const data = `8301012202${offset}53${(content.length / 2).toString(16).padStart(2, '0')}${content}`
      const block = `B0${(data.length / 2).toString(16).padStart(2, '0')}${data}`
      return raw(link, `80E28000${(block.length / 2).toString(16).padStart(2, '0')}${block}`)
    }
    expect(await write('0001', 'AA')).toBe('6A80')
    expect(await write('8000', 'AA')).toBe('6A80')
    expect(await write('0000', '0102030405')).toBe('6A80')
    expect(await write('0000', '0102')).toBe('9000')
    expect(await write('0000', '0102')).toBe('9000') // once more, as after a cut
    expect(await write('0002', '0304')).toBe('9000')
    expect(await write('0000', '01')).toBe('6985')
    expect(done(await client.readFile(byId(1)))).toEqual(fromHex('01020304'))
  })

  it('installation data of another length, with unknown flags, or for too many objects', () => {
    const card = Card.create({ profile: cardProfile('developer'), crypto: nodeCrypto })
    card.loadPackage(cap)
    const names = { packageAid: iotSafePackageAid, appletAid: iotSafeModuleAid, instanceAid: iotSafeAid }
    for (const parameters of ['00', '0001010101FF', '0401010101', '0021010101']) {
      expect(() => card.installApplet({ ...names, parameters: fromHex(parameters) }), parameters).toThrow(
        expect.objectContaining({ code: 'CARD_INSTALL_REFUSED' }),
      )
    }
    card.installApplet({ ...names, parameters: new Uint8Array() })
  })

  it('no private or secret key leaves in any answer', async () => {
    const { link, client } = await ready()
    const answers: string[] = []
    for (let ins = 0; ins < 0x100; ins++) {
      if (ins === 0x70 || ins === 0xa4) continue
      for (const p1 of ['00', '01', 'C1', 'C4']) {
        for (const data of ['', '03840109', '03860101']) {
          answers.push(await raw(link, `80${ins.toString(16).padStart(2, '0')}${p1}00${data}00`))
        }
      }
    }
    await client.select()
    for (const value of [rfc6979.privateKey, pskValue.slice(0, 16)]) {
      expect(answers.join(' ')).not.toContain(Buffer.from(value).toString('hex').toUpperCase())
    }
  })
})
