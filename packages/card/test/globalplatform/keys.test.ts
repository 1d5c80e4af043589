import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { aesKeyCheckValue, ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { installDomain, openCard, reopen, SSD_AID } from './gp-card.ts'
import { byte, type GpHost, keyField, lv } from './gp-host.ts'
import { TEST_KEY } from './gp-profiles.ts'

const key = (n: number, length = 16) => new Uint8Array(length).map((_, i) => n + i)
const keys = (host: GpHost) => host.send(0xca, 0x00, 0xe0)

describe('PUT KEY is refused, and nothing has changed', () => {
  const put = (data: Uint8Array | string, p1 = 0, p2 = 1) => {
    const host = openCard()
    const before = keys(host)
    const status = host.send(0xd8, p1, p2, data)
    expect(keys(host)).toBe(before)
    return status
  }
  const field = keyField('aes', key(1), TEST_KEY)
  const wrongCheck = Uint8Array.from(field, (one, i) => (i === field.length - 1 ? one ^ 1 : one))
  it.each<readonly [string, Uint8Array | string, string, number?, number?]>([
    ['without data', '', '6A80'],
    ['with a version alone', '20', '6A80'],
    ['version 00', concatBytes(fromHex('00'), field), '6A80'],
    ['version 80', concatBytes(fromHex('80'), field), '6A80'],
    ['cut off', concatBytes(fromHex('20'), field.slice(0, -1)), '6A80'],
    ['with a byte too many', concatBytes(fromHex('20'), field, fromHex('00')), '6A80'],
    ['with a wrong check value', concatBytes(fromHex('20'), wrongCheck), '6982'],
    ['two keys where P2 says one', concatBytes(fromHex('20'), field, field), '6A80'],
    ['in place of a version that is not there', concatBytes(fromHex('20'), field), '6A88', 0x22],
    ['an identifier that is there', concatBytes(fromHex('01'), field), '6A80'],
    [
      'in place of a key of another length',
      concatBytes(fromHex('01'), keyField('aes', key(1, 32), TEST_KEY)),
      '6A80',
      1,
    ],
    ['of a type that is not known', concatBytes(fromHex('20'), Uint8Array.of(0xee), field.slice(1)), '6A80'],
  ])('%s', (_, data, status, p1, p2) => {
    expect(put(data as Uint8Array | string, p1 as number | undefined, p2 as number | undefined)).toBe(status)
  })

  it('with identifiers above 7F', () => {
    expect(put(concatBytes(fromHex('20'), field, field), 0, 0xff)).toBe('6A80')
  })
})

describe("a key below the card's floor is 6A80", () => {
  const P256 = ecDomain('P-256')
  const point = toHex(nodeCrypto.ecPublicKey(P256, key(1, 32)))
  const des = (value: Uint8Array) => toHex(keyField('des', value, TEST_KEY))
  it.each<readonly [string, object, string]>([
    ['AES 128 where 256 is asked', { aes: 256 }, toHex(keyField('aes', key(1), TEST_KEY))],
    ['DES', {}, des(key(1, 8))],
    ['triple DES with two halves the same', {}, des(concatBytes(key(1, 8), key(1, 8)))],
    ['RSA 1024 where 2048 is asked', { rsa: 2048 }, `A18180${'C1'.repeat(128)}A00301000100`],
    ['RSA with a leading zero', {}, `A18180${'00'.repeat(64)}${'C1'.repeat(64)}A00301000100`],
    ['ECC 256 where 384 is asked', { ec: 384 }, `B041${point}F0010000`],
  ])('%s', (_, floor, field) => {
    const leastKeyBits = { aes: 128, des: 112, rsa: 1024, ec: 256, ...floor }
    const host = openCard({ leastKeyBits })
    const before = keys(host)
    expect(host.send(0xd8, 0, 1, `20${field}`)).toBe('6A80')
    expect(keys(host)).toBe(before)
  })
})

describe('DELETE [key]', () => {
  it.each([
    ['that is not there', 'D00109D20101', '6A88'],
    ['of a version that is not there', 'D20122', '6A88'],
    ['of two bytes', 'D2020101', '6A80'],
    ['with an AID', '4F05F000000001D20101', '6A80'],
    ['with the identifier twice', 'D00101D00102', '6A80'],
    ["of the issuer's last keys", 'D20101', '6985'],
  ])('%s is refused', (_, data, status) => {
    const host = openCard()
    const before = keys(host)
    expect(host.send(0xe4, 0, 0, data)).toBe(status)
    expect(keys(host)).toBe(before)
  })

  it('takes one key, one version, or one identifier', () => {
    const host = openCard()
    host.putKeys(0x20, [key(1), key(2), key(3)])
    expect(host.send(0xe4, 0, 0, 'D00102D20120')).toBe('009000')
    expect(keys(host)).not.toContain('C0040220')
    expect(host.send(0xe4, 0, 0, 'D20120')).toBe('009000')
    expect(keys(host)).not.toMatch(/C0040[123]20/)
    expect(host.send(0xe4, 0, 0, 'D00103')).toBe('009000')
    expect(keys(host)).toMatch(/^E00CC0040101/)
  })
})

describe('STORE DATA with keys in data groups', () => {
  const template = (o: { usage?: string; type?: string; length?: string; id: number; kvn: number; check?: string }) => {
    const { usage = '18', type = '88', length = '10', id, kvn, check = '' } = o
    const body = `9501${usage}8001${type}8101${length}8201${byte(id)}8301${byte(kvn)}${check && `84${lv(fromHex(check))}`}`
    return `B9${lv(fromHex(body))}`
  }
  const dgi = (identifier: string, hex: string) => `${identifier}${lv(fromHex(hex))}`
  const sealed = (value: Uint8Array) => toHex(nodeCrypto.aesCbcEncrypt(TEST_KEY, new Uint8Array(16), value))
  const check = (value: Uint8Array) => toHex(aesKeyCheckValue(nodeCrypto, value))
  const good = template({ id: 1, kvn: 0x30, check: check(key(1)) })
  const store = (host: GpHost, groups: string, p1 = 0xe8) => host.send(0xe2, p1, 0, groups)

  it.each([
    ['without the key', dgi('00B9', good), '6A80'],
    ['with a key that nobody announced', dgi('8113', sealed(key(1))), '6A88'],
    ['with a key of another kind', dgi('00B9', good) + dgi('0036', sealed(key(1))), '6A80'],
    ['with a half block', dgi('00B9', good) + dgi('8113', sealed(key(1)).slice(0, 16)), '6A80'],
    ['with another key than the check value says', dgi('00B9', good) + dgi('8113', sealed(key(2))), '6982'],
    [
      'of version 80',
      dgi('00B9', template({ id: 1, kvn: 0x80, check: check(key(1)) })) + dgi('8113', sealed(key(1))),
      '6A80',
    ],
    ['that says no identifier', `${dgi('00B9', 'B906950118800188')}${dgi('8113', sealed(key(1)))}`, '6A80'],
    ['with the group cut off', `00B9${lv(fromHex(good))}8113FF`, '6A80'],
  ])('%s is refused, and nothing has changed', (_, groups, status) => {
    const host = openCard()
    const before = keys(host)
    expect(store(host, groups)).toBe(status)
    expect(keys(host)).toBe(before)
  })

  it('adds three keys that open a channel', () => {
    const host = openCard()
    const all = [key(1), key(2), key(3)] as const
    const usages = ['18', '14', '48']
    const templates = all.map((one, i) => template({ usage: usages[i]!, id: i + 1, kvn: 0x30, check: check(one) }))
    const groups = dgi('00B9', templates.join('')) + all.map((one) => dgi('8113', sealed(one))).join('')
    expect(store(host, groups)).toBe('9000')
    const [enc, mac, dek] = all
    expect(host.select()).toMatch(/9000$/)
    expect(host.open({ kvn: 0x30, keys: { enc, mac, dek } })).toBe('9000')
  })

  it('one key keeps the counter of its set, a whole set begins anew; PUT KEY alike', () => {
    const host = openCard()
    const counter = () => host.send(0xca, 0, 0xc1)
    const groups = (all: readonly Uint8Array[], kvn: number) => {
      const templates = all.map((one, i) => template({ id: i + 1, kvn, check: check(one) }))
      return dgi('00B9', templates.join('')) + all.map((one) => dgi('8113', sealed(one))).join('')
    }
    host.open()
    expect(counter()).toBe('C1030000029000')
    // The same ENC key: with the counter at zero, the card's challenges would be those of before. GPC Amd D §6.2.2.1
    expect(store(host, groups([TEST_KEY], 0x01))).toBe('9000')
    expect(counter()).toBe('C1030000029000')
    expect(host.putKeys(0x01, [TEST_KEY], { p1: 0x01 })).toMatch(/9000$/)
    expect(counter()).toBe('C1030000029000')
    expect(store(host, groups([TEST_KEY, TEST_KEY], 0x01))).toBe('9000')
    expect(counter()).toBe('C1030000029000')
    expect(store(host, groups([key(1), key(2), key(3)], 0x01))).toBe('9000')
    expect(counter()).toBe('C1030000009000')
  })

  it('a whole set takes the place of the keys of the factory, as with PUT KEY', () => {
    const issuerKeys = { from: 'well-known', keyVersion: 0xff, type: 'aes', lengthBytes: 16 } as const
    const all = [key(1), key(2), key(3)]
    const templates = all.map((one, i) => template({ id: i + 1, kvn: 0x30, check: check(one) }))
    const groups = dgi('00B9', templates.join('')) + all.map((one) => dgi('8113', sealed(one))).join('')
    for (const act of [(host: GpHost) => store(host, groups), (host: GpHost) => host.putKeys(0x30, all)]) {
      const host = openCard({ issuerKeys })
      expect(store(host, dgi('00B9', good) + dgi('8113', sealed(key(1))))).toBe('9000')
      expect(keys(host)).toMatch(/C00401FF/) // one key is no set
      expect(host.send(0xe4, 0, 0, 'D20130')).toBe('009000')
      expect(act(host)).toMatch(/9000$/)
      expect(keys(host)).not.toMatch(/C0040[123]FF/)
    }
  })

  it('a symmetric key is one component, with its check value: two are none', () => {
    const host = openCard()
    const before = keys(host)
    const twice = good + template({ id: 1, kvn: 0x30, check: '000000' })
    expect(store(host, dgi('00B9', twice) + dgi('8113', sealed(key(1))) + dgi('8113', sealed(key(2))))).toBe('6A80')
    expect(keys(host)).toBe(before)
  })

  it('for a domain that INSTALL [for personalization] named', () => {
    const host = openCard()
    installDomain(host)
    expect(host.send(0xe6, 0x20, 0, `0000${lv(SSD_AID)}000000`)).toBe('009000')
    expect(store(host, dgi('00B9', good) + dgi('8113', sealed(key(1))))).toBe('9000')
    reopen(host, SSD_AID)
    expect(keys(host)).toMatch(/C00401308810/)
    reopen(host)
    expect(keys(host)).not.toMatch(/C0040130/)
  })
})
