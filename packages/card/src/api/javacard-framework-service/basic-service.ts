import type { ApduSession } from '../../runtime/apdu-session.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { type JcreMethod, shortAt } from '../native-call.ts'
import {
  commandAt,
  isProcessed,
  OFFSET,
  outputLength,
  receiveInData,
  requireInput,
  requireOutput,
  setOutputLength,
  setProcessed,
  setStatusWord,
  statusWord,
} from './service-apdu.ts'

/** javacard.framework.service.BasicService. It has no state: all is in the APDU and its buffer. */

const SW_NO_ERROR = 0x9000

const of =
  (work: (jcre: Jcre, apdu: ApduSession, at: number) => number | boolean): JcreMethod =>
  (jcre, at) =>
    Number(work(jcre, commandAt(jcre, at + 1), at + 2))

function succeed(jcre: Jcre, apdu: ApduSession, word: number): boolean {
  setProcessed(jcre, apdu)
  setStatusWord(jcre, word)
  return true
}

const headerByte = (offset: number): JcreMethod => {
  return of((jcre) => (jcre.apduBuffer[offset]! << 24) >> 24)
}

/** P1 and P2 give way to the status word. */
const parameterByte = (offset: number): JcreMethod => {
  return of((jcre, apdu) => {
    requireInput(jcre, apdu)
    return (jcre.apduBuffer[offset]! << 24) >> 24
  })
}

const APDU = 'Ljavacard/framework/APDU;'

export const basicServiceMethods: Readonly<Record<string, JcreMethod>> = {
  'BasicService.<init>()V': () => 0,
  [`BasicService.processDataIn(${APDU})Z`]: () => 0,
  [`BasicService.processCommand(${APDU})Z`]: () => 0,
  [`BasicService.processDataOut(${APDU})Z`]: () => 0,
  [`BasicService.receiveInData(${APDU})S`]: of(receiveInData),
  [`BasicService.setProcessed(${APDU})V`]: of((jcre, apdu) => {
    setProcessed(jcre, apdu)
    return 0
  }),
  [`BasicService.isProcessed(${APDU})Z`]: of((_, apdu) => isProcessed(apdu)),
  [`BasicService.setOutputLength(${APDU}S)V`]: of((jcre, apdu, at) => {
    setOutputLength(jcre, apdu, shortAt(jcre, at))
    return 0
  }),
  [`BasicService.getOutputLength(${APDU})S`]: of((jcre, apdu) => {
    requireOutput(jcre, apdu)
    return outputLength(jcre, apdu)
  }),
  [`BasicService.setStatusWord(${APDU}S)V`]: of((jcre, _, at) => {
    setStatusWord(jcre, shortAt(jcre, at))
    return 0
  }),
  [`BasicService.getStatusWord(${APDU})S`]: of((jcre, apdu) => {
    requireOutput(jcre, apdu)
    return statusWord(jcre)
  }),
  [`BasicService.fail(${APDU}S)Z`]: of((jcre, apdu, at) => {
    const word = shortAt(jcre, at)
    setProcessed(jcre, apdu)
    setOutputLength(jcre, apdu, 0)
    setStatusWord(jcre, word)
    return true
  }),
  [`BasicService.succeed(${APDU})Z`]: of((jcre, apdu) => succeed(jcre, apdu, SW_NO_ERROR)),
  [`BasicService.succeedWithStatusWord(${APDU}S)Z`]: of((jcre, apdu, at) => succeed(jcre, apdu, shortAt(jcre, at))),
  [`BasicService.getCLA(${APDU})B`]: headerByte(OFFSET.cla),
  [`BasicService.getINS(${APDU})B`]: headerByte(OFFSET.ins),
  [`BasicService.getP1(${APDU})B`]: parameterByte(OFFSET.p1),
  [`BasicService.getP2(${APDU})B`]: parameterByte(OFFSET.p2),
  'BasicService.selectingApplet()Z': (jcre) => (jcre.isSelecting ? 1 : 0),
}
