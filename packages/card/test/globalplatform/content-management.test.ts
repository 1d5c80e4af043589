import { concatBytes, emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { installDomain, loadPackage, openCard, reopen, SD_MODULE, SD_PACKAGE, SSD_AID, testPackage } from './gp-card.ts'
import { GpHost, lv } from './gp-host.ts'
import { gpProfile, ISD_AID } from './gp-profiles.ts'

const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')

const installOne = (host: GpHost, o = {}) =>
  host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE, ...o })

describe('without an open channel', () => {
  const host = new GpHost(Card.create({ profile: gpProfile(), crypto: nodeCrypto }))
  host.card.powerOn()
  host.select()
  it.each([
    ['GET STATUS', '80F28002024F0000'],
    ['SET STATUS', '80F080070100'],
    ['INSTALL', '80E602000C05F04752494400000000000000'.slice(0, 34)],
    ['LOAD', '80E880000100'],
    ['DELETE', '80E40000074F05F047524944'],
    ['PUT KEY', '80D8008105AABBCCDDEE'],
    ['STORE DATA', '80E29000034201AA'],
  ])('%s is 6982', (_, command) => {
    expect(host.raw(command)).toBe('6982')
  })
  it('an unknown command is 6D00, an unknown class 6E00', () => {
    expect(host.raw('80AA0000')).toBe('6D00')
    expect(host.raw('00E40000')).toBe('6E00')
  })
  it('SELECT of nobody is 6A82', () => {
    expect(host.raw('00A4040005F0000000AA00')).toBe('6A82')
  })
})

describe('LOAD', () => {
  it('is refused without INSTALL [for load]', () => {
    expect(openCard().load(ONE.loadFile)).toBe('6985')
  })

  it('refuses a block out of order, and then the whole load', () => {
    const host = openCard()
    expect(host.installForLoad(ONE.aid)).toBe('009000')
    expect(host.send(0xe8, 0, 0, ONE.loadFile.slice(0, 50))).toBe('009000')
    expect(host.send(0xe8, 0, 2, ONE.loadFile.slice(50, 100))).toBe('6A86')
    expect(host.send(0xe8, 0, 1, ONE.loadFile.slice(50, 100))).toBe('6985')
    expect(host.getStatus(0x20, `4F${lv(ONE.aid)}`)).toBe('6A88')
  })

  it.each([
    ['cut off', ONE.loadFile.slice(0, -1)],
    ['with a byte too many', concatBytes(ONE.loadFile, Uint8Array.of(0))],
    ['of another package', testPackage(2).loadFile],
    ['of no load file', fromHex('C403010203')],
    ['empty', new Uint8Array()],
  ])('refuses a load file %s with 6A80, and nothing has changed', (_, file) => {
    const host = openCard()
    const before = host.card.report()
    host.installForLoad(ONE.aid)
    expect(host.load(file)).toBe('6A80')
    expect(host.card.report()).toEqual(before)
    expect(loadPackage(host, ONE)).toBe('009000')
  })

  it('refuses a wrong hash, and takes the right one', () => {
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const host = openCard()
      const right = nodeCrypto.hash(hash, ONE.block)
      const wrong = right.slice()
      wrong[3]! ^= 1
      host.installForLoad(ONE.aid, { hash: wrong })
      expect(host.load(ONE.loadFile)).toBe('6A80')
      host.installForLoad(ONE.aid, { hash: right })
      expect(host.load(ONE.loadFile)).toBe('009000')
    }
  })

  it('refuses a package that is there, and one for a domain that is not', () => {
    const host = openCard()
    expect(host.installForLoad(ONE.aid, { domain: INSTANCE })).toBe('6A88')
    expect(loadPackage(host, ONE)).toBe('009000')
    expect(host.installForLoad(ONE.aid)).toBe('6985')
  })

  it('refuses more than there is memory for, announced or sent, with 6A84', () => {
    const host = openCard()
    expect(host.installForLoad(ONE.aid, { parameters: 'C60400100000' })).toBe('6A84')
    expect(host.installForLoad(ONE.aid, { parameters: 'C7027FFF' })).toBe('6A84')
    expect(host.installForLoad(ONE.aid, { parameters: 'EF06C60400100000' })).toBe('6A84')
    // Code and data are one memory here, so both together have to be there. GPC 2.3.1 §11.5.2.3.7
    expect(host.installForLoad(ONE.aid, { parameters: 'EF0CC60400010000C80400010000' })).toBe('6A84')
    expect(host.installForLoad(ONE.aid, { parameters: 'EF06C60400010000' })).toBe('009000')
    expect(host.installForLoad(ONE.aid, { parameters: 'EF03C60110' })).toBe('6A80')
    host.installForLoad(ONE.aid)
    const big = emitTlv(0xc4, new Uint8Array(70_000))
    expect(host.load(big, 230)).toMatch(/^6A8[46]$/)
    expect(loadPackage(host, ONE)).toBe('009000')
  })
})

describe('INSTALL', () => {
  it('refuses a load file, a module, an AID and parameters that are not right', () => {
    const host = openCard()
    expect(installOne(host)).toBe('6A88')
    loadPackage(host, ONE)
    expect(installOne(host, { module: INSTANCE })).toBe('6A88')
    expect(installOne(host, { parameters: 'C9' })).toBe('6A80')
    expect(installOne(host, { instance: ISD_AID })).toBe('6985')
    expect(installOne(host, { privileges: '80' })).toBe('6A80')
    expect(installOne(host, { privileges: '000001' })).toBe('6A80')
    expect(installOne(host, { token: fromHex('AABB') })).toBe('6985')
    expect(host.getStatus(0x40)).toBe('6A88')
  })

  it('and make selectable: the applet answers', () => {
    const host = openCard()
    loadPackage(host, ONE)
    expect(installOne(host)).toBe('009000')
    const entry = '4F06F047524944019F700107C503000000C408F047524944000001CC08A000000151000000'
    expect(host.getStatus(0x40)).toBe(`E325${entry}9000`)
    expect(host.select(INSTANCE)).toBe('9000')
  })

  it('alone leaves an applet that cannot be selected, until it is made selectable', () => {
    const host = openCard()
    loadPackage(host, ONE)
    expect(installOne(host, { p1: 0x04 })).toBe('009000')
    expect(host.getStatus(0x40)).toContain('9F700103')
    expect(host.select(INSTANCE)).toBe('6A82')
    reopen(host)
    const command = `0000${lv(INSTANCE)}01000000`
    expect(host.send(0xe6, 0x08, 0, command)).toBe('009000')
    expect(host.send(0xe6, 0x08, 0, command)).toBe('6985')
    expect(host.select(INSTANCE)).toBe('9000')
  })

  it('moves Card Reset to the applet, and deleting it gives the privilege back', () => {
    const host = openCard()
    loadPackage(host, ONE)
    expect(installOne(host, { privileges: '04' })).toBe('009000')
    expect(host.getStatus(0x80)).toContain('C5039AFE80')
    host.card.powerOn()
    expect(host.raw('80010000')).toBe('9000') // the applet, not the domain
    reopen(host)
    expect(host.delete(INSTANCE)).toBe('009000')
    expect(host.getStatus(0x80)).toContain('C5039EFE80')
    host.card.powerOn()
    expect(host.raw('80AA0000')).toBe('6D00')
  })

  it('holds an applet to its memory quota, when it is installed and ever after', () => {
    const allocate = `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
      START: sspush 200 newarray byte pop sspush 100 sconst_1 invokestatic
      javacard/framework/JCSystem.makeTransientByteArray(SB)[B pop return`
    const hungry = testPackage(4, { process: allocate })
    const answers = (parameters: string) => {
      const host = openCard()
      loadPackage(host, hungry)
      const request = { loadFile: hungry.aid, module: hungry.module, instance: INSTANCE, parameters }
      const installed = host.install(request)
      if (installed !== '009000') return [installed]
      host.select(INSTANCE)
      const before = host.raw('80010000')
      const again = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
      again.powerOn()
      const other = new GpHost(again)
      other.select(INSTANCE)
      return [installed, before, other.raw('80010000')]
    }
    expect(answers('C900')).toEqual(['009000', '9000', '9000'])
    expect(answers('C900C8020004')).toEqual(['6A84']) // not even for the applet itself
    expect(answers('C900C802012C')).toEqual(['009000', '9000', '6F00'])
    expect(answers('C900C7020064')).toEqual(['009000', '9000', '6F00'])
    expect(answers('C900D8040FFFFFFF')).toEqual(['6A84'])
    expect(answers('C900C8020010D8020020')).toEqual(['6A80'])
    // Where they stand in the specification: in the system specific parameters. GPC 2.3.1 table 11-49
    expect(answers('C900EF04C8020004')).toEqual(['6A84'])
    expect(answers('C900EF04C802012C')).toEqual(['009000', '9000', '6F00'])
    expect(answers('C900EF06D8040FFFFFFF')).toEqual(['6A84'])
    expect(answers('C900EF08C8020010D8020020')).toEqual(['6A80'])
    expect(answers('C900EF03C80204')).toEqual(['6A80'])
  })

  // GPC 2.3.1 §9.7
  it('sets reserved memory aside: for its application, not for others, until it is deleted', () => {
    const allocate = `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
      START: sspush 2000 newarray byte pop sspush 500 sconst_1 invokestatic
      javacard/framework/JCSystem.makeTransientByteArray(SB)[B pop return`
    const one = testPackage(4, { process: allocate })
    const host = openCard()
    loadPackage(host, one)
    const [FIRST, OTHER] = [fromHex('F04752494405'), fromHex('F04752494406')]
    const install = (instance: Uint8Array, parameters = '') => {
      return host.install({ loadFile: one.aid, module: one.module, instance, parameters: `C900${parameters}` })
    }
    const free = () => {
      const match = /8204(.{8})8304(.{8})/.exec(host.send(0xca, 0xff, 0x21))!
      return match.slice(1).map((hex) => Number.parseInt(hex, 16)) as [number, number]
    }
    const four = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')
    const run = (instance: Uint8Array) => {
      host.select(instance)
      const answer = host.raw('80010000')
      reopen(host)
      return answer
    }
    expect(install(OTHER)).toBe('009000')
    const [persistent, transient] = free()
    expect(install(FIRST, `EF0CD704${four(transient + 1)}D804${four(100)}`)).toBe('6A84')
    expect(install(FIRST, `EF06D804${four(persistent + 1)}`)).toBe('6A84')
    const [wanted, wantedTransient] = [persistent - 1000, transient - 100]
    expect(install(FIRST, `EF0CD704${four(wantedTransient)}D804${four(wanted)}`)).toBe('009000')
    expect(free()[0]).toBeLessThanOrEqual(1000)
    expect(free()[1]).toBe(100)
    expect(run(OTHER)).toBe('6F00')
    expect(host.installForLoad(ONE.aid, { parameters: `EF06C604${four(1001)}` })).toBe('6A84')
    expect(install(fromHex('F04752494407'), `EF04D8020400`)).toBe('6A84')
    expect([run(FIRST), run(FIRST)]).toEqual(['9000', '9000'])
    const card = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
    card.powerOn()
    const again = new GpHost(card)
    again.select(OTHER)
    expect(again.raw('80010000')).toBe('6F00')
    again.select(FIRST)
    expect(again.raw('80010000')).toBe('9000')
    const clone = host.card.clone()
    clone.powerOn()
    const cloned = new GpHost(clone)
    cloned.select(OTHER)
    expect(cloned.raw('80010000')).toBe('6F00')
    // What it used came out of its own: nothing has changed for the others.
    expect(free()[0]).toBeGreaterThan(0)
    expect(host.delete(FIRST)).toBe('009000')
    expect(free()).toEqual([persistent, transient])
    expect(run(OTHER)).toBe('9000')
  })

  it('in the combined form brings both, or neither', () => {
    const host = openCard()
    const first = `${lv(ONE.aid)}00000000`
    expect(host.send(0xe6, 0x0e, 0x01, first)).toBe('009000')
    expect(host.load(ONE.loadFile)).toBe('009000')
    expect(host.getStatus(0x20, `4F${lv(ONE.aid)}`)).toBe('6A88')
    const last = (module: Uint8Array) => `00${lv(module)}${lv(INSTANCE)}010002C90000`
    expect(host.send(0xe6, 0x0e, 0x03, last(INSTANCE))).toBe('6A88')
    expect(host.getStatus(0x20, `4F${lv(ONE.aid)}`)).toBe('6A88')
    host.send(0xe6, 0x0e, 0x01, first)
    host.load(ONE.loadFile)
    expect(host.send(0xe6, 0x0e, 0x03, last(ONE.module))).toBe('009000')
    expect(host.select(INSTANCE)).toBe('9000')
  })
})

describe('DELETE', () => {
  it('refuses what is not there, the issuer, itself, and a load file in use', () => {
    const host = openCard()
    loadPackage(host, ONE)
    installOne(host)
    expect(host.delete(fromHex('F000000001'))).toBe('6A88')
    expect(host.delete(ISD_AID)).toBe('6985')
    expect(host.delete(SD_PACKAGE)).toBe('6985')
    expect(host.delete(ONE.aid)).toBe('6985')
    expect(host.send(0xe4, 0, 0, '4F')).toBe('6A80')
    expect(host.send(0xe4, 0, 0, '4F0401020304')).toBe('6A80')
  })

  it('takes an applet, then its load file; or both at once', () => {
    for (const isAtOnce of [false, true]) {
      const host = openCard()
      const blank = host.card.report()
      loadPackage(host, ONE)
      installOne(host)
      if (isAtOnce) expect(host.delete(ONE.aid, true)).toBe('009000')
      else expect([host.delete(INSTANCE), host.delete(ONE.aid)]).toEqual(['009000', '009000'])
      expect(host.getStatus(0x40)).toBe('6A88')
      expect(host.card.report().memory).toEqual(blank.memory)
    }
  })

  it('refuses a domain while something belongs to it', () => {
    const host = openCard()
    expect(installDomain(host)).toBe('009000')
    expect(loadPackage(host, ONE, SSD_AID)).toBe('009000')
    expect(host.delete(SSD_AID)).toBe('6985')
    expect(host.delete(ONE.aid)).toBe('009000')
    expect(host.delete(SSD_AID)).toBe('009000')
  })
})

describe('a card that is opened again', () => {
  it('has its domains, applets, keys and states', () => {
    const host = openCard()
    loadPackage(host, ONE)
    installOne(host)
    installDomain(host)
    host.send(0xf0, 0x40, 0x80, INSTANCE)
    host.putKeys(
      0x20,
      [1, 2, 3].map((n) => new Uint8Array(16).fill(n)),
    )
    const listing = [host.getStatus(0x80), host.getStatus(0x40), host.getStatus(0x10), host.raw('80CA00E000')]
    const again = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
    again.powerOn()
    const other = reopen(new GpHost(again))
    expect([other.getStatus(0x80), other.getStatus(0x40), other.getStatus(0x10)]).toEqual(listing.slice(0, 3))
    expect(toHex(SD_MODULE)).toBe('A000000151535041')
  })
})
