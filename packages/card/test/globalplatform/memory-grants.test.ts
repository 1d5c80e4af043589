import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { installDomain, loadPackage, openCard, reopen, SSD_AID, testPackage } from './gp-card.ts'
import { GpHost, lv } from './gp-host.ts'
import { gpProfile } from './gp-profiles.ts'

// Cumulative memory of a security domain (tags 82 and 83 of its system specific parameters): for it and all below it.

const INNER = fromHex('F047524944534401')
const [FIRST, SECOND] = [fromHex('F04752494405'), fromHex('F04752494406')]
/** With each command but its selection 200 bytes of persistent and 100 of transient memory more. */
const HUNGRY = testPackage(4, {
  process: `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
    START: sspush 200 newarray byte pop sspush 100 sconst_1 invokestatic
    javacard/framework/JCSystem.makeTransientByteArray(SB)[B pop return`,
})
const CODE_BYTES = Math.floor(HUNGRY.block.length / 2)
const four = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
const nonVolatile = (bytes: number) => `C900EF068304${four(bytes)}`
const volatile = (bytes: number) => `C900EF068204${four(bytes)}`

const extradite = (host: GpHost, what: Uint8Array, to: Uint8Array) =>
  host.send(0xe6, 0x10, 0x00, `${lv(to)}00${lv(what)}000000`)
const move = (host: GpHost, what: Uint8Array, to: Uint8Array) =>
  host.send(0xe6, 0x40, 0x00, `${lv(to)}00${lv(what)}000000`)
const install = (host: GpHost, instance: Uint8Array, parameters = 'C900') =>
  host.install({ loadFile: HUNGRY.aid, module: HUNGRY.module, instance, parameters })

/** Free persistent and transient bytes, as the domain at work may have them. @source ETSI TS 102 226 §8.2.1.7 */
function free(host: GpHost): [number, number] {
  const match = /8204(.{8})8304(.{8})/.exec(host.send(0xca, 0xff, 0x21))!
  return [Number.parseInt(match[1]!, 16), Number.parseInt(match[2]!, 16)]
}

function eat(host: GpHost, instance: Uint8Array): string {
  host.select(instance)
  return host.raw('80010000')
}

/** The domain of a grant, which manages its content itself, at work. */
function grantedCard(parameters: string): GpHost {
  const host = openCard()
  expect(installDomain(host, SSD_AID, '804000', parameters)).toBe('009000')
  return reopen(host, SSD_AID)
}

describe('cumulative memory of a security domain', () => {
  it('is refused to what is no domain, and in no other length than 2 and 4', () => {
    const host = openCard()
    loadPackage(host, HUNGRY)
    expect(install(host, FIRST, nonVolatile(4000))).toBe('6A80')
    expect(install(host, FIRST, volatile(4000))).toBe('6A80')
    for (const wrong of ['8300', '830110', '8303001000', '82050000001000']) {
      const parameters = `C900EF${(wrong.length / 2).toString(16).padStart(2, '0')}${wrong}`
      expect(installDomain(host, SSD_AID, '80', parameters), wrong).toBe('6A80')
    }
    expect(install(host, FIRST)).toBe('009000')
  })

  it('bounds the code that is loaded below it', () => {
    const host = grantedCard(nonVolatile(CODE_BYTES))
    const [least] = free(host)
    expect(host.installForLoad(HUNGRY.aid, { parameters: `EF06C604${four(least + 1)}` })).toBe('6A84')
    expect(host.installForLoad(HUNGRY.aid, { parameters: `EF06C804${four(least + 1)}` })).toBe('6A84')
    expect(loadPackage(host, HUNGRY)).toBe('6A84')
    expect(host.getStatus(0x20)).toBe('6A88')
    reopen(host)
    expect(loadPackage(host, HUNGRY, SSD_AID)).toBe('6A84') // whoever loads it
    expect(loadPackage(host, HUNGRY)).toBe('009000')
    expect(extradite(host, HUNGRY.aid, SSD_AID)).toBe('6A84')
    expect(move(host, HUNGRY.aid, SSD_AID)).not.toMatch(/9000$/)
  })

  it('bounds applications below it: reserved, installed, extradited, and as they grow', () => {
    const host = grantedCard(nonVolatile(3000))
    expect(loadPackage(host, HUNGRY)).toBe('009000')
    const [left] = free(host)
    expect(left).toBeLessThan(3000 - CODE_BYTES)
    expect(install(host, FIRST, `C900EF06D804${four(left + 1)}`)).toBe('6A84')
    expect(install(host, FIRST)).toBe('009000')
    for (let room = free(host)[0]; room >= 208; reopen(host, SSD_AID), room = free(host)[0]) {
      expect(eat(host, FIRST)).toBe('9000')
    }
    expect(eat(host, FIRST)).toBe('6F00')
    reopen(host)
    expect(free(host)[0]).toBeGreaterThan(10_000)
    expect(install(host, SECOND)).toBe('009000')
    expect(eat(host, SECOND)).toBe('9000')
    reopen(host)
    const before = host.getStatus(0x40)
    expect(extradite(host, SECOND, SSD_AID)).toBe('6A84')
    expect(move(host, SECOND, SSD_AID)).toBe('6A84')
    expect(host.getStatus(0x40)).toBe(before)
    expect(eat(host, SECOND)).toBe('9000') // the issuer's has no bound
    // What is deleted is there again.
    reopen(host, SSD_AID)
    expect(host.delete(FIRST)).toBe('009000')
    expect(free(host)[0]).toBe(left)
    reopen(host)
    expect(extradite(host, SECOND, SSD_AID)).toBe('009000')
  })

  it('counts for each domain above, and in transient memory', () => {
    const host = grantedCard(volatile(350))
    reopen(host)
    expect(installDomain(host, INNER, '804000', volatile(1000))).toBe('009000')
    expect(extradite(host, INNER, SSD_AID)).toBe('009000')
    loadPackage(host, HUNGRY)
    reopen(host, INNER)
    expect(install(host, FIRST, 'C900EF04D7020100')).toBe('009000') // 256 bytes of the 350 are its own
    expect(free(host)[1]).toBe(94)
    expect(install(host, SECOND, 'C900EF04D702005F')).toBe('6A84')
    expect(install(host, SECOND)).toBe('009000')
    expect(eat(host, SECOND)).toBe('6F00')
    // Two of its own, and one of what is left; a fourth time would be more than 350 bytes.
    expect([1, 2, 3, 4].map(() => eat(host, FIRST))).toEqual(['9000', '9000', '9000', '6F00'])
  })

  it('is kept in the image, and by a copy of the card', () => {
    const host = grantedCard(nonVolatile(2000))
    expect(loadPackage(host, HUNGRY)).toBe('009000')
    const before = free(host)
    const image = host.card.image()
    const clone = host.card.clone()
    for (const card of [Card.open({ profile: gpProfile(), crypto: nodeCrypto, image }), clone]) {
      card.powerOn()
      expect(free(reopen(new GpHost(card), SSD_AID))[0]).toBe(before[0])
    }
  })
})
