import { elementClass, storeFault } from '../firewall.ts'
import { ARRAY_STORE } from '../jcre-objects.ts'
import type {
  InterfaceMethods,
  LinkedClass,
  LinkedHandler,
  LinkedMethod,
  LinkedPackage,
} from '../link/linked-package.ts'
import { RETURNS_UNKNOWN } from '../link/linked-package.ts'
import { JAVA_THROW, type Machine, VM_HALT } from '../machine.ts'
import { elementBytes, TYPE } from '../memory/handle-entry.ts'

/** The parts of instructions that are too long, or too rare, to stand in the dispatch loop. */

const NO_ROOM_REASON = 5 // SystemException.NO_RESOURCE
const BUFFER_FULL_REASON = 3 // TransactionException.BUFFER_FULL

/** The commit buffer has no room for an old value. @source JCRE 3.1 §7.8 */
export function bufferFull(machine: Machine): number {
  return machine.exception('javacard/framework/TransactionException', BUFFER_FULL_REASON)
}

export function noRoom(machine: Machine): number {
  return machine.exception('javacard/framework/SystemException', NO_ROOM_REASON)
}

/**
 * Runs a native method; `machine.thrown` or `machine.halted` tell if it did not return.
 *
 * @param at index in `i16` of its first argument; `machine.stackTop` and `machine.frame` are the caller's
 */
export function callNative(machine: Machine, method: LinkedMethod, at: number): number {
  try {
    return method.native!(machine.host, at)
  } catch (error) {
    if (error === JAVA_THROW || error === VM_HALT) return 0
    throw error
  }
}

/** True if a method found at run time is one that the call site was linked for. */
export function fitsCallSite(method: LinkedMethod | undefined, site: number): method is LinkedMethod {
  if (method === undefined || method.nargs !== ((site >>> 8) & 0xff)) return false
  const expected = site >>> 16
  return method.returnWords === expected || method.returnWords === RETURNS_UNKNOWN || expected === RETURNS_UNKNOWN
}

export function receiverClass(machine: Machine, word1: number): LinkedClass {
  return word1 < 0 ? machine.objectClass : machine.classOfEntry(word1)
}

export function interfaceMethod(
  receiver: LinkedClass,
  interfaceClass: LinkedClass,
  token: number,
): InterfaceMethods[number] {
  return receiver.supertypes.has(interfaceClass) ? receiver.interfaceMethods(interfaceClass)[token] : undefined
}

/** The handler for an exception of a class at a word of code. @source JCVM 3.1 §6.10.1 */
export function findHandler(linked: LinkedPackage, pc: number, thrown: LinkedClass): LinkedHandler | undefined {
  for (const handler of linked.handlers) {
    if (pc < handler.start || pc >= handler.end) continue
    if (handler.catchType === undefined || thrown.isKindOf(handler.catchType)) return handler
    if (handler.stop) return undefined
  }
  return undefined
}

/** Array store check, then the firewall's; bounds come after. Order as observed on the reference card. */
export function componentStoreFault(machine: Machine, arrayWord1: number, value: number): number {
  if (value === 0) return 0
  const element = elementClass(machine, arrayWord1)
  if (!isAssignable(machine, value, element)) return ARRAY_STORE
  return storeFault(machine, value)
}

function isAssignable(machine: Machine, value: number, target: LinkedClass): boolean {
  if (target === machine.objectClass) return true
  const { memory } = machine
  if (value >= memory.root.handleCount) return false
  return !machine.isArray(value) && machine.classOf(value).isKindOf(target)
}

const ATYPE_CLASS = 0
const ATYPE_REFERENCE = 14

/** Is the object, not null and allowed to be looked at, of the type? @source JCVM 3.1 §7.5 checkcast, instanceof */
export function isInstance(machine: Machine, handle: number, atype: number, target: LinkedClass | undefined): boolean {
  const type = machine.memory.word1(handle) >>> 16
  const isArray = (type & TYPE.array) !== 0
  if (atype === ATYPE_CLASS) {
    return isArray ? target === machine.objectClass : machine.classOf(handle).isKindOf(target!)
  }
  if (!isArray) return false
  if (atype === ATYPE_REFERENCE) {
    if ((type & TYPE.references) === 0) return false
    return target === machine.objectClass || elementClass(machine, type << 16).isKindOf(target!)
  }
  // atype 10..13 are the element kinds 2..5 of our types, plus 8
  return (type & TYPE.references) === 0 && (type & 7) === atype - 8
}

/** An object, not an array, of the class or a subclass. */
export function isObjectOf(machine: Machine, handle: number, linked: LinkedClass): boolean {
  return !machine.isArray(handle) && machine.classOf(handle).isKindOf(linked)
}

/** newarray and anewarray for a length that is not negative; 0 if there is no room. */
export function newArray(machine: Machine, type: number, length: number): number {
  return machine.memory.newPersistent(machine.owner, type, length, length * elementBytes(type))
}

/** Where the interpreter stood, for the log. */
export function placeOf(linked: LinkedPackage, pc: number): string {
  return `${linked.name} Method+0x${(linked.capOffsets[pc] ?? 0).toString(16)}`
}
