import type { Jcre } from '../runtime/jcre.ts'
import { ACCESS, callerArrayFault, fieldFault, throwFault } from '../vm/firewall.ts'
import { bufferFull } from '../vm/interpreter/slow-paths.ts'
import { NULL_POINTER } from '../vm/jcre-objects.ts'
import type { NativeMethod } from '../vm/link/linked-package.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { ELEMENT, LENGTH_MASK, TYPE } from '../vm/memory/handle-entry.ts'

/** A native method of this room; arguments are words from `at` on, the result is the Java method's. */
export type JcreMethod = (jcre: Jcre, at: number) => number

/** The VM knows its host only as far as it needs to; the only host there is is the Jcre. */
export function natives(methods: Readonly<Record<string, JcreMethod>>): Readonly<Record<string, NativeMethod>> {
  return methods as unknown as Readonly<Record<string, NativeMethod>>
}

// ---- arguments

export const shortAt = (jcre: Jcre, at: number): number => jcre.memory.i16[at]!
export const byteAt = (jcre: Jcre, at: number): number => (jcre.memory.i16[at]! << 24) >> 24
/** Two words, the high one first. */
export const intAt = (jcre: Jcre, at: number): number =>
  (jcre.memory.i16[at]! << 16) | (jcre.memory.i16[at + 1]! & 0xffff)
export const handleAt = (jcre: Jcre, at: number): number => jcre.memory.i16[at]! & 0xffff

// ---- references; the caller's context must be allowed to use them (JCRE 3.1 §6.2.1)

function throwJava(jcre: Jcre, exception: number): never {
  jcre.machine.thrown = exception
  throw JAVA_THROW
}

export function lengthOf(jcre: Jcre, array: number): number {
  return jcre.memory.word1(array) & LENGTH_MASK
}

export function isPersistent(jcre: Jcre, address: number): boolean {
  return address < jcre.memory.nvSizeBytes
}

/** A byte[] or boolean[] that the caller may use in that way. */
export function requireByteArray(jcre: Jcre, array: number, access: number = ACCESS.readWrite): void {
  const fault = callerArrayFault(jcre.machine, array, access)
  if (fault !== 0) throwJava(jcre, fault)
  const type = jcre.memory.word1(array) >>> 16
  const kind = type & 7
  if ((type & TYPE.references) !== 0 || (kind !== ELEMENT.byte && kind !== ELEMENT.boolean)) {
    jcre.machine.throwNew('java/lang/SecurityException')
  }
}

/**
 * `length` bytes of a byte array from `offset` on, to be written unless `access` says otherwise.
 * @returns the address of the first; NullPointerException, SecurityException and ArrayIndexOutOfBoundsException, in
 *   this order, end the native method
 */
export function byteRange(
  jcre: Jcre,
  array: number,
  offset: number,
  length: number,
  access: number = ACCESS.write,
): number {
  requireByteArray(jcre, array, access)
  if (offset < 0 || length < 0 || offset + length > lengthOf(jcre, array)) {
    jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  }
  return jcre.memory.addressOf(array) + offset
}

/** A copy of a range of a byte array, to work on: each byte costs an instruction. */
export function bytesOf(jcre: Jcre, array: number, offset: number, length: number): Uint8Array {
  const address = byteRange(jcre, array, offset, length, ACCESS.read)
  jcre.machine.budget -= length
  return jcre.memory.u8.slice(address, address + length)
}

/** An object of a class or interface that the caller may use: its own, or an entry point. */
export function requireObject(jcre: Jcre, handle: number, className: string): void {
  const { machine } = jcre
  if (handle === 0) throwJava(jcre, NULL_POINTER)
  const fault = throwFault(machine, handle)
  if (fault !== 0) throwJava(jcre, fault)
  if (machine.isArray(handle) || !machine.classOf(handle).isKindOf(jcre.requireClass(className))) {
    machine.throwNew('java/lang/SecurityException')
  }
}

/** An object that a native implementation made, for the hidden state in it; the caller's own. */
export function requireOwnObject(jcre: Jcre, handle: number, className: string): void {
  const fault = fieldFault(jcre.machine, handle)
  if (fault !== 0) throwJava(jcre, fault)
  requireObject(jcre, handle, className)
}

// ---- writing

/** Of a copy or a fill, in the time of an instruction. */
const BYTES_PER_INSTRUCTION_SHIFT = 3

/** Atomic, in a transaction or not. @throws TransactionException BUFFER_FULL, with nothing written */
export function copyAtomic(jcre: Jcre, from: number, to: number, length: number): void {
  const { memory } = jcre
  jcre.machine.budget -= length >> BYTES_PER_INSTRUCTION_SHIFT
  if (!isPersistent(jcre, to)) memory.u8.copyWithin(to, from, from + length)
  else {
    requireCommitRoom(jcre, to, length)
    requireWritten(jcre, memory.copy(from, to, length))
  }
}

export function fillAtomic(jcre: Jcre, address: number, length: number, value: number): void {
  const { memory } = jcre
  jcre.machine.budget -= length >> BYTES_PER_INSTRUCTION_SHIFT
  if (!isPersistent(jcre, address)) memory.u8.fill(value, address, address + length)
  else {
    requireCommitRoom(jcre, address, length)
    requireWritten(jcre, memory.fill(address, length, value))
  }
}

export function putBytesAtomic(jcre: Jcre, address: number, bytes: Uint8Array): void {
  const { memory } = jcre
  if (!isPersistent(jcre, address)) memory.u8.set(bytes, address)
  else requireWritten(jcre, memory.putBytes(address, bytes))
}

/** All of the bytes or none; refused as `copyAtomic` refuses. */
export function writeAtomic(jcre: Jcre, address: number, bytes: Uint8Array): void {
  if (isPersistent(jcre, address)) requireCommitRoom(jcre, address, bytes.length)
  putBytesAtomic(jcre, address, bytes)
}

/** Outside of any transaction. */
export function writeNonAtomic(jcre: Jcre, address: number, bytes: Uint8Array): void {
  jcre.memory.u8.set(bytes, address)
  if (isPersistent(jcre, address)) jcre.memory.copyNonAtomic(address, address, bytes.length)
}

/** A block beyond the commit capacity is refused also outside of a transaction. @source API Util.arrayCopy */
function requireCommitRoom(jcre: Jcre, address: number, length: number): void {
  if (!jcre.memory.inTransaction && !jcre.memory.hasCommitRoomFor(length)) requireWritten(jcre, address < 0)
}

export function requireWritten(jcre: Jcre, isWritten: boolean): void {
  if (!isWritten) throwJava(jcre, bufferFull(jcre.machine))
}

/**
 * Writes what a method returns through an array: conditional in a transaction, else without any promise for blocks that
 * the commit buffer cannot hold.
 */
export function putResult(jcre: Jcre, address: number, bytes: Uint8Array): void {
  const { memory } = jcre
  if (!isPersistent(jcre, address)) memory.u8.set(bytes, address)
  else if (memory.inTransaction || memory.hasCommitRoomFor(bytes.length)) putBytesAtomic(jcre, address, bytes)
  else writeNonAtomic(jcre, address, bytes)
}

// ---- hidden state: 16-bit cells behind the fields of an object

export function hiddenShort(jcre: Jcre, handle: number, cell: number): number {
  return jcre.memory.i16[(jcre.machine.hiddenAddress(handle) >> 1) + cell]!
}

export function hiddenHandle(jcre: Jcre, handle: number, cell: number): number {
  return hiddenShort(jcre, handle, cell) & 0xffff
}

/** Joins an open transaction. */
export function putHiddenShort(jcre: Jcre, handle: number, cell: number, value: number): void {
  if (hiddenShort(jcre, handle, cell) === (value << 16) >> 16) return
  const address = jcre.machine.hiddenAddress(handle) + cell * 2
  if (isPersistent(jcre, address)) requireWritten(jcre, jcre.memory.putShort(address, value))
  else jcre.memory.i16[address >> 1] = value
}

/** Neighbouring cells in one step: a power cut leaves all of them or none. */
export function putHiddenShorts(jcre: Jcre, handle: number, firstCell: number, values: readonly number[]): void {
  const { memory } = jcre
  const address = jcre.machine.hiddenAddress(handle) + firstCell * 2
  if (values.every((value, i) => memory.i16[(address >> 1) + i] === (value << 16) >> 16)) return
  const bytes = new Uint8Array(Int16Array.from(values).buffer)
  if (isPersistent(jcre, address)) requireWritten(jcre, memory.putBytes(address, bytes))
  else memory.u8.set(bytes, address)
}

// ---- new objects of the caller

const NO_RESOURCE = 5

function requireRoom(jcre: Jcre, handle: number): number {
  if (handle === 0) jcre.machine.throwNew('javacard/framework/SystemException', NO_RESOURCE)
  return handle
}

export function newObject(jcre: Jcre, className: string): number {
  return requireRoom(jcre, jcre.machine.newObject(jcre.requireClass(className)))
}

export function newByteArray(jcre: Jcre, length: number): number {
  return requireRoom(jcre, jcre.memory.newPersistent(jcre.machine.owner, TYPE.array | ELEMENT.byte, length, length))
}

/** Of class Object: id 0. */
export function newReferenceArray(jcre: Jcre, length: number): number {
  const type = TYPE.array | TYPE.references
  return requireRoom(jcre, jcre.memory.newPersistent(jcre.machine.owner, type, length, 2 * length))
}
