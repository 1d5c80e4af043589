import { fromHex, toHex } from '@gridcard/bytes'
import { createMethodPackage } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card, type CardError } from '../index.ts'

const PACKAGE_AID = fromHex('F0475249440001')
const APPLET_AID = fromHex('F047524944000101')
const APPLET = 'javacard/framework/Applet'
const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const NEW = 'new main dup invokespecial init astore_3'
const REGISTER = `aload_3 invokevirtual ${APPLET}.register()V`
const THROW = (sw: number) => `sspush ${sw} invokestatic javacard/framework/ISOException.throwIt(S)V`
const SELECT = fromHex(`00A4040008${toHex(APPLET_AID)}`)

/** A card with a package whose install method has this code; local 3 and on are free, `main` is the applet's class. */
function cardWith(install: string, process = 'return'): Card {
  const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
  card.loadPackage(
    createMethodPackage({
      packageAid: PACKAGE_AID,
      methods: {},
      text: `.applet ${toHex(APPLET_AID)} install
        .statics default 2
        .class subject extends ${APPLET}
          .public 7 process
          .instance 2 references 1 from 0
        .end
        .method init stack 1 args 1
          aload_0 invokespecial ${APPLET}.<init>()V return
        .end
        .method process stack 8 args 2 locals 4
          ${process}
        .end
        .method install long stack 15 args 3 locals 6
          ${install}
        .end`,
    }).cap,
  )
  return card
}
const install = (card: Card, options: { instanceAid?: Uint8Array; parameters?: Uint8Array } = {}) =>
  card.installApplet({ packageAid: PACKAGE_AID, appletAid: APPLET_AID, ...options })

function statusOf(act: () => unknown): number {
  try {
    act()
  } catch (error) {
    expect(error).toMatchObject({ code: 'CARD_INSTALL_REFUSED' })
    return (error as CardError).place['sw'] as number
  }
  throw new Error('the installation succeeded')
}

// the class of the package made by createMethodPackage is `main`; the applet's own is `subject`
const code = (text: string) => text.replaceAll('new main', 'new subject')

describe('an installation fails', () => {
  it.each([
    ['when install returns without register', `${NEW} return`, 0x6985],
    ['with the reason of an ISOException before register', `${THROW(27012)} return`, 27012],
    ['with 6F00 for any other exception', 'sconst_1 sconst_0 sdiv pop return', 0x6f00],
    ['with 6A84 when memory is short', 'sspush 32767 newarray byte pop return', 0x6a84],
    ['when install halts', 'L: goto L', 0x6f00],
    [
      'when register throws',
      `${NEW} aload_3 aload_0 sconst_0 sconst_4 invokevirtual ${APPLET}.register([BSB)V return`,
      0x6a80,
    ],
  ])('%s', (_, text, status) => {
    const card = cardWith(code(text))
    const before = card.report()
    expect(statusOf(() => install(card))).toBe(status)
    expect(card.report(), 'and leaves nothing behind').toEqual(before)
    card.powerOn()
    expect(toHex(card.transmit(SELECT))).toBe('6999')
  })

  it('for an applet or package that is not there', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} return`))
    const packageAid = fromHex('F0AABBCCDD')
    expect(statusOf(() => card.installApplet({ packageAid, appletAid: APPLET_AID }))).toBe(0x6a88)
    expect(statusOf(() => card.installApplet({ packageAid: PACKAGE_AID, appletAid: packageAid }))).toBe(0x6a88)
  })

  it('when the instance AID is taken, or no AID', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} return`))
    install(card)
    expect(statusOf(() => install(card))).toBe(0x6985)
    expect(statusOf(() => install(card, { instanceAid: fromHex('F0AABBCC') }))).toBe(0x6a80)
  })

  it('when the class AID is registered a second time', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} return`))
    install(card)
    expect(statusOf(() => install(card, { instanceAid: fromHex('F0AABBCCDD') }))).toBe(0x6985)
  })

  it('while an applet of the package is selected', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} return`))
    install(card)
    card.powerOn()
    expect(toHex(card.transmit(SELECT))).toBe('9000')
    expect(statusOf(() => install(card, { instanceAid: fromHex('F0AABBCCDD') }))).toBe(0x6985)
  })

  it('with parameters of more than 127 bytes in all', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} return`))
    expect(statusOf(() => install(card, { parameters: new Uint8Array(117) }))).toBe(0x6700)
    expect(install(card, { parameters: new Uint8Array(116) })).toEqual(APPLET_AID)
  })

  it('with all that it wrote undone, static fields too', () => {
    const card = cardWith(
      code(
        `getstatic_s static@0 ifne OK sconst_5 putstatic_s static@0 ${THROW(27013)} return OK: ${NEW} ${REGISTER} return`,
      ),
    )
    expect(statusOf(() => install(card))).toBe(27013)
    expect(statusOf(() => install(card))).toBe(27013)
  })
})

describe('install', () => {
  it('gets instance AID, control information and applet data', () => {
    const check = (
      index: string,
      value: number,
    ) => `aload_0 sload_1 ${index} sadd baload bspush ${value} if_scmpeq L${value}
      ${THROW(27013)} L${value}:`
    const card = cardWith(
      code(`sload_2 bspush 14 if_scmpeq A ${THROW(27012)} A: ${check('sconst_0', 8)} ${check('bspush 9', 0)}
        ${check('bspush 10', 3)} ${check('bspush 11', 33)} ${check('bspush 13', 35)} ${NEW} ${REGISTER} return`),
    )
    expect(install(card, { parameters: Uint8Array.of(33, 34, 35) })).toEqual(APPLET_AID)
  })

  it('may register the AID proposed, or another one', () => {
    const card = cardWith(
      code(
        `${NEW} aload_3 aload_0 sload_1 sconst_1 sadd aload_0 sload_1 baload invokevirtual ${APPLET}.register([BSB)V return`,
      ),
    )
    const instanceAid = fromHex('F0AABBCCDD')
    expect(install(card, { instanceAid })).toEqual(instanceAid)
    expect(card.report().applets.map((one) => one.aid)).toEqual(['F0AABBCCDD'])
  })

  it('keeps what it did when it throws after register', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} ${THROW(27013)} return`))
    expect(install(card)).toEqual(APPLET_AID)
    card.powerOn()
    expect(toHex(card.transmit(SELECT))).toBe('9000')
  })

  it('runs in a transaction until register, and begins none of its own before', () => {
    const depth = `${SYSTEM}.getTransactionDepth()B`
    const card = cardWith(
      code(`${depth} sconst_1 if_scmpeq A ${THROW(27001)} A: ${SYSTEM}.beginTransaction()V ${SYSTEM}.commitTransaction()V
        ${NEW} ${REGISTER} ${depth} ifeq B ${THROW(27002)} B: return`),
    )
    expect(install(card)).toEqual(APPLET_AID)
  })

  it('has an AID once it has registered', () => {
    const aid = `${SYSTEM}.getAID()Ljavacard/framework/AID;`
    const card = cardWith(
      code(`${aid} ifnull A ${THROW(27001)} A: ${NEW} ${REGISTER} ${aid} dup ifnonnull B ${THROW(27002)} B:
        ${SYSTEM}.isAppletActive(Ljavacard/framework/AID;)Z ifne C ${THROW(27003)} C: return`),
    )
    expect(install(card)).toEqual(APPLET_AID)
  })

  it('may make CLEAR_ON_DESELECT arrays', () => {
    const make = `sconst_4 sconst_2 ${SYSTEM}.makeTransientByteArray(SB)[B`
    expect(install(cardWith(code(`${make} pop ${NEW} ${REGISTER} return`)))).toEqual(APPLET_AID)
  })

  it('leaves nothing in CLEAR_ON_DESELECT arrays', () => {
    const make = `sconst_4 sconst_2 ${SYSTEM}.makeTransientByteArray(SB)[B`
    const card = cardWith(
      code(
        `${NEW} aload_3 ${make} putfield_a subject.0 aload_3 getfield_a subject.0 sconst_0 sconst_5 bastore ${REGISTER} return`,
      ),
      `aload_0 getfield_a subject.0 sconst_0 baload sspush 26880 sadd
        invokestatic javacard/framework/ISOException.throwIt(S)V return`,
    )
    card.powerOn()
    install(card)
    expect(toHex(card.transmit(SELECT))).toBe('6900')
  })

  it('cannot keep its parameters, and leaves none of them in the APDU buffer', () => {
    const card = cardWith(code(`${NEW} ${REGISTER} aload_3 aload_0 putfield_a subject.0 return`))
    install(card, { parameters: fromHex('A1A2A3A4') })
    card.powerOn()
    card.transmit(SELECT)
    expect(toHex(card.image())).not.toContain('A1A2A3A4')
  })

  it('cannot register from a command', () => {
    const card = cardWith(
      code(`${NEW} ${REGISTER} return`),
      `A: aload_0 invokevirtual ${APPLET}.register()V return B: C: invokevirtual javacard/framework/CardRuntimeException.getReason()S
        sspush 26880 sadd invokestatic javacard/framework/ISOException.throwIt(S)V return
.catch A B C javacard/framework/SystemException`,
    )
    install(card)
    card.powerOn()
    expect(toHex(card.transmit(SELECT))).toBe('6904')
  })
})
