import { describe, expect, it } from 'vitest'
import { AppletCard } from '../../test/applet-card.ts'

// The APDU object in T=1, by what the applet calls and what comes back. Selecting is passed over.

const APDU = 'javacard/framework/APDU'
const call = (signature: string) => `invokevirtual ${APDU}.${signature}`
const on = (signature: string) => `aload_1 ${call(signature)}`
const RECEIVE = on('setIncomingAndReceive()S')
const OUTGOING = on('setOutgoing()S')
const BUFFER = on('getBuffer()[B')
const length = (count: number) => `aload_1 sspush ${count} ${call('setOutgoingLength(S)V')}`
const send = (offset: number, count: number) => `aload_1 sspush ${offset} sspush ${count} ${call('sendBytes(SS)V')}`
const sendAtOnce = (offset: number, count: number) =>
  `aload_1 sspush ${offset} sspush ${count} ${call('setOutgoingAndSend(SS)V')}`
/** Ends with the word on the stack as status word. */
const ANSWER = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'

function exchange(code: string, command: string): string {
  const guarded = `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
    START: ${code}
    END: sconst_0 pop return
    FAIL: invokevirtual javacard/framework/CardRuntimeException.getReason()S sspush 26880 sadd ${ANSWER}
.catch START END FAIL ${APDU}Exception`
  const one = new AppletCard(guarded)
  expect(one.select()).toBe('9000')
  return one.send(command)
}

describe('receiving', () => {
  it.each([
    ['setIncomingAndReceive twice', `${RECEIVE} pop ${RECEIVE} ${ANSWER}`, '6901'],
    ['setIncomingAndReceive after setOutgoing', `${OUTGOING} pop ${RECEIVE} ${ANSWER}`, '6901'],
    ['receiveBytes before it', `aload_1 sconst_5 ${call('receiveBytes(S)S')} ${ANSWER}`, '6901'],
    [
      'receiveBytes at a negative offset',
      `${RECEIVE} pop aload_1 sconst_m1 ${call('receiveBytes(S)S')} ${ANSWER}`,
      '6902',
    ],
    ['getIncomingLength before receiving', `${on('getIncomingLength()S')} ${ANSWER}`, '6901'],
    ['getOffsetCdata before receiving', `${on('getOffsetCdata()S')} ${ANSWER}`, '6901'],
    [
      'getIncomingLength after setOutgoing',
      `${RECEIVE} pop ${OUTGOING} pop ${on('getIncomingLength()S')} ${ANSWER}`,
      '6901',
    ],
  ])('%s is refused', (_, code, status) => {
    expect(exchange(code, '8002000003A1B2C3')).toBe(status)
  })

  it.each([
    ['the count', `${RECEIVE} ${ANSWER}`, '8002000003A1B2C3', '0003'],
    ['0 without data', `${RECEIVE} ${ANSWER}`, '80020000', '0000'],
    ['0 in case 2', `${RECEIVE} ${ANSWER}`, '8002000005', '0000'],
    ['the count in case 4', `${RECEIVE} ${ANSWER}`, '8002000003A1B2C310', '0003'],
    ['255 bytes at once', `${RECEIVE} ${ANSWER}`, `80020000FF${'AB'.repeat(255)}`, '00FF'],
    [
      'nothing more',
      `${RECEIVE} pop aload_1 sconst_5 ${call('receiveBytes(S)S')} ${ANSWER}`,
      '8002000003A1B2C3',
      '0000',
    ],
    ['the incoming length', `${RECEIVE} pop ${on('getIncomingLength()S')} ${ANSWER}`, '8002000003A1B2C3', '0003'],
    ['the data offset', `${RECEIVE} pop ${on('getOffsetCdata()S')} ${ANSWER}`, '8002000003A1B2C3', '0005'],
    ['state 0 at first', `${on('getCurrentState()B')} ${ANSWER}`, '8002000003A1B2C3', '0000'],
    ['state 2 afterwards', `${RECEIVE} pop ${on('getCurrentState()B')} ${ANSWER}`, '8002000003A1B2C3', '0002'],
    [
      'the data',
      `${RECEIVE} pop ${BUFFER} bspush 6 invokestatic javacard/framework/Util.getShort([BS)S ${ANSWER}`,
      '8002000003A1B2C3',
      'B2C3',
    ],
    [
      'the data before they are received, too',
      `${BUFFER} sconst_5 invokestatic javacard/framework/Util.getShort([BS)S ${ANSWER}`,
      '8002000003A1B2C3',
      'A1B2',
    ],
    [
      'Le behind them',
      `${BUFFER} bspush 7 invokestatic javacard/framework/Util.getShort([BS)S ${ANSWER}`,
      '8002000003A1B2C347',
      'C347',
    ],
    [
      'zeros behind the command',
      `${BUFFER} bspush 8 invokestatic javacard/framework/Util.getShort([BS)S ${ANSWER}`,
      '8002000003A1B2C3',
      '0000',
    ],
    ['P3 in case 2', `${BUFFER} sconst_4 baload ${ANSWER}`, '8002000007', '0007'],
    ['P3 0 in case 1', `${BUFFER} sconst_4 baload ${ANSWER}`, '80020000', '0000'],
  ])('gives %s', (_, code, command, status) => {
    expect(exchange(code, command)).toBe(status)
  })
})

describe('sending', () => {
  it.each([
    ['setOutgoing twice', `${OUTGOING} pop ${OUTGOING} ${ANSWER}`, '6901'],
    ['setOutgoingNoChaining after setOutgoing', `${OUTGOING} pop ${on('setOutgoingNoChaining()S')} ${ANSWER}`, '6901'],
    ['setOutgoingLength without setOutgoing', `${length(1)} return`, '6901'],
    ['setOutgoingLength twice', `${OUTGOING} pop ${length(1)} ${length(1)} return`, '6901'],
    ['a length of 257 without ExtendedLength', `${OUTGOING} pop ${length(257)} return`, '6903'],
    ['a negative length', `${OUTGOING} pop ${length(-1)} return`, '6903'],
    ['more than a block without chaining', `${on('setOutgoingNoChaining()S')} pop ${length(253)} return`, '6903'],
    ['sendBytes without a length', `${OUTGOING} pop ${send(0, 1)} return`, '6901'],
    ['sendBytes without setOutgoing', `${send(0, 1)} return`, '6901'],
    ['more than announced', `${OUTGOING} pop ${length(4)} ${send(0, 5)} return`, '6901'],
    ['sendBytes beyond the buffer', `${OUTGOING} pop ${length(4)} ${send(260, 2)} return`, '6902'],
    ['sendBytes at a negative offset', `${OUTGOING} pop ${length(4)} ${send(-1, 1)} return`, '6902'],
    ['setOutgoingAndSend after setOutgoing', `${OUTGOING} pop ${sendAtOnce(0, 1)} return`, '6901'],
    ['setOutgoingAndSend beyond the buffer', `${sendAtOnce(261, 1)} return`, '6902'],
    ['setOutgoingAndSend of 257 bytes', `${sendAtOnce(0, 257)} return`, '6903'],
    [
      'waitExtension without chaining',
      `${on('setOutgoingNoChaining()S')} pop invokestatic ${APDU}.waitExtension()V return`,
      '6901',
    ],
  ])('%s is refused', (_, code, status) => {
    expect(exchange(code, '8002000000')).toBe(status)
  })

  it.each([
    [
      'the bytes already sent leave, and the refusal',
      `${OUTGOING} pop ${length(4)} ${send(0, 2)} ${send(2, 2)} ${send(0, 1)} return`,
      '800200006901',
    ],
    ['setOutgoingAndSend twice', `${sendAtOnce(0, 2)} ${sendAtOnce(0, 1)} return`, '80026901'],
    ['parts one after the other', `${OUTGOING} pop ${length(4)} ${send(1, 1)} ${send(0, 3)} return`, '028002009000'],
    ['less than announced', `${OUTGOING} pop ${length(10)} ${send(0, 4)} return`, '800200009000'],
    [
      'zeros for what was announced without chaining',
      `${on('setOutgoingNoChaining()S')} pop ${length(4)} ${send(0, 1)} return`,
      '800000009000',
    ],
    ['nothing though announced', `${OUTGOING} pop ${length(4)} return`, '9000'],
    ['a length of 0', `${OUTGOING} pop ${length(0)} ${send(0, 0)} return`, '9000'],
    ['setOutgoingAndSend of nothing', `${sendAtOnce(0, 0)} return`, '9000'],
    [
      'the buffer as it was when sent',
      `${OUTGOING} pop ${length(1)} ${send(0, 1)} ${BUFFER} sconst_0 sconst_0 bastore return`,
      '809000',
    ],
    [
      'an own array',
      `${OUTGOING} pop ${length(3)} aload_1 sconst_5 newarray byte sconst_1 sconst_3 ${call('sendBytesLong([BSS)V')} return`,
      '0000009000',
    ],
    ['Le', `${OUTGOING} ${ANSWER}`, '0100'],
    ['state 3', `${OUTGOING} pop ${on('getCurrentState()B')} ${ANSWER}`, '0003'],
    ['state 4', `${OUTGOING} pop ${length(2)} ${on('getCurrentState()B')} ${ANSWER}`, '0004'],
  ])('%s', (_, code, response) => {
    expect(exchange(code, '8002000000')).toBe(response)
  })

  it('announces what the terminal expects', () => {
    expect(exchange(`${OUTGOING} ${ANSWER}`, '8002000007')).toBe('0007')
    expect(exchange(`${OUTGOING} ${ANSWER}`, '80020000')).toBe('0100')
    expect(exchange(`${RECEIVE} pop ${OUTGOING} ${ANSWER}`, '8002000001AA09')).toBe('0009')
  })

  it('refuses arrays that are not there', () => {
    const sendLong = (array: string, offset: number) =>
      `${OUTGOING} pop ${length(4)} aload_1 ${array} sconst_${offset} sconst_4 ${call('sendBytesLong([BSS)V')} return`
    expect(exchange(sendLong('aconst_null', 0), '8002000000')).toBe('6F00')
    expect(exchange(sendLong('sconst_4 newarray byte', 1), '8002000000')).toBe('6F00')
  })
})

describe('what the APDU object knows', () => {
  it.each([
    ['getInBlockSize', `invokestatic ${APDU}.getInBlockSize()S ${ANSWER}`, '80020000', '00FE'],
    ['getOutBlockSize', `invokestatic ${APDU}.getOutBlockSize()S ${ANSWER}`, '80020000', '00FE'],
    ['getProtocol', `invokestatic ${APDU}.getProtocol()B ${ANSWER}`, '80020000', '0001'],
    ['getNAD', `${on('getNAD()B')} ${ANSWER}`, '80020000', '0000'],
    ['getCLAChannel', `invokestatic ${APDU}.getCLAChannel()B ${ANSWER}`, '80020000', '0000'],
    ['isCommandChainingCLA', `${on('isCommandChainingCLA()Z')} ${ANSWER}`, '90020000', '0001'],
    ['isSecureMessagingCLA', `${on('isSecureMessagingCLA()Z')} ${ANSWER}`, '84020000', '0001'],
    ['isISOInterindustryCLA', `${on('isISOInterindustryCLA()Z')} ${ANSWER}`, '00020000', '0001'],
    ['isISOInterindustryCLA of 80', `${on('isISOInterindustryCLA()Z')} ${ANSWER}`, '80020000', '0000'],
    ['isValidCLA of 20', `${on('isValidCLA()Z')} ${ANSWER}`, '20020000', '0000'],
    [
      'getCurrentAPDU',
      `invokestatic ${APDU}.getCurrentAPDU()L${APDU}; aload_1 if_acmpeq L sconst_0 ${ANSWER} L: sconst_1 ${ANSWER}`,
      '80020000',
      '0001',
    ],
    [
      'getCurrentAPDUBuffer',
      `invokestatic ${APDU}.getCurrentAPDUBuffer()[B ${BUFFER} if_acmpeq L sconst_0 ${ANSWER} L: sconst_1 ${ANSWER}`,
      '80020000',
      '0001',
    ],
  ])('%s', (_, code, command, status) => {
    expect(exchange(code, command)).toBe(status)
  })
})

describe('an extended command', () => {
  it('never reaches an applet without ExtendedLength', () => {
    expect(exchange('return', '80020000000003A1B2C3')).toBe('6700')
    expect(exchange('return', '80020000000100')).toBe('6700')
  })
})
