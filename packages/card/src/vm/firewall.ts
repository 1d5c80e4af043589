import { NULL_POINTER, SECURITY } from './jcre-objects.ts'
import type { LinkedClass } from './link/linked-package.ts'
import { JCRE_CONTEXT, type Machine, NO_CONTEXT } from './machine.ts'
import { DESELECT_OWNER, JCRE_OWNER, NO_OWNER, OWNER_MASK, TYPE, VIEW_OWNER } from './memory/handle-entry.ts'

/**
 * The applet firewall, JCRE 3.1 §6.2.8, for everything but the plain case that the interpreter decides itself: the
 * object belongs to the active owner. Functions named `...Fault` return 0 for "allowed", or the exception to throw.
 */

/** What is done with an array; read and write are the attributes of views, ATTR_READABLE_VIEW and ATTR_WRITABLE_VIEW. */
export const ACCESS = { none: 0, read: 1, write: 2, readWrite: 3 } as const

/** Handles come from 16-bit words that anyone can make up: beyond the table, and freed ones, they are null. */
function isNull(machine: Machine, handle: number): boolean {
  return handle === 0 || handle >= machine.memory.root.handleCount || machine.memory.word0(handle) >>> 24 === NO_OWNER
}

/** "Own": owned by an applet in the current context; CLEAR_ON_DESELECT contents only while that context is selected. */
function isOwn(machine: Machine, owner: number): boolean {
  const { context } = machine
  if (machine.contextOf[owner & OWNER_MASK] !== context) return false
  return (owner & DESELECT_OWNER) === 0 || context === machine.selectedContext
}

/** Instance fields. @source JCRE 3.1 §6.2.8.3 */
export function fieldFault(machine: Machine, handle: number): number {
  if (isNull(machine, handle)) return NULL_POINTER
  if (machine.context === JCRE_CONTEXT || isOwn(machine, machine.memory.word0(handle) >>> 24)) return 0
  return SECURITY
}

/**
 * Array components, length and type.
 * @param access bits of `ACCESS`; only views know a difference
 * @source JCRE 3.1 §6.2.8.2
 */
export function arrayFault(machine: Machine, handle: number, access: number): number {
  if (isNull(machine, handle)) return NULL_POINTER
  const owner = machine.memory.word0(handle) >>> 24
  if (machine.context === JCRE_CONTEXT || isOwn(machine, owner)) return 0
  if (owner === VIEW_OWNER) return viewAllows(machine, handle, access) ? 0 : SECURITY
  return isGlobalArray(machine, handle) ? 0 : SECURITY
}

/** A view belongs to one context alone, also against the one that made it. */
function viewAllows(machine: Machine, handle: number, access: number): boolean {
  const view = machine.views.get(handle)
  return view !== undefined && view.context === machine.context && (view.attributes & access) === access
}

function isGlobalArray(machine: Machine, handle: number): boolean {
  const globalArray = TYPE.array | TYPE.global
  return ((machine.memory.word1(handle) >>> 16) & globalArray) === globalArray
}

function isEntryPoint(machine: Machine, handle: number): boolean {
  const type = machine.memory.word1(handle) >>> 16
  return (type & TYPE.array) === 0 && (type & (TYPE.temporaryEntryPoint | TYPE.permanentEntryPoint)) !== 0
}

/** References that must not be kept: temporary entry points, global arrays, views. @source JCRE 3.1 §6.2.1, §6.2.2 */
export function isUnstorable(machine: Machine, handle: number): boolean {
  if (isNull(machine, handle)) return false
  const owner = machine.memory.word0(handle) >>> 24
  if (owner !== JCRE_OWNER) return owner === VIEW_OWNER
  const type = machine.memory.word1(handle) >>> 16
  return (type & TYPE.array) !== 0 ? (type & TYPE.global) !== 0 : (type & TYPE.temporaryEntryPoint) !== 0
}

/** The firewall's half of storing a reference in a field, static or component. */
export function storeFault(machine: Machine, value: number): number {
  return value !== 0 && machine.context !== JCRE_CONTEXT && isUnstorable(machine, value) ? SECURITY : 0
}

/**
 * Virtual calls, and array methods.
 * @returns the owner to run as, or 0 with the exception in `machine.thrown`
 * @source JCRE 3.1 §6.2.8.4, §6.2.8.11
 */
export function virtualCallOwner(machine: Machine, handle: number): number {
  if (isNull(machine, handle)) return refuse(machine, NULL_POINTER)
  const owner = machine.memory.word0(handle) >>> 24
  if (isOwn(machine, owner)) return owner & OWNER_MASK
  // Methods of the JCRE's own objects are native: they run as the caller and know the difference.
  if (isEntryPoint(machine, handle) || isGlobalArray(machine, handle)) return machine.owner
  if (owner === VIEW_OWNER && viewAllows(machine, handle, ACCESS.none)) return machine.owner
  return machine.context === JCRE_CONTEXT ? owner & OWNER_MASK : refuse(machine, SECURITY)
}

/** Interface calls; a shareable one may cross into another context. @source JCRE 3.1 §6.2.8.5, §6.2.8.6 */
export function interfaceCallOwner(machine: Machine, handle: number, interfaceClass: LinkedClass): number {
  if (isNull(machine, handle)) return refuse(machine, NULL_POINTER)
  const owner = machine.memory.word0(handle) >>> 24
  // The JCRE's own objects: native methods, which run as the caller.
  if (isEntryPoint(machine, handle)) return machine.owner
  const canBeShared = interfaceClass.isShareable && !isOwn(machine, owner) && !machine.isArray(handle)
  if (canBeShared && isUnreachableServer(machine, owner & OWNER_MASK)) return refuse(machine, SECURITY)
  if (canBeShared && machine.classOf(handle).isShareable) return owner & OWNER_MASK
  return virtualCallOwner(machine, handle)
}

/** Not multiselectable, active, and not in the context selected: so active on another channel; or its package is being upgraded. */
export function isUnreachableServer(machine: Machine, owner: number): boolean {
  const context = machine.contextOf[owner]!
  if (context === machine.pausedContext && context !== NO_CONTEXT && context !== machine.context) return true
  return machine.unreachableServers[owner] === 1 && context !== machine.selectedContext
}

function refuse(machine: Machine, exception: number): 0 {
  machine.thrown = exception
  return 0
}

/** athrow. @source JCRE 3.1 §6.2.8.7 */
export function throwFault(machine: Machine, handle: number): number {
  if (isNull(machine, handle)) return NULL_POINTER
  if (machine.context === JCRE_CONTEXT || isOwn(machine, machine.memory.word0(handle) >>> 24)) return 0
  return isEntryPoint(machine, handle) ? 0 : SECURITY
}

/**
 * checkcast and instanceof of an object that is not null, to a class, interface or array type.
 *
 * Entry points may be tested against classes only, as the reference card does; the clause on ordinary interfaces names
 * no exception for them.
 *
 * @param target undefined for the type of a primitive array
 * @source JCRE 3.1 §6.2.8.2, §6.2.8.8 to §6.2.8.10
 */
export function typeTestFault(machine: Machine, handle: number, target: LinkedClass | undefined): number {
  if (machine.context === JCRE_CONTEXT) return 0
  if (isNull(machine, handle)) return SECURITY
  if (isOwn(machine, machine.memory.word0(handle) >>> 24)) return 0
  if (machine.isArray(handle)) return arrayFault(machine, handle, ACCESS.none)
  if (target?.isInterface) {
    return target.isShareable && machine.classOf(handle).isShareable ? 0 : SECURITY
  }
  return isEntryPoint(machine, handle) ? 0 : SECURITY
}

/** For API methods: the caller may use the array in that way; 0 or the exception. */
export function callerArrayFault(machine: Machine, handle: number, access: number = ACCESS.readWrite): number {
  const fault = arrayFault(machine, handle, access)
  if (fault !== 0) return fault
  return machine.isArray(handle) ? 0 : SECURITY
}

/** Class of the elements of a reference array. */
export function elementClass(machine: Machine, word1: number): LinkedClass {
  return machine.classOfEntry(word1)
}
