import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS, storeFault } from '../../vm/firewall.ts'
import { BIG_ENDIAN_HANDLE, LITTLE_ENDIAN_HANDLE, NULL_POINTER, SECURITY } from '../../vm/jcre-objects.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import { JAVA_THROW } from '../../vm/machine.ts'
import { CLEAR_ON_RESET } from '../../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../../vm/memory/handle-entry.ts'
import { newTransient } from '../javacard-framework/jc-system.ts'
import {
  byteAt,
  handleAt,
  intAt,
  type JcreMethod,
  lengthOf,
  natives,
  putResult,
  requireByteArray,
  requireOwnObject,
  shortAt,
} from '../native-call.ts'
import {
  addressAt,
  arrayOf,
  BUFFER_CLASS,
  capacityOf,
  FLAG,
  failIndex,
  failUse,
  flagsOf,
  limitOf,
  newBuffer,
  offsetOf,
  positionOf,
  remainingOf,
  setFlags,
  setLimit,
  setPosition,
} from './buffer-state.ts'

/**
 * javacardx.framework.nio.ByteBuffer. A direct buffer is RAM that is cleared at reset. What java.nio answers with an
 * exception that cards do not have is IndexOutOfBoundsException for numbers, SystemException.ILLEGAL_USE for the rest.
 */
const BYTE_BUFFER = 'javacardx/framework/nio/ByteBuffer'
const NIO = 'javacardx/framework/nio'
const MOST_DIRECT_BYTES = 0xffff

// ---- making

const allocateDirect: JcreMethod = (jcre, at) => {
  const capacity = intAt(jcre, at)
  if (capacity < 0) jcre.machine.throwNew('java/lang/NegativeArraySizeException')
  const NO_TRANSIENT_SPACE = 2
  if (capacity > MOST_DIRECT_BYTES) jcre.machine.throwNew('javacard/framework/SystemException', NO_TRANSIENT_SPACE)
  const memory = newTransient(jcre, jcre.machine.owner, TYPE.array | ELEMENT.byte, capacity, CLEAR_ON_RESET)
  return newBuffer(jcre, memory, 0, capacity, FLAG.direct)
}

/** An array that must not be stored must not be wrapped. */
function requireWrappable(jcre: Jcre, array: number): number {
  requireByteArray(jcre, array)
  if (storeFault(jcre.machine, array) !== 0) {
    jcre.machine.thrown = SECURITY
    throw JAVA_THROW
  }
  return lengthOf(jcre, array)
}

const wrap: JcreMethod = (jcre, at) => {
  const array = handleAt(jcre, at)
  return newBuffer(jcre, array, 0, requireWrappable(jcre, array), 0)
}

/** The buffer is about the whole array; offset and length are its first position and limit. */
const wrapRange: JcreMethod = (jcre, at) => {
  const array = handleAt(jcre, at)
  const [offset, length] = [intAt(jcre, at + 1), intAt(jcre, at + 3)]
  const capacity = requireWrappable(jcre, array)
  if (offset < 0 || length < 0 || offset + length > capacity) failIndex(jcre)
  const buffer = newBuffer(jcre, array, 0, capacity, 0)
  setPosition(jcre, buffer, offset)
  setLimit(jcre, buffer, offset + length)
  return buffer
}

/** What is left of this one; big-endian again, as a new buffer always is. */
const slice: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at)
  const position = positionOf(jcre, buffer)
  const flags = flagsOf(jcre, buffer) & ~FLAG.littleEndian
  return newBuffer(jcre, arrayOf(jcre, buffer), offsetOf(jcre, buffer) + position, remainingOf(jcre, buffer), flags)
}

const asReadOnlyBuffer: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at)
  const flags = (flagsOf(jcre, buffer) & ~FLAG.littleEndian) | FLAG.readOnly
  const copy = newBuffer(jcre, arrayOf(jcre, buffer), offsetOf(jcre, buffer), capacityOf(jcre, buffer), flags)
  setPosition(jcre, copy, positionOf(jcre, buffer))
  setLimit(jcre, copy, limitOf(jcre, buffer))
  return copy
}

// ---- reading and writing

/** Moves the position over so many bytes. @returns where they are */
function takeAt(jcre: Jcre, buffer: number, count: number, fault: 'BufferUnderflow' | 'BufferOverflow'): number {
  const position = positionOf(jcre, buffer)
  if (remainingOf(jcre, buffer) < count) jcre.machine.throwNew(`${NIO}/${fault}Exception`)
  setPosition(jcre, buffer, position + count)
  return position
}

function requireIndex(jcre: Jcre, buffer: number, index: number, count: number): number {
  return index >= 0 && index + count <= limitOf(jcre, buffer) ? index : failIndex(jcre)
}

function requireWritable(jcre: Jcre, buffer: number): void {
  if (flagsOf(jcre, buffer) & FLAG.readOnly) jcre.machine.throwNew(`${NIO}/ReadOnlyBufferException`)
}

function readBytes(jcre: Jcre, buffer: number, index: number, count: number): Uint8Array {
  const address = addressAt(jcre, buffer, index)
  return jcre.memory.u8.slice(address, address + count)
}

/** In the byte order of the buffer; signed. */
function readNumber(jcre: Jcre, buffer: number, index: number, count: number): number {
  const bytes = readBytes(jcre, buffer, index, count)
  if (flagsOf(jcre, buffer) & FLAG.littleEndian) bytes.reverse()
  const unused = 32 - 8 * count
  return (bytes.reduce((value, byte) => (value << 8) | byte, 0) << unused) >> unused
}

function writeNumber(jcre: Jcre, buffer: number, index: number, count: number, value: number): void {
  const bytes = Uint8Array.from({ length: count }, (_, i) => value >> (8 * (count - 1 - i)))
  if (flagsOf(jcre, buffer) & FLAG.littleEndian) bytes.reverse()
  putResult(jcre, addressAt(jcre, buffer, index), bytes)
}

const getNext = (count: number): JcreMethod => {
  return (jcre, at) => {
    const buffer = handleAt(jcre, at)
    return readNumber(jcre, buffer, takeAt(jcre, buffer, count, 'BufferUnderflow'), count)
  }
}

const getAt = (count: number): JcreMethod => {
  return (jcre, at) => {
    const buffer = handleAt(jcre, at)
    return readNumber(jcre, buffer, requireIndex(jcre, buffer, intAt(jcre, at + 1), count), count)
  }
}

const argument = (jcre: Jcre, at: number, count: number): number => {
  return count === 1 ? byteAt(jcre, at) : count === 2 ? shortAt(jcre, at) : intAt(jcre, at)
}

const putNext = (count: number): JcreMethod => {
  return (jcre, at) => {
    const buffer = handleAt(jcre, at)
    requireWritable(jcre, buffer)
    const index = takeAt(jcre, buffer, count, 'BufferOverflow')
    writeNumber(jcre, buffer, index, count, argument(jcre, at + 1, count))
    return buffer
  }
}

const putAt = (count: number): JcreMethod => {
  return (jcre, at) => {
    const buffer = handleAt(jcre, at)
    requireWritable(jcre, buffer)
    const index = requireIndex(jcre, buffer, intAt(jcre, at + 1), count)
    writeNumber(jcre, buffer, index, count, argument(jcre, at + 3, count))
    return buffer
  }
}

/** A range of an applet's array; IndexOutOfBoundsException, as java.nio has it. */
function arrayRange(jcre: Jcre, array: number, offset: number, length: number, access: number): number {
  requireByteArray(jcre, array, access)
  if (offset < 0 || length < 0 || offset + length > lengthOf(jcre, array)) failIndex(jcre)
  return jcre.memory.addressOf(array) + offset
}

function getInto(jcre: Jcre, buffer: number, array: number, offset: number, length: number): number {
  const to = arrayRange(jcre, array, offset, length, ACCESS.write)
  const index = takeAt(jcre, buffer, length, 'BufferUnderflow')
  putResult(jcre, to, readBytes(jcre, buffer, index, length))
  return buffer
}

function putFrom(jcre: Jcre, buffer: number, array: number, offset: number, length: number): number {
  requireWritable(jcre, buffer)
  const from = arrayRange(jcre, array, offset, length, ACCESS.read)
  const bytes = jcre.memory.u8.slice(from, from + length)
  const index = takeAt(jcre, buffer, length, 'BufferOverflow')
  putResult(jcre, addressAt(jcre, buffer, index), bytes)
  return buffer
}

function wholeArray(jcre: Jcre, array: number): number {
  requireByteArray(jcre, array, ACCESS.none)
  return lengthOf(jcre, array)
}

/** All that is left of the other buffer. */
const putBuffer: JcreMethod = (jcre, at) => {
  const [buffer, source] = [handleAt(jcre, at), handleAt(jcre, at + 1)]
  requireOwnObject(jcre, source, BYTE_BUFFER)
  requireWritable(jcre, buffer)
  if (source === buffer) failUse(jcre)
  const count = remainingOf(jcre, source)
  const index = takeAt(jcre, buffer, count, 'BufferOverflow')
  const bytes = readBytes(jcre, source, takeAt(jcre, source, count, 'BufferUnderflow'), count)
  putResult(jcre, addressAt(jcre, buffer, index), bytes)
  return buffer
}

/** What is left moves to the beginning; the position is behind it. */
const compact: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at)
  requireWritable(jcre, buffer)
  const count = remainingOf(jcre, buffer)
  putResult(jcre, addressAt(jcre, buffer, 0), readBytes(jcre, buffer, positionOf(jcre, buffer), count))
  setPosition(jcre, buffer, count)
  setLimit(jcre, buffer, capacityOf(jcre, buffer))
  return buffer
}

// ---- questions

function remainingBytes(jcre: Jcre, buffer: number): Uint8Array {
  return readBytes(jcre, buffer, positionOf(jcre, buffer), remainingOf(jcre, buffer))
}

/** Signed bytes, then lengths. */
function difference(jcre: Jcre, buffer: number, other: number): number {
  const left = new Int8Array(remainingBytes(jcre, buffer))
  const right = new Int8Array(remainingBytes(jcre, other))
  const at = left.findIndex((byte, i) => byte !== right[i])
  if (at >= 0 && at < right.length) return left[at]! < right[at]! ? -1 : 1
  return left.length - right.length
}

const compareTo: JcreMethod = (jcre, at) => {
  const other = handleAt(jcre, at + 1)
  requireOwnObject(jcre, other, BYTE_BUFFER)
  return difference(jcre, handleAt(jcre, at), other)
}

const equals: JcreMethod = (jcre, at) => {
  const other = handleAt(jcre, at + 1)
  const { machine } = jcre
  const isBuffer = other !== 0 && !machine.isArray(other) && machine.classOf(other) === jcre.requireClass(BUFFER_CLASS)
  if (!isBuffer) return 0
  requireOwnObject(jcre, other, BYTE_BUFFER)
  return difference(jcre, handleAt(jcre, at), other) === 0 ? 1 : 0
}

const hasFlag = (flag: number): JcreMethod => {
  return (jcre, at) => ((flagsOf(jcre, handleAt(jcre, at)) & flag) === 0 ? 0 : 1)
}

const hasArray: JcreMethod = (jcre, at) => {
  return (flagsOf(jcre, handleAt(jcre, at)) & (FLAG.direct | FLAG.readOnly)) === 0 ? 1 : 0
}

function requireArray(jcre: Jcre, buffer: number): void {
  requireWritable(jcre, buffer)
  if (flagsOf(jcre, buffer) & FLAG.direct) failUse(jcre)
}

const array: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at)
  requireArray(jcre, buffer)
  return arrayOf(jcre, buffer)
}

const arrayOffset: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at)
  requireArray(jcre, buffer)
  return offsetOf(jcre, buffer)
}

const getOrder: JcreMethod = (jcre, at) => {
  return (flagsOf(jcre, handleAt(jcre, at)) & FLAG.littleEndian) === 0 ? BIG_ENDIAN_HANDLE : LITTLE_ENDIAN_HANDLE
}

const setOrder: JcreMethod = (jcre, at) => {
  const [buffer, order] = [handleAt(jcre, at), handleAt(jcre, at + 1)]
  if (order !== BIG_ENDIAN_HANDLE && order !== LITTLE_ENDIAN_HANDLE) {
    jcre.machine.thrown = order === 0 ? NULL_POINTER : SECURITY
    throw JAVA_THROW
  }
  const flags = flagsOf(jcre, buffer) & ~FLAG.littleEndian
  setFlags(jcre, buffer, order === LITTLE_ENDIAN_HANDLE ? flags | FLAG.littleEndian : flags)
  return buffer
}

const BUFFER = `L${BYTE_BUFFER};`
const ORDER = `L${NIO}/ByteOrder;`

export const byteBufferMethods: Readonly<Record<string, JcreMethod>> = {
  [`ByteBuffer.allocateDirect(I)${BUFFER}`]: allocateDirect,
  [`ByteBuffer.wrap([BII)${BUFFER}`]: wrapRange,
  [`ByteBuffer.wrap([B)${BUFFER}`]: wrap,
  'ByteBuffer.equals(Ljava/lang/Object;)Z': equals,
  'ByteBuffer.hasArray()Z': hasArray,
  'ByteBuffer.array()Ljava/lang/Object;': array,
  'ByteBuffer.array()[B': array,
  'ByteBuffer.arrayOffset()I': arrayOffset,
  [`ByteBuffer.slice()L${NIO}/Buffer;`]: slice,
  [`ByteBuffer.order()${ORDER}`]: getOrder,
  [`ByteBuffer.order(${ORDER})${BUFFER}`]: setOrder,
  [`ByteBuffer.compareTo(${BUFFER})I`]: compareTo,
  [`ByteBuffer.get([BII)${BUFFER}`]: (jcre, at) =>
    getInto(jcre, handleAt(jcre, at), handleAt(jcre, at + 1), intAt(jcre, at + 2), intAt(jcre, at + 4)),
  [`ByteBuffer.get([B)${BUFFER}`]: (jcre, at) => {
    const to = handleAt(jcre, at + 1)
    return getInto(jcre, handleAt(jcre, at), to, 0, wholeArray(jcre, to))
  },
  [`ByteBuffer.put(${BUFFER})${BUFFER}`]: putBuffer,
  [`ByteBuffer.put([B)${BUFFER}`]: (jcre, at) => {
    const from = handleAt(jcre, at + 1)
    return putFrom(jcre, handleAt(jcre, at), from, 0, wholeArray(jcre, from))
  },
  [`ByteBuffer.put([BII)${BUFFER}`]: (jcre, at) =>
    putFrom(jcre, handleAt(jcre, at), handleAt(jcre, at + 1), intAt(jcre, at + 2), intAt(jcre, at + 4)),
}

/** What ByteBuffer leaves to the class behind it. */
export const byteBufferImplementation: NativeImplementation = {
  id: 40,
  name: BUFFER_CLASS,
  superClass: BYTE_BUFFER,
  hiddenBytes: 0,
  methods: natives({
    'isReadOnly()Z': hasFlag(FLAG.readOnly),
    'isDirect()Z': hasFlag(FLAG.direct),
    'get()B': getNext(1),
    [`put(B)${BUFFER}`]: putNext(1),
    'get(I)B': getAt(1),
    [`put(IB)${BUFFER}`]: putAt(1),
    'getShort()S': getNext(2),
    [`putShort(S)${BUFFER}`]: putNext(2),
    'getShort(I)S': getAt(2),
    [`putShort(IS)${BUFFER}`]: putAt(2),
    'getInt()I': getNext(4),
    [`putInt(I)${BUFFER}`]: putNext(4),
    'getInt(I)I': getAt(4),
    [`putInt(II)${BUFFER}`]: putAt(4),
    [`asReadOnlyBuffer()${BUFFER}`]: asReadOnlyBuffer,
    [`compact()${BUFFER}`]: compact,
    [`slice()${BUFFER}`]: slice,
  }),
}
