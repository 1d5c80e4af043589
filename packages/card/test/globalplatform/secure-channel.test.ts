import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { installDomain, openCard, reopen, SSD_AID } from './gp-card.ts'
import { GpHost, TEST_KEYS } from './gp-host.ts'
import { gpProfile, ISD_AID } from './gp-profiles.ts'

const STATUS_OF_ISSUER = /^E3.*9000$/
const otherKey = new Uint8Array(16).fill(0x77)
const OTHER_KEYS = { enc: otherKey, mac: otherKey, dek: otherKey }
const desKey = fromHex('404142434445464748494A4B4C4D4E4F')

function blank(o = {}): GpHost {
  const card = Card.create({ profile: gpProfile(o), crypto: nodeCrypto })
  card.powerOn()
  const host = new GpHost(card)
  host.select()
  return host
}

describe('EXTERNAL AUTHENTICATE', () => {
  it('is refused before INITIALIZE UPDATE', () => {
    expect(blank().raw(`8482010010${'00'.repeat(16)}`)).toBe('6985')
  })

  it('refuses a wrong cryptogram with 6300, a wrong MAC with 6982, and a second try with 6985', () => {
    for (const [position, status] of [
      [10, '6300'],
      [26, '6982'],
    ] as const) {
      const host = blank()
      let sent = ''
      const { raw } = host
      host.raw = (hex) => {
        if (!hex.startsWith('8482')) return raw.call(host, hex)
        sent = hex
        return raw.call(host, flipped(hex, position))
      }
      expect(host.open()).toBe(status)
      host.raw = raw
      expect(host.raw(sent)).toBe('6985')
      expect(host.getStatus(0x80)).toBe('6982')
    }
  })

  it('refuses a level that the protocol option does not have', () => {
    expect(blank({ secureChannels: [{ protocol: 3, i: 0x00 }] }).open({ level: 0x11 })).toBe('6A86')
    expect(blank({ secureChannels: [{ protocol: 3, i: 0x20 }] }).open({ level: 0x33 })).toBe('6A86')
    expect(blank().open({ level: 0x02 })).toBe('6A86')
  })

  it('refuses wrong lengths with 6700', () => {
    const host = blank()
    expect(host.raw('80500000070102030405060700')).toBe('6700')
    host.initializeUpdate()
    expect(host.raw(`848201000F${'00'.repeat(15)}`)).toBe('6700')
  })

  it('finds no keys of another version: 6A88', () => {
    expect(blank().initializeUpdate({ kvn: 9 })).toBe('6A88')
  })

  it('counts failures over resets and then opens nothing more: 6983', () => {
    const host = blank({ mostFailedAuthentications: 3 })
    const wrong = () => {
      host.initializeUpdate()
      return host.raw(`8482010010${'00'.repeat(16)}`)
    }
    expect([wrong(), wrong()]).toEqual(['6300', '6300'])
    host.card.powerOn()
    expect(reopen(host).level).toBe(1) // a success begins anew
    expect([wrong(), wrong()]).toEqual(['6300', '6300'])
    const again = Card.open({
      profile: gpProfile({ mostFailedAuthentications: 3 }),
      crypto: nodeCrypto,
      image: host.card.image(),
    })
    again.powerOn()
    const other = new GpHost(again)
    other.select()
    other.initializeUpdate()
    expect(other.raw(`8482010010${'00'.repeat(16)}`)).toBe('6300')
    expect(other.initializeUpdate()).toBe('6983')
    expect(other.open()).toBe('6983')
  })
})

describe('SCP03', () => {
  const options = [0x00, 0x10, 0x20, 0x30, 0x60, 0x70, 0x71, 0x61]
  it.each(options)('opens with i = %i at every level it has', (i) => {
    const host = blank({ secureChannels: [{ protocol: 3, i }] })
    const hostChallenge = new Uint8Array(i & 1 ? 16 : 8).fill(0x5a)
    const levels = [0x00, 0x01, 0x03, ...(i & 0x20 ? [0x11, 0x13] : []), ...((i & 0x60) === 0x60 ? [0x33] : [])]
    for (const level of levels) {
      expect(host.open({ level, hostChallenge }), `level ${level}`).toBe('9000')
      expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
      expect(host.send(0xe4, 0, 0, '4F05F000000001')).toBe('6A88') // an error has no R-MAC
      expect(host.getStatus(0x20)).toMatch(STATUS_OF_ISSUER)
    }
  })

  it('answers in S8 or S16 as the host speaks, where the domain has both; else 6700', () => {
    const long = new Uint8Array(16).fill(0x5a)
    const only = (...i: number[]) => blank({ secureChannels: i.map((one) => ({ protocol: 3, i: one })) })
    expect(only(0x70).open({ hostChallenge: long })).toBe('6700')
    expect(only(0x71).open()).toBe('6700')
    const host = only(0x70, 0x60, 0x71)
    expect(host.initializeUpdate({ hostChallenge: long })).toMatch(/^(..){11}0371/)
    expect(host.initializeUpdate()).toMatch(/^(..){11}0370/)
    expect(host.open({ level: 0x33, hostChallenge: long })).toBe('9000')
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    expect(host.initializeUpdate({ hostChallenge: new Uint8Array(12) })).toBe('6700')
  })

  it.each([16, 24, 32])('opens with keys of %i bytes', (lengthBytes) => {
    const host = openCard()
    const key = new Uint8Array(lengthBytes).map((_, i) => i + 1)
    expect(host.putKeys(0x21, [key, key, key])).toMatch(/^21.{18}9000$/)
    expect(host.open({ kvn: 0x21, keys: { enc: key, mac: key, dek: key }, level: 0x33 })).toBe('9000')
  })

  it('gives a pseudo-random challenge from a counter that persists', () => {
    const host = blank()
    expect(host.initializeUpdate().slice(-10)).toBe('0000019000')
    expect(host.initializeUpdate().slice(-10)).toBe('0000029000')
    expect(host.raw('80CA00C100')).toBe('C1030000029000')
    const again = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
    again.powerOn()
    const other = new GpHost(again)
    other.select()
    expect(other.initializeUpdate().slice(-10)).toBe('0000039000')
  })

  it('refuses replayed, reordered, bare and changed commands, and everything after them', () => {
    const attacks: Readonly<Record<string, (host: GpHost) => string>> = {
      replay: (host) => {
        const sent = host.protect(0xf2, 0x80, 0x02, fromHex('4F00'))
        expect(host.raw(sent)).toMatch(STATUS_OF_ISSUER)
        return host.raw(sent)
      },
      reorder: (host) => {
        host.protect(0xf2, 0x80, 0x02, fromHex('4F00'))
        return host.raw(host.protect(0xf2, 0x20, 0x02, fromHex('4F00')))
      },
      bare: (host) => host.raw('80F28002024F0000'),
      'another P1': (host) => host.raw(host.protect(0xf2, 0x80, 0x02, fromHex('4F00')).replace('84F280', '84F220')),
      'a bit of the MAC': (host) => host.raw(flipped(host.protect(0xf2, 0x80, 0x02, fromHex('4F00')), 26)),
      'a shorter one': (host) => host.raw('84F2800204AABBCCDD00'),
    }
    for (const level of [0x01, 0x03]) {
      for (const [name, attack] of Object.entries(attacks)) {
        const host = openCard({}, { level })
        expect(attack(host), name).toBe('6982')
        expect(host.getStatus(0x80), `after ${name}`).toBe('6982')
        expect(reopen(host).getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
      }
    }
  })

  it.each([
    ['a new INITIALIZE UPDATE', (host: GpHost) => host.initializeUpdate()],
    ['SELECT', (host: GpHost) => host.raw('00A4040008A00000015100000000')],
    ['a reset', (host: GpHost) => toHex(host.card.powerOn())],
  ])('ends with %s', (_, end) => {
    const host = openCard()
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    end(host)
    expect(host.getStatus(0x80)).toBe('6982')
  })

  it('has a session for each channel, and each ends with its own', () => {
    const host = openCard()
    expect(host.raw('0070000001')).toBe('019000')
    const other = new GpHost(host.card)
    other.channel = 1
    other.select()
    expect(other.open({ level: 0x03 })).toBe('9000')
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    expect(other.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    expect(host.raw('00708001')).toBe('9000')
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    host.raw('0070000001')
    expect(other.getStatus(0x80)).toBe('6982')
  })

  it('begins and ends an R-MAC session', () => {
    const host = openCard({}, { level: 0x03 })
    expect(host.send(0x7a, 0x30, 0x01)).toBe('9000')
    host.level = 0x33
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    expect(host.send(0x7a, 0x10, 0x01)).toBe('6985')
    expect(host.send(0x78, 0x00, 0x03)).toBe('9000')
    host.level = 0x03
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    expect(host.send(0x78, 0x00, 0x03)).toBe('6985')
  })
})

describe('SCP02', () => {
  const desCard = (i: number) =>
    blank({
      secureChannels: [{ protocol: 2, i }],
      issuerKeys: { from: 'well-known', keyVersion: 1, type: 'des', lengthBytes: 16 },
    })

  it.each([0x15, 0x55])('opens with i = %i and counts', (i) => {
    const host = desCard(i)
    for (const level of [0x00, 0x01, 0x03]) {
      expect(host.open({ level })).toBe('9000')
      expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
      expect(host.send(0xe4, 0, 0, '4F05F000000001')).toBe('6A88')
    }
    expect(host.raw('80CA00C100')).toBe('6982')
    host.select()
    expect(host.raw('80CA00C100')).toBe('C10200039000')
  })

  it.each([0x35, 0x75])('protects answers with i = %i; their chain goes through errors, too', (i) => {
    const host = desCard(i)
    expect(host.open({ level: 0x11 })).toBe('9000')
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
    expect(host.send(0xe4, 0, 0, '4F05F000000001')).toBe('6A88')
    expect(host.getStatus(0x20)).toMatch(STATUS_OF_ISSUER)
  })

  it('is not there on a card that does not offer it', () => {
    const host = openCard({ secureChannels: [{ protocol: 3, i: 0x70 }] })
    expect(host.putKeys(0x22, [desKey, desKey, desKey], { type: 'des' })).toMatch(/9000$/)
    expect(host.initializeUpdate({ kvn: 0x22 })).toBe('6A88')
  })

  it('opens with keys put through SCP03, and the other way round', () => {
    const host = openCard()
    expect(host.putKeys(0x22, [desKey, desKey, desKey], { type: 'des' })).toMatch(/^22.*9000$/)
    expect(host.open({ kvn: 0x22, level: 0x03, keys: { enc: desKey, mac: desKey, dek: desKey } })).toBe('9000')
    expect(host.protocol).toBe(0x02)
    expect(host.getStatus(0x80)).toMatch(STATUS_OF_ISSUER)
  })
})

describe('a domain without keys', () => {
  it('opens with those of the domain above, until it has its own', () => {
    const host = openCard()
    expect(installDomain(host)).toBe('009000')
    reopen(host, SSD_AID)
    expect(host.getStatus(0x80)).toBe('6A86')
    expect(host.getStatus(0x40)).toContain(`4F07${toHex(SSD_AID)}`)
    expect(host.putKeys(0x30, [otherKey, otherKey, otherKey])).toMatch(/9000$/)
    host.select(SSD_AID)
    expect(host.open({ keys: TEST_KEYS })).toBe('card cryptogram wrong')
    expect(reopen(host, SSD_AID, { keys: OTHER_KEYS }).level).toBe(1)
    expect(toHex(ISD_AID)).toBe('A000000151000000')
  })

  it('gets the protocol that its installation says, if the card has it', () => {
    const host = openCard({
      secureChannels: [
        { protocol: 3, i: 0x70 },
        { protocol: 3, i: 0x00 },
      ],
    })
    expect(installDomain(host, SSD_AID, '80', 'C90481020360')).toBe('6985')
    expect(installDomain(host, SSD_AID, '80', 'C90481020300')).toBe('009000')
    reopen(host, SSD_AID)
    host.putKeys(0x30, [otherKey, otherKey, otherKey])
    host.select(SSD_AID)
    expect(host.initializeUpdate().slice(20, 26)).toBe('300300')
    expect(host.open({ keys: OTHER_KEYS, level: 0x11 })).toBe('6A86')
    expect(host.open({ keys: OTHER_KEYS, level: 0x03 })).toBe('9000')
  })
})

/** One bit of a byte of the hex text, counted in hex digits. */
function flipped(hex: string, at: number): string {
  const digit = (Number.parseInt(hex[at]!, 16) ^ 1).toString(16).toUpperCase()
  return hex.slice(0, at) + digit + hex.slice(at + 1)
}
