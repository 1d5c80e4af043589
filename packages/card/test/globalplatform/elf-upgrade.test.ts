import { emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { CUTS_TIMEOUT_MS, IS_EXHAUSTIVE } from '../cut-each-write.ts'
import { CuttingStore, everyCut } from '../cutting-store.ts'
import { installDomain, loadPackage, openCard, reopen, SD_PACKAGE, SSD_AID, testPackage } from './gp-card.ts'
import { GpHost, lv } from './gp-host.ts'
import { gpProfile } from './gp-profiles.ts'
import {
  CREATE,
  loadVersion,
  MANAGER,
  manage,
  NO_SESSION,
  read,
  session,
  UPGRADABLE_AID,
  type UpgradableOptions,
  upgradable,
  upgradeTo,
  write,
} from './upgradable.ts'

const INSTANCE = fromHex('F04752494401')
const SECOND = fromHex('F04752494402')
const ANSWER = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const V1 = upgradable({ version: 1 })
const V2 = upgradable({ version: 2 })

/** Version 1 with two instances: one has counted to 3 and holds 7, the other is new. */
function filledCard(o: Partial<UpgradableOptions> = {}): GpHost {
  const host = openCard()
  const one = upgradable({ version: 1, ...o })
  expect(loadPackage(host, one)).toBe('009000')
  const install = { loadFile: one.aid, module: one.module }
  expect(host.install({ ...install, instance: INSTANCE, parameters: 'C902AA55', privileges: '10' })).toBe('009000')
  expect(host.install({ ...install, instance: SECOND })).toBe('009000')
  host.select(INSTANCE)
  for (let i = 0; i < 3; i++) host.raw('80010000')
  expect(host.raw('80050700')).toBe('9000')
  return reopen(host)
}

/** Number, version, byte, consolidations, install parameter of an instance. */
function look(host: GpHost, instance = INSTANCE): readonly string[] {
  const selected = host.select(instance)
  if (selected !== '9000') return [selected]
  const answers = ['02', '03', '04', '06', '07'].map((ins) => host.raw(`80${ins}0000`))
  reopen(host)
  return answers
}
const OLD = ['7003', '7101', '7207', '7300', '7455']
const NEW = ['7003', '7102', '7207', '7301', '7455']

describe('an upgrade', () => {
  it('gives instances the new version, and they keep their data, identity and rights', () => {
    const host = filledCard()
    const before = host.getStatus(0x40)
    expect(look(host)).toEqual(OLD)
    expect(manage(host, 'status')).toBe(NO_SESSION)
    expect(upgradeTo(host, V2)).toBe(session(0x01))
    expect(manage(host, 'status')).toBe(NO_SESSION)
    expect(look(host)).toEqual(NEW)
    expect(look(host, SECOND)).toEqual(['7000', '7102', '7200', '7301', '7400'])
    expect(host.getStatus(0x40)).toBe(before)
    expect(host.getStatus(0x20, `4F${lv(UPGRADABLE_AID)}`)).toContain('CE020102')
    // And once more, to the same file: what counts is that it works with what it holds.
    expect(upgradeTo(host, V2)).toBe(session(0x01))
    expect(look(host)).toEqual(['7003', '7102', '7207', '7301', '7455'])
    host.select(INSTANCE)
    expect([host.raw('80010000'), host.raw('80050900'), host.raw('80040000')]).toEqual(['7004', '9000', '7209'])
    reopen(host)
    expect(host.delete(UPGRADABLE_AID, true)).toBe('009000')
  })

  it('brings the static fields of the new version, with their first values', () => {
    const statics = '.statics references 1 default 0 values 0B\n.array byte 0C0D'
    const extra = `getstatic_a static@0 sconst_1 baload getstatic_b static@2 sadd sspush 29952 sadd ${ANSWER}`
    const host = filledCard({ statics: '.statics references 1 default 4 values 01\n.array byte 0102030405' })
    expect(upgradeTo(host, upgradable({ version: 2, statics, extra }))).toBe(session(0x01))
    host.select(INSTANCE)
    expect(host.raw('80080000')).toBe('7518')
    const again = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
    again.powerOn()
    const other = new GpHost(again)
    other.select(INSTANCE)
    expect(other.raw('80080000')).toBe('7518')
  })

  it('takes no more memory than the difference', () => {
    const host = filledCard()
    const used = () => host.card.report().memory.nvUsedBytes
    expect(upgradeTo(host, V2)).toBe(session(0x01))
    const once = used()
    for (let i = 0; i < 3; i++) expect(upgradeTo(host, i % 2 ? V2 : V1)).toBe(session(0x01))
    expect(upgradeTo(host, V2)).toBe(session(0x01))
    expect(used()).toBe(once)
  })

  it('is announced in the card capabilities', () => {
    expect(openCard().send(0xca, 0x00, 0x67)).toMatch(/8901019000$/)
  })
})

describe('MANAGE ELF UPGRADE is refused, and nothing has changed', () => {
  it.each([
    ['start of nothing', 0x01, '', '6A80'],
    ['start without an AID', 0x01, 'A100', '6A80'],
    ['start of two', 0x01, `A10A4F08${toHex(UPGRADABLE_AID)}A10A4F08${toHex(UPGRADABLE_AID)}`, '6A80'],
    ['start with options', 0x01, `A10D4F08${toHex(UPGRADABLE_AID)}800101`, '6A80'],
    ['start of what is not there', 0x01, 'A1074F05F000000001', '6A88'],
    ['start of the domain package', 0x01, `A1094F07${toHex(SD_PACKAGE)}`, '6985'],
    ['resume without a session', 0x02, '', '6985'],
    ['abort without a session', 0x04, '', '6985'],
    ['recovery without a session', 0x03, '', '6985'],
    ['status with data', 0x08, '00', '6A80'],
    ['another action', 0x10, '', '6A86'],
  ])('%s', (_, p1, data, status) => {
    const host = filledCard()
    expect(host.send(0xea, p1, 0, data)).toBe(status)
    expect(host.send(0xea, 0x08, 1)).toBe('6A86')
    expect(manage(host, 'status')).toBe(NO_SESSION)
    expect(look(host)).toEqual(OLD)
  })

  it('by a domain that may not, by nobody, and while somebody uses it', () => {
    const host = filledCard()
    expect(installDomain(host, SSD_AID, '804000')).toBe('009000')
    reopen(host, SSD_AID)
    expect(manage(host, 'start')).toBe('6985')
    host.select()
    expect(host.raw('80EA080000')).toBe('6982')
    host.raw('0070000001')
    host.channel = 1
    expect(host.select(INSTANCE)).toBe('9000')
    host.channel = 0
    reopen(host)
    expect(manage(host, 'start')).toBe('6985')
    host.raw('0070800100')
    expect(manage(host, 'start')).toBe(session(0x02))
    reopen(host, SSD_AID)
    expect([manage(host, 'abort'), manage(host, 'resume')]).toEqual(['6985', '6985'])
  })

  it('of a library that others import', () => {
    const host = openCard()
    expect(loadPackage(host, V1)).toBe('009000')
    expect(manage(host, 'start')).toBe(session(0x02)) // without instances: only the code changes
    expect(loadVersion(host, V2)).toBe('009000')
    expect(manage(host, 'resume')).toBe(session(0x01))
    expect(host.getStatus(0x20, `4F${lv(UPGRADABLE_AID)}`)).toContain('CE020102')
  })
})

describe('while an upgrade waits', () => {
  it('the instances are out of reach, and the load file stays where it is; abort brings all back', () => {
    for (const action of ['abort', 'recovery'] as const) {
      const host = filledCard()
      installDomain(host)
      expect(manage(host, 'start')).toBe(session(0x02))
      expect(look(host)).toEqual(['6A82'])
      reopen(host)
      expect(manage(host, 'start')).toBe('6985')
      expect(manage(host, 'resume')).toBe(session(0x02))
      expect(host.delete(UPGRADABLE_AID, true)).toBe('6985')
      expect(host.delete(INSTANCE)).toBe('6985')
      const third = fromHex('F04752494403')
      expect(host.install({ loadFile: V1.aid, module: V1.module, instance: third })).toBe('6985')
      expect(host.send(0xe6, 0x10, 0, `${lv(SSD_AID)}00${lv(INSTANCE)}000000`)).toBe('6985')
      expect(host.send(0xe6, 0x40, 0, `0000${lv(INSTANCE)}0300000000 00`.replace(' ', ''))).toBe('6985')
      expect(host.send(0xe6, 0x0e, 0x01, `${lv(V1.aid)}00000000`)).toBe('6985')
      expect(manage(host, action)).toBe(NO_SESSION)
      expect(look(host)).toEqual(OLD)
    }
  })

  it('it outlives a reset and a restart, in each of its states', () => {
    let host = filledCard()
    const restarted = () => {
      const card = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
      card.powerOn()
      return reopen(new GpHost(card))
    }
    manage(host, 'start')
    host = restarted()
    expect(manage(host, 'status')).toBe(session(0x02))
    expect(look(host)).toEqual(['6A82'])
    reopen(host)
    expect(loadVersion(host, V2)).toBe('009000')
    host = restarted()
    expect(manage(host, 'status')).toBe(session(0x03))
    const clone = host.card.clone()
    clone.powerOn()
    expect(look(new GpHost(clone))).toEqual(['6A82'])
    expect(manage(host, 'resume')).toBe(session(0x01))
    host = restarted()
    expect(manage(host, 'status')).toBe(NO_SESSION)
    expect(look(host)).toEqual(NEW)
  })

  it('a load file that is not one, of another package, or that cannot be linked is refused; the next one may come', () => {
    const host = filledCard()
    manage(host, 'start')
    host.installForLoad(UPGRADABLE_AID)
    expect(host.load(emitTlv(0xc4, fromHex('010203')))).toBe('6A80')
    host.installForLoad(UPGRADABLE_AID)
    expect(host.load(testPackage(1).loadFile)).toBe('6A80')
    host.installForLoad(UPGRADABLE_AID)
    expect(host.load(V2.loadFile.slice(0, -20))).toBe('6A80')
    expect(manage(host, 'status')).toBe(session(0x02))
    expect(loadVersion(host, upgradable({ version: 3 }))).toBe('009000')
    expect(loadVersion(host, V2)).toBe('009000') // in the place of that
    expect(manage(host, 'resume')).toBe(session(0x01))
    expect(look(host)).toEqual(NEW)
    expect(loadVersion(host, V2)).toBe('6985')
  })

  it('a load that began before an abort ends with it', () => {
    const host = filledCard()
    manage(host, 'start')
    host.installForLoad(UPGRADABLE_AID)
    expect(manage(host, 'abort')).toBe(NO_SESSION)
    expect(host.load(V2.loadFile)).toBe('6985')
    expect(look(host)).toEqual(OLD)
  })
})

describe('an applet that fails', () => {
  const FAIL = `sspush 27012 ${ANSWER}`
  const foreign = 'sconst_1 sconst_0 sconst_1'
  it.each<readonly [string, Partial<UpgradableOptions>]>([
    [
      'throws while it saves',
      { save: `sspush 27012 invokestatic javacard/framework/ISOException.throwIt(S)V aconst_null areturn` },
    ],
    ['saves itself', { save: `${foreign} ${CREATE} aload_0 ${write('Ljava/lang/Object;')} areturn` }],
    [
      'saves an array that leads to itself',
      {
        save: `sconst_1 anewarray java/lang/Object astore_1 aload_1 sconst_0 aload_0 aastore
          ${foreign} ${CREATE} aload_1 ${write('Ljava/lang/Object;')} areturn`,
      },
    ],
    ['writes more than it asked for', { save: `sconst_1 sconst_1 sconst_0 ${CREATE} sconst_1 ${write('S')} areturn` }],
    ['asks for less than nothing', { save: `sconst_1 sconst_m1 sconst_0 ${CREATE} areturn` }],
    ['asks for an element of no type', { save: `sconst_3 sconst_1 sconst_0 ${CREATE} areturn` }],
    [
      'wants more than there is',
      {
        save: `sconst_1 sspush 32767 sconst_0 ${CREATE} pop sconst_1 sspush 32767 sconst_0 ${CREATE} pop sconst_1 sspush 32767 sconst_0 ${CREATE} pop sconst_1 sspush 32767 sconst_0 ${CREATE} areturn`,
      },
    ],
  ])('%s: no session begins, the old version is as it was', (_, o) => {
    const host = filledCard(o)
    const used = host.card.report().memory.nvUsedBytes
    expect(manage(host, 'start')).toBe('6985')
    expect(manage(host, 'status')).toBe(NO_SESSION)
    expect(look(host)).toEqual(OLD)
    expect(host.card.report().memory.nvUsedBytes).toBe(used)
  })

  it.each<readonly [string, Partial<UpgradableOptions>]>([
    ['throws while it restores', { restore: FAIL }],
    ['throws in its constructor', { init: FAIL.replace(' return', '') }],
    [
      'reads more than was written',
      { restore: `aload_1 ${read('readShort()S')} pop aload_1 ${read('readShort()S')} pop return` },
    ],
    ['has another module', { module: Uint8Array.of(...UPGRADABLE_AID, 2) }],
    [
      'aborts a transaction',
      {
        restore:
          'invokestatic javacard/framework/JCSystem.beginTransaction()V invokestatic javacard/framework/JCSystem.abortTransaction()V return',
      },
    ],
  ])('%s: the old version is there with its data, and another try may follow', (_, o) => {
    const host = filledCard()
    expect(upgradeTo(host, upgradable({ version: 2, ...o }))).toBe(session(0x04))
    expect(manage(host, 'status')).toBe(session(0x04))
    expect(look(host)).toEqual(['6A82'])
    reopen(host)
    expect(manage(host, 'resume')).toBe(session(0x04))
    const again = Card.open({ profile: gpProfile(), crypto: nodeCrypto, image: host.card.image() })
    again.powerOn()
    const other = reopen(new GpHost(again))
    expect(manage(other, 'recovery')).toBe(NO_SESSION)
    expect(look(other)).toEqual(OLD)
    expect(loadVersion(host, V2)).toBe('009000')
    expect(manage(host, 'resume')).toBe(session(0x01))
    expect(look(host)).toEqual(NEW)
  })

  it('what fails in cleanup and consolidation is ignored', () => {
    const host = filledCard({ cleanup: FAIL })
    expect(upgradeTo(host, upgradable({ version: 2, consolidate: FAIL }))).toBe(session(0x01))
    expect(look(host)).toEqual(['7003', '7102', '7207', '7300', '7455'])
  })

  it('cleanup is undone with a restore that fails', () => {
    const cleanup = 'getfield_a_this target.1 sconst_0 sconst_0 bastore return'
    const host = filledCard({ cleanup })
    expect(upgradeTo(host, upgradable({ version: 2, restore: FAIL }))).toBe(session(0x04))
    expect(manage(host, 'abort')).toBe(NO_SESSION)
    expect(look(host)).toEqual(OLD)
  })
})

describe('UpgradeManager and elements', () => {
  it('know the version before, its AID, and whether an upgrade goes on', () => {
    const bits = `aload_0 invokestatic ${MANAGER}.isUpgrading()Z bspush 10 smul
      invokestatic ${MANAGER}.getPreviousPackageVersion()S sspush 257 ssub sadd putfield_s target.0 return`
    const host = filledCard({ extra: `sspush 28928 invokestatic ${MANAGER}.isUpgrading()Z sadd ${ANSWER}` })
    host.select(INSTANCE)
    expect(host.raw('80080000')).toBe('7100')
    reopen(host)
    expect(upgradeTo(host, upgradable({ version: 2, restore: bits }))).toBe(session(0x01))
    host.select(INSTANCE)
    expect(host.raw('80020000')).toBe('700A')
  })

  it('booleans, bytes, shorts and objects come back in their order, as many as there are', () => {
    const save = `sconst_1 sconst_5 sconst_2 ${CREATE} sconst_1 ${write('Z')} bspush -3 ${write('B')} sspush -300 ${write('S')}
      aconst_null ${write('Ljava/lang/Object;')} getfield_a_this target.1 ${write('Ljava/lang/Object;')} astore_1
      aload_1 ${read('canWriteByte()S')} sconst_1 if_scmpne BAD aload_1 ${read('canWriteShort()S')} ifne BAD
      aload_1 ${read('canWriteObject()S')} ifne BAD aload_1 ${read('canWriteBoolean()S')} sconst_1 if_scmpne BAD
      aload_1 areturn BAD: sspush 27012 invokestatic javacard/framework/ISOException.throwIt(S)V aconst_null areturn`
    const restore = `aload_1 ${read('initRead()V')} aload_1 ${read('canReadShort()S')} sconst_2 if_scmpne BAD
      aload_1 ${read('readBoolean()Z')} sconst_1 if_scmpne BAD aload_1 ${read('readByte()B')} bspush -3 if_scmpne BAD
      aload_1 ${read('readShort()S')} sspush -300 if_scmpne BAD aload_1 ${read('canReadByte()S')} sconst_1 if_scmpne BAD
      aload_1 ${read('readObject()Ljava/lang/Object;')} ifnonnull BAD aload_1 ${read('canReadObject()S')} sconst_1 if_scmpne BAD
      aload_0 aload_1 ${read('readObject()Ljava/lang/Object;')} checkcast byte putfield_a target.1
      aload_1 ${read('canReadObject()S')} ifne BAD aload_1 ${read('canReadBoolean()S')} sconst_1 if_scmpne BAD
      invokestatic ${MANAGER}.nonNullReference()Ljava/lang/Object; ifnull BAD return
      BAD: sspush 27012 ${ANSWER}`
    const host = filledCard({ save })
    expect(upgradeTo(host, upgradable({ version: 2, restore }))).toBe(session(0x01))
    expect(look(host)[2]).toBe('7207')
  })

  it('a mapped element stands for an object of the old version, and then for one of the new', () => {
    const MAPPED = 'org/globalplatform/upgrade/MappedElement'
    const set = `checkcast class ${MAPPED} aload_0 invokeinterface 2 ${MAPPED}.setMappedObject(Ljava/lang/Object;)Lorg/globalplatform/upgrade/Element;`
    const match = `aload_0 invokestatic ${MANAGER}.matchMappedElement(Ljava/lang/Object;)L${MAPPED};`
    const save = `sconst_2 sconst_2 sconst_0 ${CREATE} ${set} getfield_s_this target.0 ${write('S')} pop ${match} areturn`
    const restore = `aload_1 checkcast class ${MAPPED} invokeinterface 1 ${MAPPED}.getMappedObject()Ljava/lang/Object; ifnonnull BAD
      aload_1 ${set} pop ${match} aload_1 if_acmpne BAD
      aload_0 aload_1 ${read('readShort()S')} putfield_s target.0 return BAD: sspush 27012 ${ANSWER}`
    const host = filledCard({ save })
    expect(upgradeTo(host, upgradable({ version: 2, restore }))).toBe(session(0x01))
    expect(look(host).slice(0, 2)).toEqual(['7003', '7102'])
  })

  it('an instance may save nothing', () => {
    const host = filledCard({ save: 'aconst_null areturn' })
    expect(upgradeTo(host, V2)).toBe(session(0x01))
    expect(look(host)).toEqual(['7000', '7102', '7200', '7301', '7455'])
  })
})

describe('a power cut in any write of an upgrade', () => {
  const profile = gpProfile()

  function open(store: CuttingStore): GpHost {
    const card = Card.open({ profile, crypto: nodeCrypto, store })
    card.powerOn()
    return reopen(new GpHost(card))
  }

  /** Cuts what `act` writes, every `step`th of the cuts that there are, or each of them (GRIDCARD_CUTS=all); `check` looks at the card that comes up again. */
  function cut(
    image: Uint8Array,
    o: { readonly step: number },
    act: (host: GpHost) => void,
    check: (host: GpHost) => void,
  ): number {
    const whole = new CuttingStore(image)
    const first = open(whole)
    const begin = whole.writes
    act(first)
    let [cuts, number] = [0, 0]
    for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
      if (cutAt < begin || (number++ % o.step !== 0 && !IS_EXHAUSTIVE)) continue
      const store = new CuttingStore(image, cutAt, tornBytes)
      const host = open(store)
      expect(() => act(host), `write ${cutAt}`).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
      check(open(new CuttingStore(store.read()!)))
      cuts++
    }
    return cuts
  }

  it('start: no session and the old version, or a session that goes on', { timeout: CUTS_TIMEOUT_MS }, () => {
    const cuts = cut(
      filledCard().card.image(),
      { step: 7 },
      (host) => expect(manage(host, 'start')).toBe(session(0x02)),
      (host) => {
        const status = manage(host, 'status')
        expect([NO_SESSION, session(0x02)]).toContain(status)
        if (status === NO_SESSION) return expect(look(host)).toEqual(OLD)
        expect(manage(host, 'abort')).toBe(NO_SESSION)
        expect(look(host)).toEqual(OLD)
      },
    )
    expect(cuts).toBeGreaterThan(10)
  })

  it('load: it waits still, or has the new version', { timeout: CUTS_TIMEOUT_MS }, () => {
    const host = filledCard()
    manage(host, 'start')
    cut(
      host.card.image(),
      { step: 7 },
      (one) => expect(loadVersion(one, V2)).toBe('009000'),
      (one) => {
        if (manage(one, 'status') === session(0x02)) expect(loadVersion(one, V2)).toBe('009000')
        expect(manage(one, 'resume')).toBe(session(0x01))
        expect(look(one)).toEqual(NEW)
      },
    )
  })

  it('resume: the old version is intact, or the new one has the data', { timeout: CUTS_TIMEOUT_MS }, () => {
    const host = filledCard()
    manage(host, 'start')
    loadVersion(host, V2)
    const states = new Set<string>()
    const cuts = cut(
      host.card.image(),
      { step: 41 },
      (one) => expect(manage(one, 'resume')).toBe(session(0x01)),
      (one) => {
        const status = manage(one, 'status')
        states.add(status)
        if (status === session(0x03)) {
          const aborted = one.card.clone()
          aborted.powerOn()
          const old = reopen(new GpHost(aborted))
          expect(manage(old, 'abort')).toBe(NO_SESSION)
          expect(look(old)).toEqual(OLD)
        } else if (status === session(0x60)) expect(manage(one, 'abort')).toBe('6985')
        if (status !== NO_SESSION) expect(manage(one, 'resume')).toBe(session(0x01))
        // Consolidated once, or again where the cut came behind it.
        expect([...NEW.slice(0, 3), NEW[4]]).toEqual(look(one).filter((_, i) => i !== 3))
        expect(one.delete(UPGRADABLE_AID, true)).toBe('009000')
      },
    )
    expect(cuts).toBeGreaterThan(10)
    expect([...states].sort()).toEqual([NO_SESSION, session(0x03), session(0x60)].sort())
  })
})
