import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS, callerArrayFault, isUnreachableServer, throwFault } from '../../vm/firewall.ts'
import { APDU_BUFFER_HANDLE } from '../../vm/jcre-objects.ts'
import { JAVA_THROW, JCRE_CONTEXT, VM_HALT } from '../../vm/machine.ts'
import { CLEAR_ON_DESELECT, CLEAR_ON_RESET, type ClearEvent } from '../../vm/memory/card-memory.ts'
import {
  DESELECT_OWNER,
  ELEMENT,
  elementBytes,
  JCRE_OWNER,
  OWNER_MASK,
  SHORT_ARRAY_TYPE,
  TYPE,
} from '../../vm/memory/handle-entry.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  isPersistent,
  type JcreMethod,
  lengthOf,
  putResult,
  requireObject,
  requireWritten,
  shortAt,
} from '../native-call.ts'

/** javacard.framework.JCSystem; array views have a file of their own. */

const SYSTEM = { ILLEGAL_VALUE: 1, NO_TRANSIENT_SPACE: 2, ILLEGAL_TRANSIENT: 3 } as const
const TRANSACTION = { IN_PROGRESS: 1, NOT_IN_PROGRESS: 2 } as const
const MEMORY = { persistent: 0, reset: 1, deselect: 2 } as const
/** API level 3.2 */
const VERSION = 0x0302
const MOST_SHORT = 0x7fff
const GLOBAL_ARRAY_TYPES = [0, ELEMENT.boolean, ELEMENT.byte, ELEMENT.short, ELEMENT.int] as const
const GLOBAL_OBJECT_ARRAY = 5

function failSystem(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/SystemException', reason)
}

// ---- transactions

/** Until register() an installation is a transaction of the JCRE, as an upgrade is; the applet's own calls change nothing. */
function isInstallTransaction(jcre: Jcre): boolean {
  return jcre.isUpgrading || (jcre.installation !== undefined && jcre.installation.registered === undefined)
}

function failTransaction(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/TransactionException', reason)
}

const beginTransaction: JcreMethod = (jcre) => {
  if (isInstallTransaction(jcre)) return 0
  if (jcre.memory.inTransaction) failTransaction(jcre, TRANSACTION.IN_PROGRESS)
  jcre.memory.begin()
  return 0
}

const commitTransaction: JcreMethod = (jcre) => {
  if (isInstallTransaction(jcre)) return 0
  if (!jcre.memory.inTransaction) failTransaction(jcre, TRANSACTION.NOT_IN_PROGRESS)
  jcre.memory.commit()
  return 0
}

/** With objects made inside, references to them may be anywhere on the stack: the command ends. @source JCRE 3.1 §7.6.3 */
const abortTransaction: JcreMethod = (jcre) => {
  const { memory, machine } = jcre
  if (jcre.isUpgrading) {
    // A part of it cannot be undone, so all of it is.
    machine.halt('abort of a transaction of the JCRE', 'JCSystem.abortTransaction')
    throw VM_HALT
  }
  if (isInstallTransaction(jcre)) return 0
  if (!memory.inTransaction) failTransaction(jcre, TRANSACTION.NOT_IN_PROGRESS)
  const { hasAny: hadNewObjects } = memory.freshHandles()
  jcre.rollBack()
  if (hadNewObjects) {
    machine.halt('abort of a transaction that made objects', 'JCSystem.abortTransaction')
    throw VM_HALT
  }
  return 0
}

// ---- transient arrays

export function makeTransient(type: number): JcreMethod {
  return (jcre, at) => {
    const length = shortAt(jcre, at)
    const event = byteAt(jcre, at + 1)
    const { machine } = jcre
    if (event !== CLEAR_ON_RESET && event !== CLEAR_ON_DESELECT) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
    if (length < 0) machine.throwNew('java/lang/NegativeArraySizeException')
    if (event === CLEAR_ON_DESELECT && machine.context !== machine.selectedContext) {
      failSystem(jcre, SYSTEM.ILLEGAL_TRANSIENT)
    }
    return newTransient(jcre, machine.owner, type, length, event)
  }
}

export function newTransient(jcre: Jcre, owner: number, type: number, length: number, event: ClearEvent): number {
  const handle = jcre.memory.newTransient(owner, type, length, length * elementBytes(type), event)
  return handle !== 0 ? handle : failSystem(jcre, SYSTEM.NO_TRANSIENT_SPACE)
}

/** Class id 0 is java.lang.Object. */
const OBJECT_ARRAY = TYPE.array | TYPE.references

const makeGlobalArray: JcreMethod = (jcre, at) => {
  const type = byteAt(jcre, at)
  const length = shortAt(jcre, at + 1)
  const arrayType = type === GLOBAL_OBJECT_ARRAY ? OBJECT_ARRAY : TYPE.array | (GLOBAL_ARRAY_TYPES[type] ?? 0)
  if (arrayType === TYPE.array) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
  if (length < 0) jcre.machine.throwNew('java/lang/NegativeArraySizeException')
  return newTransient(jcre, JCRE_OWNER, arrayType | TYPE.global, length, CLEAR_ON_RESET)
}

const isTransient: JcreMethod = (jcre, at) => {
  const handle = handleAt(jcre, at)
  if (handle === 0) return 0
  const { memory, machine } = jcre
  const fault = machine.isArray(handle) ? callerArrayFault(machine, handle, ACCESS.none) : throwFault(machine, handle)
  if (fault !== 0) {
    machine.thrown = fault
    throw JAVA_THROW
  }
  if (!machine.isArray(handle) || isPersistent(jcre, memory.addressOf(handle))) return 0
  // The APDU buffer is a global array, not one that an application made transient.
  if (handle === APDU_BUFFER_HANDLE) return 0
  return (memory.word0(handle) >>> 24) & DESELECT_OWNER ? CLEAR_ON_DESELECT : CLEAR_ON_RESET
}

// ---- memory

function availableBytes(jcre: Jcre, type: number): number {
  const { owner } = jcre.machine
  if (type === MEMORY.persistent) return jcre.memory.availablePersistentBytes(owner)
  if (type === MEMORY.reset || type === MEMORY.deselect) return jcre.memory.availableTransientBytes(owner)
  return failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
}

/** Four bytes, high one first. */
const getAvailableMemoryBytes: JcreMethod = (jcre, at) => {
  const to = byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), 4)
  const available = availableBytes(jcre, byteAt(jcre, at + 2))
  putResult(jcre, to, Uint8Array.of(available >>> 24, available >>> 16, available >>> 8, available))
  return 0
}

/** Two shorts, high one first. */
const getAvailableMemoryInto: JcreMethod = (jcre, at) => {
  const array = handleAt(jcre, at)
  const offset = shortAt(jcre, at + 1)
  const { memory, machine } = jcre
  const fault = callerArrayFault(machine, array, ACCESS.write)
  if (fault !== 0) {
    machine.thrown = fault
    throw JAVA_THROW
  }
  if (((memory.word1(array) >>> 16) & ~TYPE.global) !== SHORT_ARRAY_TYPE)
    machine.throwNew('java/lang/SecurityException')
  if (offset < 0 || offset + 2 > lengthOf(jcre, array)) machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  const available = availableBytes(jcre, byteAt(jcre, at + 2))
  const address = memory.addressOf(array) + offset * 2
  if (isPersistent(jcre, address)) requireWritten(jcre, memory.putInt(address, available >> 16, available))
  else {
    memory.i16[address >> 1] = available >> 16
    memory.i16[(address >> 1) + 1] = available
  }
  return 0
}

// ---- applets and AIDs

/** Owner active before the last context switch. @source JCRE 3.1 §6.2.5 */
function previousOwner(jcre: Jcre): number {
  const { machine, memory } = jcre
  const current = machine.context
  for (let frame = machine.frame; frame !== 0; frame = memory.i32[frame + 2]! & 0xff_ffff) {
    const caller = memory.i32[frame + 1]! >>> 24
    if (machine.contextOf[caller] !== current) return caller
  }
  return JCRE_OWNER
}

const getPreviousContextAID: JcreMethod = (jcre) => {
  const owner = previousOwner(jcre)
  if (jcre.machine.contextOf[owner] === JCRE_CONTEXT) return 0
  return jcre.registry.ownedBy(owner & OWNER_MASK)?.aidObject ?? 0
}

const lookupAID: JcreMethod = (jcre, at) => {
  const length = byteAt(jcre, at + 2)
  const aid = bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), length)
  return jcre.registry.find(aid)?.aidObject ?? 0
}

const isAppletActive: JcreMethod = (jcre, at) => {
  const aid = handleAt(jcre, at)
  requireObject(jcre, aid, 'javacard/framework/AID')
  const at0 = jcre.machine.hiddenAddress(aid)
  const bytes = jcre.memory.u8.subarray(at0 + 1, at0 + 1 + jcre.memory.u8[at0]!)
  const applet = jcre.registry.find(bytes)
  if (applet === undefined) return 0
  return applet === jcre.installation?.registered || jcre.channels.isActive(applet) ? 1 : 0
}

/**
 * The server's shareable interface object, or null without a reason; a SecurityException while a server that is not
 * multiselectable is active on another channel.
 * @source JCRE 3.1 §6.2.7.2
 */
const getAppletShareableInterfaceObject: JcreMethod = (jcre, at) => {
  const serverAid = handleAt(jcre, at)
  const { machine, registry } = jcre
  if (serverAid === 0) return 0
  requireObject(jcre, serverAid, 'javacard/framework/AID')
  const client = registry.ownedBy(machine.owner)
  const address = machine.hiddenAddress(serverAid)
  const server = registry.find(jcre.memory.u8.slice(address + 1, address + 1 + jcre.memory.u8[address]!))
  if (client === undefined || server === undefined) return 0
  const method = machine.classOf(server.applet).virtualMethods[5]!
  if (isUnreachableServer(machine, server.owner)) machine.throwNew('java/lang/SecurityException')
  // In the server's context, called by the JCRE: the previous context is the JCRE's.
  const { owner, frame } = machine
  machine.owner = JCRE_OWNER
  machine.frame = 0
  const shared = jcre.call(method, server.owner, [server.applet, client.aidObject, byteAt(jcre, at + 1)])
  machine.owner = owner
  machine.frame = frame
  if (machine.halted !== undefined) throw VM_HALT
  const isThrown = machine.thrown !== 0
  machine.thrown = 0
  return isThrown ? 0 : shared & 0xffff
}

/**
 * Objects go when the command has ended. The request itself is durable, or part of the open transaction, so that a power
 * cut before then leaves nothing behind for good.
 */
const requestObjectDeletion: JcreMethod = (jcre) => {
  jcre.isDeletionRequested = true
  jcre.memory.root.isCollecting = true
  jcre.memory.commitRoot()
  return 0
}

const getAID: JcreMethod = (jcre) => jcre.registry.ownedBy(jcre.machine.owner)?.aidObject ?? 0

export const jcSystemMethods: Readonly<Record<string, JcreMethod>> = {
  'JCSystem.beginTransaction()V': beginTransaction,
  'JCSystem.commitTransaction()V': commitTransaction,
  'JCSystem.abortTransaction()V': abortTransaction,
  'JCSystem.getTransactionDepth()B': (jcre) => (jcre.memory.inTransaction ? 1 : 0),
  'JCSystem.getMaxCommitCapacity()S': (jcre) => Math.min(jcre.memory.commitCapacityBytes, MOST_SHORT),
  'JCSystem.getUnusedCommitCapacity()S': (jcre) => Math.min(jcre.memory.unusedCommitBytes, MOST_SHORT),
  'JCSystem.getVersion()S': () => VERSION,
  'JCSystem.isTransient(Ljava/lang/Object;)B': isTransient,
  'JCSystem.makeTransientBooleanArray(SB)[Z': makeTransient(TYPE.array | ELEMENT.boolean),
  'JCSystem.makeTransientByteArray(SB)[B': makeTransient(TYPE.array | ELEMENT.byte),
  'JCSystem.makeTransientShortArray(SB)[S': makeTransient(TYPE.array | ELEMENT.short),
  'JCSystem.makeTransientObjectArray(SB)[Ljava/lang/Object;': makeTransient(OBJECT_ARRAY),
  'JCSystem.makeGlobalArray(BS)Ljava/lang/Object;': makeGlobalArray,
  'JCSystem.getAvailableMemory(B)S': (jcre, at) => Math.min(availableBytes(jcre, byteAt(jcre, at)), MOST_SHORT),
  'JCSystem.getAvailableMemory([SSB)V': getAvailableMemoryInto,
  'JCSystem.getAvailableMemory([BSB)V': getAvailableMemoryBytes,
  'JCSystem.getAID()Ljavacard/framework/AID;': getAID,
  'JCSystem.lookupAID([BSB)Ljavacard/framework/AID;': lookupAID,
  'JCSystem.isAppletActive(Ljavacard/framework/AID;)Z': isAppletActive,
  'JCSystem.getPreviousContextAID()Ljavacard/framework/AID;': getPreviousContextAID,
  'JCSystem.getAppletShareableInterfaceObject(Ljavacard/framework/AID;B)Ljavacard/framework/Shareable;':
    getAppletShareableInterfaceObject,
  'JCSystem.getAssignedChannel()B': (jcre) => jcre.assignedChannel,
  'JCSystem.isObjectDeletionSupported()Z': () => 1,
  'JCSystem.requestObjectDeletion()V': requestObjectDeletion,
}
