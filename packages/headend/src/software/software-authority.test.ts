import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ByteWriter, concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  emitImageHeader,
  emitSignedImage,
  extendedRegister,
  integrityPurposes,
  parseSignedImage,
  registersDigest,
  startedRegister,
} from '@gridcard/terminal'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memorySecrets } from '../../test/memory-secrets.ts'
import type { SecretStore } from '../keys/key-store.ts'
import { SoftwareAuthority } from './software-authority.ts'

const domain = ecDomain('P-256')
const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const
const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)
const keyPair = () => {
  const privateKey = nodeCrypto.generateEcPrivateKey(domain)
  return { privateKey, publicKey: nodeCrypto.ecPublicKey(domain, privateKey) }
}
const maker = keyPair()
const card = keyPair()
const systemTitle = fromHex('4752430100000001')
const headendTitle = fromHex('47524348AABBCCDD')
const nonce = fromHex('000102030405060708090A0B0C0D0E0F')
const eventHead = sha256(Uint8Array.of(9))

function release(version: number): Uint8Array {
  const body = Uint8Array.of(version)
  const type = fromHex('4743454D')
  const target = { type, hardwareMin: 1, hardwareMax: 1, target: 0 }
  const header = emitImageHeader({ ...target, version, rollback: 1, sizeBytes: 1, hash: sha256(body) })
  const signature = nodeCrypto
    .createEcdsaSigner(scheme, maker.privateKey)
    .sign(concatBytes(integrityPurposes.image, header))
  return emitSignedImage({ signedHeader: concatBytes(header, signature), body })
}
const released = release(0x10000)

/** A quote as a card makes it; the layout is that of applets/integrity/README.md. */
function quote(
  o: {
    readonly device?: Uint8Array
    readonly flags?: number
    readonly boots?: number
    readonly events?: number
    readonly lifeCycle?: number
    readonly mask?: number
    readonly image?: Uint8Array
    readonly head?: string
    readonly nonce?: Uint8Array
    readonly by?: Uint8Array
  } = {},
): Uint8Array {
  const mask = o.mask ?? 0x121
  const configuration = `meter ${toHex(systemTitle)} head-end ${o.head ?? toHex(headendTitle)}`
  const values = [
    startedRegister(parseSignedImage(o.image ?? released).signedHeader, sha256),
    extendedRegister([sha256(new TextEncoder().encode(configuration))], sha256),
    eventHead,
  ]
  const signed = new ByteWriter()
    .bytes(o.device ?? systemTitle)
    .u8(o.lifeCycle ?? 2)
    .u8(o.flags ?? 8)
    .u32(o.boots ?? 5)
    .u32(0)
    .u16(0)
    .u32(o.events ?? 7)
    .u32(0)
    .u32(0)
    .u16(mask)
    .bytes(registersDigest(mask, values, sha256))
    .u32(1_800_000_000)
    .bytes(o.nonce ?? nonce)
    .toBytes()
  const signer = nodeCrypto.createEcdsaSigner(scheme, o.by ?? card.privateKey)
  return concatBytes(signed, signer.sign(concatBytes(integrityPurposes.quote, signed)))
}

let folder: string
let authority: SoftwareAuthority
const open = (secrets: SecretStore, openKeyFile = join(folder, 'authority.key')) =>
  SoftwareAuthority.open({ secrets, openKeyFile, crypto: nodeCrypto, systemTitle: headendTitle, images: [released] })
const secrets = memorySecrets()
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-authority-'))
  authority = await open(secrets)
})
afterAll(() => rmSync(folder, { recursive: true }))

const meter = { systemTitle, attestationKey: card.publicKey, boots: 5, events: 7 }

describe('a quote', () => {
  test.each<[string, Uint8Array, Uint8Array?]>([
    ['cut off', quote().slice(1)],
    ['signed by another card', quote({ by: keyPair().privateKey })],
    ['of another meter', quote({ device: fromHex('4752430100000002') })],
    ['for another nonce', quote({ nonce: new Uint8Array(16) })],
    ['that leaves registers out', quote({ mask: 0x120 })],
    ['of a card that is still being personalised', quote({ lifeCycle: 1 })],
    ['with fewer boots than before', quote({ boots: 4 })],
    ['with fewer events than before', quote({ events: 6 })],
    ['that tells of other code', quote({ flags: 8 | 2 })],
    ['with an alarm', quote({ flags: 8 | 1 })],
    ['of a release on trial', quote({ flags: 8 | 4 })],
    ['of no software', quote({ flags: 0 })],
    ['of software that was not released', quote({ image: release(0x10001) })],
    ['of a meter made for another head-end', quote({ head: '4752434800000000' })],
    ['with another head of the log beside it', quote(), new Uint8Array(32)],
  ])('%s is refused', (_, bytes, head = eventHead) => {
    expect(authority.judge(meter, nonce, bytes, head)).toEqual({ state: 'refused', reason: expect.any(String) })
  })

  test('of released software is good', () => {
    const verdict = { state: 'verified', version: '1.0.0', boots: 6, events: 9 }
    expect(authority.judge(meter, nonce, quote({ boots: 6, events: 9 }), eventHead)).toEqual(verdict)
  })
})

describe('the key of the authority', () => {
  test('in a damaged file, or a secret that is none, is told', async () => {
    const damaged = join(folder, 'damaged.key')
    writeFileSync(damaged, 'no key')
    await expect(open(memorySecrets(), damaged)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
    expect(existsSync(damaged)).toBe(true)
    const short = memorySecrets({ 'software-authority': new Uint8Array(31) })
    await expect(open(short)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
  })

  test('is made once', async () => {
    expect((await open(secrets)).publicKey).toEqual(authority.publicKey)
  })

  test('of an earlier version is taken out of its open file', async () => {
    const { privateKey, publicKey } = keyPair()
    const file = join(folder, 'earlier.key')
    writeFileSync(file, `${toHex(privateKey)}\n`)
    const own = memorySecrets()
    expect((await open(own, file)).publicKey).toEqual(publicKey)
    expect(existsSync(file)).toBe(false)
    expect((await open(own, file)).publicKey).toEqual(publicKey)
  })
})

test('no two words of the authority have one counter', () => {
  const counterOf = (word: Uint8Array) => toHex(word.slice(64, 72))
  const words = Array.from({ length: 20 }, () => authority.activation(released, systemTitle, 0))
  expect(new Set(words.map(counterOf)).size).toBe(20)
  expect(words.map(counterOf)).toEqual(words.map(counterOf).sort())
})
