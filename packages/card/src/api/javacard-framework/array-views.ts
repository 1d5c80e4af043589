import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS, arrayFault, throwFault } from '../../vm/firewall.ts'
import { NULL_POINTER } from '../../vm/jcre-objects.ts'
import { JAVA_THROW } from '../../vm/machine.ts'
import { ELEMENT, elementBytes, OWNER_MASK, TYPE, VIEW_OWNER } from '../../vm/memory/handle-entry.ts'
import { handleAt, type JcreMethod, lengthOf, shortAt } from '../native-call.ts'

/**
 * Array views: a part of an array, for one context, to be read or written. They share the storage of their parent, are
 * as unstorable as global arrays, and end with the command.
 *
 * Unverified, since only the signatures could be read: attributes 0 means those of the parent; unknown attribute bits,
 * and `getAttributes` of what is no view, are ILLEGAL_VALUE; no room is NO_TRANSIENT_SPACE.
 *
 * @source API 3.1 JCSystem.makeArrayView
 */
const SYSTEM = { ILLEGAL_VALUE: 1, NO_TRANSIENT_SPACE: 2 } as const

function failSystem(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/SystemException', reason)
}

function requireNoFault(jcre: Jcre, fault: number): void {
  if (fault === 0) return
  jcre.machine.thrown = fault
  throw JAVA_THROW
}

function isView(jcre: Jcre, handle: number): boolean {
  return jcre.memory.word0(handle) >>> 24 === VIEW_OWNER
}

/** What the caller may do with an array. */
function attributesOf(jcre: Jcre, array: number): number {
  return isView(jcre, array) ? (jcre.machine.views.get(array)?.attributes ?? ACCESS.none) : ACCESS.readWrite
}

/**
 * A view that a native method makes for a context.
 * @param type of the array; a view of a global array is none
 * @returns its handle
 */
export function newView(
  jcre: Jcre,
  view: { address: number; type: number; length: number; context: number; attributes: number },
): number {
  const { memory, machine } = jcre
  const handle = memory.newVolatile(VIEW_OWNER, view.address, view.type & ~TYPE.global, view.length)
  if (handle === 0) failSystem(jcre, SYSTEM.NO_TRANSIENT_SPACE)
  machine.views.set(handle, { context: view.context, attributes: view.attributes })
  return handle
}

/** The context of a shareable interface object, or the caller's own without one. */
function beneficiary(jcre: Jcre, server: number): number {
  const { machine, memory } = jcre
  if (server === 0) return machine.context
  const isThere = server < memory.root.handleCount && !machine.isArray(server) && !isView(jcre, server)
  if (!isThere || !machine.classOf(server).isShareable) machine.throwNew('java/lang/SecurityException')
  return machine.contextOf[(memory.word0(server) >>> 24) & OWNER_MASK]!
}

/** @param kind of the elements; undefined takes arrays of all kinds */
export function makeView(kind?: number): JcreMethod {
  return (jcre, at) => {
    const { machine, memory } = jcre
    const parent = handleAt(jcre, at)
    const offset = shortAt(jcre, at + 1)
    const length = shortAt(jcre, at + 2)
    const wanted = shortAt(jcre, at + 3)
    if (parent === 0) requireNoFault(jcre, NULL_POINTER)
    requireNoFault(jcre, arrayFault(machine, parent, ACCESS.none))
    if (!machine.isArray(parent)) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
    const type = memory.word1(parent) >>> 16
    const isKind = kind === undefined || ((type & TYPE.references) === 0 && (type & 7) === kind)
    if (!isKind) machine.throwNew('java/lang/SecurityException')
    if ((wanted & ~ACCESS.readWrite) !== 0) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
    const attributes = wanted === 0 ? attributesOf(jcre, parent) : wanted
    requireNoFault(jcre, arrayFault(machine, parent, attributes))
    if (offset < 0 || length < 0 || offset + length > lengthOf(jcre, parent)) {
      machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
    }
    const address = memory.addressOf(parent) + offset * elementBytes(type)
    return newView(jcre, { address, type, length, attributes, context: beneficiary(jcre, handleAt(jcre, at + 4)) })
  }
}

const isArrayView: JcreMethod = (jcre, at) => {
  const handle = handleAt(jcre, at)
  if (handle === 0) return 0
  const { machine } = jcre
  requireNoFault(jcre, machine.isArray(handle) ? arrayFault(machine, handle, ACCESS.none) : throwFault(machine, handle))
  return isView(jcre, handle) ? 1 : 0
}

const getAttributes: JcreMethod = (jcre, at) => {
  const handle = handleAt(jcre, at)
  if (handle === 0) requireNoFault(jcre, NULL_POINTER)
  if (isArrayView(jcre, at) === 0) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
  return attributesOf(jcre, handle)
}

const MAKE = {
  any: '(Ljava/lang/Object;SSSLjavacard/framework/Shareable;)Ljava/lang/Object;',
  boolean: '([ZSSSLjavacard/framework/Shareable;)[Z',
  byte: '([BSSSLjavacard/framework/Shareable;)[B',
  short: '([SSSSLjavacard/framework/Shareable;)[S',
} as const

export const arrayViewMethods: Readonly<Record<string, JcreMethod>> = {
  [`JCSystem.makeArrayView${MAKE.any}`]: makeView(),
  [`JCSystem.makeBooleanArrayView${MAKE.boolean}`]: makeView(ELEMENT.boolean),
  [`JCSystem.makeByteArrayView${MAKE.byte}`]: makeView(ELEMENT.byte),
  [`JCSystem.makeShortArrayView${MAKE.short}`]: makeView(ELEMENT.short),
  'JCSystem.isArrayView(Ljava/lang/Object;)Z': isArrayView,
  'JCSystem.getAttributes(Ljava/lang/Object;)S': getAttributes,
}
