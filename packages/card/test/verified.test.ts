import { emitTlv } from '@gridcard/bytes'
import { createMethodPackage, emitComponents, parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card, type CardProfile } from '../src/index.ts'
import { loadPackage, type TestPackage, testPackage } from './globalplatform/gp-card.ts'
import { GpHost, lv } from './globalplatform/gp-host.ts'
import { gpProfile } from './globalplatform/gp-profiles.ts'
import { METER_SECURITY_CAP as FILE, METER_PROFILE } from './meter-security.ts'

type Requirement = NonNullable<CardProfile['requireVerified']>
const METER_SECURITY_CAP = parseCapFile(FILE)
const verifying = (requireVerified: Requirement) =>
  Card.create({ profile: { ...METER_PROFILE, requireVerified }, crypto: nodeCrypto })
/** A short taken for a reference: harmless on the card, which looks at each use, but not type-safe. */
const RUN = { code: 'sconst_5 arraylength pop return', maxStack: 1 }
const ILL_TYPED = createMethodPackage({ methods: { run: RUN } }).cap

describe('a card that requires the verifier', () => {
  it('refuses what it refuses, and is as before', () => {
    const card = verifying(true)
    const before = card.report()
    const load = () => card.loadPackage(ILL_TYPED)
    expect(load).toThrow(expect.objectContaining({ code: 'CARD_PACKAGE_UNVERIFIED' }))
    expect(load).toThrow(/reference/)
    expect(card.report()).toEqual(before)
  })

  it('takes what it accepts; another card takes both', () => {
    verifying(true).loadPackage(METER_SECURITY_CAP)
    Card.create({ profile: METER_PROFILE, crypto: nodeCrypto }).loadPackage(ILL_TYPED)
  })
})

describe('LOAD on a card that requires the verifier', () => {
  const host = (requireVerified: Requirement): GpHost => {
    const card = Card.create({ profile: { ...gpProfile(), requireVerified }, crypto: nodeCrypto })
    card.powerOn()
    const opened = new GpHost(card)
    opened.select()
    expect(opened.open()).toBe('9000')
    return opened
  }
  const good = testPackage(1)
  const bad = testPackage(2, { methods: { run: RUN } })
  const block = emitComponents(METER_SECURITY_CAP, { descriptor: 'included' })
  const described: TestPackage = {
    aid: METER_SECURITY_CAP.header.package.aid,
    module: METER_SECURITY_CAP.applet!.applets[0]!.aid,
    block,
    loadFile: emitTlv(0xc4, block),
  }

  it('is 6A80 for what the verifier refuses, and the load file is not there', () => {
    const verifier = host(true)
    expect(loadPackage(verifier, bad)).toBe('6A80')
    expect(verifier.getStatus(0x20, `4F${lv(bad.aid)}`)).toBe('6A88')
    expect(loadPackage(verifier, good)).toBe('009000')
    expect(loadPackage(host(false), bad)).toBe('009000')
  })

  it('is 6A80 for a load file without Descriptor where proof is required', () => {
    expect(loadPackage(host('proved'), good)).toBe('6A80')
    expect(loadPackage(host('proved'), described)).toBe('009000')
  })
})

describe('a card that requires proof', () => {
  it('refuses a package whose types nobody can know, and says why', () => {
    expect(() => verifying('proved').loadPackage(createMethodPackage({ methods: {} }).cap)).toThrow(
      /without Descriptor its types are not known/,
    )
  })

  it('takes a package that is proved', () => {
    verifying('proved').loadPackage(METER_SECURITY_CAP)
  })
})
