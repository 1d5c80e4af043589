import { createMethodPackage } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect, it } from 'vitest'
import { Card } from '../src/index.ts'
import { METER_PROFILE, METER_SECURITY_CAP } from './meter-security.ts'

const verifying = () => Card.create({ profile: { ...METER_PROFILE, requireVerified: true }, crypto: nodeCrypto })
/** A short taken for a reference: harmless on the card, which looks at each use, but not type-safe. */
const ILL_TYPED = createMethodPackage({
  methods: { run: { code: 'sconst_5 arraylength pop return', maxStack: 1 } },
}).cap

it('a card that requires the verifier refuses what it refuses, and is as before', () => {
  const card = verifying()
  const before = card.report()
  const load = () => card.loadPackage(ILL_TYPED)
  expect(load).toThrow(expect.objectContaining({ code: 'CARD_PACKAGE_UNVERIFIED' }))
  expect(load).toThrow(/reference/)
  expect(card.report()).toEqual(before)
})

it('takes what it accepts; another card takes both', () => {
  verifying().loadPackage(METER_SECURITY_CAP)
  Card.create({ profile: METER_PROFILE, crypto: nodeCrypto }).loadPackage(ILL_TYPED)
})
