import { createHash, createHmac } from 'node:crypto'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  type CardLink,
  IotSafeClient,
  type IotSafeHash,
  type IotSafeMessage,
  iotSafeStatusWords as SW,
  iotSafeTags as TAG,
} from '../../src/index.ts'
import { byId, certificate, done, expectRefused, id, plan, pskValue, raw, text } from './iot-safe-bench.ts'
import { hkdfExtract, prf, rfc6979 } from './iot-safe-vectors.ts'

export interface SuiteCard {
  readonly link: CardLink
  /** Power off and on, and the applet selected again. */
  restart(): Promise<void>
}

const hashes = ['sha256', 'sha384', 'sha512'] as const satisfies readonly IotSafeHash[]
const byLabel = (label: string) => ({ label: text(label) })
const isSignature = (
  point: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  hash: IotSafeHash = 'sha256',
  curve: 'P-256' | 'brainpoolP256r1' = 'P-256',
): boolean =>
  nodeCrypto.createEcdsaVerifier({ domain: ecDomain(curve), hash, encoding: 'plain' }, point).verify(message, signature)

/** The chaining value after whole blocks of a text, by the hash of our crypto port. */
function stateAfter(hash: IotSafeHash, beginning: Uint8Array): Uint8Array {
  const session = nodeCrypto.createResumableHash(hash)
  session.update(beginning)
  return session.state().chainingValue
}

function prfOf(secret: Uint8Array, seed: Uint8Array, lengthBytes: number): string {
  const mac = (...parts: Uint8Array[]) =>
    createHmac('sha256', secret)
      .update(concatBytes(...parts))
      .digest()
  let chain: Uint8Array = seed
  const blocks: Uint8Array[] = []
  for (let length = 0; length < lengthBytes; length += 32) {
    chain = mac(chain)
    blocks.push(mac(chain, seed))
  }
  return toHex(concatBytes(...blocks).slice(0, lengthBytes))
}

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff)

/**
 * What any card with the applet and the plan's objects has to do. It leaves the store as it can be used again, and the
 * tests do not hang on their order.
 */
export function describeIotSafe(name: string, open: () => Promise<SuiteCard>): void {
  const opened = async () => {
    const card = await open()
    const client = new IotSafeClient(card.link)
    await client.select()
    return { ...card, client }
  }

  describe(`IoT SAFE on ${name}`, () => {
    it('GET RANDOM: not with P1 or P2; 1 to 256 bytes that differ', async () => {
      const { client, link } = await opened()
      expect(await raw(link, '8084010010')).toBe('6A86')
      expect(await raw(link, '8084000110')).toBe('6A86')
      for (const length of [1, 32, 255, 256]) expect(done(await client.random(length))).toHaveLength(length)
      expect(done(await client.random(16))).not.toEqual(done(await client.random(16)))
    })

    it('GET DATA: only what is there; application, objects one by one, and all of them', async () => {
      const { client, link } = await opened()
      expect(await raw(link, '80CB020000')).toBe('6A86')
      expect(await raw(link, '80CB000100')).toBe('6A86')
      expect(await raw(link, '80CBC100028401')).toBe('6A80')
      expect(await raw(link, '80CBC10003850101')).toBe('6A80')
      expect(await raw(link, '80CBC100068401017401FF00')).toBe('6A80')
      expect(await raw(link, '80CB010100')).toBe('6985')
      expectRefused(await client.object('privateKey', byId(2)), SW.notFound)
      expectRefused(await client.object('privateKey', byLabel('nobody')), SW.notFound)
      const application = done(await client.application())
      expect(application).toMatchObject({ version: 1, sessions: 6, derivations: ['prf', 'hkdf'] })
      expect(application.functions).toEqual(['signature', 'generation', 'agreement', 'derivation'])
      expect(done(await client.object('privateKey', byLabel('identity')))).toEqual({
        kind: 'privateKey',
        id: id(1),
        label: text('identity'),
        access: [],
        isActive: true,
        keyType: 'p256',
        keyUsage: 'certificateVerifyTls13',
        functions: ['signature', 'generation'],
        hashes: ['sha256', 'sha384', 'sha512'],
      })
      expect(done(await client.object('file', byId(2)))).toMatchObject({
        access: ['read'],
        isActive: true,
        fileUsage: 'x509',
        sizeBytes: 700,
      })
      expect(done(await client.object('secretKey', byId(2)))).toMatchObject({ keyType: 'hmac', derivations: ['hkdf'] })
      const all = done(await client.objects())
      expect(all.map((one) => one.kind)).toEqual([
        ...plan.privateKeys!.map(() => 'privateKey'),
        ...plan.publicKeys!.map(() => 'publicKey'),
        ...plan.secretKeys!.map(() => 'secretKey'),
        ...plan.files!.map(() => 'file'),
      ])
      for (const one of all) expect(done(await client.object(one.kind, { id: one.id }))).toEqual(one)
    })

    it('READ FILE: not what may not be read, is not filled, is not there; else from any offset to the end', async () => {
      const { client, link } = await opened()
      expectRefused(await client.readFilePart(byId(3), 0), SW.conditions)
      expectRefused(await client.readFilePart(byId(4), 0), SW.conditions)
      expectRefused(await client.readFilePart(byId(9), 0), SW.notFound)
      expectRefused(await client.readFilePart(byId(2), 701), 0x6a86)
      expect(await raw(link, '80B0800003830102')).toBe('6A86')
      expect(done(await client.readFile(byId(2)))).toEqual(certificate)
      expect(done(await client.readFile(byLabel('certificate')))).toEqual(certificate)
      // One byte less than a short answer holds: a client copies answers with 8 bits of length.
      expect(done(await client.readFilePart(byId(2), 0))).toHaveLength(255)
      expect(done(await client.readFilePart(byId(2), 699))).toEqual(certificate.slice(699))
      expect(done(await client.readFilePart(byId(2), 700))).toHaveLength(0)
      expect(await raw(link, '80B00000038301020A')).toMatch(/^[0-9A-F]{20}9000$|^61/)
    })

    it('GENERATE KEY PAIR: not for keys that stay or are imported; else the new pair is the one that signs', async () => {
      const { client, link } = await opened()
      expectRefused(await client.generateKeyPair(byId(1)), SW.conditions)
      expectRefused(await client.generateKeyPair(byId(9)), SW.conditions)
      expectRefused(await client.generateKeyPair(byId(2)), SW.notFound)
      expect(await raw(link, '80B9010003840103')).toBe('6A86')
      const made = done(await client.generateKeyPair(byId(5)))
      expect(made).toMatchObject({ privateKeyId: id(5), publicKeyId: id(5) })
      expect(done(await client.readPublicKey(byId(5)))).toEqual(made.point)
      const signature = done(await client.sign(byId(5), { text: text('brainpool') }))
      expect(isSignature(made.point, text('brainpool'), signature, 'sha256', 'brainpoolP256r1')).toBe(true)
      const next = done(await client.generateKeyPair(byId(5)))
      expect(next.point).not.toEqual(made.point)
      const again = done(await client.sign(byId(5), { text: text('brainpool') }))
      expect(isSignature(made.point, text('brainpool'), again, 'sha256', 'brainpoolP256r1')).toBe(false)
      expect(isSignature(next.point, text('brainpool'), again, 'sha256', 'brainpoolP256r1')).toBe(true)
    })

    it('READ and PUT PUBLIC KEY: access conditions, form, session', async () => {
      const { client, link } = await opened()
      expectRefused(await client.readPublicKey(byLabel('peer')), SW.conditions)
      expectRefused(await client.readPublicKey(byId(44)), SW.notFound)
      expectRefused(await client.putPublicKey(byId(1), rfc6979.point), SW.conditions)
      expectRefused(await client.putPublicKey(byId(44), rfc6979.point), SW.notFound)
      const update = (p1: string, session: string, data: string) =>
        raw(link, `80D8${p1}${session}${(data.length / 2).toString(16).padStart(2, '0')}${data}`)
      const key = `3445494386 41${toHex(rfc6979.point)}`.replace(' ', '')
      expect(await update('80', '00', key)).toBe('6985')
      expect(await raw(link, '8024020003850102')).toBe('6A86')
      expect(await raw(link, '8024000603850102')).toBe('6A86')
      for (const wrong of [key.slice(0, -2), `${key}00`, `35${key.slice(2)}`, key.replace('4104', '4102')]) {
        expect(await raw(link, '8024000003850102')).toBe('9000')
        expect(await update('80', '00', wrong), wrong).toBe('6A80')
      }
      done(await client.putPublicKey(byId(2), rfc6979.point))
      expect(done(await client.readPublicKey(byId(2)))).toEqual(rfc6979.point)
      // The session ended with the last piece.
      expect(await update('80', '00', key)).toBe('6985')
      expect(await raw(link, '80240100')).toBe('6985')
      // In pieces; a second session has to wait, and one that is closed gives way.
      expect(await raw(link, '8024000103850102')).toBe('9000')
      expect(await raw(link, '8024000203850102')).toBe('9000')
      expect(await update('00', '01', key.slice(0, 40))).toBe('9000')
      expect(await update('80', '02', key)).toBe('6989')
      expect(await update('80', '01', key.slice(40))).toBe('9000')
      expect(await update('00', '02', key.slice(0, 40))).toBe('9000')
      expect(await raw(link, '80240102')).toBe('9000')
      expect(await update('80', '02', key)).toBe('6985')
    })

    it('COMPUTE SIGNATURE: what INIT refuses', async () => {
      const { client, link } = await opened()
      expectRefused(await client.sign(byId(3), { text: text('a') }), SW.conditions)
      expectRefused(await client.sign(byId(44), { text: text('a') }), SW.notFound)
      const init = (data: string, p1p2 = '0000') =>
        raw(link, `802A${p1p2}${(data.length / 2).toString(16).padStart(2, '0')}${data}`)
      const good = '840101A1010391020001920104'
      expect(await init(good, '0200')).toBe('6A86')
      expect(await init(good, '0006')).toBe('6A86')
      for (const wrong of [
        'A1010391020001920104', // no key
        '840101740161A1010391020001920104', // two names
        '84010184 0101A1010391020001920104'.replace(' ', ''), // a tag twice
        '84010191020001920104', // no mode
        '840101A1010491020001920104', // no such mode
        '840101A10103910200 08920104'.replace(' ', ''), // no such hash
        '840101A1010391020100920104',
        '840101A1010391020003920104', // two hashes
        '840101A101039103000001920104',
        '840101A1010391020001920101', // PKCS #1
        '840101A1010391020001', // no algorithm
        `${good}8501FF`, // what has no place here
        good.slice(0, -2), // cut
      ]) {
        expect(await init(wrong), wrong).toBe('6A80')
      }
      expect(await raw(link, '802A0100')).toBe('6985')
      expect(await init(good)).toBe('9000')
      expect(await init(good)).toBe('9000') // in place of the first one
      expect(await raw(link, '802A0100')).toBe('9000')
      expect(await raw(link, '802A0100')).toBe('6985')
      expect(await init('840101A10103910101920104')).toBe('9000') // some clients write one byte
      expect(await raw(link, '802A010000')).toBe('9000')
    })

    it('COMPUTE SIGNATURE: what UPDATE refuses, and that the session bears it', async () => {
      const { client, link } = await opened()
      const update = (data: string, p1 = '80') =>
        raw(link, `802B${p1}00${(data.length / 2).toString(16).padStart(2, '0')}${data}00`)
      const init = (mode: number) => raw(link, `802A00000D840109A1010${mode}91020001920104`)
      expect(await update('9B0161')).toBe('6985')
      await init(1)
      for (const wrong of ['9B', '9B0261', '9C0161', '9B0161330040', '61'])
        expect(await update(wrong), wrong).toBe('6A80')
      expect(await update('9B0161', '01')).toBe('6A86')
      expect(await update('9B0361', '00')).toBe('9000')
      expect(await update('62')).toBe('6A80') // one byte is still missing
      expect(await update('6263')).toBe('6A80') // the text was given up, this is no TLV
      expect(await update('9B0161')).toMatch(/^330040|^61/)
      await init(3)
      for (const wrong of ['9E', '9E1F'.padEnd(66, '0'), '9E21'.padEnd(70, '0'), '9B0161']) {
        expect(await update(wrong), wrong).toBe('6A80')
      }
      expect(await update('9E20'.padEnd(68, '0'), '00')).toBe('6A86')
      await init(2)
      const state = toHex(stateAfter('sha256', new Uint8Array(64)))
      for (const wrong of [
        `9A00 9C20${state}`,
        `9A00 9C20${state} 9D0400000000`,
        `9A00 9C20${state} 9D0400000041`,
        `9A00 9C1F${state.slice(2)} 9D0400000040`,
      ]) {
        expect(await update(wrong.replaceAll(' ', '')), wrong).toBe('6A80')
      }
      expect(await raw(link, '802A0100')).toBe('9000')
      done(await client.sign(byId(9), { text: text('a') }))
    })

    it.each(hashes)(
      'COMPUTE SIGNATURE with %s: full text, last block, pad and sign; OpenSSL verifies',
      async (hash) => {
        const { client } = await opened()
        const point = done(await client.readPublicKey(byLabel('identity')))
        const blockBytes = hash === 'sha256' ? 64 : 128
        for (const length of [0, 250, 600]) {
          const message = Uint8Array.from({ length }, (_, i) => i & 0xff)
          const digest = new Uint8Array(createHash(hash).update(message).digest())
          const blocks = Math.floor(length / blockBytes) * blockBytes
          const forms: IotSafeMessage[] = [{ text: message }, { digest }]
          if (blocks > 0) {
            const state = stateAfter(hash, message.slice(0, blocks))
            forms.push({ lastBlock: message.slice(blocks), state, byteCount: blocks })
          }
          for (const form of forms) {
            const signature = done(await client.sign(byLabel('identity'), form, { hash }))
            expect(isSignature(point, message, signature, hash), `${length} ${Object.keys(form)}`).toBe(true)
          }
        }
      },
    )

    it('VERIFY SIGNATURE: a wrong one is 6D01; RFC 6979 A.2.5 in all modes', async () => {
      const { client } = await opened()
      const { message, signatures } = rfc6979
      expectRefused(await client.verify(byId(3), { text: message }, signatures.sha256), SW.conditions)
      expectRefused(await client.verify(byId(44), { text: message }, signatures.sha256), SW.notFound)
      expectRefused(await client.verify(byId(9), { text: message }, signatures.sha256.slice(1)), SW.wrongData)
      for (const hash of hashes) {
        const digest = new Uint8Array(createHash(hash).update(message).digest())
        const signature = signatures[hash]
        for (const at of [0, 63]) {
          const changed = signature.map((byte, i) => (i === at ? byte ^ 1 : byte))
          expectRefused(await client.verify(byId(9), { text: message }, changed, { hash }), SW.signatureMismatch)
        }
        expectRefused(await client.verify(byId(9), { text: text('Sample') }, signature, { hash }), SW.signatureMismatch)
        expectRefused(
          await client.verify(byId(9), { text: message }, new Uint8Array(64), { hash }),
          SW.signatureMismatch,
        )
        done(await client.verify(byId(9), { text: message }, signature, { hash }))
        done(await client.verify(byId(9), { digest }, signature, { hash }))
      }
      const long = Uint8Array.from({ length: 700 }, (_, i) => i & 0xff)
      const signature = nodeCrypto
        .createEcdsaSigner({ domain: ecDomain('P-256'), hash: 'sha256', encoding: 'plain' }, rfc6979.privateKey)
        .sign(long)
      done(await client.verify(byId(9), { text: long }, signature))
      const state = stateAfter('sha256', long.slice(0, 640))
      done(await client.verify(byId(9), { lastBlock: long.slice(640), state, byteCount: 640 }, signature))
      expectRefused(
        await client.verify(byId(9), { lastBlock: long.slice(641), state, byteCount: 640 }, signature),
        SW.signatureMismatch,
      )
    })

    it('a text comes in one TLV over many commands, or in many; other sessions with that hash wait', async () => {
      const { client, link } = await opened()
      const point = done(await client.readPublicKey(byId(1)))
      const init = (number: string, hash = '01') => raw(link, `802A00${number}0D840101A10101910200${hash}920104`)
      const update = (p1: string, number: string, data: string) =>
        raw(link, `802B${p1}${number}${(data.length / 2).toString(16).padStart(2, '0')}${data}00`)
      await init('00')
      await init('01')
      await init('02', '02')
      expect(await update('00', '00', '9B0A0102')).toBe('9000')
      expect(await update('80', '01', '9B0161')).toBe('6989')
      expect(await update('80', '02', '9B0161')).toMatch(/^330040|^61/)
      expect(await update('00', '00', '030405060708090A9B01')).toBe('9000')
      expect(await update('00', '00', '0B')).toBe('9000')
      const answer = await update('80', '00', '9B020C0D')
      const whole = answer.startsWith('61') ? await raw(link, `00C00000${answer.slice(2)}`) : answer
      const signed = fromHex('0102030405060708090A0B0C0D')
      expect(isSignature(point, signed, fromHex(whole).slice(3, 67))).toBe(true)
      expect(await update('80', '01', '9B0161')).toMatch(/^330040|^61/)
    })

    it('lengths as clients write them: plain bytes from 80 on, 81, and 82', async () => {
      const { client, link } = await opened()
      const point = done(await client.readPublicKey(byId(1)))
      const long = Uint8Array.from({ length: 0x90 }, (_, i) => i)
      for (const length of ['90', '8190', '820090']) {
        expect(await raw(link, '802A00000D840101A1010191020001920104')).toBe('9000')
        const data = `9B${length}${toHex(long)}`
        const sent = `802B8000${(data.length / 2).toString(16)}${data}00`
        const answer = await raw(link, sent)
        const whole = answer.startsWith('61') ? await raw(link, `00C00000${answer.slice(2)}`) : answer
        expect(isSignature(point, long, fromHex(whole).slice(3, 67)), length).toBe(true)
      }
    })

    it('sessions end with a new SELECT; volatile keys end with the power, and with it what they are for', async () => {
      const { client, link, restart } = await opened()
      done(await client.generateKeyPair(byId(3)))
      expect(await raw(link, '802A00000D840101A1010191020001920104')).toBe('9000')
      await client.select()
      expect(await raw(link, '802B8000039B016100')).toBe('6985')
      expect(done(await client.readPublicKey(byId(3)))).toHaveLength(65)
      expect(done(await client.object('privateKey', byId(3))).isActive).toBe(true)
      await restart()
      expectRefused(await client.readPublicKey(byId(3)), SW.conditions)
      expect(done(await client.object('privateKey', byId(3))).isActive).toBe(false)
      expectRefused(await client.computeDh(byId(3), byId(2)), SW.conditions)
      expect(done(await client.object('privateKey', byId(1))).isActive).toBe(true)
    })

    it.each([
      ['P-256', 3, 4, 7],
      ['brainpoolP256r1', 6, 7, 2],
    ] as const)(
      'COMPUTE DH on %s: the secret that OpenSSL finds; no other keys, no point off the curve',
      async (curve, own, peer, other) => {
        const { client, link } = await opened()
        const domain = ecDomain(curve)
        const theirs = nodeCrypto.generateEcPrivateKey(domain)
        done(await client.putPublicKey(byId(peer), nodeCrypto.ecPublicKey(domain, theirs)))
        const { point } = done(await client.generateKeyPair(byId(own)))
        expect(done(await client.computeDh(byId(own), byId(peer)))).toEqual(nodeCrypto.ecdh(domain, theirs, point))
        expectRefused(await client.computeDh(byId(1), byId(peer)), SW.conditions) // signs
        expectRefused(await client.computeDh(byId(own), byId(1)), SW.conditions) // verifies
        expectRefused(await client.computeDh(byId(44), byId(peer)), SW.notFound)
        expectRefused(await client.computeDh(byId(own), byId(44)), SW.notFound)
        const otherDomain = ecDomain(curve === 'P-256' ? 'brainpoolP256r1' : 'P-256')
        const otherKey = nodeCrypto.ecPublicKey(otherDomain, nodeCrypto.generateEcPrivateKey(otherDomain))
        done(await client.putPublicKey(byId(other), otherKey))
        expectRefused(await client.computeDh(byId(own), byId(other)), SW.conditions)
        const off = nodeCrypto.ecPublicKey(domain, theirs)
        off[64]! ^= 1
        done(await client.putPublicKey(byId(peer), off))
        expectRefused(await client.computeDh(byId(own), byId(peer)), SW.wrongData)
        expect(await raw(link, '8046000003840103')).toBe('6A80')
        expect(await raw(link, '8046010006840103850104')).toBe('6A86')
      },
    )

    it.each(prf)('COMPUTE PRF: $name', async ({ secret, labelAndSeed, output }) => {
      const { client } = await opened()
      expect(toHex(done(await client.computePrf({ secret }, labelAndSeed, output.length / 2)))).toBe(output)
      expect(toHex(done(await client.computePrf({ secret }, labelAndSeed, 1)))).toBe(output.slice(0, 2))
    })

    it('COMPUTE PRF: stored keys by RFC 4279 and RFC 5489; refused without what a mode needs', async () => {
      const { client, link } = await opened()
      const seed = text('key expansion and so on')
      const zeros = new Uint8Array(32)
      const psk = concatBytes(u16(32), zeros, u16(32), pskValue)
      expect(toHex(done(await client.computePrf({ key: byId(1) }, seed, 256)))).toBe(prfOf(psk, seed, 256))
      expect(toHex(done(await client.computePrf({ key: byLabel('psk') }, seed, 33)))).toBe(prfOf(psk, seed, 33))
      for (const length of [32, 66]) {
        const premaster = new Uint8Array(length).fill(7)
        const mixed = concatBytes(u16(length), premaster, u16(32), pskValue)
        expect(toHex(done(await client.computePrf({ key: byId(1), premaster }, seed, 48)))).toBe(prfOf(mixed, seed, 48))
      }
      for (const length of [64, 65, 150]) {
        const secret = new Uint8Array(length).fill(9)
        expect(toHex(done(await client.computePrf({ secret }, seed, 48)))).toBe(prfOf(secret, seed, 48))
      }
      expectRefused(await client.computePrf({ key: byId(2) }, seed, 48), SW.conditions) // for HKDF
      expectRefused(await client.computePrf({ key: byId(44) }, seed, 48), SW.notFound)
      expectRefused(await client.computePrf({ key: byId(1), premaster: new Uint8Array(67) }, seed, 48), SW.wrongData)
      expectRefused(await client.computePrf({ secret: pskValue }, new Uint8Array(), 48), SW.wrongData)
      expectRefused(await client.computePrf({ secret: pskValue }, seed, 0), SW.wrongData)
      expectRefused(await client.computePrf({ secret: pskValue }, seed, 257), SW.wrongData)
      for (const [p1, data] of [
        ['00', '860101D20161D30110'],
        ['01', 'D10101D20161D30110'],
        ['01', '860101D40101D20161D30110'],
        ['02', '860101D20161D30110'],
        ['00', 'D100D20161D30110'],
      ]) {
        const command = `8048${p1}00${(data!.length / 2).toString(16).padStart(2, '0')}${data}00`
        expect(await raw(link, command), command).toBe('6A80')
      }
      expect(await raw(link, '8048030009D10101D20161D3011000')).toBe('6A86')
    })

    it.each(hkdfExtract)('COMPUTE HKDF: published vector $name', async ({ secret, salt, key }) => {
      const { client } = await opened()
      expect(toHex(done(await client.hkdfExtract({ secret }, salt)))).toBe(key)
    })

    it('COMPUTE HKDF: other hashes, stored keys; refused without one secret', async () => {
      const { client, link } = await opened()
      for (const hash of hashes) {
        for (const saltBytes of [1, 64, 65, 128, 129]) {
          const salt = new Uint8Array(saltBytes).fill(3)
          const expected = (secret: Uint8Array) => toHex(createHmac(hash, salt).update(secret).digest())
          expect(toHex(done(await client.hkdfExtract({ secret: pskValue }, salt, hash)))).toBe(expected(pskValue))
          const stored = done(await client.hkdfExtract({ key: byId(2) }, salt, hash))
          expect(toHex(stored)).toBe(expected(pskValue.slice(0, 16)))
        }
      }
      expectRefused(await client.hkdfExtract({ key: byId(1) }), SW.conditions) // for the PRF
      expectRefused(await client.hkdfExtract({ key: byId(44) }), SW.notFound)
      expect(await raw(link, '804A00000491020001')).toBe('6A80')
      expect(await raw(link, '804A00000A860102D1010191020001')).toBe('6A80')
      expect(await raw(link, '804A000003D10101')).toBe('6A80')
      expect(await raw(link, '804A010007D101019102000100')).toBe('6A86')
    })

    it('other instructions, classes and lengths are refused', async () => {
      const { link } = await opened()
      expect(await raw(link, '80FE0000')).toBe('6D00')
      expect(await raw(link, '84840000 10'.replace(' ', ''))).toBe('6E00')
      expect(await raw(link, '9084000010')).toBe('6E00')
      expect(await raw(link, '0084000010')).toMatch(/9000$/)
    })

    it('after personalisation STORE DATA is refused, in clear and in a channel', async () => {
      const { client, link } = await opened()
      expectRefused(await client.storeData([Uint8Array.of(TAG.end, 0)]), SW.conditions)
      expect(await raw(link, '8050000008010203040506070800')).toBe('6985')
      expect(await raw(link, '84E2800002CF00')).toBe('6985')
    })
  })
}
