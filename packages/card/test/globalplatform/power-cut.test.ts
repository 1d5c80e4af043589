import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { CUTS_TIMEOUT_MS, IS_EXHAUSTIVE } from '../cut-each-write.ts'
import { CuttingStore, everyCut } from '../cutting-store.ts'
import { installDomain, loadPackage, openCard, reopen, SSD_AID, testPackage } from './gp-card.ts'
import { GpHost, lv } from './gp-host.ts'
import { gpProfile } from './gp-profiles.ts'

const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')
const profile = gpProfile()
const key = (n: number) => new Uint8Array(16).fill(n)

/** What a client sees of a card: all of the registry, and the keys. */
function look(image: Uint8Array) {
  const card = Card.open({ profile, crypto: nodeCrypto, image })
  card.powerOn()
  const host = reopen(new GpHost(card), undefined, { kvn: 1 })
  const listing = [0x80, 0x40, 0x20].map((subset) => host.getStatus(subset))
  const keys = host.send(0xca, 0x00, 0xe0)
  host.select(INSTANCE)
  return { listing, keys, applets: card.report().applets.length, packages: card.report().packages.length }
}

/** The last step of `act` is cut in each of its writes, torn in several places: before or after, and the card goes on. */
function cutEverywhere(image: Uint8Array, prepare: (host: GpHost) => void, act: (host: GpHost) => string): number {
  const begin = (store: CuttingStore) => {
    const card = Card.open({ profile, crypto: nodeCrypto, store })
    card.powerOn()
    const host = reopen(new GpHost(card))
    prepare(host)
    return host
  }
  const whole = new CuttingStore(image)
  const host = begin(whole)
  const first = whole.writes
  const before = look(whole.read()!)
  expect(act(host)).toMatch(/9000$/)
  const after = look(whole.read()!)
  expect(after).not.toEqual(before)
  let cuts = 0
  for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
    // Collection writes byte by byte after the step that decides: every one of the first, then some, by night all.
    if (cutAt < first || (!IS_EXHAUSTIVE && cutAt > first + 30 && cutAt % 17 !== 0)) continue
    const store = new CuttingStore(image, cutAt, tornBytes)
    const cut = begin(store)
    expect(() => act(cut), `write ${cutAt}`).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    expect([before, after], `write ${cutAt} torn after ${tornBytes}`).toContainEqual(look(store.read()!))
    cuts++
  }
  return cuts
}

describe('a power cut in any write leaves before or after', { timeout: CUTS_TIMEOUT_MS }, () => {
  it('of the last LOAD', () => {
    const image = openCard().card.image()
    const cuts = cutEverywhere(
      image,
      (host) => expect(host.installForLoad(ONE.aid)).toBe('009000'),
      (host) => host.load(ONE.loadFile, 250),
    )
    expect(cuts).toBeGreaterThan(10)
  })

  it('of INSTALL, with Card Reset that moves', () => {
    const host = openCard()
    loadPackage(host, ONE)
    const install = { loadFile: ONE.aid, module: ONE.module, instance: INSTANCE, privileges: '04' }
    expect(
      cutEverywhere(
        host.card.image(),
        () => {},
        (one) => one.install(install),
      ),
    ).toBeGreaterThan(10)
  })

  it('of the combined load and installation', () => {
    const prepare = (host: GpHost) => {
      host.send(0xe6, 0x0e, 0x01, `${lv(ONE.aid)}00000000`)
      host.load(ONE.loadFile)
    }
    const last = `00${lv(ONE.module)}${lv(INSTANCE)}010002C90000`
    cutEverywhere(openCard().card.image(), prepare, (host) => host.send(0xe6, 0x0e, 0x03, last))
  })

  it('of code for a domain with a grant, and of an extradition there', () => {
    const host = openCard()
    installDomain(host, SSD_AID, '80', 'C900EF06830400001000')
    cutEverywhere(
      host.card.image(),
      (one) => expect(one.installForLoad(ONE.aid, { domain: SSD_AID })).toBe('009000'),
      (one) => one.load(ONE.loadFile, 250),
    )
    loadPackage(host, ONE)
    const extradite = (one: GpHost) => one.send(0xe6, 0x10, 0x00, `${lv(SSD_AID)}00${lv(ONE.aid)}000000`)
    cutEverywhere(host.card.image(), () => {}, extradite)
  })

  it('of DELETE with related applications', () => {
    const host = openCard()
    loadPackage(host, ONE)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE, privileges: '04' })
    cutEverywhere(
      host.card.image(),
      () => {},
      (one) => one.delete(ONE.aid, true),
    )
  })

  it('of PUT KEY, three new keys and three replaced ones', () => {
    const host = openCard()
    const added = (one: GpHost) => one.putKeys(0x20, [key(1), key(2), key(3)])
    cutEverywhere(host.card.image(), () => {}, added)
    added(host)
    const replaced = (one: GpHost) => one.putKeys(0x21, [key(4), key(5), key(6)], { p1: 0x20 })
    cutEverywhere(host.card.image(), () => {}, replaced)
  })

  it('of extradition, and of SET STATUS over a hierarchy', () => {
    const host = openCard()
    loadPackage(host, ONE)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })
    installDomain(host)
    const extradite = (one: GpHost) => one.send(0xe6, 0x10, 0x00, `${lv(SSD_AID)}00${lv(INSTANCE)}000000`)
    cutEverywhere(host.card.image(), () => {}, extradite)
    extradite(host)
    cutEverywhere(
      host.card.image(),
      () => {},
      (one) => one.send(0xf0, 0x60, 0x80, SSD_AID),
    )
  })
})
