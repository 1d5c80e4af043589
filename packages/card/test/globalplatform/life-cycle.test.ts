import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { installDomain, loadPackage, openCard, reopen, SSD_AID, testPackage } from './gp-card.ts'
import type { GpHost } from './gp-host.ts'

const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')
const setCard = (host: GpHost, state: number) => host.send(0xf0, 0x80, state)

describe('the life cycle of the card', () => {
  it('goes forward only, but for the lock', () => {
    const host = openCard()
    expect([setCard(host, 0x0f), setCard(host, 0x7f), setCard(host, 0x01)]).toEqual(['6985', '6985', '6985'])
    expect([setCard(host, 0x07), setCard(host, 0x01), setCard(host, 0x0f), setCard(host, 0x07)]).toEqual([
      '9000',
      '6985',
      '9000',
      '6985',
    ])
    expect([setCard(host, 0x7f), setCard(host, 0x0f)]).toEqual(['9000', '9000'])
    expect([setCard(host, 0xff), host.getStatus(0x80)]).toEqual(['9000', '6985'])
  })

  it('CARD_LOCKED: only the final application, no channels, no change of content', () => {
    const host = openCard()
    loadPackage(host, ONE)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })
    for (const state of [0x07, 0x0f, 0x7f]) setCard(host, state)
    expect(host.delete(INSTANCE)).toBe('6985')
    expect(host.putKeys(0x20, [new Uint8Array(16).fill(1)])).toBe('6985')
    host.card.powerOn()
    expect(host.select(INSTANCE)).toBe('6A81')
    expect(host.raw('0070000001')).toBe('6A81')
    expect(host.select()).toMatch(/^6F.*6283$/)
    expect(host.open()).toBe('9000')
    expect(setCard(host, 0x0f)).toBe('9000')
    expect(host.select(INSTANCE)).toBe('9000')
  })
})

describe('the life cycle of applications', () => {
  it('locks and comes back to the state before; alone, or with all below a domain', () => {
    const host = openCard()
    loadPackage(host, ONE)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })
    installDomain(host)
    const lock = (type: number, state: number, aid: Uint8Array) => host.send(0xf0, type, state, aid)
    expect(lock(0x40, 0x07, INSTANCE)).toBe('6985')
    expect([lock(0x40, 0x80, INSTANCE), lock(0x40, 0x80, INSTANCE)]).toEqual(['9000', '6985'])
    expect(host.getStatus(0x40, '4F06F04752494401')).toContain('9F700187')
    expect(host.select(INSTANCE)).toBe('6A82')
    reopen(host)
    expect(lock(0x40, 0x00, INSTANCE)).toBe('9000')
    expect(host.getStatus(0x40, '4F06F04752494401')).toContain('9F700107')
    expect([lock(0x60, 0x80, INSTANCE), lock(0x60, 0x80, SSD_AID), lock(0x60, 0x80, SSD_AID)]).toEqual([
      '6A80',
      '9000',
      '9000',
    ])
    expect(host.select(SSD_AID)).toBe('6A82')
    expect(lock(0x40, 0x80, fromHex('F000000001'))).toBe('6982')
  })
})
