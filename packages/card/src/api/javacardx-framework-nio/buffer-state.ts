import type { Jcre } from '../../runtime/jcre.ts'
import { hiddenHandle, hiddenShort, newObject, putHiddenShort, requireByteArray } from '../native-call.ts'

/**
 * What a Buffer is made of: a byte[], the part of it that it is about, position and limit in that part, and how it may
 * be used. Numbers are unsigned 16 bits. Position and limit are kept with the object: they join transactions.
 */
export const BUFFER_HIDDEN_BYTES = 12
const CELL = { array: 0, offset: 1, capacity: 2, position: 3, limit: 4, flags: 5 } as const
export const BUFFER_REFERENCES = [CELL.array]

export const FLAG = { readOnly: 1, direct: 2, littleEndian: 4 } as const
export const BUFFER_CLASS = 'gridcard/ByteBuffer'

const ILLEGAL_USE = 6 // SystemException

export function failUse(jcre: Jcre): never {
  return jcre.machine.throwNew('javacard/framework/SystemException', ILLEGAL_USE)
}

export function failIndex(jcre: Jcre): never {
  return jcre.machine.throwNew('java/lang/IndexOutOfBoundsException')
}

export function newBuffer(jcre: Jcre, array: number, offset: number, capacity: number, flags: number): number {
  const buffer = newObject(jcre, BUFFER_CLASS)
  putHiddenShort(jcre, buffer, CELL.array, array)
  putHiddenShort(jcre, buffer, CELL.offset, offset)
  putHiddenShort(jcre, buffer, CELL.capacity, capacity)
  putHiddenShort(jcre, buffer, CELL.limit, capacity)
  putHiddenShort(jcre, buffer, CELL.flags, flags)
  return buffer
}

const unsigned = (jcre: Jcre, buffer: number, cell: number): number => hiddenShort(jcre, buffer, cell) & 0xffff

export const capacityOf = (jcre: Jcre, buffer: number): number => unsigned(jcre, buffer, CELL.capacity)
export const positionOf = (jcre: Jcre, buffer: number): number => unsigned(jcre, buffer, CELL.position)
export const limitOf = (jcre: Jcre, buffer: number): number => unsigned(jcre, buffer, CELL.limit)
export const flagsOf = (jcre: Jcre, buffer: number): number => unsigned(jcre, buffer, CELL.flags)
export const offsetOf = (jcre: Jcre, buffer: number): number => unsigned(jcre, buffer, CELL.offset)
export const arrayOf = (jcre: Jcre, buffer: number): number => hiddenHandle(jcre, buffer, CELL.array)
export const remainingOf = (jcre: Jcre, buffer: number): number => limitOf(jcre, buffer) - positionOf(jcre, buffer)

export function setPosition(jcre: Jcre, buffer: number, position: number): void {
  putHiddenShort(jcre, buffer, CELL.position, position)
}

export function setLimit(jcre: Jcre, buffer: number, limit: number): void {
  putHiddenShort(jcre, buffer, CELL.limit, limit)
}

export function setFlags(jcre: Jcre, buffer: number, flags: number): void {
  putHiddenShort(jcre, buffer, CELL.flags, flags)
}

/** Address of the byte at an index. An array that was cleared on deselection may not be the caller's to use now. */
export function addressAt(jcre: Jcre, buffer: number, index: number): number {
  const array = arrayOf(jcre, buffer)
  requireByteArray(jcre, array)
  return jcre.memory.addressOf(array) + offsetOf(jcre, buffer) + index
}
