import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { firstSessionKey, meteringStatusWords as SW } from '../../src/index.ts'
import {
  broadcastKey,
  expectRefused,
  headend,
  isSignature,
  openBody,
  own,
  personalise,
  publicKeyOf,
  ready,
  require,
  restart,
  seal,
  sign,
  supplier,
} from './metering-bench.ts'

const text = fromHex('C0010000080000010000FF0200')

describe('PROTECT and UNPROTECT', () => {
  for (const [slot, suite] of [0, 1, 2].entries()) {
    it(`suite ${suite}: the other side opens what the card sealed, and the card what the other side sealed`, async () => {
      const { client } = await ready()
      for (const control of [0x10 | suite, 0x30 | suite]) {
        const { invocationCounter: counter, body } = require(await client.protect(slot, control, text))
        expect(toHex(openBody({ slot, control, counter, body })!)).toBe(toHex(text))
      }
      const control = 0x30 | suite
      const body = seal({ slot, control, counter: 7, plaintext: text })
      expect(toHex(require(await client.unprotect(slot, control, 7, body)).plaintext)).toBe(toHex(text))
    })
  }

  it('the vector of the Green Book, suite 0', async () => {
    const { client } = await ready()
    const body = seal({
      slot: 0,
      control: 0x30,
      counter: 0x01234567,
      plaintext: text,
      title: fromHex('4D4D4D0000BC614E'),
    })
    expect(toHex(body)).toBe('411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B')
    expectRefused(await client.unprotect(0, 0x30, 0x01234567, body), SW.authenticationFailed)
  })

  it('a message is bound to additional data of the caller', async () => {
    const { client } = await ready()
    const aad = fromHex('0800000000000000020841424344454647480848')
    const { invocationCounter: counter, body } = require(await client.protect(0, 0x30, text, aad))
    expect(openBody({ slot: 0, control: 0x30, counter, body })).toBeUndefined()
    expect(toHex(openBody({ slot: 0, control: 0x30, counter, body, aad })!)).toBe(toHex(text))
    const sealed = seal({ slot: 0, control: 0x30, counter: 1, plaintext: text, aad })
    expectRefused(await client.unprotect(0, 0x30, 1, sealed), SW.authenticationFailed)
    expect(toHex(require(await client.unprotect(0, 0x30, 1, sealed, aad)).plaintext)).toBe(toHex(text))
    const empty = require(await client.protect(0, 0x10, new Uint8Array(0), aad))
    expect(openBody({ slot: 0, control: 0x10, counter: empty.invocationCounter, body: empty.body, aad })).toHaveLength(
      0,
    )
  })

  it('1184 bytes fit, one more does not', async () => {
    const { client } = await ready()
    const long = nodeCrypto.randomBytes(1184)
    const { invocationCounter: counter, body } = require(await client.protect(0, 0x30, long, new Uint8Array(128)))
    expect(openBody({ slot: 0, control: 0x30, counter, body, aad: new Uint8Array(128) })).toEqual(long)
    expectRefused(await client.protect(0, 0x30, nodeCrypto.randomBytes(1185)), 0x6700)
  })

  it('a replay, an old counter, a wrong tag, another suite and encryption without a tag are refused', async () => {
    const { client } = await ready()
    const body = seal({ slot: 0, control: 0x30, counter: 5, plaintext: text })
    const flipped = body.slice()
    flipped[0]! ^= 1
    expectRefused(await client.unprotect(0, 0x30, 5, flipped), SW.authenticationFailed)
    require(await client.unprotect(0, 0x30, 5, body))
    expectRefused(await client.unprotect(0, 0x30, 5, body), SW.counterBelowFloor)
    const old = seal({ slot: 0, control: 0x30, counter: 4, plaintext: text })
    expectRefused(await client.unprotect(0, 0x30, 4, old), SW.counterBelowFloor)
    const last = seal({ slot: 0, control: 0x30, counter: 0xffffffff, plaintext: text })
    expectRefused(await client.unprotect(0, 0x30, 0xffffffff, last), SW.counterBelowFloor)
    expectRefused(await client.unprotect(0, 0x31, 6, body), 0x6a86)
    expectRefused(await client.unprotect(0, 0x20, 6, body), 0x6a86)
    expectRefused(await client.protect(0, 0x20, text), 0x6a86)
  })

  it('a refused message moves no floor, and gives nothing away', async () => {
    const { client } = await ready()
    const before = require(await client.counters(0))
    const body = seal({ slot: 0, control: 0x30, counter: 9, plaintext: text, title: own })
    expectRefused(await client.unprotect(0, 0x30, 9, body), SW.authenticationFailed)
    expect(require(await client.counters(0))).toEqual(before)
  })

  it('a broadcast is received under its own key and floor, and never sent', async () => {
    const { client } = await ready()
    const body = seal({ slot: 0, control: 0x70, counter: 3, plaintext: text, key: broadcastKey })
    expectRefused(await client.protect(0, 0x70, text), 0x6a86)
    expectRefused(await client.unprotect(1, 0x71, 3, body), SW.notThere)
    expect(toHex(require(await client.unprotect(0, 0x70, 3, body)).plaintext)).toBe(toHex(text))
    expectRefused(await client.unprotect(0, 0x70, 3, body), SW.counterBelowFloor)
    expect(require(await client.counters(0))).toMatchObject({ messageFloor: 0, broadcastFloor: 4 })
  })

  it('only bound to its device, only when operational', async () => {
    const made = await personalise()
    expectRefused(await made.client.protect(0, 0x30, text), SW.conditions)
    await made.client.activate()
    expectRefused(await made.client.protect(0, 0x30, text), SW.conditions)
    expectRefused(await made.client.bindDevice(new Uint8Array(16)), SW.wrongDevice)
    expectRefused(await made.client.protect(0, 0x30, text), SW.conditions)
    await restart(made)
    require(await made.client.protect(0, 0x30, text))
  })

  it('counters go on after power was off', async () => {
    const made = await ready()
    const first = require(await made.client.protect(0, 0x30, text)).invocationCounter
    await restart(made)
    expect(require(await made.client.protect(0, 0x30, text)).invocationCounter).toBe(first + 1)
  })
})

describe('HLS with GMAC', () => {
  it('both ways; a challenge is good for one try, of its slot', async () => {
    const { client } = await ready()
    const theirs = nodeCrypto.randomBytes(16)
    const token = require(await client.hlsAnswer(0, theirs))
    expect(openBody({ slot: 0, control: 0x10, counter: 0, body: token.slice(5), aad: theirs })).toHaveLength(0)

    const ours = require(await client.challenge(0, 16))
    const answer = concatBytes(
      fromHex('1000000001'),
      seal({ slot: 0, control: 0x10, counter: 1, plaintext: ours }).slice(-12),
    )
    expectRefused(await client.hlsVerify(1, answer), SW.conditions)
    const again = require(await client.challenge(0, 16))
    expect(toHex(again)).not.toBe(toHex(ours))
    expectRefused(await client.hlsVerify(0, answer), SW.authenticationFailed)
    const third = require(await client.challenge(0, 16))
    const good = concatBytes(
      fromHex('1000000001'),
      seal({ slot: 0, control: 0x10, counter: 1, plaintext: third }).slice(-12),
    )
    require(await client.hlsVerify(0, good))
    expectRefused(await client.hlsVerify(0, good), SW.conditions)
  })
})

describe('session keys', () => {
  const session = firstSessionKey

  it('a dedicated key: fresh floor, but the send counter goes on', async () => {
    const { client } = await ready()
    const dedicated = fromHex('A0A1A2A3A4A5A6A7A8A9AAABACADAEAF')
    expectRefused(await client.protect(session, 0x30, text), SW.notThere)
    require(await client.protect(0, 0x30, text))
    require(await client.putDedicatedKey(session, 0, dedicated))
    const { invocationCounter: counter, body } = require(await client.protect(session, 0x30, text))
    expect(counter).toBe(1)
    expect(toHex(openBody({ slot: 0, control: 0x30, counter, body, key: dedicated })!)).toBe(toHex(text))
    const sealed = seal({ slot: 0, control: 0x30, counter: 0, plaintext: text, key: dedicated })
    require(await client.unprotect(session, 0x30, 0, sealed))
    expectRefused(await client.unprotect(session, 0x30, 0, sealed), SW.counterBelowFloor)
    require(await client.clearSession(session))
    expectRefused(await client.protect(session, 0x30, text), SW.notThere)
  })

  /** Algorithm id of AES-GCM-128 of suite 1, our title and theirs. @source Green Book 9.2.3.4.6.5 */
  const info = concatBytes(fromHex('60857405080300'), own, headend)
  const p256 = ecDomain('P-256')

  it('ephemeral unified: both ephemeral keys are signed', async () => {
    const { client } = await ready()
    const mine = require(await client.generateEphemeral(1))
    const devicePoint = require(await client.publicKey(1, 'sign'))
    expect(isSignature(devicePoint, mine.publicKey.subarray(1), mine.signature)).toBe(true)
    const theirs = nodeCrypto.generateEcPrivateKey(p256)
    const point = nodeCrypto.ecPublicKey(p256, theirs)
    const signature = sign(supplier.sign, new Uint8Array(0), point.subarray(1))
    const scheme = { kind: 'ephemeral-ephemeral', cell: 2, point, signature } as const
    expectRefused(await client.agree(session, 1, { ...scheme, cell: 3 }, info), SW.authenticationFailed)
    const foreign = concatBytes(fromHex('60857405080300'), headend, headend)
    expectRefused(await client.agree(session, 1, scheme, foreign), SW.wrongTarget)
    require(await client.agree(session, 1, scheme, info))
    const z = nodeCrypto.ecdh(p256, theirs, mine.publicKey)
    const key = nodeCrypto.concatenationKdf('sha256', z, info, 16)
    const { invocationCounter: counter, body } = require(await client.protect(session, 0x31, text))
    expect(toHex(openBody({ slot: 1, control: 0x31, counter, body, key })!)).toBe(toHex(text))
    expectRefused(await client.agree(session, 1, scheme, info), SW.conditions)
  })

  it('one-pass and static: the floor of keys that may come again is kept', async () => {
    const made = await ready()
    const { client } = made
    const theirs = nodeCrypto.generateEcPrivateKey(p256)
    const agreePoint = require(await client.publicKey(1, 'agree'))
    const onePass = { kind: 'their-ephemeral', point: nodeCrypto.ecPublicKey(p256, theirs) } as const
    require(await client.agree(session, 1, onePass, info))
    const key = nodeCrypto.concatenationKdf('sha256', nodeCrypto.ecdh(p256, theirs, agreePoint), info, 16)
    const sealed = seal({ slot: 1, control: 0x31, counter: 8, plaintext: text, key })
    require(await client.unprotect(session, 0x31, 8, sealed))
    await restart(made)
    require(await client.agree(session, 1, onePass, info))
    expectRefused(await client.unprotect(session, 0x31, 8, sealed), SW.counterBelowFloor)

    require(await client.agree(session, 1, { kind: 'static-static', cell: 2 }, info))
    const staticKey = nodeCrypto.concatenationKdf('sha256', nodeCrypto.ecdh(p256, supplier.agree, agreePoint), info, 16)
    const { invocationCounter: counter, body } = require(await client.protect(session, 0x31, text))
    expect(openBody({ slot: 1, control: 0x31, counter, body, key: staticKey })).toBeDefined()

    expectRefused(await client.agree(session, 1, { kind: 'our-ephemeral', cell: 2 }, info), SW.conditions)
    const mine = require(await client.generateEphemeral(1))
    require(await client.agree(session, 1, { kind: 'our-ephemeral', cell: 2 }, info))
    const ours = nodeCrypto.concatenationKdf('sha256', nodeCrypto.ecdh(p256, supplier.agree, mine.publicKey), info, 16)
    const answer = require(await client.protect(session, 0x31, text))
    expect(
      openBody({ slot: 1, control: 0x31, counter: answer.invocationCounter, body: answer.body, key: ours }),
    ).toBeDefined()
  })

  it('suite 2 agrees on P-384, and a cell that is not there is refused', async () => {
    const { client } = await ready({ p384: true })
    const p384 = ecDomain('P-384')
    const theirs = nodeCrypto.generateEcPrivateKey(p384)
    const info2 = concatBytes(fromHex('60857405080301'), own, headend)
    require(
      await client.agree(session, 2, { kind: 'their-ephemeral', point: nodeCrypto.ecPublicKey(p384, theirs) }, info2),
    )
    const z = nodeCrypto.ecdh(p384, theirs, require(await client.publicKey(2, 'agree')))
    const key = nodeCrypto.concatenationKdf('sha384', z, info2, 32)
    const { invocationCounter: counter, body } = require(await client.protect(session, 0x32, text))
    expect(openBody({ slot: 2, control: 0x32, counter, body, key })).toBeDefined()
    expectRefused(await client.agree(session, 2, { kind: 'static-static', cell: 2 }, info2), SW.notThere)
    expectRefused(await client.agree(session, 1, { kind: 'static-static', cell: 4 }, info), SW.notThere)
    expectRefused(await client.agree(session, 0, { kind: 'static-static', cell: 2 }, info), 0x6a86)
  })

  it('a point off the curve is refused', async () => {
    const { client } = await ready()
    const point = publicPointOffCurve()
    const answer = await client.agree(session, 1, { kind: 'their-ephemeral', point }, info)
    expect('sw' in answer).toBe(true)
    expectRefused(await client.protect(session, 0x31, text), SW.notThere)
  })
})

describe('signatures', () => {
  it('P-256 and P-384, verified outside; what looks like the card’s own statements is not signed', async () => {
    const { client } = await ready({ p384: true })
    for (const suite of [1, 2] as const) {
      const signature = require(await client.sign(suite, text))
      expect(signature).toHaveLength(suite === 1 ? 64 : 96)
      expect(isSignature(require(await client.publicKey(suite, 'sign')), text, signature)).toBe(true)
    }
    expectRefused(await client.sign(1, fromHex('4743523100000000')), SW.policy)
  })

  it('a party’s signature verifies; anything else does not', async () => {
    const { client } = await ready()
    const signature = sign(supplier.sign, new Uint8Array(0), text)
    require(await client.verify(2, text, signature))
    expectRefused(await client.verify(3, text, signature), SW.authenticationFailed)
    expectRefused(await client.verify(2, text.slice(1), signature), SW.authenticationFailed)
    expectRefused(await client.verify(4, text, signature), SW.notThere)
    for (const bad of [new Uint8Array(64), new Uint8Array(64).fill(0xff), signature.slice().reverse()]) {
      expectRefused(await client.verify(2, text, bad), SW.authenticationFailed)
    }
  })

  it('a next key pair waits until its certificate is there', async () => {
    const { client } = await ready()
    const first = require(await client.publicKey(1, 'sign'))
    expectRefused(await client.activateKeyPair(1, 'sign'), SW.notThere)
    const next = require(await client.generateKeyPair(1, 'sign'))
    expect(toHex(require(await client.publicKey(1, 'sign')))).toBe(toHex(first))
    expect(toHex(require(await client.publicKey(1, 'sign', true)))).toBe(toHex(next))
    expect(isSignature(first, text, require(await client.sign(1, text)))).toBe(true)
    require(await client.activateKeyPair(1, 'sign'))
    expect(isSignature(next, text, require(await client.sign(1, text)))).toBe(true)
  })
})

function publicPointOffCurve(): Uint8Array {
  const point = publicKeyOf(supplier.agree).slice()
  point[64]! ^= 1
  return point
}
