import { fromHex, toHex } from '@gridcard/bytes'
import { assemble, createMethodPackage } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { selectCommand } from '../../test/applet-card.ts'
import { CuttingStore, everyCut } from '../../test/cutting-store.ts'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card, type CardError } from '../index.ts'

const APPLET = 'javacard/framework/Applet'
const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const ISO = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const NO_EVENT = 'return'

const LIBRARY_AID = fromHex('F0475249440E00')
/** One static reference, for anyone to keep something in. */
const library = assemble(`.package ${toHex(LIBRARY_AID)} 1.0
  .import javacard.framework 1.6
  .statics references 1
  .class shelf extends java/lang/Object
    .public 1
  .end
  .method keep stack 1 args 1
    aload_0 putstatic_a static@0 return
  .end
  .method take stack 1 args 0
    getstatic_a static@0 areturn
  .end
  .export shelf methods keep take`)

const packageAid = (number: number) => fromHex(`F0475249440E0${number}`)
const aidOf = (number: number, instance = 1) => Uint8Array.of(...packageAid(number), instance)

/**
 * INS 01 puts an array of the instance on the shelf, 02 takes what lies there into a field, 03 drops both, 04 keeps an
 * array in a static field of the package, 05 drops it, 06 puts an object of a class of the package on the shelf, 07
 * puts the AID object there.
 */
function subject(number: number, uninstall: string): ReturnType<typeof createMethodPackage>['cap'] {
  const codes = [
    'sconst_5 newarray byte invokestatic %0.0.0 return',
    'aload_0 invokestatic %0.0.1 putfield_a subject.0 return',
    'aload_0 aconst_null putfield_a subject.0 aconst_null invokestatic %0.0.0 return',
    'sconst_5 newarray byte putstatic_a static@0 return',
    'aconst_null putstatic_a static@0 return',
    'new thing invokestatic %0.0.0 return',
    `${SYSTEM}.getAID()Ljavacard/framework/AID; invokestatic %0.0.0 return`,
  ]
  const text = `.import ${toHex(LIBRARY_AID)} 1.0
    .applet ${toHex(aidOf(number))} install
    .statics references 1 default 2
    .class thing extends java/lang/Object
      .public 1
    .end
    .class subject extends ${APPLET}
      .instance 1 references 1 from 0
      .public 7 process uninstall
      .implements javacard/framework/AppletEvent 8
    .end
    .method uninstall stack 4 args 1
      ${uninstall}
    .end
    .method process stack 8 args 2 locals 2
      aload_0 invokevirtual ${APPLET}.selectingApplet()Z ifeq GO return
      GO: aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B sconst_1 baload
      stableswitch { 1: ${codes.map((_, i) => `C${i + 1}`).join(' ')} default: DEFAULT }
      DEFAULT: sspush 24832 getstatic_s static@2 sadd ${ISO}
      ${codes.map((code, i) => `C${i + 1}: ${code}`).join('\n')}
    .end
    .method init stack 1 args 1
      aload_0 invokespecial ${APPLET}.<init>()V return
    .end
    .method install stack 5 args 3
      new subject dup invokespecial init
      aload_0 sload_1 sconst_1 sadd aload_0 sload_1 baload invokevirtual ${APPLET}.register([BSB)V return
    .end`
  return createMethodPackage({ packageAid: packageAid(number), methods: {}, text }).cap
}

function cardWith(uninstall = NO_EVENT): Card {
  const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
  card.loadPackage(library)
  for (const number of [1, 2]) {
    card.loadPackage(subject(number, uninstall))
    install(card, number, 1)
  }
  install(card, 1, 2)
  card.powerOn()
  return card
}
const install = (card: Card, number: number, instance: number) =>
  card.installApplet({
    packageAid: packageAid(number),
    appletAid: aidOf(number),
    instanceAid: aidOf(number, instance),
  })

/** Selects an instance, gives it commands, and resets the card. */
function tell(card: Card, aid: Uint8Array, ...instructions: number[]): string {
  const answers = [selectCommand(aid), ...instructions.map((ins) => `800${ins}0000`)]
  const status = answers.map((command) => toHex(card.transmit(fromHex(command)))).join(' ')
  card.powerOn()
  return status
}

function statusOf(act: () => void): number {
  try {
    act()
  } catch (error) {
    expect(error).toMatchObject({ code: 'CARD_DELETE_REFUSED' })
    return (error as CardError).place['sw'] as number
  }
  throw new Error('nothing was refused')
}
const reportOf = ({ bootCount: _, ...rest }: ReturnType<Card['report']>) => rest
const unchangedAfter = (card: Card, act: () => void, status = 0x6985) => {
  const before = reportOf(card.report())
  expect(statusOf(act)).toBe(status)
  expect(reportOf(card.report())).toEqual(before)
}

describe('an applet instance is not deleted', () => {
  it('when it is not on the card', () => {
    const card = cardWith()
    unchangedAfter(card, () => card.deleteApplet(packageAid(1)), 0x6a88)
  })

  it('while it, or another of its package, is active on any channel', () => {
    for (const instance of [1, 2]) {
      const card = cardWith()
      card.transmit(fromHex(selectCommand(aidOf(1, instance)).replace(/^00/, '01')))
      unchangedAfter(card, () => card.deleteApplet(aidOf(1)))
    }
  })

  it('while an object of another instance refers to one of its own', () => {
    const card = cardWith()
    tell(card, aidOf(1), 1)
    tell(card, aidOf(2), 2)
    tell(card, aidOf(1, 2), 3) // the shelf is empty
    unchangedAfter(card, () => card.deleteApplet(aidOf(1)))
    tell(card, aidOf(2), 3)
    card.deleteApplet(aidOf(1))
  })

  it('while a static field, also of its own package, refers to an object of it', () => {
    const card = cardWith()
    tell(card, aidOf(1), 4)
    unchangedAfter(card, () => card.deleteApplet(aidOf(1)))
    tell(card, aidOf(1), 5, 1)
    unchangedAfter(card, () => card.deleteApplet(aidOf(1)))
    tell(card, aidOf(2), 3)
    card.deleteApplet(aidOf(1))
  })

  it('and what uninstall() did stays done', () => {
    const card = cardWith('getstatic_s static@2 sconst_1 sadd putstatic_s static@2 sconst_1 sconst_0 sdiv pop return')
    tell(card, aidOf(1), 1)
    expect(statusOf(() => card.deleteApplet(aidOf(1)))).toBe(0x6985)
    expect(tell(card, aidOf(1, 2), 8)).toBe('9000 6101')
  })

  it('but a transaction that uninstall() left open is rolled back', () => {
    const card = cardWith(`${SYSTEM}.beginTransaction()V sconst_1 putstatic_s static@2 return`)
    card.deleteApplet(aidOf(1))
    expect(tell(card, aidOf(1, 2), 8)).toBe('9000 6100')
  })
})

describe('a deleted applet instance', () => {
  it('is gone with all it had; its AID is free again', () => {
    const card = cardWith()
    const before = reportOf(card.report())
    install(card, 2, 2)
    tell(card, aidOf(2, 2), 1, 2)
    tell(card, aidOf(1), 3)
    card.deleteApplet(aidOf(2, 2))
    expect(reportOf(card.report())).toEqual(before)
    expect(tell(card, aidOf(2, 2))).toBe('6999')
    install(card, 2, 2)
    expect(tell(card, aidOf(2, 2))).toBe('9000')
  })

  it('leaves its AID object to whoever kept it', () => {
    const card = cardWith()
    tell(card, aidOf(2), 7)
    card.deleteApplet(aidOf(2))
    expect(tell(card, aidOf(1), 2)).toBe('9000 9000')
  })

  it('gives its number back: cards outlive any count of installations', () => {
    const card = cardWith()
    const before = reportOf(card.report())
    for (let i = 0; i < 200; i++) {
      install(card, 2, 9)
      card.deleteApplet(aidOf(2, 9))
    }
    expect(reportOf(card.report())).toEqual(before)
    expect(tell(card, aidOf(1), 8)).toBe('9000 6100')
  })
})

describe('a package is not deleted', () => {
  it.each([
    ['when it is not on the card', fromHex('F0AABBCCDD'), 0x6a88],
    ['when it is part of the card', fromHex('A0000000620101'), 0x6985],
    ['when another imports it', LIBRARY_AID, 0x6985],
    ['when it has applets, unless they are to go, too', packageAid(1), 0x6985],
  ])('%s', (_, aid, status) => {
    const card = cardWith()
    unchangedAfter(card, () => card.deletePackage(aid), status)
  })

  const withApplets = { withApplets: true }

  it('with its applets, while one of them is active', () => {
    const card = cardWith()
    card.transmit(fromHex(selectCommand(aidOf(1, 2))))
    unchangedAfter(card, () => card.deletePackage(packageAid(1), withApplets))
  })

  it.each([
    ['an object of its applets', 1],
    ['an object of one of its classes', 6],
  ])('with its applets, while a static field of another package refers to %s', (_, ins) => {
    const card = cardWith()
    tell(card, aidOf(1), ins)
    unchangedAfter(card, () => card.deletePackage(packageAid(1), withApplets))
    tell(card, aidOf(1), 3)
    card.deletePackage(packageAid(1), withApplets)
    expect(card.report().packages.map((one) => one.aid)).not.toContain(toHex(packageAid(1)))
  })
})

describe('a deleted package', () => {
  it('is gone with its applets and what its own static fields refer to; everything can come again', () => {
    const card = cardWith()
    tell(card, aidOf(1), 4)
    card.deletePackage(packageAid(1), { withApplets: true })
    expect(tell(card, aidOf(1))).toBe('6999')
    expect(card.report().applets.map((one) => one.aid)).toEqual([toHex(aidOf(2))])
    card.deletePackage(packageAid(2), { withApplets: true })
    card.deletePackage(LIBRARY_AID)
    const blank = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
    blank.powerOn()
    expect(card.report().memory).toEqual(blank.report().memory)
    card.loadPackage(library)
    card.loadPackage(subject(1, NO_EVENT))
    install(card, 1, 1)
    expect(tell(card, aidOf(1), 1, 2, 4, 8)).toBe('9000 9000 9000 9000 6100')
  })

  it('leaves room that a package before the one it imports may take', () => {
    const card = cardWith()
    card.deletePackage(packageAid(1), { withApplets: true })
    card.deletePackage(packageAid(2), { withApplets: true })
    const filler = createMethodPackage({ packageAid: packageAid(7), methods: {} }).cap
    card.loadPackage(filler)
    card.deletePackage(LIBRARY_AID)
    card.loadPackage(createMethodPackage({ packageAid: packageAid(8), methods: {} }).cap)
    card.deletePackage(packageAid(7))
    card.loadPackage(library)
    card.deletePackage(packageAid(8))
    card.loadPackage(subject(1, NO_EVENT))
    install(card, 1, 1)
    const again = Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, image: card.image() })
    again.powerOn()
    expect(tell(again, aidOf(1), 1, 2, 8)).toBe('9000 9000 9000 6100')
  })
})

describe('a power cut in any write', () => {
  const deletions: [string, (card: Card) => void][] = [
    ['of deleting an applet', (card) => card.deleteApplet(aidOf(1))],
    ['of deleting a package with its applets', (card) => card.deletePackage(packageAid(1), { withApplets: true })],
    ['of installing an applet where another was deleted', (card) => void install(card, 2, 5)],
    ['of changing the default applet', (card) => card.setDefaultApplet({ aid: aidOf(2) })],
  ]

  it.each(deletions)('%s leaves before or after, and nothing to clean up', (_, act) => {
    const original = cardWith()
    original.setDefaultApplet({ aid: aidOf(1, 2) })
    install(original, 2, 3)
    install(original, 2, 4)
    original.deleteApplet(aidOf(2, 3))
    const image = original.image()
    const look = (stored: Uint8Array) => {
      const card = Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, image: stored })
      const report = reportOf(card.report())
      card.powerOn()
      const byDefault = toHex(card.transmit(fromHex('80080000')))
      card.powerOn()
      return {
        report,
        byDefault,
        answers: [aidOf(1), aidOf(1, 2), aidOf(2), aidOf(2, 5)].map((aid) => tell(card, aid, 1, 2, 8)),
      }
    }
    const whole = new CuttingStore(image)
    act(Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store: whole }))
    const states = [look(image), look(whole.read()!)]
    for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
      const store = new CuttingStore(image, cutAt, tornBytes)
      const card = Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store })
      expect(() => act(card)).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
      expect(states, `write ${cutAt} after ${tornBytes} bytes`).toContainEqual(look(store.read()!))
    }
  })
})
