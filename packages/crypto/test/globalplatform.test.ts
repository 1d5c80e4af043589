import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import * as gp from '../src/index.ts'
import { nobleCrypto } from '../src/noble-provider.ts'
import { nodeCrypto } from '../src/node-provider.ts'
import { refuses } from './refuses.ts'
import { diversifications, scp02Vectors, scp03Vectors } from './vectors/globalplatform-vectors.ts'

const lower = (bytes: Uint8Array) => toHex(bytes).toLowerCase()
const TEST_KEY = fromHex('404142434445464748494A4B4C4D4E4F')
const TEST_KEYS = { enc: TEST_KEY, mac: TEST_KEY, dek: TEST_KEY }

describe.each([
  ['nodeCrypto', nodeCrypto],
  ['nobleCrypto', nobleCrypto],
])('GlobalPlatform over %s', (_, crypto) => {
  test('padding comes off as it went on, and no padding is none', () => {
    for (const length of [0, 1, 7, 8, 9]) {
      const message = new Uint8Array(length).fill(0x80)
      expect(gp.padIso(message, 8).length).toBe(length < 8 ? 8 : 16)
      expect(gp.unpadIso(gp.padIso(message, 8))).toEqual(message)
    }
    expect(gp.unpadIso(new Uint8Array(8))).toBeUndefined()
    expect(gp.unpadIso(Uint8Array.of(0x80, 1))).toBeUndefined()
    expect(gp.unpadIso(new Uint8Array())).toBeUndefined()
  })

  test.each([
    [
      '0000',
      '010b0371d78377b801f2d62afc671d95',
      'd1c28c601652a4770d67ad82d2d2e1c4',
      'e11987ee331b417a5d67d760692f89d4',
    ],
  ])('SCP02 session keys for %s, from the tests of openjavacard-tools', (counter, enc, mac, dek) => {
    const keys = gp.scp02SessionKeys(crypto, TEST_KEYS, fromHex(counter))
    expect([keys.enc, keys.cMac, keys.dek].map(lower)).toEqual([enc, mac, dek])
    // The R-MAC key by its check value, from the tests of GlobalPlatformPro.
    expect(toHex(gp.desKeyCheckValue(crypto, keys.rMac))).toBe('9F749A')
  })

  test.each(scp02Vectors)('SCP02, $source', (vector) => {
    const keys = { enc: fromHex(vector.enc), mac: fromHex(vector.mac), dek: fromHex(vector.mac) }
    const challenges = {
      hostChallenge: fromHex(vector.hostChallenge),
      sequenceCounter: fromHex(vector.sequenceCounter),
      cardChallenge: fromHex(vector.cardChallenge),
    }
    const session = gp.scp02SessionKeys(crypto, keys, challenges.sequenceCounter)
    expect(lower(gp.scp02CardCryptogram(crypto, session.enc, challenges))).toBe(vector.cardCryptogram)
    expect(lower(gp.scp02HostCryptogram(crypto, session.enc, challenges))).toBe(vector.hostCryptogram)
    let last: Uint8Array | undefined
    for (const [command, mac] of vector.commands) {
      last = gp.scp02CMac(crypto, session.cMac, last, fromHex(command!))
      expect(lower(last)).toBe(mac)
    }
  })

  test('SCP02 encrypts command data: DELETE of a card, from the tests of kaoh/globalplatform', () => {
    const session = gp.scp02SessionKeys(crypto, TEST_KEYS, fromHex('06A1'))
    const data = fromHex('4F08D0D1D2D3D4D50101')
    expect(lower(gp.scp02EncryptData(crypto, session.enc, data))).toBe('bc146fa0403be4bad3bc089e4abd8674')
  })

  test.each(scp03Vectors)('SCP03, $source', (vector) => {
    const keys = { enc: fromHex(vector.enc), mac: fromHex(vector.mac) }
    const context = fromHex(vector.hostChallenge + vector.cardChallenge)
    const bytes = vector.hostChallenge.length === 32 ? 16 : 8
    if (vector.sequenceCounter !== undefined) {
      const challenge = gp.scp03CardChallenge(crypto, keys.enc, fromHex(vector.sequenceCounter), fromHex(vector.aid), 8)
      expect(lower(challenge)).toBe(vector.cardChallenge)
    }
    const session = gp.scp03SessionKeys(crypto, keys, context)
    expect(lower(gp.scp03CardCryptogram(crypto, session.mac, context, bytes))).toBe(vector.cardCryptogram)
    expect(lower(gp.scp03HostCryptogram(crypto, session.mac, context, bytes))).toBe(vector.hostCryptogram)
    let chaining: Uint8Array = new Uint8Array(16)
    vector.exchanges.forEach((exchange, counter) => {
      const { header, data, sent, mac } = exchange
      if (exchange.encrypted)
        expect(lower(gp.scp03EncryptCommand(crypto, session.enc, counter, fromHex(data)))).toBe(sent)
      if (exchange.encrypted)
        expect(lower(gp.unpadIso(gp.scp03DecryptCommand(crypto, session.enc, counter, fromHex(sent)))!)).toBe(data)
      chaining = gp.scp03CMac(crypto, session.mac, chaining, fromHex(header + sent))
      expect(lower(chaining.slice(0, bytes))).toBe(mac)
      if (exchange.response === undefined) return
      const { plain, received, rMac } = exchange.response
      expect(lower(gp.scp03RMac(crypto, session.rMac, chaining, fromHex(`${received}9000`)).slice(0, bytes))).toBe(rMac)
      if (plain === received) return
      expect(lower(gp.unpadIso(gp.scp03DecryptResponse(crypto, session.enc, counter, fromHex(received)))!)).toBe(plain)
      expect(lower(gp.scp03EncryptResponse(crypto, session.enc, counter, fromHex(plain)))).toBe(received)
    })
  })

  test('the KDF refuses lengths that its counter does not reach', () => {
    for (const length of [0, 4081, 1.5]) {
      refuses('CRYPTO_BAD_DATA_LENGTH', () => gp.scp03Kdf(crypto, TEST_KEY, 0, new Uint8Array(), length))
    }
  })

  test.each([
    ['DES', gp.desKeyCheckValue, '404142434445464748494A4B4C4D4E4F', '8BAF47'],
    ['AES', gp.aesKeyCheckValue, '404142434445464748494A4B4C4D4E4F', '504A77'],
    ['AES', gp.aesKeyCheckValue, '000102030405060708090A0B0C0D0E0F', 'C35280'],
    ['AES', gp.aesKeyCheckValue, '101112131415161718191A1B1C1D1E1F', '013808'],
  ])('key check value of a %s key, from logs of cards and the tests of pySim', (_name, checkValue, key, expected) => {
    expect(toHex(checkValue(crypto, fromHex(key)))).toBe(expected)
  })

  test.each(diversifications)('$method of $masterBytes bytes, from the tests of GlobalPlatformPro', (vector) => {
    const master = fromHex(vector.master)
    const keys = gp.diversifiedKeys(
      crypto,
      vector.method,
      { enc: master, mac: master, dek: master },
      fromHex(vector.diversificationData),
    )
    const checkValue = vector.method === 'kdf3' ? gp.aesKeyCheckValue : gp.desKeyCheckValue
    expect([keys.enc, keys.mac, keys.dek].map((key) => toHex(checkValue(crypto, key)))).toEqual(vector.checkValues)
    refuses('CRYPTO_BAD_DATA_LENGTH', () =>
      gp.diversifiedKeys(crypto, vector.method, { enc: master, mac: master, dek: master }, new Uint8Array(9)),
    )
  })

  test('KDF3 of 32 bytes in full, from the tests of GlobalPlatformPro', () => {
    const master = fromHex('8C72C72CF908411653018807950D82FBAD947562F0828A0B10B8B9606ABF3BCD')
    const keys = gp.diversifiedKeys(
      crypto,
      'kdf3',
      { enc: master, mac: master, dek: master },
      fromHex('D9B1DE5D0362DEDCE4FB'),
    )
    expect(toHex(keys.enc)).toBe('9AAC5D0B3601F89438A0D9D0B6B256CFB47E6462DFA5228D3420C4AC7C224781')
  })

  test('a DES key wrapped for PUT KEY, from the tests of GlobalPlatformPro', () => {
    const { dek } = gp.scp02SessionKeys(crypto, TEST_KEYS, fromHex('0000'))
    const wrapped = gp.scp02WrapKey(crypto, dek, TEST_KEY)
    expect(toHex(wrapped)).toBe('EFBEE6C6D99D7B70BDE9D7E927F020AF')
    expect(gp.scp02UnwrapKey(crypto, dek, wrapped)).toEqual(TEST_KEY)
  })

  test.each([16, 24, 32])('an AES key of %d bytes is wrapped in whole blocks and comes back', (length) => {
    const key = new Uint8Array(length).fill(7)
    const wrapped = gp.scp03WrapKey(crypto, TEST_KEY, key)
    expect(wrapped.length % 16).toBe(0)
    expect(gp.scp03UnwrapKey(crypto, TEST_KEY, wrapped, length)).toEqual(key)
  })

  test('SCP11: five keys, and the receipt over what was sent both ways', () => {
    const agreement = {
      hash: 'sha256',
      ephemeralSecret: new Uint8Array(32).fill(1),
      staticSecret: new Uint8Array(32).fill(2),
      sharedInfo: gp.scp11SharedInfo({ keyUsage: 0x3c, keyType: 0x88, keyLengthBytes: 16 }),
      keyLengthBytes: 16,
    } as const
    expect(toHex(agreement.sharedInfo)).toBe('3C8810')
    const keys = gp.scp11SessionKeys(crypto, agreement)
    const secret = concatBytes(agreement.ephemeralSecret, agreement.staticSecret)
    expect(concatBytes(keys.receipt, keys.enc, keys.mac, keys.rMac, keys.dek)).toEqual(
      crypto.x963Kdf('sha256', secret, fromHex('3C8810'), 80),
    )
    const identifiers = { hostId: fromHex('0102'), cardGroupId: fromHex('03') }
    expect(toHex(gp.scp11SharedInfo({ keyUsage: 0x34, keyType: 0x88, keyLengthBytes: 32, identifiers }))).toBe(
      '3488200201020103',
    )
    expect(gp.scp11Receipt(crypto, keys.receipt, fromHex('A600'), fromHex('5F4900'))).toEqual(
      crypto.aesCmac(keys.receipt, fromHex('A6005F4900')),
    )
  })
})
