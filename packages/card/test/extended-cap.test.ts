import { fromHex, toHex } from '@gridcard/bytes'
import { assemble, emitComponents } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../src/index.ts'
import { SW_OK, selectCommand } from './applet-card.ts'
import { TEST_PROFILE } from './vm-fixture.ts'

// An extended CAP file on the card: a library package, a private package and an applet in one file, methods in two
// blocks. Package-visible methods of classes of two of its packages are two methods, as the vendor's converter numbers
// them. The answers were compared with what the vendor's converter made of the same Java source.

const CAP_AID = 'F04752494445580101'
const APPLET_AID = fromHex(`${CAP_AID}01`)
const LIBRARY_AID = 'F04752494445580102'
const API = '.import javacard.framework 1.8\n.import java.lang 1.0'
const PROFILE = { ...TEST_PROFILE, nvSizeBytes: 262144, ramSizeBytes: 8192 }

/** @param filler nops in front of the applet's method */
const extendedCap = (filler = 0) =>
  assemble(
    `.format 2.3
.cap ${CAP_AID} 1.0
.package ${LIBRARY_AID} 1.3
${API}
.applet ${toHex(APPLET_AID)} app_install
.class counter extends java/lang/Object
  .instance 1
  .public 1 counter_next
  .package 0 counter_step
  .tokens 2 00FF
.end
.class twice extends counter
  .instance 1
  .public 1 twice_next
  .package 1 twice_step
  .tokens 2 00FF
.end
.class app extends javacard/framework/Applet
  .instance 2 references 2 from 0
  .public 7 app_process
  .tokens 8 0001020304050607
.end
.method counter_init stack 2 args 1
  aload_0 invokespecial java/lang/Object.<init>()V
  getstatic_s static@0 sconst_1 sadd putstatic_s static@0 return
.end
.method counter_next stack 1 args 1
  aload_0 invokevirtual counter.0x80 getfield_s_this counter.0 sreturn
.end
.method counter_step stack 3 args 1
  aload_0 getfield_s_this counter.0 sconst_2 sadd putfield_s counter.0 return
.end
.method counter_made stack 1
  getstatic_s static@0 sreturn
.end
.block
.method twice_next stack 1 args 1
  aload_0 invokespecial super:twice.1 pop aload_0 invokespecial super:twice.1 sreturn
.end
.method twice_step stack 2 args 1
  aload_0 bspush 7 putfield_s twice.0 return
.end
.method app_install stack 2 args 3
  new app dup invokespecial app_init invokevirtual javacard/framework/Applet.register()V return
.end
.method app_init stack 3 args 1
  aload_0 invokespecial javacard/framework/Applet.<init>()V
  new counter dup invokespecial counter_init putfield_a_this app.0
  new twice dup invokespecial counter_init putfield_a_this app.1 return
.end
.method app_process stack 4 args 2 locals 1
  ${'nop '.repeat(filler)}
  aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq A return
  A: aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B sconst_1 baload
  stableswitch { 1: L1 L2 L3 L4 L5 default: L4 }
  L1: getfield_a_this app.0 invokevirtual counter.1 goto E
  L2: getfield_a_this app.1 invokevirtual counter.1 goto E
  L3: getfield_a_this app.1 invokevirtual twice.0x81 getfield_a_this app.1 getfield_s twice.0 goto E
  L4: invokestatic counter_made goto E
  L5: invokestatic javacard/framework/Resources.getResources()Ljavacard/framework/Resources; sconst_5
    invokevirtual javacard/framework/Resources.getSize(S)S
  E: invokestatic javacard/framework/ISOException.throwIt(S)V return
.end
.statics default 2
.exports
.export counter fields 0 methods counter_init counter_made
.resource 5 48656C6C6F`,
    { level: '3.2.0' },
  )

/** A compact package whose class extends one of the library in the extended file. */
const USER_AID = 'F04752494445580201'
const user = (minor = 3) =>
  assemble(`.package ${USER_AID} 1.0
${API}
.import ${LIBRARY_AID} 1.${minor}
.applet ${USER_AID}01 user_install
.class user extends javacard/framework/Applet
  .public 7 user_process
.end
.method user_install stack 2 args 3
  new user dup invokespecial user_init invokevirtual javacard/framework/Applet.register()V return
.end
.method user_init stack 1 args 1
  aload_0 invokespecial javacard/framework/Applet.<init>()V return
.end
.method user_process stack 3 args 2
  new %2.0 dup invokespecial %2.0.0 invokevirtual %2.0.1 pop
  getstatic_s %2.0.0 invokestatic javacard/framework/ISOException.throwIt(S)V return
.end`)

const newCard = () => Card.create({ profile: PROFILE, crypto: nodeCrypto })
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('an extended CAP file on the card', () => {
  const answers = (card: Card) => {
    card.powerOn()
    const send = (hex: string) => toHex(card.transmit(fromHex(hex)))
    return [selectCommand(APPLET_AID), '80010000', '80010000', '80020000', '80030000', '80040000', '80050000'].map(send)
  }
  const EXPECTED = [SW_OK, '0002', '0004', '0004', '0007', '0002', '0005']

  it('runs, across its packages and blocks', () => {
    const card = newCard()
    card.loadPackage(extendedCap())
    card.installApplet({ packageAid: fromHex(CAP_AID), appletAid: APPLET_AID })
    expect(answers(card)).toEqual(EXPECTED)
    expect(card.report().packages).toMatchObject([{ aid: CAP_AID, version: '1.0' }])
  })

  it('is linked again from its load form', () => {
    const card = newCard()
    card.loadPackage(extendedCap())
    card.installApplet({ packageAid: fromHex(CAP_AID), appletAid: APPLET_AID })
    expect(answers(Card.open({ profile: PROFILE, crypto: nodeCrypto, image: card.image() }))).toEqual(EXPECTED)
  })

  it('may have more than 64 KB of methods', () => {
    const cap = extendedCap(60_000)
    expect(emitComponents(cap).length).toBeGreaterThan(60_000)
    const card = newCard()
    card.loadPackage(cap)
    card.installApplet({ packageAid: fromHex(CAP_AID), appletAid: APPLET_AID })
    expect(answers(card)).toEqual(EXPECTED)
  })

  it('is imported by the names of its public packages', () => {
    const card = newCard()
    expect(() => card.loadPackage(user())).toThrow(code('CARD_IMPORT_MISSING'))
    card.loadPackage(extendedCap())
    expect(() => card.loadPackage(user(4)), 'a newer one').toThrow(code('CARD_IMPORT_MISSING'))
    card.loadPackage(user())
    card.installApplet({ packageAid: fromHex(USER_AID), appletAid: fromHex(`${USER_AID}01`) })
    card.powerOn()
    expect(toHex(card.transmit(fromHex(selectCommand(fromHex(`${USER_AID}01`)))))).toBe('0001')
    expect(() => card.deletePackage(fromHex(CAP_AID))).toThrow(code('CARD_DELETE_REFUSED'))
  })

  it('is refused when one of its names is taken, and the other way round', () => {
    const card = newCard()
    card.loadPackage(assemble(`.package ${LIBRARY_AID} 1.0`))
    expect(() => card.loadPackage(extendedCap())).toThrow(code('CARD_PACKAGE_EXISTS'))
    const other = newCard()
    other.loadPackage(extendedCap())
    expect(() => other.loadPackage(assemble(`.package ${LIBRARY_AID} 1.0`))).toThrow(code('CARD_PACKAGE_EXISTS'))
    expect(() => other.loadPackage(assemble(`.package ${CAP_AID} 1.0`))).toThrow(code('CARD_PACKAGE_EXISTS'))
  })

  it('is refused when it is larger than a card keeps in one piece', () => {
    const large = assemble(
      `.format 2.3\n.cap ${CAP_AID} 1.0\n${[1, 2, 3, 4, 5].map((i) => `.method m${i}\n${'nop '.repeat(60_000)} return\n.end`).join('\n.block\n')}
.exports`.replace('\n.exports', ''),
    )
    const card = Card.create({ profile: { ...PROFILE, nvSizeBytes: 1 << 20 }, crypto: nodeCrypto })
    const before = card.report()
    expect(() => card.loadPackage(large)).toThrow(code('CARD_MEMORY_FULL'))
    expect(card.report()).toEqual(before)
  })
})
