import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { AppletCard } from '../../test/applet-card.ts'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card } from '../index.ts'
import { protocolsOfAtr } from '../runtime/answer-to-reset.ts'

// The APDU object in T=0, TPDU by TPDU: what the reader sends, what the card answers. JCRE 3.1 §9.4.1.

const APDU = 'javacard/framework/APDU'
const on = (signature: string) => `aload_1 invokevirtual ${APDU}.${signature}`
const RECEIVE = on('setIncomingAndReceive()S')
const length = (count: number) => `aload_1 sspush ${count} invokevirtual ${APDU}.setOutgoingLength(S)V`
const send = (count: number) => `aload_1 sconst_0 sspush ${count} invokevirtual ${APDU}.sendBytes(SS)V`
const ANSWER = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const T0 = { ...TEST_PROFILE, atr: fromHex('3B00') }
/** The first `count` bytes of the buffer, which begins with the header. */
const respond = (count: number, start = 'setOutgoing()S') => `${on(start)} pop ${length(count)} ${send(count)} return`

function card(code: string, text = ''): AppletCard {
  const one = new AppletCard(
    `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
    START: ${code}
    END: sconst_0 pop return
    FAIL: invokevirtual javacard/framework/CardRuntimeException.getReason()S sspush 26880 sadd ${ANSWER}
.catch START END FAIL ${APDU}Exception`,
    { profile: T0, text },
  )
  expect(one.select()).toBe('9000')
  return one
}

function session(code: string, ...exchanges: [tpdu: string, answer: string][]): void {
  const one = card(code)
  for (const [tpdu, answer] of exchanges) expect(one.send(tpdu), tpdu).toBe(answer)
}

describe('case 1 and case 2', () => {
  it('sends what was asked for', () => session(respond(4), ['8002000004', '800200009000']))
  it('names another length with 6Cxx, and answers the same command with that one', () => {
    session(respond(4), ['8002000009', '6C04'], ['8002000004', '800200009000'])
  })
  it('takes P3 0 for 256', () => session(respond(4), ['8002000000', '6C04'], ['8002000004', '800200009000']))
  it('processes the command that is repeated only once', () => {
    // The second byte of the response is not the P3 of the repetition.
    session(
      `${on('setOutgoing()S')} pop ${length(5)} ${send(5)} return`,
      ['8002000009', '6C05'],
      ['8002000005', '80020000099000'],
    )
  })
  it('gives what does not fit to GET RESPONSE', () => {
    session(respond(5), ['8002000003', '8002006102'], ['00C0000002', '00039000'])
  })
  it('answers a command without P3', () => session(respond(3), ['80020000', '6103'], ['00C0000003', '8002009000']))
  it('answers nothing but a status word', () => session('return', ['80020000', '9000'], ['8002000000', '9000']))
  it('announces a short response with 61xx without chaining', () => {
    session(respond(4, 'setOutgoingNoChaining()S'), ['8002000009', '6104'], ['00C0000004', '800200009000'])
  })
})

describe('case 3 and case 4', () => {
  it('announces the response', () => {
    session(
      `${RECEIVE} pop ${respond(6)}`,
      ['8002000002AABB', '6106'],
      ['00C0000006', '80020000 02AA9000'.replace(' ', '')],
    )
  })
  it('gives it in parts', () => {
    session(
      `${RECEIVE} pop ${respond(6)}`,
      ['8002000002AABB', '6106'],
      ['00C0000004', '800200006102'],
      ['00C0000002', '02AA9000'],
    )
  })
  it('corrects a length that is too long, without losing the response', () => {
    session(
      `${RECEIVE} pop ${respond(6)}`,
      ['8002000002AABB', '6106'],
      ['00C0000009', '6C06'],
      ['00C0000006', '8002000002AA9000'],
    )
  })
  it('has 61 00 for 256 bytes', () => {
    const one = card(`${RECEIVE} pop ${respond(256)}`)
    expect(one.send('8002000001AA')).toBe('6100')
    expect(one.send('00C0000000')).toMatch(/^8002000001AA(00){250}9000$/)
  })
  it('drops the response when another command comes', () => {
    session(
      `${RECEIVE} pop ${respond(6)}`,
      ['8002000002AABB', '6106'],
      ['8002000001CC', '6106'],
      ['00C0000006', '8002000001CC9000'],
    )
  })
  it('ignores an Le that a reader left at the end', () => {
    session(`${RECEIVE} pop ${respond(6)}`, ['8002000002AABB00', '6106'])
  })
  it.each(['800200', '8002000003AABB', '8002000001AABBCC'])('refuses %s', (tpdu) => session('return', [tpdu, '6700']))
  it('has no data before the applet asks for them', () => {
    const code = `${on('getBuffer()[B')} sconst_5 invokestatic javacard/framework/Util.getShort([BS)S ${ANSWER}`
    session(code, ['8002000002AABB', '0000'])
  })
  it('has no response to get', () => {
    session(`${on('getBuffer()[B')} sconst_1 baload ${ANSWER}`, ['00C0000004', 'FFC0'])
  })
})

describe('what the APDU object says', () => {
  it.each([
    ['getProtocol', `invokestatic ${APDU}.getProtocol()B ${ANSWER}`, '80020000', '0000'],
    ['getInBlockSize', `invokestatic ${APDU}.getInBlockSize()S ${ANSWER}`, '80020000', '0001'],
    ['getOutBlockSize', `invokestatic ${APDU}.getOutBlockSize()S ${ANSWER}`, '80020000', '0102'],
    ['setOutgoing in case 1', `${on('setOutgoing()S')} ${ANSWER}`, '80020000', '0100'],
    ['setOutgoing in case 2', `${on('setOutgoing()S')} ${ANSWER}`, '8002000007', '0007'],
    ['setOutgoing in case 3', `${RECEIVE} pop ${on('setOutgoing()S')} ${ANSWER}`, '8002000001AA', '0100'],
    [
      'more than a header can ask for',
      `${on('setOutgoingNoChaining()S')} pop ${length(257)} return`,
      '8002000000',
      '6903',
    ],
    [
      '256 without chaining',
      `${on('setOutgoingNoChaining()S')} pop ${length(256)} sspush 1 ${ANSWER}`,
      '8002000000',
      '0001',
    ],
  ])('%s', (_, code, tpdu, answer) => session(code, [tpdu, answer]))
})

describe('an extended command in ENVELOPEs', () => {
  const EXTENDED = `aload_1 invokevirtual ${APDU}.setIncomingAndReceive()S pop
    aload_1 invokevirtual ${APDU}.getIncomingLength()S ${ANSWER}`
  const segments = (apdu: string) => {
    const bytes = fromHex(apdu)
    const cut: string[] = []
    for (let at = 0; at <= bytes.length; at += 255) {
      const part = bytes.subarray(at, at + 255)
      cut.push(`00C20000${toHex(Uint8Array.of(part.length))}${toHex(part)}`)
    }
    return cut
  }

  it('is put together, and refused without ExtendedLength', () => {
    const [first, second] = segments(`80020000 00012C ${'AB'.repeat(300)}`.replaceAll(' ', ''))
    session(EXTENDED, [first!, '9000'], [second!, '6700'])
  })

  it('reaches an applet with ExtendedLength', () => {
    const one = new AppletCard(
      `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return START: ${EXTENDED}`,
      { profile: T0, implements: ['javacardx/apdu/ExtendedLength'] },
    )
    one.select()
    const [first, second] = segments(`80020000 00012C ${'AB'.repeat(300)}`.replaceAll(' ', ''))
    expect([one.send(first!), one.send(second!)]).toEqual(['9000', '012C'])
  })

  it('is forgotten when another command comes between', () => {
    const [first, second] = segments(`80020000 00012C ${'AB'.repeat(300)}`.replaceAll(' ', ''))
    session('return', [first!, '9000'], ['80020000', '9000'], [second!, '6700'])
  })
})

describe('which protocol', () => {
  it.each([
    ['3B00', ['T=0']],
    ['3B8001', ['T=1']],
    ['3B80800101', ['T=0', 'T=1']],
    ['3B9F96C00A31', ['T=0', 'T=1']],
    ['3B', ['T=0']],
    ['3BF01234', ['T=0']],
  ])('an ATR %s offers', (atr, offered) => expect(protocolsOfAtr(fromHex(atr))).toEqual(offered))

  it('is refused when the ATR does not offer it', () => {
    const create = () => Card.create({ profile: { ...T0, protocols: ['T=1'] }, crypto: nodeCrypto })
    expect(create).toThrow(expect.objectContaining({ code: 'CARD_BAD_PROFILE' }))
    const one = Card.create({ profile: T0, crypto: nodeCrypto })
    expect(() => one.powerOn({ protocol: 'T=1' })).toThrow(expect.objectContaining({ code: 'CARD_BAD_PROFILE' }))
  })

  it('is the reader’s choice among what is offered', () => {
    const one = new AppletCard(`invokestatic ${APDU}.getProtocol()B ${ANSWER}`, {
      profile: { ...TEST_PROFILE, atr: fromHex('3B80800101') },
    })
    one.card.powerOn({ protocol: 'T=1' })
    expect(one.select()).toBe('0001')
    one.card.powerOn()
    expect(one.select()).toBe('0000')
  })
})

describe('getProtocol', () => {
  // Medium in the high half, protocol in the low one: API 3.1 APDU.getProtocol.
  it.each([
    ['contacts', '6E01'],
    ['contactless-a', '6E81'],
    ['contactless-b', '6E91'],
  ] as const)('by %s is %s', (medium, expected) => {
    const one = new AppletCard(
      `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
      START: invokestatic ${APDU}.getProtocol()B sspush 255 sand sspush 28160 sor ${ANSWER}`,
    )
    one.card.powerOn({ medium })
    one.select()
    expect(one.send('80000000')).toBe(expected)
  })

  it('over the air is T=1, whatever the ATR offers', () => {
    const only = Card.create({ profile: T0, crypto: nodeCrypto })
    only.powerOn({ medium: 'contactless-a' })
    expect(() => only.powerOn({ medium: 'contactless-a', protocol: 'T=0' })).toThrow('the card speaks T=1')
  })
})
