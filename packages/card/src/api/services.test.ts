import { fromHex, toHex } from '@gridcard/bytes'
import { assemble } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card } from '../card.ts'

// An applet of services: `first` is asked in the phases that the installation parameters name, its methods are the texts
// given, and the applet leaves commands to its Dispatcher.

const SERVICE = 'javacard/framework/service'
const APDU = 'javacard/framework/APDU'
const BASIC = `invokevirtual ${SERVICE}/BasicService`
const AID = 'F0475249440000'

interface Services {
  readonly dataIn?: string
  readonly command?: string
  readonly dataOut?: string
  /** Instead of handing the command to the dispatcher; the dispatcher is in field main.0. */
  readonly process?: string
  /** After the dispatcher in local 3 was made; the service is in local 4. */
  readonly add?: string
}

const ADD = (phase: number) =>
  `aload_3 aload 4 sconst_${phase} invokevirtual ${SERVICE}/Dispatcher.addService(L${SERVICE}/Service;B)V`
const ALL = [1, 2, 3].map(ADD).join(' ')
const PROCESS = `aload_0 getfield_a main.0 aload_1 invokevirtual ${SERVICE}/Dispatcher.process(L${APDU};)V return`

function cardOf(services: Services): (hex: string) => string {
  const { dataIn = 'sconst_0 sreturn', command = 'sconst_0 sreturn', dataOut = 'sconst_0 sreturn' } = services
  const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
  card.loadPackage(
    assemble(`.package ${AID} 1.0
      .import javacard.framework 1.6
      .import javacard.framework.service 1.0
      .import java.lang 1.0
      .applet ${AID}01 main_install
      .class first extends ${SERVICE}/BasicService
        .public 1 first_in first_command first_out
        .implements ${SERVICE}/Service 1 2 3
      .end
      .class main extends javacard/framework/Applet
        .instance 1 references 1 from 0
        .public 7 main_process
      .end
      .method first_init stack 1 args 1
        aload_0 invokespecial ${SERVICE}/BasicService.<init>()V return
      .end
      .method first_in stack 6 args 2 locals 2
        ${dataIn}
      .end
      .method first_command stack 6 args 2 locals 2
        ${command}
      .end
      .method first_out stack 6 args 2 locals 2
        ${dataOut}
      .end
      .method main_process stack 6 args 2 locals 2
        aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
        START: ${services.process ?? PROCESS}
      .end
      .method main_init stack 1 args 1
        aload_0 invokespecial javacard/framework/Applet.<init>()V return
      .end
      .method main_install stack 4 args 3 locals 3
        new ${SERVICE}/Dispatcher dup sconst_4 invokespecial ${SERVICE}/Dispatcher.<init>(S)V astore_3
        new first dup invokespecial first_init astore 4
        ${services.add ?? ALL}
        new main dup invokespecial main_init astore 5
        aload 5 aload_3 putfield_a main.0
        aload 5 invokevirtual javacard/framework/Applet.register()V return
      .end`),
  )
  card.installApplet({ packageAid: fromHex(AID), appletAid: fromHex(`${AID}01`) })
  card.powerOn()
  card.transmit(fromHex(`00A4040008${AID}01`))
  return (hex) => toHex(card.transmit(fromHex(hex)))
}

/** Answers with the command data, reversed in their first two bytes. */
const ECHO = `aload_0 aload_1 ${BASIC}.receiveInData(L${APDU};)S sstore_2
  aload_0 aload_1 ${BASIC}.succeed(L${APDU};)Z pop
  aload_0 aload_1 sload_2 ${BASIC}.setOutputLength(L${APDU};S)V sconst_1 sreturn`

describe('Dispatcher.process', () => {
  it('a command that no service processes is 6D00', () => {
    expect(cardOf({})('80100000')).toBe('6D00')
    expect(cardOf({ add: '' })('80100000')).toBe('6D00')
  })
  it('sends what a service leaves in the buffer', () => {
    expect(cardOf({ command: ECHO })('8010000005010203040500')).toBe('01020304059000')
  })
  it('an exception of a service is 6F00', () => {
    const command = 'sspush 27013 invokestatic javacard/framework/ISOException.throwIt(S)V sconst_1 sreturn'
    expect(cardOf({ command })('80100000')).toBe('6F00')
  })
  it('a status word of a service goes out with its data', () => {
    const command = `aload_0 aload_1 sspush 25344 ${BASIC}.succeedWithStatusWord(L${APDU};S)Z pop
      aload_0 aload_1 sconst_2 ${BASIC}.setOutputLength(L${APDU};S)V sconst_1 sreturn`
    expect(cardOf({ command })('8010000002AABB')).toMatch(/^....6300$/)
    const fail = `aload_0 aload_1 sspush 27013 ${BASIC}.fail(L${APDU};S)Z sreturn`
    expect(cardOf({ command: fail })('80100000')).toBe('6985')
  })
  it('services stand in one another after the other: input, command, output', () => {
    const dataIn = `aload_0 aload_1 ${BASIC}.receiveInData(L${APDU};)S pop
      aload_1 invokevirtual ${APDU}.getBuffer()[B sconst_5 bspush 17 bastore sconst_0 sreturn`
    const dataOut = `aload_1 invokevirtual ${APDU}.getBuffer()[B bspush 6 bspush 34 bastore sconst_0 sreturn`
    expect(cardOf({ dataIn, command: ECHO, dataOut })('80100000020102')).toBe('11229000')
  })
  it('output is only looked at when the command was processed', () => {
    const dataOut = 'sspush 1 invokestatic javacard/framework/ISOException.throwIt(S)V sconst_0 sreturn'
    expect(cardOf({ dataOut })('80100000')).toBe('6D00')
  })
})

describe('Dispatcher.dispatch and its table', () => {
  const dispatch = (phase: number, then: string) =>
    `aload_0 getfield_a main.0 aload_1 sconst_${phase}
     invokevirtual ${SERVICE}/Dispatcher.dispatch(L${APDU};B)Ljava/lang/Exception; ${then}`
  it('answers null for a command that nobody processed', () => {
    const process = dispatch(
      1,
      'ifnull NONE return NONE: sspush 4660 invokestatic javacard/framework/ISOException.throwIt(S)V return',
    )
    expect(cardOf({ process })('80100000')).toBe('1234')
  })
  it('answers the exception of a service', () => {
    const command = 'sspush 27013 invokestatic javacard/framework/ISOException.throwIt(S)V sconst_1 sreturn'
    expect(cardOf({ command, process: dispatch(1, 'athrow') })('80100000')).toBe('6985')
  })
  it('begins with the phase that is asked for', () => {
    const dataIn = 'sspush 27013 invokestatic javacard/framework/ISOException.throwIt(S)V sconst_1 sreturn'
    expect(cardOf({ dataIn, command: ECHO, process: dispatch(2, 'pop return') })('801000000101')).toBe('019000')
  })
  it.each([
    ['phase 0', dispatch(0, 'pop')],
    ['phase 4', dispatch(4, 'pop')],
    [
      'no service',
      `aload_0 getfield_a main.0 aconst_null sconst_1 invokevirtual ${SERVICE}/Dispatcher.addService(L${SERVICE}/Service;B)V`,
    ],
  ])('refuses %s', (_, call) => {
    expect(cardOf({ process: `${call} return` })('80100000')).toBe('6F00')
  })
  it('a table that is full is an exception: the installation fails', () => {
    const five = [1, 2, 3].map(ADD).join(' ')
    const another = `new first dup invokespecial first_init astore 4 ${five}`
    expect(() => cardOf({ add: `${five} ${another}` })).toThrow()
    expect(cardOf({ add: `${five} ${five}` })('80100000')).toBe('6D00')
  })
  it('what was removed is asked no more', () => {
    const remove = `aload_3 aload 4 sconst_2 invokevirtual ${SERVICE}/Dispatcher.removeService(L${SERVICE}/Service;B)V`
    expect(cardOf({ add: `${ALL} ${remove}`, command: ECHO })('80100000')).toBe('6D00')
  })
})

describe('BasicService', () => {
  const throws = (code: string) => `${code} sconst_1 sreturn`
  it.each([
    ['output before it is processed', `aload_0 aload_1 ${BASIC}.getOutputLength(L${APDU};)S pop`],
    ['the status word before it is processed', `aload_0 aload_1 ${BASIC}.getStatusWord(L${APDU};)S pop`],
    [
      'P1 after it is processed',
      `aload_0 aload_1 ${BASIC}.setProcessed(L${APDU};)V aload_0 aload_1 ${BASIC}.getP1(L${APDU};)B pop`,
    ],
    ['257 bytes', `aload_0 aload_1 sspush 257 ${BASIC}.setOutputLength(L${APDU};S)V`],
    ['less than none', `aload_0 aload_1 sconst_m1 ${BASIC}.setOutputLength(L${APDU};S)V`],
    ['no APDU', `aload_0 aconst_null ${BASIC}.setProcessed(L${APDU};)V`],
  ])('refuses %s', (_, code) => {
    expect(cardOf({ command: throws(code) })('80100000')).toBe('6F00')
  })
  it('256 bytes are not none', () => {
    const command = `aload_0 aload_1 ${BASIC}.succeed(L${APDU};)Z pop
      aload_0 aload_1 sspush 256 ${BASIC}.setOutputLength(L${APDU};S)V
      aload_0 aload_1 ${BASIC}.getOutputLength(L${APDU};)S sspush 256 if_scmpeq SAME sconst_0 sreturn
      SAME: sconst_1 sreturn`
    expect(cardOf({ command })('8010000000')).toHaveLength(516)
  })
  it('header bytes', () => {
    const command = `aload_0 aload_1 ${BASIC}.getP1(L${APDU};)B aload_0 aload_1 ${BASIC}.getP2(L${APDU};)B
      aload_0 aload_1 ${BASIC}.getINS(L${APDU};)B sadd sadd invokestatic javacard/framework/ISOException.throwIt(S)V sconst_1 sreturn`
    const process = `aload_0 getfield_a main.0 aload_1 sconst_2
      invokevirtual ${SERVICE}/Dispatcher.dispatch(L${APDU};B)Ljava/lang/Exception; athrow`
    expect(cardOf({ command, process })('80100203')).toBe('0015')
  })
})
