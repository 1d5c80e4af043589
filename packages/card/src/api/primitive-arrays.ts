import type { Jcre } from '../runtime/jcre.ts'
import { arrayFault } from '../vm/firewall.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { ELEMENT, elementBytes, TYPE } from '../vm/memory/handle-entry.ts'
import { lengthOf } from './native-call.ts'

/** An array of primitive components that the caller may use. */
export interface PrimitiveArray {
  readonly address: number
  /** In components. */
  readonly length: number
  readonly kind: number
  readonly componentBytes: number
}

/**
 * NullPointerException, SecurityException; undefined for what is no array of primitive components.
 * @param access bits of `ACCESS`
 */
export function findPrimitiveArray(jcre: Jcre, handle: number, access: number): PrimitiveArray | undefined {
  const fault = arrayFault(jcre.machine, handle, access)
  if (fault !== 0) {
    jcre.machine.thrown = fault
    throw JAVA_THROW
  }
  const type = jcre.memory.word1(handle) >>> 16
  if (!jcre.machine.isArray(handle) || (type & TYPE.references) !== 0) return undefined
  return {
    address: jcre.memory.addressOf(handle),
    length: lengthOf(jcre, handle),
    kind: type & 7,
    componentBytes: elementBytes(type),
  }
}

/** ArrayIndexOutOfBoundsException unless the range is in an array of `length` components. */
export function requireRange(jcre: Jcre, length: number, offset: number, count: number): void {
  if (offset < 0 || count < 0 || offset + count > length) {
    jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  }
}

/**
 * The same components in the order of a network, from the order they have in memory, or back: the cells of a short[] are
 * little-endian, those of an int[] pairs of them, the high one first.
 */
export function swappedCells(bytes: Uint8Array, kind: number): Uint8Array {
  if (kind !== ELEMENT.short && kind !== ELEMENT.int) return bytes
  const swapped = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i += 2) {
    swapped[i] = bytes[i + 1]!
    swapped[i + 1] = bytes[i]!
  }
  return swapped
}
