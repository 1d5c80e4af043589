import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { installDomain, loadPackage, openCard, reopen, testPackage } from './gp-card.ts'
import { byte, type GpHost, lv } from './gp-host.ts'

const ONE = testPackage(1, {
  process: `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
    START: bspush 15 invokestatic org/globalplatform/GPSystem.setCardContentState(B)Z pop return`,
})
const aid = (n: number) => fromHex(`F0475249445354${byte(n)}`)
const APPLICATION = aid(0x01)
/** Of the application; above that; with Global Lock; without anything; all below the issuer. */
const DOMAINS = {
  associated: { aid: aid(0x10), privileges: '80' },
  above: { aid: aid(0x11), privileges: '80' },
  globalLock: { aid: aid(0x12), privileges: '800800' },
  other: { aid: aid(0x13), privileges: '80' },
} as const
type Actor = 'issuer' | keyof typeof DOMAINS

const extradite = (host: GpHost, to: Uint8Array, one: Uint8Array) =>
  expect(host.send(0xe6, 0x10, 0, `${lv(to)}00${lv(one)}000000`)).toBe('009000')

/** Issuer, then `above`, then `associated`, then the application in one of its states. */
function hierarchy(state: number): GpHost {
  const host = openCard()
  loadPackage(host, ONE)
  for (const { aid: name, privileges } of Object.values(DOMAINS)) {
    expect(installDomain(host, name, privileges)).toBe('009000')
  }
  extradite(host, DOMAINS.above.aid, DOMAINS.associated.aid)
  const p1 = state === 0x03 ? 0x04 : 0x0c
  const request = { loadFile: ONE.aid, module: ONE.module, instance: APPLICATION, p1 }
  expect(host.install(request)).toBe('009000')
  if (state === 0x0f) {
    host.select(APPLICATION)
    expect(host.raw('80010000')).toBe('9000')
    reopen(host)
  }
  extradite(host, DOMAINS.associated.aid, APPLICATION)
  return host
}

const stateOf = (host: GpHost, one: Uint8Array) =>
  /9F7001(..)/.exec(reopen(host).getStatus(0x40, `4F${lv(one)}`))?.[1] ?? 'none'

function setBy(host: GpHost, actor: Actor, state: number, target: Uint8Array, p1 = 0x40): string {
  if (actor === 'issuer') reopen(host)
  else reopen(host, DOMAINS[actor].aid)
  return host.send(0xf0, p1, state, target)
}

// GPC 2.3.1 figure 5-2, §9.6.2, §11.10.2: who locks and unlocks an application in each of its states.
describe.each([
  ['INSTALLED', 0x03],
  ['SELECTABLE', 0x07],
  ['its own state', 0x0f],
] as const)('SET STATUS of an application in %s', (_, state) => {
  it.each<readonly [Actor, boolean]>([
    ['issuer', true], // above all, and with Global Lock
    ['above', true],
    ['associated', true],
    ['globalLock', true],
    ['other', false],
  ])('by %s', (actor, may) => {
    const host = hierarchy(state)
    const [ok, as] = [may ? '9000' : '6985', byte(state)]
    expect(setBy(host, actor, 0x00, APPLICATION), 'unlocking what is not locked').toBe('6985')
    expect(setBy(host, actor, 0x80, APPLICATION), 'locking').toBe(ok)
    expect(stateOf(host, APPLICATION)).toBe(may ? byte(state | 0x80) : as)
    if (!may) expect(setBy(host, 'issuer', 0x80, APPLICATION)).toBe('9000')
    expect(setBy(host, actor, 0xff, APPLICATION), 'locking what is locked').toBe('6985')
    expect(host.select(APPLICATION)).toBe('6A82')
    // Only b8 counts; back to the state before, whatever the rest says.
    expect(setBy(host, actor, 0x7f, APPLICATION), 'unlocking').toBe(ok)
    expect(stateOf(host, APPLICATION)).toBe(may ? as : byte(state | 0x80))
  })
})

describe('SET STATUS of a domain', () => {
  it('by itself: PERSONALIZED once, LOCKED, and never back', () => {
    const host = hierarchy(0x07)
    const { aid: self } = DOMAINS.other
    for (const state of [0x03, 0x07, 0x1f, 0x00]) expect(setBy(host, 'other', state, self)).toBe('6985')
    expect(setBy(host, 'other', 0x0f, self)).toBe('9000')
    expect(setBy(host, 'other', 0x0f, self)).toBe('6985')
    expect(setBy(host, 'other', 0x07, self)).toBe('6985')
    expect(setBy(host, 'other', 0x80, self)).toBe('9000')
    expect(stateOf(host, self)).toBe('8F')
    expect(host.select(self)).toBe('6A82')
    expect(setBy(host, 'issuer', 0x00, self)).toBe('9000')
    expect(stateOf(host, self)).toBe('0F')
  })

  it('in the session in which it locked itself it does nothing more', () => {
    const host = hierarchy(0x07)
    expect(setBy(host, 'other', 0x80, DOMAINS.other.aid)).toBe('9000')
    expect(host.send(0xf0, 0x40, 0x00, DOMAINS.other.aid)).toBe('6985')
    expect(host.getStatus(0x40)).toBe('6985')
  })

  it('by another: locked and unlocked only; never the issuer', () => {
    const host = hierarchy(0x07)
    expect(setBy(host, 'above', 0x0f, DOMAINS.associated.aid)).toBe('6985')
    expect(setBy(host, 'globalLock', 0x80, fromHex('A000000151000000'))).toBe('6985')
    expect(setBy(host, 'globalLock', 0x80, fromHex('A000000151000000'), 0x60)).toBe('6985')
    expect(setBy(host, 'above', 0x80, DOMAINS.associated.aid)).toBe('9000')
    expect(setBy(host, 'above', 0x00, DOMAINS.associated.aid)).toBe('9000')
  })

  it('with all below it: what is so already stays so', () => {
    const host = hierarchy(0x07)
    const all = [DOMAINS.above.aid, DOMAINS.associated.aid, APPLICATION]
    expect(setBy(host, 'other', 0x80, DOMAINS.above.aid, 0x60)).toBe('6985')
    expect(setBy(host, 'issuer', 0x80, APPLICATION)).toBe('9000')
    expect(setBy(host, 'globalLock', 0x80, DOMAINS.above.aid, 0x60)).toBe('9000')
    expect(all.map((one) => stateOf(host, one))).toEqual(['87', '87', '87'])
    expect(stateOf(host, DOMAINS.other.aid)).toBe('07')
    expect(setBy(host, 'globalLock', 0x00, DOMAINS.above.aid, 0x60)).toBe('9000')
    expect(all.map((one) => stateOf(host, one))).toEqual(['07', '07', '07'])
    expect(setBy(host, 'issuer', 0x80, APPLICATION, 0x60)).toBe('6A80')
    expect(setBy(host, 'issuer', 0x80, fromHex('F000000001'), 0x60)).toBe('6A88')
  })

  it('the final application is not locked, alone or with the others', () => {
    const host = openCard()
    loadPackage(host, ONE)
    const { aid: domain } = DOMAINS.other
    installDomain(host, domain, '80')
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: APPLICATION, privileges: '000200' })
    extradite(host, domain, APPLICATION)
    expect(setBy(host, 'issuer', 0x80, APPLICATION)).toBe('6985')
    expect(setBy(host, 'issuer', 0x80, domain, 0x60)).toBe('6985')
    expect([stateOf(host, APPLICATION), stateOf(host, domain)]).toEqual(['07', '07'])
  })
})

// GPC 2.3.1 §5.1.1, figure 5-1: 1 is allowed, to the issuer with all of its privileges.
describe('SET STATUS of the card', () => {
  const STATES = [0x01, 0x07, 0x0f, 0x7f, 0xff]
  const ALLOWED: Readonly<Record<number, readonly number[]>> = {
    1: [0x07, 0xff],
    7: [0x0f, 0xff],
    15: [0x7f, 0xff],
    127: [0x0f, 0xff],
    255: [],
  }
  const WAY: Readonly<Record<number, readonly number[]>> = {
    1: [],
    7: [0x07],
    15: [0x07, 0x0f],
    127: [0x07, 0x0f, 0x7f],
    255: [0xff],
  }
  const cardIn = (state: number) => {
    const host = openCard()
    for (const one of WAY[state]!) expect(host.send(0xf0, 0x80, one)).toBe('9000')
    return host
  }

  it.each(STATES)('from %i', (from) => {
    for (const to of [...STATES, 0x00, 0x03, 0x80]) {
      const host = cardIn(from)
      const may = ALLOWED[from]!.includes(to)
      expect(host.send(0xf0, 0x80, to), byte(to)).toBe(may ? '9000' : '6985')
    }
  })

  it.each([
    ['8010', 0x10, { 127: true, 255: false }],
    ['8008', 0x08, { 127: false, 255: true }],
    ['80', 0x00, { 127: false, 255: false }],
  ] as const)('by a domain with privileges %s', (_, bits, may) => {
    for (const [state, isAllowed] of Object.entries(may)) {
      const host = openCard()
      expect(installDomain(host, DOMAINS.other.aid, byte(0x80 | bits))).toBe('009000')
      for (const one of [0x07, 0x0f]) host.send(0xf0, 0x80, one)
      expect(setBy(host, 'other', 0x07, new Uint8Array(), 0x80)).toBe('6985')
      expect(setBy(host, 'other', Number(state), new Uint8Array(), 0x80)).toBe(isAllowed ? '9000' : '6985')
    }
  })

  it('other values of P1 are refused', () => {
    const host = openCard()
    for (const p1 of [0x00, 0x20, 0xa0, 0xc0, 0xe0]) expect(host.send(0xf0, p1, 0x80, APPLICATION)).toBe('6A86')
  })
})
