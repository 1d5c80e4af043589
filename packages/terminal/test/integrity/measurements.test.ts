import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it, test } from 'vitest'
import {
  extendedRegister,
  integrityDataGroups,
  isCardRefusal,
  parseQuote,
  registersDigest,
  startedRegister,
} from '../../src/index.ts'
import {
  blankCard,
  boot,
  expectRefused,
  first,
  installed,
  isSigned,
  NOW,
  order,
  own,
  personalisation,
  ready,
  require,
  restart,
  sha256,
} from './integrity-bench.ts'

const digest = (text: string) => sha256(fromAscii(text))
const nonce = fromHex('000102030405060708090A0B0C0D0E0F')

describe('before it is personalised', () => {
  it('a card does nothing but tell its state, and takes nothing in clear unless it was installed so', async () => {
    const made = installed(blankCard(), { clear: false })
    made.card.powerOn()
    await made.client.select()
    expect(await made.client.status()).toMatchObject({ lifeCycle: 'personalising', isStarted: false })
    for (const { identifier, value } of integrityDataGroups(personalisation)) {
      expectRefused(await made.client.putData({ identifier, value }), 0x6982)
    }
    expectRefused(await made.client.verifyImage(first.signedHeader, 'start'), 0x6985)
    expectRefused(await made.client.measure(4, digest('a')), 0x6985)
    expectRefused(await made.client.check(4, digest('a')), 0x6985)
    expectRefused(await made.client.quote({ mask: 1, nowSeconds: NOW, nonce }), 0x6985)
    expectRefused(await made.client.seal(1, digest('a')), 0x6985)
    expectRefused(await made.client.unseal(new Uint8Array(83)), 0x6985)
    expectRefused(await made.client.order(order({ kind: 'acknowledge-alarm' }, 1n)), 0x6985)
    expectRefused(await made.client.confirmImage(0), 0x6985)
    expectRefused(await made.client.publicKey('attestation'), 0x6a88)
  })

  it('is not activated without identity, keys of both parties and its own', async () => {
    const groups = integrityDataGroups({ ...personalisation, releases: [] })
    const end = groups.at(-1)!
    for (const left of groups.slice(0, -1)) {
      const made = installed()
      made.card.powerOn()
      await made.client.select()
      for (const one of groups.slice(0, -1)) if (one !== left) require(await made.client.putData(one))
      expectRefused(await made.client.putData(end), 0x6985)
      require(await made.client.putData(left))
      require(await made.client.putData(end))
      for (const one of groups) expectRefused(await made.client.putData(one), 0x6985)
    }
  })

  test.each([
    ['a short identity', { identifier: 0x0101, value: new Uint8Array(13) }, 0x6700],
    ['a key that is no point', { identifier: 0x0102, value: new Uint8Array(65) }, 0x6a80],
    ['a release of no target', { identifier: 0x0104, value: new Uint8Array(41).fill(9) }, 0x6a80],
    ['an AID that is too short', { identifier: 0x0105, value: fromHex('0401020304') }, 0x6a80],
    ['five sharers', { identifier: 0x0105, value: fromHex('05F000000001'.repeat(5)) }, 0x6a80],
    ['an unknown group', { identifier: 0x0107, value: new Uint8Array(1) }, 0x6a88],
  ])('refuses %s', async (_, group, sw) => {
    const made = installed()
    made.card.powerOn()
    await made.client.select()
    expectRefused(await made.client.putData(group), sw)
  })
})

describe('MEASURE', () => {
  it('does not touch the registers of the targets', async () => {
    const { client } = await ready()
    for (let register = 0; register < 4; register++) expectRefused(await client.measure(register, digest('x')), 0x6a86)
    expectRefused(await client.measure(9, digest('x')), 0x6a86)
    expectRefused(await client.measure(4, new Uint8Array(31)), 0x6700)
  })

  it('is SHA-256 over register and digest: 64 zero bytes give the digest that everybody knows', async () => {
    const { client } = await ready()
    const known = 'F5A5FD42D16A20302798EF6ED309979B43003D2320D9F0E8EA9831A92759FB4B'
    expect(toHex(require(await client.measure(4, new Uint8Array(32))))).toBe(known)
  })

  it('extends, and only a reset clears; the events stay and are counted', async () => {
    const made = await ready()
    const digests = [digest('a'), digest('b')]
    for (const one of digests) for (const register of [4, 8]) require(await made.client.measure(register, one))
    const expected = extendedRegister(digests, sha256)
    expect(await made.client.readRegister(4)).toEqual(expected)
    await made.client.select()
    expect(await made.client.readRegister(4)).toEqual(expected)
    await restart(made)
    expect(await made.client.readRegister(4)).toEqual(new Uint8Array(32))
    expect(await made.client.readRegister(8)).toEqual(expected)
    expect((await made.client.status()).events).toBe(2)
  })

  it('each boot in which the card was asked is counted, once', async () => {
    const made = await ready()
    const { boots } = await made.client.status()
    await made.client.readRegister(4)
    await restart(made)
    expect((await made.client.status()).boots).toBe(boots + 1)
  })
})

describe('CHECK', () => {
  it('of what was not started, of the events, or of pieces is refused without alarm', async () => {
    const { client } = await ready()
    expectRefused(await client.check(0, first.header.hash), 0x6985)
    expectRefused(await client.check(8, digest('a')), 0x6a86)
    expectRefused(await client.check(4, new Uint8Array(33)), 0x6700)
    expect(await client.status()).toMatchObject({ hasAlarm: false, mismatches: 0 })
  })

  it('counts what is as it was measured', async () => {
    const made = await ready()
    await boot(made)
    require(await made.client.measure(5, digest('a')))
    require(await made.client.measure(5, digest('b')))
    require(await made.client.check(0, first.header.hash))
    require(await made.client.check(5, digest('a'), digest('b')))
    expect(await made.client.status()).toMatchObject({ checks: 2, hasAlarm: false })
  })

  test.each([0, 5])(
    'of register %d finds other code: sealed values close, the alarm outlasts the boot',
    async (register) => {
      const made = await ready()
      await boot(made)
      require(await made.client.measure(5, digest('a')))
      const sealed = require(await made.client.seal(0b100001, digest('secret')))
      expectRefused(await made.client.check(register, digest('implant')), 0x6988)
      expectRefused(await made.client.unseal(sealed), 0x6986)
      expect(await made.client.status()).toMatchObject({ hasAlarm: true, hasMismatch: true, mismatches: 1 })
      await restart(made)
      expect(await made.client.status()).toMatchObject({ hasAlarm: true, hasMismatch: false, mismatches: 1 })
      await boot(made)
      require(await made.client.measure(5, digest('a')))
      expect(await made.client.unseal(sealed)).toEqual(digest('secret'))
      require(await made.client.order(order({ kind: 'acknowledge-alarm' }, 1n)))
      expect(await made.client.status()).toMatchObject({ hasAlarm: false, mismatches: 1 })
    },
  )
})

describe('QUOTE', () => {
  test.each([
    ['no register', 0, nonce, 0x6a86],
    ['a register that there is not', 0x200, nonce, 0x6a86],
  ])('of %s is refused', async (_, mask, wanted, sw) => {
    const { client } = await ready()
    expectRefused(await client.quote({ mask, nowSeconds: NOW, nonce: wanted }), sw)
  })

  it('says who, what, when and to whom, under the key that was made on the card', async () => {
    const made = await ready()
    await boot(made)
    require(await made.client.measure(4, digest('configuration')))
    require(await made.client.measure(8, digest('event')))
    const bytes = require(await made.client.quote({ mask: 0b1_0001_0001, nowSeconds: NOW, nonce }))
    const quote = parseQuote(bytes)
    const registers = [
      startedRegister(first.signedHeader, sha256),
      extendedRegister([digest('configuration')], sha256),
      extendedRegister([digest('event')], sha256),
    ]
    expect(quote).toMatchObject({
      device: own,
      lifeCycle: 'operational',
      isStarted: true,
      hasAlarm: false,
      mask: 0b1_0001_0001,
      digest: registersDigest(0b1_0001_0001, registers, sha256),
      time: NOW,
      nonce,
      events: 1,
      checks: 0,
      mismatches: 0,
    })
    const key = require(await made.client.publicKey('attestation'))
    expect(isSigned(key, quote.signed, quote.signature)).toBe(true)
    for (let at = 0; at < quote.signed.length; at++) {
      const changed = quote.signed.slice()
      changed[at]! ^= 1
      expect(isSigned(key, changed, quote.signature)).toBe(false)
    }
    expect(
      isSigned(require(await (await ready()).client.publicKey('attestation')), quote.signed, quote.signature),
    ).toBe(false)
  })
})

describe('SEAL', () => {
  it('refuses too much, too little, no register and events', async () => {
    const { client } = await ready()
    expectRefused(await client.seal(1, new Uint8Array(97)), 0x6700)
    expectRefused(await client.seal(1, new Uint8Array(0)), 0x6700)
    expectRefused(await client.seal(0, new Uint8Array(1)), 0x6a86)
  })

  it('opens with the registers as they were, for every length, and nothing repeats', async () => {
    const made = await ready()
    await boot(made)
    const seen = new Set<string>()
    for (const length of [1, 15, 16, 31, 32, 47, 95, 96]) {
      const secret = Uint8Array.from({ length }, (_, i) => i)
      const sealed = require(await made.client.seal(0b1, secret))
      expect(await made.client.unseal(sealed)).toEqual(secret)
      seen.add(require(await made.client.seal(0b1, secret)).join())
      seen.add(sealed.join())
    }
    expect(seen.size).toBe(16)
  })

  it('stays closed with other registers, in other hands, and with any bit changed', async () => {
    const made = await ready()
    const secret = digest('secret')
    await boot(made)
    require(await made.client.measure(4, digest('a')))
    const sealed = require(await made.client.seal(0b10001, secret))
    expectRefused(await (await ready()).client.unseal(sealed), 0x6988)
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at]! ^= 1 << (at % 8)
      const answer = await made.client.unseal(changed)
      expect(isCardRefusal(answer) && [0x6988, 0x6a80].includes(answer.sw), `byte ${at}`).toBe(true)
    }
    require(await made.client.measure(4, digest('b')))
    expectRefused(await made.client.unseal(sealed), 0x6986)
    await restart(made)
    expectRefused(await made.client.unseal(sealed), 0x6986)
  })

  it('can name registers that are still to come', async () => {
    const made = await ready()
    const then = registersDigest(
      0b10001,
      [startedRegister(first.signedHeader, sha256), extendedRegister([digest('next')], sha256)],
      sha256,
    )
    const sealed = require(await made.client.seal(0b10001, digest('secret'), then))
    expectRefused(await made.client.unseal(sealed), 0x6986)
    await boot(made)
    require(await made.client.measure(4, digest('next')))
    expect(await made.client.unseal(sealed)).toEqual(digest('secret'))
  })
})

describe('two tenants', () => {
  it('have nothing of each other: registers, keys, sealed values, releases', async () => {
    const card = blankCard()
    const one = await ready(card)
    card.powerOff()
    const aid = fromHex('F047524944434152440302')
    const two = installed(card, { instanceAid: aid })
    card.powerOn()
    await two.client.select()
    await two.client.personalise({ ...personalisation, releases: [] })
    expectRefused(
      await two.client.verifyImage(first.signedHeader, 'update').then(() => two.client.startImage(0)),
      0x6985,
    )
    require(await two.client.measure(4, digest('two')))
    const sealed = require(await two.client.seal(0b10000, digest('secret')))
    await one.client.select()
    expect(await one.client.readRegister(4)).toEqual(new Uint8Array(32))
    expectRefused(await one.client.unseal(sealed), 0x6988)
    await boot(one)
    expect((await one.client.publicKey('attestation')) as Uint8Array).not.toEqual(
      await two.client.select().then(() => two.client.publicKey('attestation')),
    )
    expect(require(await two.client.releases(0)).active).toBeUndefined()
    expect(await two.client.status()).toMatchObject({ isStarted: false })
  })
})
