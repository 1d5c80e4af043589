import { fromHex, toHex } from '@gridcard/bytes'
import { createMethodPackage } from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import { AppletCard, addApplet, SW_OK, selectCommand } from '../../test/applet-card.ts'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { channelOf, isSecureMessaging } from './cla.ts'

const THROW = (sw: number) =>
  `sspush ${(sw << 16) >> 16} invokestatic javacard/framework/ISOException.throwIt(S)V return`
const SELECTING = 'aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z'
/** Answers the header byte at an index, when not selecting. */
const ECHO_INS = `${SELECTING} ifeq L return
  L: aload_1 sconst_1 sconst_1 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V return`
const BEGIN = 'invokestatic javacard/framework/JCSystem.beginTransaction()V'

describe('a class byte', () => {
  it.each([
    [0x00, 0, false],
    [0x01, 1, false],
    [0x03, 3, false],
    [0x13, 3, false],
    [0x0c, 0, true],
    [0x04, 0, true],
    [0x20, 0, false],
    [0x3f, 0, false],
    [0x40, 4, false],
    [0x4f, 19, false],
    [0x60, 4, true],
    [0x7f, 19, true],
    [0x80, 0, false],
    [0x84, 0, true],
    [0xb2, 2, false],
    [0xc0, 4, false],
    [0xe0, 4, true],
    [0xff, 0, false],
  ])('%i', (cla, channel, isSecure) => {
    expect([channelOf(cla), isSecureMessaging(cla)]).toEqual([channel, isSecure])
  })
})

describe('a card', () => {
  it('does not answer without power', () => {
    const { card } = new AppletCard('return')
    card.powerOff()
    expect(() => card.transmit(fromHex('00A40400'))).toThrow(expect.objectContaining({ code: 'CARD_NOT_POWERED' }))
  })

  it.each([
    ['a command too short', '00A404', '6700'],
    ['lengths that contradict each other', '8002000005AA', '6700'],
    ['a command before any applet is selected', '80020000', '6999'],
    ['a command on another channel', '81020000', '6881'],
    ['a command on a further channel', 'C0020000', '6881'],
    ['SELECT of nobody on another channel, which it opens', '01A4040005F047524944', '6999'],
    ['SELECT of an applet that is not there', '00A4040006F04752494401', '6999'],
    ['SELECT without a name', '00A40400', '6999'],
  ])('answers %s', (_, command, status) => {
    expect(new AppletCard('return').send(command)).toBe(status)
  })

  it('has no applet selected after power up', () => {
    const one = new AppletCard(ECHO_INS)
    expect(one.select()).toBe(SW_OK)
    expect(one.send('80070000')).toBe('079000')
    one.card.powerOn()
    expect(one.send('80070000')).toBe('6999')
  })

  it('tells the state of an applet', () => {
    const one = new AppletCard('return')
    expect(one.card.report().applets[0]?.lifeCycle).toBe('selectable')
    one.select()
    expect(one.card.report().applets[0]?.lifeCycle).toBe('selected')
  })
})

describe('selection', () => {
  it.each(['00', '04', '08', '0C', '10'])('takes P2 %s', (p2) => {
    const one = new AppletCard(ECHO_INS)
    expect(one.send(selectCommand(one.aid).replace('00A40400', `00A404${p2}`))).toBe(SW_OK)
  })

  it('hands everything else that looks like SELECT to the applet selected', () => {
    const one = new AppletCard(ECHO_INS)
    one.select()
    for (const command of ['00A40401', '00A40403', '00A40480', '00A40000', '04A40400', '80A40400']) {
      expect(one.send(command), command).toBe('A49000')
    }
    expect(one.send('00A4040006F04752494401'), 'an AID of nobody').toBe('A49000')
    expect(one.send(`00A4040005${toHex(one.aid.subarray(0, 5))}`), 'a part of an AID').toBe('A49000')
  })

  it('knows in process whether it is selecting', () => {
    const one = new AppletCard(`${SELECTING} ifne L ${THROW(0x6101)} L: ${THROW(0x6102)}`)
    expect(one.select()).toBe('6102')
    expect(one.send('80020000')).toBe('6101')
  })

  it('is refused by select(): nothing is selected afterwards, not even the applet before', () => {
    const refuser = (code: string) => `.applet F04752494400AA01 refuser_install
      .class refuser extends javacard/framework/Applet
        .public 6 refuser_select refuser_process
      .end
      .method refuser_select stack 2 args 1
        ${code}
      .end
      .method refuser_process args 2
        return
      .end
      .method refuser_init stack 1 args 1
        aload_0 invokespecial javacard/framework/Applet.<init>()V return
      .end
      .method refuser_install stack 2 args 3
        new refuser dup invokespecial refuser_init invokevirtual javacard/framework/Applet.register()V return
      .end`
    for (const code of ['sconst_0 sreturn', 'sconst_1 sconst_0 sdiv sreturn', `${BEGIN} sconst_1 sreturn`]) {
      const one = new AppletCard(ECHO_INS)
      one.select()
      const packageAid = fromHex('F04752494400AA')
      one.card.loadPackage(createMethodPackage({ packageAid, methods: {}, text: refuser(code) }).cap)
      const aid = one.card.installApplet({ packageAid, appletAid: fromHex('F04752494400AA01') })
      expect(one.select(aid)).toBe('6999')
      expect(one.send('80020000')).toBe('6999')
    }
  })

  it('clears CLEAR_ON_DESELECT data and keeps CLEAR_ON_RESET data when an applet is selected again', () => {
    const make = (event: number) =>
      `sconst_1 sconst_${event} invokestatic javacard/framework/JCSystem.makeTransientByteArray(SB)[B`
    // Local arrays in fields 0 and 1; each command answers both first bytes, then sets them to 5.
    const one = new AppletCard(
      `aload_0 getfield_a main.0 ifnonnull L aload_0 ${make(1)} putfield_a main.0 aload_0 ${make(2)} putfield_a main.1
        L: aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B astore_2
        aload_2 sconst_0 aload_0 getfield_a main.0 sconst_0 baload bastore
        aload_2 sconst_1 aload_0 getfield_a main.1 sconst_0 baload bastore
        aload_0 getfield_a main.0 sconst_0 sconst_5 bastore aload_0 getfield_a main.1 sconst_0 sconst_5 bastore
        aload_1 sconst_0 sconst_2 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V return`,
      { instance: { cells: 2, firstReferenceToken: 0, referenceCount: 2 } },
    )
    expect(one.select()).toBe('00009000')
    expect(one.send('80020000')).toBe('05059000')
    expect(one.select()).toBe('05009000')
    one.card.powerOn()
    expect(one.select()).toBe('00009000')
  })

  it('reaches the applet it names', () => {
    const one = new AppletCard(THROW(0x6101))
    const second = addApplet(one.card, 2, THROW(0x6102))
    expect(one.select()).toBe('6101')
    expect(one.select(second)).toBe('6102')
    expect(one.send('80020000')).toBe('6102')
  })
})

describe('what process() does becomes a status word', () => {
  const afterSending = (then: string) =>
    `${SELECTING} ifeq L return L: aload_1 sconst_0 sconst_4 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V ${then}`
  const throwNew = (name: string) => `new ${name} athrow`
  const throwIt = (name: string) => `bspush 9 invokestatic ${name}.throwIt(S)V return`

  it.each([
    ['return', 'return', '9000'],
    ['an ISOException', THROW(0x6985), '6985'],
    ['any reason', THROW(0x9fff), '9FFF'],
    [
      'an ISOException of its own',
      'new javacard/framework/ISOException dup sspush 27013 invokespecial javacard/framework/ISOException.<init>(S)V athrow',
      '6985',
    ],
    ['a VM exception', 'sconst_1 sconst_0 sdiv pop return', '6F00'],
    ['a RuntimeException', throwNew('java/lang/RuntimeException'), '6F00'],
    ['a SystemException', throwIt('javacard/framework/SystemException'), '6F00'],
    ['a CardRuntimeException', throwIt('javacard/framework/CardRuntimeException'), '6F00'],
    ['a UserException', throwIt('javacard/framework/UserException'), '6F00'],
    ['an open transaction', `${BEGIN} return`, '6F00'],
    ['an ISOException in an open transaction', `${BEGIN} ${THROW(0x6985)}`, '6985'],
    ['data, then an ISOException', afterSending(THROW(0x6283)), '800200006283'],
    ['data, then a VM exception', afterSending('sconst_1 sconst_0 sdiv pop return'), '800200006F00'],
    ['data, then an open transaction', afterSending(`${BEGIN} return`), '800200006F00'],
    ['a loop without end', 'L: goto L', '6F00'],
    ['endless recursion', 'aload_0 aload_1 invokevirtual main.7 return', '6F00'],
  ])('%s', (_, code, response) => {
    const one = new AppletCard(code, { budget: 1_000_000 })
    one.select()
    expect(one.send('80020000')).toBe(response)
    expect(one.send('80020000'), 'and again').toBe(response)
  })

  it('a transaction left open is rolled back', () => {
    const one = new AppletCard(
      `${SELECTING} ifeq L return L: aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B astore_2
        aload_2 sconst_1 baload ifne GET
        ${BEGIN} aload_0 sconst_5 putfield_s main.0 return
        GET: aload_2 sconst_0 aload_0 getfield_s main.0 bastore
        aload_1 sconst_0 sconst_1 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V return`,
      { instance: { cells: 1 } },
    )
    one.select()
    expect(one.send('80000000')).toBe('6F00')
    expect(one.send('80010000')).toBe('009000')
    expect(one.log.map((entry) => entry.event)).toContain('transaction-aborted')
  })

  describe('native methods cost what they take', () => {
    const arrays = 'invokestatic javacard/framework/JCSystem.makeTransientByteArray(SB)[B astore_2'
    const fill =
      'aload_2 sconst_0 sspush 8000 sconst_1 invokestatic javacard/framework/Util.arrayFillNonAtomic([BSSB)S pop'
    const pair = 'new javacard/security/KeyPair dup'
    const generated = (algorithm: number, bits: number) =>
      `${pair} sconst_${algorithm} sspush ${bits} invokespecial javacard/security/KeyPair.<init>(BS)V
        invokevirtual javacard/security/KeyPair.genKeyPair()V`
    it.each([
      ['a few fills of an array', `sspush 8000 sconst_1 ${arrays} ${fill} ${fill}`, 10_000, '9000'],
      ['many', `sspush 8000 sconst_1 ${arrays} L: ${fill} goto L`, 10_000, '6F00'],
      ['a pair of EC keys', generated(5, 192), 1_000_000, '9000'],
      ['pair after pair', `L: ${generated(5, 192)} goto L`, 1_000_000, '6F00'],
      ['an RSA pair that would take longer', generated(1, 2048), 10_000_000, '6F00'],
    ])('%s', (_, code, budget, response) => {
      const profile = { ...TEST_PROFILE, ramSizeBytes: 1 << 15 }
      const one = new AppletCard(`${SELECTING} ifeq START return START: ${code} return`, { budget, profile })
      one.select()
      expect(one.send('80020000')).toBe(response)
    })
  })

  it('the log tells why', () => {
    const one = new AppletCard('L: goto L', { budget: 1000 })
    one.select()
    expect(one.log).toEqual([
      { event: 'halted', detail: expect.stringMatching(/^instruction budget used up at F0475249440000\w* Method\+0x/) },
    ])
  })
})
