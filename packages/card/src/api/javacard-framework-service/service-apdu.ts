import { APDU_STATE, type ApduSession } from '../../runtime/apdu-session.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { APDU_HANDLE, NULL_POINTER, SECURITY } from '../../vm/jcre-objects.ts'
import type { LinkedMethod } from '../../vm/link/linked-package.ts'
import { JAVA_THROW, VM_HALT } from '../../vm/machine.ts'
import { OWNER_MASK } from '../../vm/memory/handle-entry.ts'
import { handleAt } from '../native-call.ts'

/**
 * The command in the Common Service Format: while input is awaited the APDU buffer holds CLA INS P1 P2 Lc and data,
 * afterwards CLA INS SW1 SW2 La and data.
 *
 * @source API 3.0.5 BasicService
 */
export const SERVICE = {
  ILLEGAL_PARAM: 1,
  DISPATCH_TABLE_FULL: 2,
  COMMAND_DATA_TOO_LONG: 3,
  CANNOT_ACCESS_IN_COMMAND: 4,
  CANNOT_ACCESS_OUT_COMMAND: 5,
  REMOTE_OBJECT_NOT_EXPORTED: 7,
} as const
export const OFFSET = { cla: 0, ins: 1, p1: 2, p2: 3, sw: 2, length: 4, data: 5 } as const
const LONGEST_OUTPUT = 256

/** La is one byte: these commands mean 256 with it. */
const longOutputs = new WeakSet<ApduSession>()

export function failService(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/service/ServiceException', reason)
}

/** Runs a method for the current applet; what it throws goes on. */
export function runMethod(jcre: Jcre, method: LinkedMethod, owner: number, args: readonly number[]): number {
  const result = jcre.engine.invoke(jcre.machine, method, owner, args)
  if (jcre.machine.halted !== undefined) throw VM_HALT
  if (jcre.machine.thrown !== 0) throw JAVA_THROW
  return result
}

export function callApdu(jcre: Jcre, signature: string, ...args: number[]): number {
  const { virtualMethods } = jcre.requireClass('javacard/framework/APDU')
  const method = virtualMethods.find((one) => one?.name.endsWith(`.${signature}`))!
  return runMethod(jcre, method, jcre.machine.owner, [APDU_HANDLE, ...args])
}

/** An interface method of an object; as its owner. */
export function callInterface(
  jcre: Jcre,
  handle: number,
  name: string,
  token: number,
  args: readonly number[],
): number {
  const method = jcre.machine.classOf(handle).interfaceMethods(jcre.requireClass(name))[token]!
  return runMethod(jcre, method, (jcre.memory.word0(handle) >>> 24) & OWNER_MASK, [handle, ...args])
}

/** The command going on; the argument at `at` has to be its APDU object. */
export function commandAt(jcre: Jcre, at: number): ApduSession {
  const handle = handleAt(jcre, at)
  if (handle !== APDU_HANDLE) {
    jcre.machine.thrown = handle === 0 ? NULL_POINTER : SECURITY
    throw JAVA_THROW
  }
  return jcre.apdu ?? failService(jcre, SERVICE.CANNOT_ACCESS_IN_COMMAND)
}

export function isProcessed(apdu: ApduSession): boolean {
  return apdu.state >= APDU_STATE.OUTGOING || apdu.state < APDU_STATE.INITIAL
}

export function requireInput(jcre: Jcre, apdu: ApduSession): void {
  if (apdu.state !== APDU_STATE.INITIAL && apdu.state !== APDU_STATE.FULL_INCOMING) {
    failService(jcre, SERVICE.CANNOT_ACCESS_IN_COMMAND)
  }
}

export function requireOutput(jcre: Jcre, apdu: ApduSession): void {
  if (apdu.state < APDU_STATE.OUTGOING) failService(jcre, SERVICE.CANNOT_ACCESS_OUT_COMMAND)
}

/** All of the command data, behind the header. @returns their length */
export function receiveInData(jcre: Jcre, apdu: ApduSession): number {
  requireInput(jcre, apdu)
  const { length } = apdu.command.data
  if (OFFSET.data + length > jcre.apduBuffer.length || apdu.dataOffset !== OFFSET.data) {
    failService(jcre, SERVICE.COMMAND_DATA_TOO_LONG)
  }
  if (apdu.state === APDU_STATE.INITIAL) {
    let received = callApdu(jcre, 'setIncomingAndReceive()S')
    while (received < length) received += callApdu(jcre, 'receiveBytes(S)S', OFFSET.data + received)
    jcre.apduBuffer[OFFSET.length] = length
  }
  return length
}

export function setProcessed(jcre: Jcre, apdu: ApduSession): void {
  if (apdu.state < APDU_STATE.INITIAL) failService(jcre, SERVICE.CANNOT_ACCESS_OUT_COMMAND)
  if (!isProcessed(apdu)) callApdu(jcre, 'setOutgoing()S')
}

export function setOutputLength(jcre: Jcre, apdu: ApduSession, length: number): void {
  if (length < 0 || length > LONGEST_OUTPUT || OFFSET.data + length > jcre.apduBuffer.length) {
    failService(jcre, SERVICE.ILLEGAL_PARAM)
  }
  jcre.apduBuffer[OFFSET.length] = length
  if (length === LONGEST_OUTPUT) longOutputs.add(apdu)
  else longOutputs.delete(apdu)
}

export function outputLength(jcre: Jcre, apdu: ApduSession): number {
  const length = jcre.apduBuffer[OFFSET.length]!
  return length === 0 && longOutputs.has(apdu) ? LONGEST_OUTPUT : length
}

export function setStatusWord(jcre: Jcre, statusWord: number): void {
  jcre.apduBuffer[OFFSET.sw] = statusWord >> 8
  jcre.apduBuffer[OFFSET.sw + 1] = statusWord
}

export function statusWord(jcre: Jcre): number {
  return (jcre.apduBuffer[OFFSET.sw]! << 8) | jcre.apduBuffer[OFFSET.sw + 1]!
}
