import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { installDomain, loadPackage, openCard, reopen, SSD_AID, testPackage } from './gp-card.ts'
import { type GpHost, lv } from './gp-host.ts'
import { ISD_AID } from './gp-profiles.ts'

const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')
const NOBODY = fromHex('F0475249444E4F')
const NONE = new Uint8Array()

interface Update {
  readonly domain?: Uint8Array
  readonly aid?: Uint8Array
  readonly privileges?: string
  readonly parameters?: string
}

/** INSTALL [for registry update]. */
function update(host: GpHost, o: Update): string {
  const { domain = NONE, aid = NONE, privileges = '', parameters = '' } = o
  const fields = [domain, NONE, aid, fromHex(privileges), fromHex(parameters)]
  return host.send(0xe6, 0x40, 0, `${fields.map(lv).join('')}00`)
}

const extradite = (host: GpHost, domain: Uint8Array, aid: Uint8Array) =>
  host.send(0xe6, 0x10, 0, `${lv(domain)}00${lv(aid)}000000`)

/** One application and one domain. */
function filledCard(): GpHost {
  const host = openCard()
  expect(loadPackage(host, ONE)).toBe('009000')
  expect(host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })).toBe('009000')
  expect(installDomain(host)).toBe('009000')
  return host
}

const applications = (host: GpHost) => host.getStatus(0x40) + host.getStatus(0x80)

describe('INSTALL [for registry update]', () => {
  it.each<readonly [string, Update, string]>([
    ['of nobody', { aid: NOBODY, privileges: '000000' }, '6A88'],
    ['to a domain that is not there', { aid: INSTANCE, domain: NOBODY }, '6A88'],
    ['to an application that is no domain', { aid: SSD_AID, domain: INSTANCE }, '6A88'],
    ['of the issuer to another domain', { aid: ISD_AID, domain: SSD_AID }, '6985'],
    ['that makes a domain of an application', { aid: INSTANCE, privileges: '800000' }, '6A80'],
    ['that makes an application of a domain', { aid: SSD_AID, privileges: '000000' }, '6A80'],
    ['with privileges that exclude each other', { aid: SSD_AID, privileges: 'A04000' }, '6A80'],
    ['with DAP Verification for an application', { aid: INSTANCE, privileges: '400000' }, '6A80'],
    ['with privileges of four bytes', { aid: INSTANCE, privileges: '00000000' }, '6A80'],
    ['with parameters that are cut off', { aid: INSTANCE, parameters: 'CF05' }, '6A80'],
    ['with a restriction of two bytes', { aid: SSD_AID, parameters: 'D9020101' }, '6A80'],
    ['with a restriction that is RFU', { aid: SSD_AID, parameters: 'D90180' }, '6A80'],
    ['that restricts an application', { aid: INSTANCE, parameters: 'D90101' }, '6A80'],
    ['of the card without a restriction', {}, '6A80'],
    ['of the card with privileges', { privileges: '000000', parameters: 'D90101' }, '6A80'],
    ['on a channel that there is not', { aid: INSTANCE, parameters: 'CF015F' }, '6A80'],
    ['with a restriction that is RFU, in EF', { aid: SSD_AID, parameters: 'EF03D90180' }, '6A80'],
    ['on a channel that there is not, in EF', { aid: INSTANCE, parameters: 'EF03CF015F' }, '6A80'],
  ])('%s is refused, and nothing has changed', (_, o, status) => {
    const host = filledCard()
    const before = applications(host)
    expect(update(host, o)).toBe(status)
    expect(applications(host)).toBe(before)
  })

  it('by a domain without management is refused; of what is above it, too', () => {
    const host = filledCard()
    reopen(host, SSD_AID)
    expect(update(host, { aid: SSD_AID, privileges: '800000' })).toBe('6985')
    reopen(host)
    const manager = fromHex('F04752494453445A')
    expect(installDomain(host, manager, '804000')).toBe('009000')
    reopen(host, manager)
    expect(update(host, { aid: INSTANCE, privileges: '000000' })).toBe('6985')
    expect(update(host, { parameters: 'D90101' })).toBe('6985')
  })

  it('grants, moves and revokes what only one can have', () => {
    const host = filledCard()
    expect(update(host, { aid: INSTANCE, privileges: '040000' })).toBe('009000')
    const reset = (one: GpHost) => [...one.getStatus(0x40).matchAll(/C503([0-9A-F]{6})/g)].map(([, bits]) => bits)
    expect(reset(host)).toContain('040000')
    expect(host.getStatus(0x80)).not.toMatch(/C503.[4567CDEF]/) // Card Reset has left the issuer
    expect(update(host, { aid: SSD_AID, privileges: '840000' })).toBe('6985')
    expect(update(host, { aid: INSTANCE, privileges: '000000' })).toBe('009000')
    expect(host.getStatus(0x80)).toMatch(/C503.[4567CDEF]/)
  })

  // GPC 2.3.1 table 11-49 note: appended, never deleted; the registry shows each
  it('adds implicit selection, from EF', () => {
    const host = filledCard()
    expect(update(host, { aid: INSTANCE, parameters: 'EF03CF0141' })).toBe('009000')
    expect(update(host, { aid: INSTANCE, parameters: 'EF03CF0142' })).toBe('009000')
    expect(host.getStatus(0x40, `4F${lv(INSTANCE)}`)).toContain('CF0141CF0142')
  })

  it('moves to a domain, as extradition does', () => {
    const host = filledCard()
    expect(update(host, { aid: INSTANCE, domain: SSD_AID })).toBe('009000')
    expect(host.getStatus(0x40, `4F${lv(INSTANCE)}`)).toContain(`CC${lv(SSD_AID)}`)
  })

  it.each<readonly [string, string, (host: GpHost) => string]>([
    ['DELETE', '01', (host) => host.delete(INSTANCE)],
    ['LOAD', '02', (host) => host.installForLoad(testPackage(2).aid)],
    [
      'INSTALL [for install]',
      '04',
      (host) => host.install({ loadFile: ONE.aid, module: ONE.module, instance: NOBODY, p1: 0x04 }),
    ],
    [
      'INSTALL [for make selectable]',
      '08',
      (host) => host.install({ loadFile: NONE, module: NONE, instance: INSTANCE, p1: 0x08 }),
    ],
    ['extradition', '10', (host) => extradite(host, SSD_AID, INSTANCE)],
    ['personalization', '20', (host) => host.send(0xe6, 0x20, 0, `0000${lv(SSD_AID)}000000`)],
    ['registry update', '40', (host) => update(host, { aid: INSTANCE, privileges: '000000' })],
  ])('%s is switched off for good by restrict %s of the card, and of a domain', (_, bit, act) => {
    const host = filledCard()
    expect(update(host, { parameters: `EF03D901${bit}` })).toBe('009000')
    host.card.powerOn()
    reopen(host)
    expect(act(host)).toBe('6985')
    // What was switched off does not come back with a zero; and the issuer's own restriction does the same.
    if (bit !== '40') expect(update(host, { parameters: 'D90100' })).toBe('009000')
    expect(act(host)).toBe('6985')
    const own = filledCard()
    expect(update(own, { aid: ISD_AID, parameters: `D901${bit}` })).toBe('009000')
    expect(act(own)).toBe('6985')
  })
})

describe('INSTALL [for extradition]', () => {
  const BELOW = fromHex('F04752494453444C')
  it.each<readonly [string, Uint8Array, Uint8Array, string]>([
    ['of nobody', SSD_AID, NOBODY, '6A88'],
    ['of nothing', SSD_AID, NONE, '6A88'],
    ['to nobody', NOBODY, INSTANCE, '6A88'],
    ['to an application', INSTANCE, SSD_AID, '6A88'],
    ['of the issuer', SSD_AID, ISD_AID, '6985'],
  ])('%s is refused', (_, domain, aid, status) => {
    const host = filledCard()
    const before = applications(host)
    expect(extradite(host, domain, aid)).toBe(status)
    expect(applications(host)).toBe(before)
  })

  it('to a locked domain is refused', () => {
    const host = filledCard()
    expect(host.send(0xf0, 0x40, 0x80, SSD_AID)).toBe('9000')
    expect(extradite(host, SSD_AID, INSTANCE)).toBe('6985')
  })

  it('of a domain below itself is refused', () => {
    const host = filledCard()
    installDomain(host, BELOW)
    expect(extradite(host, SSD_AID, BELOW)).toBe('009000')
    expect(extradite(host, BELOW, SSD_AID)).toBe('6985')
  })

  it('with privileges, or with data behind, is refused', () => {
    const host = filledCard()
    expect(host.send(0xe6, 0x10, 0, `${lv(SSD_AID)}00${lv(INSTANCE)}01000000`)).toBe('6A80')
    expect(host.send(0xe6, 0x10, 0, `${lv(SSD_AID)}00${lv(INSTANCE)}00000000`)).toBe('6A80')
    expect(host.send(0xe6, 0x10, 0, `${lv(SSD_AID)}00${lv(INSTANCE)}0000`)).toBe('6A80')
  })

  it('of a load file: its new domain sees it', () => {
    const host = filledCard()
    expect(extradite(host, SSD_AID, ONE.aid)).toBe('009000')
    reopen(host, SSD_AID)
    expect(host.getStatus(0x20)).toContain(toHex(ONE.aid))
  })
})
