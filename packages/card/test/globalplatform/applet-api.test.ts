import { emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { assemblePackage, emitComponents } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { addApplet } from '../applet-card.ts'
import { loadPackage, openCard, reopen, testPackage } from './gp-card.ts'
import { GpHost, lv } from './gp-host.ts'
import { gpProfile, TEST_KEY } from './gp-profiles.ts'

const INSTANCE = fromHex('F04752494401')
const GP = 'org/globalplatform/GPSystem'
const ANSWER = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const BUFFER = 'aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B'
const RECEIVE = 'aload_1 invokevirtual javacard/framework/APDU.setIncomingAndReceive()S'
const SKIP_SELECT = 'aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return START:'

/** A card with one applet whose process() runs the code; selected. */
function appletCard(code: string, privileges = '000000'): GpHost {
  const host = openCard()
  const one = testPackage(1, { process: `${SKIP_SELECT} ${code}` })
  expect(loadPackage(host, one)).toBe('009000')
  expect(host.install({ loadFile: one.aid, module: one.module, instance: INSTANCE, privileges })).toBe('009000')
  expect(host.select(INSTANCE)).toBe('9000')
  return host
}

const answer = (code: string, privileges?: string, command = '80010000') => appletCard(code, privileges).raw(command)

describe('GPSystem', () => {
  it.each([
    ['getCardState', `invokestatic ${GP}.getCardState()B ${ANSWER}`, '000000', '0001'],
    ['getCardContentState', `invokestatic ${GP}.getCardContentState()B ${ANSWER}`, '000000', '0007'],
    ['lockCard without the privilege', `invokestatic ${GP}.lockCard()Z ${ANSWER}`, '000000', '0000'],
    ['lockCard before SECURED', `invokestatic ${GP}.lockCard()Z ${ANSWER}`, '100000', '0000'],
    ['terminateCard without the privilege', `invokestatic ${GP}.terminateCard()Z ${ANSWER}`, '000000', '0000'],
    ['setCardContentState of its own', `bspush 15 invokestatic ${GP}.setCardContentState(B)Z ${ANSWER}`, '00', '0001'],
    ['setCardContentState back', `bspush 3 invokestatic ${GP}.setCardContentState(B)Z ${ANSWER}`, '00', '0000'],
    [
      'getCVM of nothing',
      `bspush 99 invokestatic ${GP}.getCVM(B)Lorg/globalplatform/CVM; ifnull N sconst_1 ${ANSWER} N: sconst_0 ${ANSWER}`,
      '00',
      '0000',
    ],
    ['getCardInfoLength', `sspush 128 invokestatic ${GP}.getCardInfoLength(S)S ${ANSWER}`, '00', '0000'],
    ['getCardInfo of something else', `sspush 129 invokestatic ${GP}.getCardInfoLength(S)S ${ANSWER}`, '00', '6A81'],
    [
      'getService of nobody',
      `aconst_null sspush 256 invokestatic ${GP}.getService(Ljavacard/framework/AID;S)Lorg/globalplatform/GlobalService; ifnull N sconst_1 ${ANSWER} N: sconst_0 ${ANSWER}`,
      '00',
      '0000',
    ],
  ])('%s', (_, code, privileges, status) => {
    expect(answer(code, privileges)).toBe(status)
  })

  it('terminateCard with the privilege ends the card: only the issuer still answers, and only GET DATA', () => {
    const host = appletCard(`invokestatic ${GP}.terminateCard()Z ${ANSWER}`, '080000')
    expect(host.raw('80010000')).toBe('0001')
    host.card.powerOn()
    expect(host.select(INSTANCE)).toBe('6A81')
    expect(host.raw('80CA006600')).toMatch(/^66.*9000$/)
    expect(host.initializeUpdate()).toBe('6985')
  })

  it('sets historical bytes with Card Reset, for the next answer to reset', () => {
    const set = `${RECEIVE} pop ${BUFFER} sconst_5 sconst_3 invokestatic ${GP}.setATRHistBytes([BSB)Z ${ANSWER}`
    expect(appletCard(set).raw('8001000003A1A2A3')).toBe('0000')
    const host = appletCard(set, '040000')
    expect(host.raw('8001000003A1A2A3')).toBe('0001')
    expect(toHex(host.card.powerOn())).toBe('3B8301A1A2A322')
  })
})

describe('a card without GlobalPlatform', () => {
  it('answers its applets 6985', () => {
    const { globalPlatform: _, ...profile } = gpProfile()
    const card = Card.create({ profile, crypto: nodeCrypto })
    const aid = addApplet(card, 1, `${SKIP_SELECT} invokestatic ${GP}.getCardState()B ${ANSWER}`)
    card.powerOn()
    const host = new GpHost(card)
    expect(host.select(aid)).toBe('9000')
    expect(host.raw('80010000')).toBe('6985')
  })
})

describe('GPRegistryEntry', () => {
  const ENTRY = `aconst_null invokestatic ${GP}.getRegistryEntry(Ljavacard/framework/AID;)Lorg/globalplatform/GPRegistryEntry;`
  const on = (method: string, args = '', words = 1) =>
    `${ENTRY} ${args} invokeinterface ${words} org/globalplatform/GPRegistryEntry.${method}`
  it.each([
    ['getState', `${on('getState()B')} ${ANSWER}`, '00', '0007'],
    ['isPrivileged, not', `${on('isPrivileged(B)Z', 'bspush 4', 2)} ${ANSWER}`, '00', '0000'],
    ['isPrivileged', `${on('isPrivileged(B)Z', 'bspush 4', 2)} ${ANSWER}`, '08', '0001'],
    ['getPrivileges', `${on('getPrivileges([BS)S', `${BUFFER} sconst_0`, 3)} ${ANSWER}`, '08', '0003'],
    ['registerService without the privilege', `${on('registerService(S)V', 'sspush 256', 2)} return`, '00', '6985'],
    ['registerService', `${on('registerService(S)V', 'sspush 256', 2)} return`, '000100', '9000'],
  ])('%s', (_, code, privileges, status) => {
    expect(answer(code, privileges)).toBe(status)
  })
})

describe('CVM', () => {
  const CVM = `bspush 17 invokestatic ${GP}.getCVM(B)Lorg/globalplatform/CVM;`
  const on = (method: string, args = '', words = 1) =>
    `${CVM} ${args} invokeinterface ${words} org/globalplatform/CVM.${method}`
  const value = `${BUFFER} sconst_5 ${BUFFER} sconst_4 baload sconst_3`
  /** P1 chooses: 0 verify, 1 update, 2 try limit, 3 tries, 4 verified. */
  const applet = `${RECEIVE} pop ${BUFFER} sconst_2 baload stableswitch { 0: VERIFY UPDATE LIMIT TRIES VERIFIED default: OTHER }
    VERIFY: ${on('verify([BSBB)S', value, 5)} ${ANSWER}
    UPDATE: ${on('update([BSBB)Z', value, 5)} ${ANSWER}
    LIMIT: ${on('setTryLimit(B)Z', 'sconst_3', 2)} ${ANSWER}
    TRIES: ${on('getTriesRemaining()B')} ${ANSWER}
    VERIFIED: ${on('isVerified()Z')} ${ANSWER}
    OTHER: return`
  it('is managed by an application with the privilege only', () => {
    const host = appletCard(applet)
    expect(host.raw('8001020000')).toBe('0000')
    expect(host.raw('80010100021234')).toBe('0000')
  })

  it('counts tries, also over a reset, and blocks', () => {
    const host = appletCard(applet, '020000')
    expect(host.raw('80010200')).toBe('0001')
    expect(host.raw('80010100021234')).toBe('0001')
    expect(host.raw('80010000021234')).toBe('0000')
    expect(host.raw('80010400')).toBe('0001')
    expect(host.raw('80010000029999')).toBe('FFFF')
    expect(host.raw('80010300')).toBe('0002')
    host.card.powerOn()
    host.select(INSTANCE)
    expect([host.raw('80010300'), host.raw('80010400')]).toEqual(['0002', '0000'])
    expect([host.raw('80010000029999'), host.raw('80010000029999')]).toEqual(['FFFF', 'FFFF'])
    expect(host.raw('80010000021234')).toBe('FFFF')
  })
})

describe('SecureChannel', () => {
  const CHANNEL = `invokestatic ${GP}.getSecureChannel()Lorg/globalplatform/SecureChannel;`
  const on = (method: string, args = '', words = 1) =>
    `${CHANNEL} ${args} invokeinterface ${words} org/globalplatform/SecureChannel.${method}`
  const applet = `${BUFFER} astore_2
    aload_2 sconst_1 baload bspush 80 if_scmpeq OPEN
    aload_2 sconst_1 baload bspush -126 if_scmpeq OPEN
    ${RECEIVE} sconst_5 sadd sstore_3
    ${on('unwrap([BSS)S', 'aload_2 sconst_0 sload_3', 4)} pop
    ${on('getSecurityLevel()B')} sspush 255 sand sspush 28672 sadd ${ANSWER}
    OPEN: ${on('processSecurity(Ljavacard/framework/APDU;)S', 'aload_1', 2)} sstore_3
    aload_1 sconst_5 sload_3 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V return`

  it("opens with the keys of the domain, and protects the applet's commands", () => {
    const host = appletCard(applet)
    expect(host.raw('80010000')).toBe('7000')
    expect(host.open({ level: 0x03 })).toBe('9000')
    expect(host.send(0x01, 0, 0, 'AABBCC')).toBe('7083')
    expect(host.raw('80010000')).toBe('6982')
    expect(host.send(0x01, 0, 0, 'AABBCC')).toBe('6982')
    expect(host.open({ level: 0x01 })).toBe('9000')
    expect(host.send(0x01, 0, 0)).toBe('7081')
  })

  it('ends with the selection of the applet', () => {
    const host = appletCard(applet)
    host.open({ level: 0x00 })
    expect(host.raw('80010000')).toBe('7080')
    host.select(INSTANCE)
    expect(host.raw('80010000')).toBe('7000')
    reopen(host)
    host.select(INSTANCE)
    expect(host.raw('80010000')).toBe('7000')
  })
})

describe('SecureChannel, to answer and to keep secrets', () => {
  const CHANNEL = `invokestatic ${GP}.getSecureChannel()Lorg/globalplatform/SecureChannel;`
  const on = (method: string, args = '', words = 1, name = 'SecureChannel') => {
    const cast = name === 'SecureChannel' ? '' : `checkcast class org/globalplatform/${name}`
    return `${CHANNEL} ${cast} ${args} invokeinterface ${words} org/globalplatform/${name}.${method}`
  }
  const REPLY = 'sstore_3 aload_1 sconst_5 sload_3 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V return'
  const STATUS = (at: string) => `aload_2 ${at} sspush -28672 invokestatic javacard/framework/Util.setShort([BSS)S pop`
  /** INS 01: data and 9000, wrapped; 02: encrypted; 03: decrypted; 04: setSecurityLevel(P1); 05: the level. */
  const applet = `${BUFFER} astore_2
    aload_2 sconst_1 baload bspush 80 if_scmpeq_w OPEN
    aload_2 sconst_1 baload bspush -126 if_scmpeq_w OPEN
    ${RECEIVE} sconst_5 sadd sstore_3
    ${on('unwrap([BSS)S', 'aload_2 sconst_0 sload_3', 4)} sconst_5 ssub sstore_3
    aload_2 sconst_1 baload stableswitch { 1: WRAP ENCRYPT DECRYPT SET GET default: GET }
    WRAP: ${STATUS('sload_3 sconst_5 sadd')}
    ${on('wrap([BSS)S', 'aload_2 sconst_5 sload_3 sconst_2 sadd', 4)} ${REPLY}
    ENCRYPT: ${on('encryptData([BSS)S', 'aload_2 sconst_5 sload_3', 4)} ${REPLY}
    DECRYPT: ${on('decryptData([BSS)S', 'aload_2 sconst_5 sload_3', 4)} ${REPLY}
    SET: ${on('setSecurityLevel(B)V', 'aload_2 sconst_2 baload', 2, 'SecureChannelx')} return
    GET: ${on('getSecurityLevel()B')} sspush 255 sand sspush 28672 sadd ${ANSWER}
    OPEN: ${on('processSecurity(Ljavacard/framework/APDU;)S', 'aload_1', 2)} ${REPLY}`

  it('wrap gives the R-MAC that the host expects, and encrypts where the level says so', () => {
    const host = appletCard(applet)
    for (const level of [0x11, 0x13, 0x33]) {
      expect(host.open({ level })).toBe('9000')
      // The host checks the MAC, and takes it off.
      expect(host.send(0x01, 0, 0, 'AABBCC')).toBe('AABBCC9000')
      expect(host.send(0x01, 0, 0, '')).toBe('9000')
    }
    expect(host.open({ level: 0x01 })).toBe('9000')
    expect(host.send(0x01, 0, 0, 'AABBCC')).toBe('AABBCC90009000') // unchanged: its caller left the status behind
  })

  it('encryptData is CBC under the DEK, and decryptData takes it back; whole blocks only, of an open session', () => {
    const host = appletCard(applet)
    expect(host.raw(`8002000010${'00'.repeat(16)}`)).toBe('6985')
    host.open()
    const plain = '00112233445566778899AABBCCDDEEFF'
    const sealed = toHex(nodeCrypto.aesCbcEncrypt(TEST_KEY, new Uint8Array(16), fromHex(plain)))
    expect(host.send(0x02, 0, 0, plain)).toBe(`${sealed}9000`)
    expect(host.send(0x03, 0, 0, sealed)).toBe(`${plain}9000`)
    expect(host.send(0x02, 0, 0, plain.slice(2))).toBe('6700')
    expect(host.send(0x02, 0, 0, '')).toBe('6700')
  })

  it('setSecurityLevel goes up, and down to where the session began; nothing else is a level', () => {
    const host = appletCard(applet)
    expect(host.raw('80048100')).toBe('6985') // no session
    expect(host.open({ level: 0x01 })).toBe('9000')
    for (const level of [0x00, 0x80, 0x01, 0x41, 0xc1, 0x82, 0xa1, 0x91 | 0x04, 0xb1, 0xb2, 0x92]) {
      expect(host.send(0x04, level, 0), level.toString(16)).toBe('6985')
    }
    expect(host.send(0x05, 0, 0)).toBe('7081')
    expect(host.send(0x04, 0x83, 0)).toBe('9000')
    host.level = 0x03
    expect(host.send(0x05, 0, 0, 'AABB')).toBe('7083')
    expect(host.send(0x04, 0x81, 0, 'AABB')).toBe('9000')
    host.level = 0x01
    expect(host.send(0x04, 0xb3, 0)).toBe('9000')
    expect(host.open({ level: 0x33 })).toBe('9000')
    expect(host.send(0x04, 0x93, 0)).toBe('6985')
  })

  it('setSecurityLevel to what the option of the protocol does not have is refused', () => {
    const host = openCard({ secureChannels: [{ protocol: 0x03, i: 0x10 }] })
    const one = testPackage(1, { process: `${SKIP_SELECT} ${applet}` })
    loadPackage(host, one)
    host.install({ loadFile: one.aid, module: one.module, instance: INSTANCE })
    host.select(INSTANCE)
    expect(host.open({ level: 0x01 })).toBe('9000')
    expect([host.send(0x04, 0x91, 0), host.send(0x04, 0xb3, 0), host.send(0x04, 0x83, 0)]).toEqual([
      '6985',
      '6985',
      '9000',
    ])
  })
})

describe('GPSystem.getService', () => {
  /** Its GlobalService answers 0x80 with itself; registered for family 0x8200 with Global Service. */
  const module = fromHex('F04752494400000201')
  const provider = emitComponents(
    assemblePackage(`.package F047524944000002 1.0
      .applet ${toHex(module)} target_install
      .class server extends javacard/framework/Applet
        .instance 0 references 0 from 255
        .public 5 target_shareable
      .end
      .class target extends server
        .public 7 target_process target_get
        .implements org/globalplatform/GlobalService 8
        .implements javacard/framework/Shareable
      .end
      .method target_process stack 4 args 2
        ${SKIP_SELECT}
        aconst_null invokestatic ${GP}.getRegistryEntry(Ljavacard/framework/AID;)Lorg/globalplatform/GPRegistryEntry;
        sspush -32256 invokeinterface 2 org/globalplatform/GPRegistryEntry.registerService(S)V return
      .end
      .method target_shareable stack 1 args 3
        aload_0 areturn
      .end
      .method target_get stack 4 args 5
        aconst_null areturn
      .end
      .method target_init stack 1 args 1
        aload_0 invokespecial javacard/framework/Applet.<init>()V return
      .end
      .method target_install stack 2 args 3
        new target dup invokespecial target_init invokevirtual javacard/framework/Applet.register()V return
      .end`).cap,
  )
  const find = `aconst_null sspush -32255 invokestatic ${GP}.getService(Ljavacard/framework/AID;S)Lorg/globalplatform/GlobalService;
    astore_2 aload_2 ifnull NONE
    sspush 28672 ${ANSWER} NONE: sspush 28671 ${ANSWER}`

  it('finds who registered the service or its family, while it can be selected', () => {
    const host = openCard()
    const server = fromHex('F047524944535256')
    const one = { aid: fromHex('F047524944000002'), loadFile: emitTlv(0xc4, provider) }
    expect(host.installForLoad(one.aid)).toBe('009000')
    expect(host.load(one.loadFile)).toBe('009000')
    expect(host.install({ loadFile: one.aid, module, instance: server, privileges: '000100' })).toBe('009000')
    const client = testPackage(1, { process: `${SKIP_SELECT} ${find}` })
    loadPackage(host, client)
    host.install({ loadFile: client.aid, module: client.module, instance: INSTANCE })
    const found = () => {
      host.select(INSTANCE)
      return host.raw('80010000')
    }
    expect(found()).toBe('6FFF') // nobody has registered
    host.select(server)
    expect(host.raw('80010000')).toBe('9000')
    expect(host.raw('80010000')).toBe('6985') // taken, by itself
    expect(found()).toBe('7000')
    reopen(host)
    expect(host.send(0xf0, 0x40, 0x80, server)).toBe('9000')
    expect(found()).toBe('6FFF')
  })
})

describe('interfaces of services that the card itself does not offer', () => {
  const AUTHORITY = 'org/globalplatform/Authority'
  const aid = 'F047524944000005'
  const block = emitComponents(
    assemblePackage(`.package ${aid} 1.0
      .applet ${aid}01 target_install
      .class target extends javacard/framework/Applet
        .instance 0 references 0 from 255
        .public 7 target_process target_init_mode target_sign target_update target_recover
        .implements ${AUTHORITY} 8 9 10 11
        .implements javacard/framework/Shareable
      .end
      .method target_process stack 6 args 2
        ${SKIP_SELECT} aload_0 checkcast class ${AUTHORITY} sconst_5 invokeinterface 2 ${AUTHORITY}.init(B)V return
      .end
      .method target_init_mode stack 2 args 2
        sspush 28672 sload_1 sadd ${ANSWER}
      .end
      .method target_sign stack 1 args 7
        sconst_0 sreturn
      .end
      .method target_update args 4
        return
      .end
      .method target_recover stack 1 args 7
        sconst_0 sreturn
      .end
      .method target_init stack 1 args 1
        aload_0 invokespecial javacard/framework/Applet.<init>()V return
      .end
      .method target_install stack 2 args 3
        new target dup invokespecial target_init invokevirtual javacard/framework/Applet.register()V return
      .end`).cap,
  )

  it('are for applets among themselves: Authority, implemented and called', () => {
    const host = openCard()
    expect(host.installForLoad(fromHex(aid))).toBe('009000')
    expect(host.load(emitTlv(0xc4, block))).toBe('009000')
    const module = fromHex(`${aid}01`)
    expect(host.install({ loadFile: fromHex(aid), module, instance: INSTANCE })).toBe('009000')
    host.select(INSTANCE)
    expect(host.raw('80010000')).toBe('7005')
  })
})

describe('Personalization', () => {
  const aid = fromHex('F047524944000003')
  const module = Uint8Array.of(...aid, 1)
  /** processData answers all that it got, header first; with P2 = 7F it throws 6A80. */
  const block = emitComponents(
    assemblePackage(`.package ${toHex(aid)} 1.0
      .applet ${toHex(module)} target_install
      .class target extends javacard/framework/Applet
        .instance 0 references 0 from 255
        .public 7 target_process target_data
        .implements org/globalplatform/Personalization 8
        .implements javacard/framework/Shareable
      .end
      .method target_process stack 1 args 2
        return
      .end
      .method target_data stack 6 args 6
        aload_1 sload_2 sconst_3 sadd baload bspush 127 if_scmpne GO sspush 27264
        invokestatic javacard/framework/ISOException.throwIt(S)V
        GO: aload_1 sload_2 sconst_4 sadd baload ifne ALL sconst_0 sreturn
        ALL: aload_1 sload_2 aload 4 sload 5 sload_3 invokestatic javacard/framework/Util.arrayCopy([BS[BSS)S pop
        sload_3 sreturn
      .end
      .method target_init stack 1 args 1
        aload_0 invokespecial javacard/framework/Applet.<init>()V return
      .end
      .method target_install stack 2 args 3
        new target dup invokespecial target_init invokevirtual javacard/framework/Applet.register()V return
      .end`).cap,
  )

  // GPC 2.3.1 §11.11.3.1; table 11-89
  it('answers through its domain, if STORE DATA is a command with an answer', () => {
    const host = openCard()
    const one = { aid, module, block, loadFile: emitTlv(0xc4, block) }
    expect(loadPackage(host, one)).toBe('009000')
    host.install({ loadFile: aid, module, instance: INSTANCE })
    const begin = () => expect(host.send(0xe6, 0x20, 0, `0000${lv(INSTANCE)}000000`)).toBe('009000')
    begin()
    expect(host.send(0xe2, 0x01, 0, 'AABB')).toMatch(/^8[04]E2010002AABB9000$/)
    expect(host.send(0xe2, 0x81, 1, 'CC')).toMatch(/^8[04]E2810101CC9000$/)
    expect(host.send(0xe2, 0x81, 2, 'CC')).toBe('6A86') // over
    begin()
    expect(host.send(0xe2, 0x80, 0, '')).toBe('9000')
    begin()
    expect(host.send(0xe2, 0x80, 0, 'AABB')).toBe('6A86') // an answer where none was asked for
    begin()
    for (let p2 = 0; p2 < 0x7f; p2++) expect(host.send(0xe2, 0x00, p2, '')).toBe('9000')
    expect(host.send(0xe2, 0x00, 0x7f, '')).toBe('6A80')
    expect(host.send(0xe2, 0x00, 0x80, 'AA')).toBe('6A86') // what failed ended it
  })
})

describe('Application', () => {
  /** Remembers the length it was given; process() answers it. */
  const aid = fromHex('F047524944000001')
  const module = Uint8Array.of(...aid, 1)
  const block = emitComponents(
    assemblePackage(`.package ${toHex(aid)} 1.0
      .applet ${toHex(module)} target_install
      .class target extends javacard/framework/Applet
        .instance 1 references 0 from 255
        .public 7 target_process target_data
        .implements org/globalplatform/Application 8
        .implements javacard/framework/Shareable
      .end
      .method target_process stack 4 args 2
        ${SKIP_SELECT} getfield_s_this target.0 ${ANSWER}
      .end
      .method target_data stack 4 args 4
        aload_0 sload_3 putfield_s target.0 return
      .end
      .method target_init stack 1 args 1
        aload_0 invokespecial javacard/framework/Applet.<init>()V return
      .end
      .method target_install stack 2 args 3
        new target dup invokespecial target_init invokevirtual javacard/framework/Applet.register()V return
      .end`).cap,
  )
  const one = { aid, module, block, loadFile: emitTlv(0xc4, block) }

  it('gets STORE DATA behind INSTALL [for personalization], until the last block', () => {
    const host = openCard()
    loadPackage(host, one)
    host.install({ loadFile: one.aid, module: one.module, instance: INSTANCE })
    const personalize = `0000${lv(INSTANCE)}000000`
    expect(host.send(0xe6, 0x20, 0, `0000${lv(fromHex('F000000001'))}000000`)).toBe('6A88')
    expect(host.send(0xe6, 0x20, 0, personalize)).toBe('009000')
    expect(host.send(0xe2, 0x00, 1, 'AABB')).toBe('6A86')
    expect(host.send(0xe6, 0x20, 0, personalize)).toBe('009000')
    expect(host.send(0xe2, 0x00, 0, 'AABB')).toBe('9000')
    expect(host.send(0xe2, 0x80, 1, 'AABBCC')).toBe('9000')
    expect(host.send(0xe2, 0x90, 0, '42021234')).toBe('9000') // the domain's own again
    expect(host.send(0xca, 0x00, 0x42)).toBe('420212349000')
    host.select(INSTANCE)
    expect(host.raw('80010000')).toBe('0008')
  })
})
