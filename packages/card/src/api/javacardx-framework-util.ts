import type { Jcre } from '../runtime/jcre.ts'
import { ACCESS } from '../vm/firewall.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { ELEMENT } from '../vm/memory/handle-entry.ts'
import { reasonedException } from './card-exceptions.ts'
import { bytesOf, handleAt, type JcreMethod, natives, shortAt, writeAtomic, writeNonAtomic } from './native-call.ts'
import { findPrimitiveArray, type PrimitiveArray, requireRange, swappedCells } from './primitive-arrays.ts'

/** javacardx.framework.util: arrays of any primitive component. @source API 3.0.5 ArrayLogic, UtilException */

const UTIL = { ILLEGAL_VALUE: 1, TYPE_MISMATCHED: 2 } as const
const EXCEPTION = 'javacardx/framework/util/UtilException'

type Write = (jcre: Jcre, address: number, bytes: Uint8Array) => void

function fail(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew(EXCEPTION, reason)
}

function primitiveArray(jcre: Jcre, handle: number, access: number): PrimitiveArray {
  return findPrimitiveArray(jcre, handle, access) ?? fail(jcre, UTIL.ILLEGAL_VALUE)
}

/** Contents of a range, as they stand in memory. */
function contents(jcre: Jcre, of: PrimitiveArray, offset: number, count: number): Uint8Array {
  const start = of.address + offset * of.componentBytes
  return jcre.memory.u8.slice(start, start + count * of.componentBytes)
}

/** As bytes of the network the components are the same in every array. Smaller ones must fill larger ones. */
function copyRepack(write: Write): JcreMethod {
  return (jcre, at) => {
    const source = primitiveArray(jcre, handleAt(jcre, at), ACCESS.read)
    const target = primitiveArray(jcre, handleAt(jcre, at + 3), ACCESS.write)
    const offset = shortAt(jcre, at + 1)
    const count = shortAt(jcre, at + 2)
    const to = shortAt(jcre, at + 4)
    requireRange(jcre, source.length, offset, count)
    requireRange(jcre, target.length, to, 0)
    const sizeBytes = count * source.componentBytes
    if (sizeBytes % target.componentBytes !== 0) fail(jcre, UTIL.ILLEGAL_VALUE)
    const written = sizeBytes / target.componentBytes
    requireRange(jcre, target.length, to, written)
    const bytes = swappedCells(swappedCells(contents(jcre, source, offset, count), source.kind), target.kind)
    write(jcre, target.address + to * target.componentBytes, bytes)
    return to + written
  }
}

function requireSameKind(jcre: Jcre, one: PrimitiveArray, other: PrimitiveArray): void {
  if (one.kind !== other.kind) fail(jcre, UTIL.TYPE_MISMATCHED)
}

function fillGeneric(write: Write): JcreMethod {
  return (jcre, at) => {
    const target = primitiveArray(jcre, handleAt(jcre, at), ACCESS.write)
    const values = primitiveArray(jcre, handleAt(jcre, at + 3), ACCESS.read)
    requireSameKind(jcre, target, values)
    const offset = shortAt(jcre, at + 1)
    const count = shortAt(jcre, at + 2)
    const valueOffset = shortAt(jcre, at + 4)
    requireRange(jcre, target.length, offset, count)
    requireRange(jcre, values.length, valueOffset, 1)
    const value = contents(jcre, values, valueOffset, 1)
    const bytes = new Uint8Array(count * value.length)
    for (let i = 0; i < bytes.length; i += value.length) bytes.set(value, i)
    write(jcre, target.address + offset * target.componentBytes, bytes)
    return offset + count
  }
}

/** A component as the signed number it is, from its bytes in memory. */
function componentAt(jcre: Jcre, of: PrimitiveArray, index: number): number {
  const { i8, i16 } = jcre.memory
  const at = of.address + index * of.componentBytes
  if (of.kind === ELEMENT.short) return i16[at >> 1]!
  if (of.kind === ELEMENT.int) return (i16[at >> 1]! << 16) | (i16[(at >> 1) + 1]! & 0xffff)
  return i8[at]!
}

/** Components are compared as the numbers they are: signed. */
const compareGeneric: JcreMethod = (jcre, at) => {
  const left = primitiveArray(jcre, handleAt(jcre, at), ACCESS.read)
  const right = primitiveArray(jcre, handleAt(jcre, at + 2), ACCESS.read)
  requireSameKind(jcre, left, right)
  const leftOffset = shortAt(jcre, at + 1)
  const rightOffset = shortAt(jcre, at + 3)
  const count = shortAt(jcre, at + 4)
  requireRange(jcre, left.length, leftOffset, count)
  requireRange(jcre, right.length, rightOffset, count)
  for (let i = 0; i < count; i++) {
    const a = componentAt(jcre, left, leftOffset + i)
    const b = componentAt(jcre, right, rightOffset + i)
    if (a !== b) return a < b ? -1 : 1
  }
  return 0
}

/** The value is as many bytes of a byte[] as a component has. */
const findGeneric: JcreMethod = (jcre, at) => {
  const array = primitiveArray(jcre, handleAt(jcre, at), ACCESS.read)
  const offset = shortAt(jcre, at + 1)
  requireRange(jcre, array.length, offset, 0)
  const bytes = bytesOf(jcre, handleAt(jcre, at + 2), shortAt(jcre, at + 3), array.componentBytes)
  const wanted = bytes.reduce((value, byte) => (value << 8) | byte, (bytes[0]! << 24) >> 31)
  for (let i = offset; i < array.length; i++) if (componentAt(jcre, array, i) === wanted) return i
  return -1
}

export const javacardxFrameworkUtil: NativeBinding = {
  package: 'javacardx/framework/util',
  methods: natives({
    ...reasonedException(EXCEPTION),
    'ArrayLogic.arrayCopyRepack(Ljava/lang/Object;SSLjava/lang/Object;S)S': copyRepack(writeAtomic),
    'ArrayLogic.arrayCopyRepackNonAtomic(Ljava/lang/Object;SSLjava/lang/Object;S)S': copyRepack(writeNonAtomic),
    'ArrayLogic.arrayFillGeneric(Ljava/lang/Object;SSLjava/lang/Object;S)S': fillGeneric(writeAtomic),
    'ArrayLogic.arrayFillGenericNonAtomic(Ljava/lang/Object;SSLjava/lang/Object;S)S': fillGeneric(writeNonAtomic),
    'ArrayLogic.arrayCompareGeneric(Ljava/lang/Object;SLjava/lang/Object;SS)B': compareGeneric,
    'ArrayLogic.arrayFindGeneric(Ljava/lang/Object;S[BS)S': findGeneric,
  }),
}
