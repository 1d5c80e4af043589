import { concatBytes } from '@gridcard/bytes'
import type { ApduSession } from '../../runtime/apdu-session.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { JAVA_THROW, VM_HALT } from '../../vm/machine.ts'
import { CLEAR_ON_DESELECT } from '../../vm/memory/card-memory.ts'
import { OWNER_MASK, TYPE } from '../../vm/memory/handle-entry.ts'
import { newTransient } from '../javacard-framework/jc-system.ts'
import {
  byteAt,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  putHiddenShort,
  requireOwnObject,
} from '../native-call.ts'
import { isExported } from './remote-objects.ts'
import { findRemoteMethod, TYPE_NIBBLE, typesOf } from './remote-type.ts'
import {
  errorResponse,
  exceptionResponse,
  makeArguments,
  normalResponse,
  parseParameters,
  RMI_ERROR,
  referenceResponse,
  remoteReference,
  retireArguments,
} from './rmi-messages.ts'
import {
  commandAt,
  failService,
  isProcessed,
  OFFSET,
  receiveInData,
  SERVICE,
  setOutputLength,
  setProcessed,
  setStatusWord,
} from './service-apdu.ts'

/**
 * javacard.framework.service.RMIService: SELECT answers with the initial reference, INVOKE calls a method of an object that
 * a client was told of in this session. Hidden cells: the initial object, the instruction byte from the next SELECT on
 * and the one now, whether references go by interfaces, and the objects of the session: a CLEAR_ON_DESELECT array, so
 * that a collection in between takes none of them.
 *
 * The identifier of an object is its handle.
 *
 * @source JCRE 3.1 ch. 8; API 3.0.5 RMIService
 */
export const RMI_SERVICE_HIDDEN_BYTES = 10
const CELL = { initial: 0, nextIns: 1, ins: 2, withInterfaces: 3, session: 4 } as const
export const RMI_SERVICE_REFERENCES = [CELL.initial, CELL.session]

const DEFAULT_INS = 0x38
const SESSION_OBJECTS = 16
const VERSION = Uint8Array.of(2, 2)
const SELECT_INS = 0xa4
const SELECT_BY_NAME = 0x04
const IN_PROGRESS = 1 // TransactionException
const SW_NO_ERROR = 0x9000

const construct: JcreMethod = (jcre, at) => {
  const [service, initial] = [handleAt(jcre, at), handleAt(jcre, at + 1)]
  requireOwnObject(jcre, initial, 'java/rmi/Remote')
  const references = TYPE.array | TYPE.references
  const session = newTransient(jcre, jcre.machine.owner, references, SESSION_OBJECTS, CLEAR_ON_DESELECT)
  putHiddenShort(jcre, service, CELL.initial, initial)
  putHiddenShort(jcre, service, CELL.nextIns, DEFAULT_INS)
  putHiddenShort(jcre, service, CELL.ins, DEFAULT_INS)
  putHiddenShort(jcre, service, CELL.session, session)
  return 0
}

/** Notes that the client knows an object. False: it knows too many. */
function addToSession(jcre: Jcre, service: number, object: number): boolean {
  const first = jcre.memory.addressOf(hiddenHandle(jcre, service, CELL.session)) >> 1
  const cells = jcre.memory.i16.subarray(first, first + SESSION_OBJECTS)
  const known = cells.findIndex((one) => (one & 0xffff) === object)
  const free = known >= 0 ? known : cells.indexOf(0)
  if (free >= 0) cells[free] = object
  return free >= 0
}

function isInSession(jcre: Jcre, service: number, object: number): boolean {
  const first = jcre.memory.addressOf(hiddenHandle(jcre, service, CELL.session)) >> 1
  return (
    object !== 0 && jcre.memory.i16.subarray(first, first + SESSION_OBJECTS).some((one) => (one & 0xffff) === object)
  )
}

/** A reference that goes to the client. @throws TransactionException IN_PROGRESS for an object that may yet be undone */
function giveReference(jcre: Jcre, service: number, object: number): Uint8Array {
  if (object === 0) return referenceResponse(remoteReference(jcre, 0, false))
  if (jcre.memory.inTransaction && jcre.memory.freshHandles().has(object)) {
    jcre.machine.throwNew('javacard/framework/TransactionException', IN_PROGRESS)
  }
  if (!addToSession(jcre, service, object)) return errorResponse(RMI_ERROR.responseResources)
  return referenceResponse(remoteReference(jcre, object, hiddenShort(jcre, service, CELL.withInterfaces) !== 0))
}

/** An initial object that is not exported is null to the client. @source JCRE 3.1 §8.4.1 */
function selectResponse(jcre: Jcre, service: number, p2: number): Uint8Array {
  putHiddenShort(jcre, service, CELL.ins, hiddenShort(jcre, service, CELL.nextIns))
  putHiddenShort(jcre, service, CELL.withInterfaces, (p2 & 0x10) !== 0 ? 1 : 0)
  const initial = hiddenHandle(jcre, service, CELL.initial)
  const reference = giveReference(jcre, service, isExported(jcre, initial) ? initial : 0)
  const data = concatBytes(VERSION, Uint8Array.of(hiddenShort(jcre, service, CELL.ins)), reference)
  const wrap = (tag: number, bytes: Uint8Array) => concatBytes(Uint8Array.of(tag, bytes.length), bytes)
  return wrap(0x6f, wrap(0x6e, wrap(0x5e, data)))
}

/** Object, method, parameters. @source JCRE 3.1 §8.4.2 */
function invoke(jcre: Jcre, service: number, data: Uint8Array): Uint8Array {
  if (data.length < 4) return errorResponse(RMI_ERROR.protocol)
  const object = (data[0]! << 8) | data[1]!
  if (!isInSession(jcre, service, object)) return errorResponse(RMI_ERROR.object)
  const linked = jcre.machine.classOf(object)
  const found = findRemoteMethod(linked, (data[2]! << 8) | data[3]!)
  const method = found && linked.virtualMethods[found.method.virtualToken]
  const types = found && typesOf(found.of.signaturePool, found.method.signatureOffset)
  if (method === undefined || types === undefined) return errorResponse(RMI_ERROR.method)
  const result = types.at(-1)!
  const parameters = parseParameters(data.subarray(4), types.slice(0, -1))
  if (parameters === undefined) return errorResponse(RMI_ERROR.signature)
  const { machine } = jcre
  const { stackTop } = machine
  const args = makeArguments(jcre, parameters)
  try {
    if (args === undefined) return errorResponse(RMI_ERROR.parameterResources)
    if (args.words.length + 1 !== method.nargs) return errorResponse(RMI_ERROR.signature)
    const owner = (jcre.memory.word0(object) >>> 24) & OWNER_MASK
    const value = jcre.engine.invoke(machine, method, owner, [object, ...args.words])
    return respond(jcre, service, result, value)
  } finally {
    if (args) retireArguments(jcre, args)
    machine.stackTop = stackTop
  }
}

function respond(jcre: Jcre, service: number, type: number, value: number): Uint8Array {
  const { machine } = jcre
  if (machine.halted !== undefined) throw VM_HALT
  if (machine.thrown !== 0) {
    const response = exceptionResponse(jcre, machine.thrown)
    machine.thrown = 0
    return response
  }
  if (type !== TYPE_NIBBLE.reference) {
    return normalResponse(jcre, type, value) ?? errorResponse(RMI_ERROR.responseResources)
  }
  const object = value & 0xffff
  if (object !== 0 && !isExported(jcre, object)) failService(jcre, SERVICE.REMOTE_OBJECT_NOT_EXPORTED)
  return giveReference(jcre, service, object)
}

function answer(jcre: Jcre, apdu: ApduSession, response: Uint8Array): void {
  const fits = response.length <= 256 && OFFSET.data + response.length <= jcre.apduBuffer.length
  const sent = fits ? response : errorResponse(RMI_ERROR.responseResources)
  setProcessed(jcre, apdu)
  jcre.apduBuffer.set(sent, OFFSET.data)
  setOutputLength(jcre, apdu, sent.length)
  setStatusWord(jcre, SW_NO_ERROR)
}

const processCommand: JcreMethod = (jcre, at) => {
  const service = handleAt(jcre, at)
  const apdu = commandAt(jcre, at + 1)
  if (hiddenHandle(jcre, service, CELL.session) === 0) throwNotConstructed(jcre)
  const [, ins, p1, p2] = jcre.apduBuffer.slice(0, OFFSET.length) as unknown as [number, number, number, number]
  const isSelect = jcre.isSelecting && ins === SELECT_INS && p1 === SELECT_BY_NAME && (p2 & 0xec) === 0
  const isInvoke = !jcre.isSelecting && ins === (hiddenShort(jcre, service, CELL.ins) & 0xff)
  if (isProcessed(apdu) || !(isSelect || isInvoke)) {
    if (isSelect || isInvoke) failService(jcre, SERVICE.CANNOT_ACCESS_IN_COMMAND)
    return 0
  }
  const length = receiveInData(jcre, apdu)
  const data = jcre.apduBuffer.slice(OFFSET.data, OFFSET.data + length)
  if (isSelect) answer(jcre, apdu, selectResponse(jcre, service, p2))
  else if (p1 !== VERSION[0] || p2 !== VERSION[1]) answer(jcre, apdu, errorResponse(RMI_ERROR.protocol))
  else answer(jcre, apdu, invoke(jcre, service, data))
  return 1
}

function throwNotConstructed(jcre: Jcre): never {
  jcre.machine.thrown = jcre.machine.exception('java/lang/SecurityException')
  throw JAVA_THROW
}

export const rmiServiceMethods: Readonly<Record<string, JcreMethod>> = {
  'RMIService.<init>(Ljava/rmi/Remote;)V': construct,
  'RMIService.processCommand(Ljavacard/framework/APDU;)Z': processCommand,
  'RMIService.setInvokeInstructionByte(B)V': (jcre, at) => {
    putHiddenShort(jcre, handleAt(jcre, at), CELL.nextIns, byteAt(jcre, at + 1) & 0xff)
    return 0
  },
}
