import { fromHex, toHex } from '@gridcard/bytes'
import { createMethodPackage } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { selectCommand } from '../../test/applet-card.ts'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card, type CardProfile } from '../index.ts'

const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const ISO = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const APPLET = 'javacard/framework/Applet'
const PLAIN = 1
const MULTI = 2

/** One hex digit for each call, in a static field of the package. */
const note = (digit: number) => `getstatic_s static@0 bspush 16 smul bspush ${digit} sadd putstatic_s static@0`
const noteFlag = (ifFalse: number) => `sload_1 ifne YES ${note(ifFalse)} goto END YES: ${note(ifFalse + 1)} END:`
const throwSum = (code: string) => `sspush 24832 ${code} sadd ${ISO}`

/**
 * Notes select() as 1, deselect() 2, select(false) 3, select(true) 4, deselect(false) 5, deselect(true) 6. INS 01
 * answers the notes as status word and forgets them, 02 and 03 answer 61 and the channel, 04 61 and a byte that is
 * CLEAR_ON_DESELECT and then incremented, 06 the channel that getAssignedChannel gave in the last select or deselect.
 */
function appletText(aid: string, isMulti: boolean, refuse: string): string {
  const select = `${SYSTEM}.getAssignedChannel()B putstatic_s static@2`
  return `.applet ${aid} install
    .statics default 6
    .class subject extends ${APPLET}
      .instance 1 references 1 from 0
      .public 4 plain_deselect share plain_select process ${isMulti ? 'multi_select multi_deselect' : ''}
      ${isMulti ? '.implements javacard/framework/MultiSelectable 8 9' : ''}
    .end
    .method share stack 1 args 3
      aconst_null areturn
    .end
    .method plain_deselect stack 4 args 1
      ${note(2)} return
    .end
    .method plain_select stack 4 args 1
      ${note(1)} ${select} ${refuse}
    .end
    .method multi_select stack 4 args 2
      ${noteFlag(3)} ${select} ${refuse}
    .end
    .method multi_deselect stack 4 args 2
      ${noteFlag(5)} ${select} return
    .end
    .method process stack 8 args 2 locals 2
      aload_0 invokevirtual ${APPLET}.selectingApplet()Z ifeq GO return
      GO: aload_0 getfield_a subject.0 ifnonnull HAS
      aload_0 sconst_1 sconst_2 ${SYSTEM}.makeTransientByteArray(SB)[B putfield_a subject.0
      HAS: aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B sconst_1 baload sstore_3
      sload_3 sconst_1 if_scmpne NOT1 getstatic_s static@0 sconst_0 putstatic_s static@0 ${ISO}
      NOT1: sload_3 sconst_2 if_scmpne NOT2 ${throwSum(`${SYSTEM}.getAssignedChannel()B`)}
      NOT2: sload_3 sconst_3 if_scmpne NOT3
      ${throwSum('invokestatic javacard/framework/APDU.getCLAChannel()B')}
      NOT3: sload_3 sconst_4 if_scmpne NOT4 aload_0 getfield_a subject.0 astore_2
      aload_2 sconst_0 aload_2 sconst_0 baload sconst_1 sadd s2b bastore
      ${throwSum('aload_2 sconst_0 baload')}
      NOT4: ${throwSum('getstatic_s static@2')}
    .end
    .method init stack 1 args 1
      aload_0 invokespecial ${APPLET}.<init>()V return
    .end
    .method install stack 5 args 3
      new subject dup invokespecial init
      aload_0 sload_1 sconst_1 sadd aload_0 sload_1 baload invokevirtual ${APPLET}.register([BSB)V return
    .end`
}

const packageAid = (number: number) => fromHex(`F0475249440C0${number}`)
const aidOf = (number: number, instance = 1) => Uint8Array.of(...packageAid(number), instance)

function addSubject(card: Card, number: number, instances: number, refuse = 'sconst_1 sreturn'): void {
  const text = appletText(toHex(aidOf(number)), number === MULTI, refuse)
  card.loadPackage(createMethodPackage({ packageAid: packageAid(number), methods: {}, text }).cap)
  for (let i = 1; i <= instances; i++) {
    card.installApplet({ packageAid: packageAid(number), appletAid: aidOf(number), instanceAid: aidOf(number, i) })
  }
}

function cardWith(profile: Partial<CardProfile> = {}, refuse?: string): Card {
  const card = Card.create({ profile: { ...TEST_PROFILE, ...profile }, crypto: nodeCrypto })
  addSubject(card, PLAIN, 2, refuse)
  addSubject(card, MULTI, 2, refuse)
  card.powerOn()
  return card
}
const send = (card: Card, ...commands: string[]) => commands.map((one) => toHex(card.transmit(fromHex(one)))).join(' ')
const select = (number: number, channel = 0, instance = 1) => {
  const cla = channel < 4 ? channel : 0x40 + channel - 4
  return selectCommand(aidOf(number, instance)).replace(/^00/, toHex(Uint8Array.of(cla)))
}

describe('MANAGE CHANNEL open', () => {
  it.each([
    ['with secure messaging', '0470000001', '6882'],
    ['with secure messaging on a further channel', '6070000001', '6882'],
    ['in a chain', '1070000001', '6884'],
    ['with a bad P1', '0070400001', '6A81'],
    ['of a channel beyond 19', '0070001401', '6A81'],
    ['from a closed channel', '0170000001', '6881'],
    ['without Le', '00700000', '6C01'],
    ['with Le 0', '0070000000', '6C01'],
    ['with Le 2', '0070000002', '6C01'],
    ['of a channel that is open', '00700005 00700005', '9000 6A86'],
  ])('is refused %s', (_, commands, answer) => {
    expect(send(cardWith(), ...commands.split(' '))).toBe(answer)
  })

  it('is refused when the card has the basic channel only, or none left', () => {
    expect(send(cardWith({ logicalChannels: 1 }), '0070000001')).toBe('6881')
    expect(send(cardWith({ logicalChannels: 2 }), '00700003', '0070000001', '0070000001')).toBe('6A86 019000 6A81')
    expect(send(cardWith({ logicalChannels: 2 }), select(PLAIN, 3))).toBe('6881')
  })

  it('gives the lowest free number, up to 19', () => {
    const card = cardWith()
    expect(send(card, '0070000001', '0070000001', '00700004', '0070000001', '0070000001')).toBe(
      '019000 029000 9000 039000 059000',
    )
    for (let channel = 6; channel < 20; channel++) send(card, '0070000001')
    expect(send(card, '0070000001')).toBe('6A81')
    expect(send(card, select(PLAIN, 19), '4F020000', 'CF020000', 'CF030000')).toBe('9000 6113 6113 6113')
  })

  it('leaves proprietary classes from C0 on to the basic channel where there are four channels at most', () => {
    const card = cardWith({ logicalChannels: 4 })
    expect(send(card, select(PLAIN), 'E0020000', 'E0030000', 'C1030000', 'FE020000')).toBe('9000 6100 6100 6100 6100')
    expect(send(card, '40020000', 'FF020000'), 'interindustry ones, and what is none').toBe('6881 6999')
    const more = cardWith({ logicalChannels: 5 })
    expect(send(more, select(PLAIN), 'E0020000', '00700004', select(MULTI, 4), 'C0020000')).toBe(
      '9000 6881 9000 9000 6104',
    )
  })

  it('from the basic channel opens a channel without an applet', () => {
    expect(send(cardWith(), select(PLAIN), '0070000001', '01020000')).toBe('9000 019000 6999')
  })

  it('from another channel is refused by an applet that is not multiselectable', () => {
    const card = cardWith()
    expect(send(card, select(PLAIN, 1), '0170000001', '02020000')).toBe('9000 6985 6881')
    expect(send(card, '01020000'), 'and the applet stays').toBe('6101')
  })

  it('from another channel selects its multiselectable applet there, without process', () => {
    const card = cardWith()
    expect(send(card, select(MULTI, 1), '01010000', '0170000001', '02010000')).toBe('9000 0001 029000 0004')
    expect(send(card, '02020000', '02030000'), 'the channels it sees').toBe('6102 6102')
    expect(send(card, '02060000'), 'in select() it was the new one').toBe('6102')
  })

  it('is refused with 6999 when the applet refuses, and the channel stays closed', () => {
    const refuse = 'getstatic_s static@4 ifne NO sconst_1 putstatic_s static@4 sconst_1 sreturn NO: sconst_0 sreturn'
    const card = cardWith({}, refuse)
    expect(send(card, select(MULTI, 1), '0170000001', '02020000')).toBe('9000 6999 6881')
  })
})

describe('MANAGE CHANNEL close', () => {
  it.each([
    ['with secure messaging', '04708001', '6882'],
    ['of the basic channel', '00708000', '6A81'],
    ['of a channel beyond 19', '00708014', '6A81'],
    ['from a closed channel', '01708001', '6881'],
  ])('is refused %s', (_, command, answer) => {
    expect(send(cardWith(), command)).toBe(answer)
  })

  it('of a channel that is not open is a warning', () => {
    expect(send(cardWith(), '00708001')).toBe('6200')
  })

  it('deselects the applet; the channel is closed', () => {
    const card = cardWith()
    expect(send(card, select(PLAIN, 1), '00708001', '01020000')).toBe('9000 9000 6881')
    expect(send(card, select(PLAIN), '00010000')).toBe('9000 0121')
  })
})

describe('commands', () => {
  it('to a closed channel are refused, those to an open one without applet too', () => {
    expect(send(cardWith(), '81020000', '00700001', '81020000')).toBe('6881 9000 6999')
  })

  it('reach the applet of their channel, whichever class byte names it', () => {
    const card = cardWith()
    expect(send(card, select(PLAIN), select(MULTI, 2), '80020000', '82020000', 'B2020000', '20020000')).toBe(
      '9000 9000 6100 6102 6102 6100',
    )
  })

  it('find all further channels closed after reset', () => {
    const card = cardWith()
    send(card, select(MULTI, 1))
    card.powerOn()
    expect(send(card, '01020000')).toBe('6881')
  })
})

describe('an applet that is not multiselectable', () => {
  it('is not selected on a second channel, nor is another of its package; what was there is deselected', () => {
    const card = cardWith()
    expect(send(card, select(PLAIN), select(MULTI, 1), select(PLAIN, 1), '01020000')).toBe('9000 9000 6985 6999')
    expect(send(card, select(PLAIN, 2, 2))).toBe('6985')
    expect(send(card, '02020000'), 'the channel stays open').toBe('6999')
  })

  it('is selected again on its own channel', () => {
    const card = cardWith()
    expect(send(card, select(PLAIN), select(PLAIN), select(PLAIN, 0, 2), '00010000')).toBe('9000 9000 9000 2121')
  })

  it('blocks the installation of another instance while it is active on any channel', () => {
    const card = cardWith()
    send(card, select(PLAIN, 3))
    const more = { packageAid: packageAid(PLAIN), appletAid: aidOf(PLAIN), instanceAid: aidOf(PLAIN, 3) }
    expect(() => card.installApplet(more)).toThrow(expect.objectContaining({ place: { sw: 0x6985 } }))
    send(card, '00708003')
    expect(card.installApplet(more)).toEqual(aidOf(PLAIN, 3))
  })
})

describe('a multiselectable applet', () => {
  it('is told by select whether it or only its package is active', () => {
    const card = cardWith()
    expect(send(card, select(MULTI), select(MULTI, 1), select(MULTI, 2, 2), '00010000')).toBe('9000 9000 9000 0143')
  })

  it('is told by deselect whether it or only its package stays active', () => {
    const card = cardWith()
    send(card, select(MULTI), select(MULTI, 1), select(MULTI, 2, 2), '00010000')
    expect(send(card, '00708001', '00010000', '00708002', '00010000')).toBe('9000 0006 9000 0005')
  })

  it('is selected by Applet.select() when nothing of its package is active any more', () => {
    const card = cardWith()
    expect(send(card, select(MULTI, 1), '00708001', select(MULTI), '00010000')).toBe('9000 9000 9000 0121')
  })

  it('shares CLEAR_ON_DESELECT data between channels, until the last instance of the package leaves', () => {
    const card = cardWith()
    expect(send(card, select(MULTI), select(MULTI, 1), '00040000', '01040000')).toBe('9000 9000 6101 6102')
    expect(send(card, select(PLAIN), '01040000'), 'one stays').toBe('9000 6103')
    expect(send(card, select(MULTI, 2, 2), '00708001', select(MULTI), '00040000'), 'another instance').toBe(
      '9000 9000 9000 6104',
    )
    expect(send(card, '00708002', select(PLAIN), select(MULTI), '00040000')).toBe('9000 9000 9000 6101')
  })
})

describe('the default applet', () => {
  it('is selected at reset, without process', () => {
    const card = cardWith()
    card.setDefaultApplet({ aid: aidOf(PLAIN) })
    expect(send(card, '00010000'), 'not before').toBe('6999')
    card.powerOn()
    expect(send(card, '00020000', '00010000')).toBe('6100 0001')
    card.setDefaultApplet({})
    card.powerOn()
    expect(send(card, '00020000')).toBe('6999')
  })

  it('is not there if it refuses', () => {
    const card = cardWith({}, 'sconst_1 sconst_0 sdiv sreturn')
    card.setDefaultApplet({ aid: aidOf(PLAIN) })
    card.powerOn()
    expect(send(card, '00020000')).toBe('6999')
  })

  it('is selected on the channel that is opened from the basic one, if it may', () => {
    const card = cardWith()
    card.setDefaultApplet({ aid: aidOf(MULTI), channel: 3 })
    card.setDefaultApplet({ aid: aidOf(PLAIN), channel: 19 })
    const again = Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, image: card.image() })
    again.powerOn()
    expect(send(again, '00700003', '03020000', '03060000')).toBe('9000 6103 6103')
    expect(send(again, select(PLAIN), '00700013')).toBe('9000 6985')
    expect(send(again, select(MULTI), '00700013', 'CF020000')).toBe('9000 9000 6113')
  })

  it('is one that is on the card, on a channel that there is', () => {
    const card = cardWith()
    for (const wrong of [{ aid: packageAid(1) }, { aid: aidOf(PLAIN), channel: 20 }]) {
      expect(() => card.setDefaultApplet(wrong)).toThrow(expect.objectContaining({ code: 'CARD_NO_SUCH_APPLET' }))
    }
  })
})

describe('partial selection', () => {
  it('is off unless the profile has it', () => {
    expect(send(cardWith(), `00A4040007${toHex(packageAid(PLAIN))}`)).toBe('6999')
  })

  it('takes five bytes or more, exact names first, and goes on with the next occurrence', () => {
    const card = cardWith({ partialSelection: true })
    const byPackage = (p2: string) => `00A404${p2}07${toHex(packageAid(MULTI))}`
    const isActive = (number: number, instance: number) => {
      const applet = card.report().applets.find((one) => one.aid === toHex(aidOf(number, instance)))
      return applet?.lifeCycle === 'selected'
    }
    expect(send(card, '00A4040004F0475249')).toBe('6999')
    expect(send(card, byPackage('00'))).toBe('9000')
    expect(isActive(MULTI, 1)).toBe(true)
    expect(send(card, byPackage('02'))).toBe('9000')
    expect(isActive(MULTI, 2)).toBe(true)
    expect(send(card, byPackage('02').replace('A404', 'A40402').slice(0, 8), '00A4040200'), 'no name').toMatch(/^61/)
    expect(isActive(MULTI, 2), 'the applet takes what names nobody').toBe(true)
    send(card, '00010000')
    expect(send(card, byPackage('02'), '00010000'), 'no further one: the applet gets the command').toBe('6100 0000')
    expect(send(card, select(MULTI, 0, 2)), 'whole names').toBe('9000')
    expect(isActive(MULTI, 2)).toBe(true)
  })

  it('knows the last and the previous occurrence', () => {
    const card = cardWith({ partialSelection: true })
    const byPackage = (p2: string) => `00A404${p2}07${toHex(packageAid(MULTI))}`
    const selected = () =>
      card
        .report()
        .applets.filter((one) => one.lifeCycle === 'selected')
        .map((one) => one.aid)
    expect(send(card, byPackage('03')), 'before nobody').toBe('6999')
    expect(send(card, byPackage('01'))).toBe('9000')
    expect(selected()).toEqual([toHex(aidOf(MULTI, 2))])
    expect(send(card, byPackage('03'))).toBe('9000')
    expect(selected()).toEqual([toHex(aidOf(MULTI, 1))])
    send(card, '00010000')
    expect(send(card, byPackage('03'), '00010000'), 'none before the first: the applet gets the command').toBe(
      '6100 0000',
    )
    expect(send(cardWith(), byPackage('01')), 'not without partial selection').toBe('6999')
  })
})
