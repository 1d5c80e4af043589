import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { installDomain, loadPackage, openCard, reopen, SSD_AID, testPackage } from './gp-card.ts'
import { byte, GpHost, lv } from './gp-host.ts'
import { gpProfile, ISD_AID } from './gp-profiles.ts'

const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')
const get = (host: GpHost, tag: number, data = '') => host.send(0xca, tag >> 8, tag & 0xff, data)
const template = (aid: Uint8Array) => `61${byte(aid.length + 2)}4F${lv(aid)}`

// GPC 2.3.1 §11.3.2.1
describe('GET DATA', () => {
  it('42 and 45 are what was stored, as a whole object or its value; an empty one is none', () => {
    const host = openCard()
    expect(get(host, 0x42)).toBe('6A88')
    expect(host.send(0xe2, 0x90, 0, '420212344503AABBCC')).toBe('9000')
    expect(get(host, 0x45)).toBe('4503AABBCC9000')
    host.select()
    expect(host.raw('00CA004500')).toBe('AABBCC9000')
    reopen(host)
    expect(host.send(0xe2, 0x90, 0, '4500')).toBe('9000')
    expect(get(host, 0x45)).toBe('6A88')
  })

  it('66 and E0 are of the domain that is asked, 67 of the issuer', () => {
    const host = openCard()
    installDomain(host)
    for (const tag of [0x66, 0x67, 0xe0]) expect(get(host, tag)).toMatch(/9000$/)
    reopen(host, SSD_AID)
    expect(get(host, 0x66)).toMatch(/^66.*9000$/)
    expect(get(host, 0x67)).toBe('6A88')
    expect(get(host, 0xe0)).toBe('E0009000')
  })

  it('D3 is the level of the session', () => {
    const host = openCard()
    for (const [level, answer] of [
      [0x01, '81'],
      [0x13, '93'],
      [0x33, 'B3'],
    ] as const) {
      reopen(host, ISD_AID, { level })
      expect(get(host, 0xd3)).toBe(`D301${answer}9000`)
    }
    host.select()
    expect(host.raw('80CA00D300')).toBe('D301009000')
  })

  it('9F7F is 42 bytes, from anybody, until it was personalized', () => {
    const host = openCard()
    expect(get(host, 0x9f7f)).toMatch(/^9F7F2A[0-9A-F]{84}9000$/)
    expect(host.send(0xe2, 0x90, 0, '9F67081122334455667788')).toBe('9000')
    expect(get(host, 0x9f7f)).toMatch(/11223344556677889000$/)
    expect(host.send(0xe2, 0x90, 0, '9F670711223344556677')).toBe('6A80')
    for (const state of [0x07, 0x0f]) host.send(0xf0, 0x80, state)
    expect(host.send(0xe2, 0x90, 0, '9F67080000000000000000')).toBe('6985')
  })

  it('2F00 names the applications below, or all with Global Registry; INS by class', () => {
    const host = openCard()
    loadPackage(host, ONE)
    installDomain(host)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })
    const all = [ISD_AID, SSD_AID, INSTANCE].map(template)
    expect(get(host, 0x2f00, '5C00')).toBe(`${all.join('')}9000`)
    expect(get(host, 0x2f00)).toBe('6A80')
    expect(host.send(0xcb, 0x2f, 0x00, '5C00')).toBe('6D00')
    reopen(host, SSD_AID)
    expect(get(host, 0x2f00, '5C00')).toBe(`${template(SSD_AID)}9000`)
    host.select()
    expect(host.raw('00CB2F00025C0000')).toBe(`${all.join('')}9000`)
    expect(host.raw('00CA2F00025C0000')).toBe('6A86')
  })

  // ETSI TS 102 226 §8.2.1.7: number of applications, free non-volatile, free volatile memory
  it('FF21 goes with what is installed', () => {
    const host = openCard()
    const resources = () => {
      const match = /^FF21108102(....)8204(.{8})8304(.{8})9000$/.exec(get(host, 0xff21))
      return match!.slice(1).map((one) => Number.parseInt(one, 16))
    }
    const [none, free] = resources()
    expect(none).toBe(0)
    loadPackage(host, ONE)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })
    const [one, less] = resources()
    expect(one).toBe(1)
    expect(less).toBeLessThan(free!)
  })

  it('C1 and C2 are counters', () => {
    const host = openCard()
    expect(get(host, 0xc1)).toBe('C1030000019000')
    reopen(host)
    expect(get(host, 0xc1)).toBe('C1030000029000')
    expect(get(host, 0xc2)).toBe('C20200009000')
    installDomain(host)
    reopen(host, SSD_AID)
    expect(get(host, 0xc2)).toBe('6A88')
  })

  it.each(['C1', 'C2', 'D3', 'E0'])('%s is not for storing', (tag) => {
    const host = openCard()
    expect(host.send(0xe2, 0x90, 0, `${tag}0100`)).toBe('6A80')
    expect(host.send(0xe2, 0x90, 0, 'FF210100')).toBe('6A80')
    expect(host.send(0xe2, 0x90, 0, '2F000100')).toMatch(/^6A80|9000$/)
  })
})

// GPC 2.3.1 §11.11.2.3
describe('STORE DATA of the AID of the issuer', () => {
  const AID = fromHex('F0475249445353')

  it('is refused if it is somebody else, no AID, or not of the issuer', () => {
    const host = openCard()
    loadPackage(host, ONE)
    installDomain(host)
    const store = (data: string) => host.send(0xe2, 0x90, 0, data)
    expect([store(`4F${lv(SSD_AID)}`), store(`4F${lv(ONE.aid)}`)]).toEqual(['6985', '6985'])
    expect([store('4F04F0475249'), store(`4F11${'F0'.repeat(17)}`)]).toEqual(['6A80', '6A80'])
    expect(host.select()).toMatch(/9000$/)
    reopen(host, SSD_AID)
    expect(host.send(0xe2, 0x90, 0, `4F${lv(AID)}`)).toBe('6A80')
  })

  it('renames it for SELECT, GET STATUS and challenges, also after a restart', () => {
    const host = openCard()
    expect(host.send(0xe2, 0x90, 0, `4F${lv(AID)}`)).toBe('9000')
    expect(host.getStatus(0x80)).toContain(`4F${lv(AID)}`)
    const again = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
    again.powerOn()
    const other = new GpHost(again)
    expect(other.select()).toBe('6A82')
    expect(other.select(AID)).toContain(`84${lv(AID)}`)
    expect(other.open()).toBe('9000')
    expect(other.raw('00A4040000')).toContain(toHex(AID))
  })

  it('with something behind that is refused, renames nothing', () => {
    const host = openCard()
    expect(host.send(0xe2, 0x90, 0, `4F${lv(AID)}C10100`)).toBe('6A80')
    expect(host.select()).toContain(toHex(ISD_AID))
    host.card.powerOn()
    expect(host.select(AID)).toBe('6A82')
  })
})

// GPC 2.3.1 §11.4.2.2, §11.4.3.2
describe('GET STATUS in parts', () => {
  it('63 10 until the last; every entry once, whole; NEXT only after a first', () => {
    const host = openCard()
    expect(host.getStatus(0x40, '4F00', 0x03)).toBe('6985')
    const aids = Array.from({ length: 20 }, (_, i) => fromHex(`F047524944475354${byte(i)}`))
    for (const aid of aids) expect(installDomain(host, aid)).toBe('009000')
    for (const level of [0x01, 0x13]) {
      reopen(host, ISD_AID, { level })
      const parts = [host.getStatus(0x40)]
      while (parts.at(-1)!.endsWith('6310')) parts.push(host.getStatus(0x40, '4F00', 0x03))
      expect(parts.length).toBeGreaterThan(2)
      expect(parts.at(-1)).toMatch(/9000$/)
      const found = parts.flatMap((part) => [...part.matchAll(/E3..4F09([0-9A-F]{18})/g)].map(([, aid]) => aid))
      expect(found).toEqual(aids.map(toHex))
      expect(host.getStatus(0x40, '4F00', 0x03)).toBe('6985')
    }
  })

  it('another command in between begins anew', () => {
    const host = openCard()
    for (let i = 0; i < 10; i++) installDomain(host, fromHex(`F047524944475354${byte(i)}`))
    expect(host.getStatus(0x40)).toMatch(/6310$/)
    expect(host.getStatus(0x80)).toMatch(/9000$/)
    expect(host.getStatus(0x40, '4F00', 0x03)).toBe('6985')
  })
})
