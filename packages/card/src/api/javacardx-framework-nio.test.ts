import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { opcode } from '../../test/engine/opcode-case.ts'
import { runCase } from '../../test/engine/run-case.ts'
import { NativeObjects } from '../../test/native-objects.ts'
import { interpreter } from '../vm/interpreter/interpreter.ts'

const NIO = 'javacardx/framework/nio'
const BUFFER = `L${NIO}/ByteBuffer;`
const INDEX = { thrown: 'IndexOutOfBoundsException' }
const UNDERFLOW = { thrown: 'BufferUnderflowException' }
const OVERFLOW = { thrown: 'BufferOverflowException' }
const READ_ONLY = { thrown: 'ReadOnlyBufferException' }
const ILLEGAL_USE = { thrown: 'SystemException', reason: 6 }

const api = new NativeObjects()
/** An int as the two words of an argument. */
const int = (value: number): [number, number] => [value >> 16, value]
const wrap = (array: number) => api.value(api.callStatic(`${NIO}/ByteBuffer.wrap([B)${BUFFER}`, array))
const over = (hex: string) => wrap(api.array(fromHex(hex)))
const direct = (capacity: number) => api.callStatic(`${NIO}/ByteBuffer.allocateDirect(I)${BUFFER}`, ...int(capacity))
const state = (buffer: number) =>
  ['position()I', 'limit()I', 'capacity()I'].map((name) => api.value(api.call(buffer, name)))
const move = (buffer: number, name: string, ...args: number[]) => api.call(buffer, `${name}L${NIO}/Buffer;`, ...args)

describe('position, limit and capacity', () => {
  it('of a buffer over an array, and over a part of one', () => {
    expect(state(over('010203'))).toEqual([0, 3, 3])
    const part = (offset: number, length: number) =>
      api.callStatic(`${NIO}/ByteBuffer.wrap([BII)${BUFFER}`, api.array(4), ...int(offset), ...int(length))
    expect(state(api.value(part(1, 2)))).toEqual([1, 3, 4])
    expect([part(-1, 1), part(1, 4), part(0, -1)]).toEqual([INDEX, INDEX, INDEX])
  })
  it('clear, flip, rewind', () => {
    const one = over('0102030405')
    expect(move(one, 'position(I)', ...int(3))).toEqual({ value: one })
    move(one, 'flip()')
    expect(state(one)).toEqual([0, 3, 5])
    move(one, 'position(I)', ...int(2))
    move(one, 'rewind()')
    expect(state(one)).toEqual([0, 3, 5])
    expect(api.call(one, 'remaining()I')).toEqual({ value: 3 })
    move(one, 'clear()')
    expect(state(one)).toEqual([0, 5, 5])
  })
  it('a limit below the position takes it along', () => {
    const one = over('0102030405')
    move(one, 'position(I)', ...int(4))
    move(one, 'limit(I)', ...int(2))
    expect(state(one)).toEqual([2, 2, 5])
    expect(api.call(one, 'hasRemaining()Z')).toEqual({ value: 0 })
  })
  it.each([
    ['position(I)', -1],
    ['position(I)', 4],
    ['limit(I)', -1],
    ['limit(I)', 6],
    ['limit(I)', 65536],
  ])('%s refuses %i', (name, value) => {
    const one = over('0102030405')
    move(one, 'limit(I)', ...int(3))
    expect(move(one, name, ...int(value))).toEqual(INDEX)
    expect(state(one)).toEqual([0, 3, 5])
  })
})

describe('reading and writing', () => {
  it('goes on from the position', () => {
    const one = over('01FFFE8000000002')
    expect(api.call(one, 'get()B')).toEqual({ value: 1 })
    expect(api.call(one, 'getShort()S')).toEqual({ value: -2 })
    expect(api.call(one, 'getInt()I')).toEqual({ value: -2147483648 })
    expect(api.call(one, 'getShort()S')).toEqual(UNDERFLOW)
    expect(state(one)[0]).toBe(7)
  })
  it('at an index leaves the position alone', () => {
    const one = over('0102030405')
    expect(api.call(one, 'getInt(I)I', ...int(1))).toEqual({ value: 0x02030405 })
    expect(api.call(one, 'getInt(I)I', ...int(2))).toEqual(INDEX)
    expect(api.call(one, 'get(I)B', ...int(-1))).toEqual(INDEX)
    expect(state(one)[0]).toBe(0)
  })
  it('in either byte order', () => {
    const array = api.array(7)
    const one = wrap(array)
    const order = (which: number) => api.call(one, `order(L${NIO}/ByteOrder;)${BUFFER}`, which)
    const [big, little] = [api.value(api.call(one, `order()L${NIO}/ByteOrder;`)), 0]
    api.call(one, `putShort(S)${BUFFER}`, 0x0102)
    expect(order(little)).toEqual({ thrown: 'NullPointerException' })
    expect(order(big)).toEqual({ value: one })
    expect(order(big + 1)).toEqual({ value: one })
    api.call(one, `putInt(I)${BUFFER}`, ...int(0x03040506))
    expect(toHex(api.bytes(array))).toBe('01020605040300')
    expect(api.call(one, 'getShort(I)S', ...int(0))).toEqual({ value: 0x0201 })
    api.call(one, `putShort(IS)${BUFFER}`, ...int(5), 0x0708)
    expect(toHex(api.bytes(array))).toBe('01020605040807')
    expect(api.call(one, `putShort(S)${BUFFER}`, 0)).toEqual(OVERFLOW)
  })
  it('arrays, whole or in part', () => {
    const one = over('0102030405')
    const to = api.array(4)
    expect(api.call(one, `get([BII)${BUFFER}`, to, ...int(1), ...int(2))).toEqual({ value: one })
    expect(toHex(api.bytes(to))).toBe('00010200')
    expect(api.call(one, `get([B)${BUFFER}`, to)).toEqual(UNDERFLOW)
    expect(api.call(one, `get([BII)${BUFFER}`, to, ...int(3), ...int(2))).toEqual(INDEX)
    expect(api.call(one, `put([B)${BUFFER}`, to)).toEqual(OVERFLOW)
    expect(api.call(one, `put([BII)${BUFFER}`, to, ...int(1), ...int(3))).toEqual({ value: one })
    expect(state(one)[0]).toBe(5)
  })
  it('one buffer into another', () => {
    const [source, array] = [over('0A0B'), api.array(3)]
    const one = wrap(array)
    expect(api.call(one, `put(${BUFFER})${BUFFER}`, source)).toEqual({ value: one })
    expect(toHex(api.bytes(array))).toBe('0A0B00')
    expect(state(source)[0]).toBe(2)
    move(source, 'clear()')
    expect(api.call(one, `put(${BUFFER})${BUFFER}`, source)).toEqual(OVERFLOW)
    expect(api.call(one, `put(${BUFFER})${BUFFER}`, one)).toEqual(ILLEGAL_USE)
  })
  it('compact moves what is left to the front', () => {
    const array = api.array(fromHex('0102030405'))
    const one = wrap(array)
    move(one, 'position(I)', ...int(3))
    api.call(one, `compact()${BUFFER}`)
    expect(state(one)).toEqual([2, 5, 5])
    expect(toHex(api.bytes(array))).toBe('0405030405')
  })
})

describe('views of buffers', () => {
  it('a slice shares the bytes that are left', () => {
    const array = api.array(fromHex('0102030405'))
    const one = wrap(array)
    move(one, 'position(I)', ...int(2))
    const slice = api.value(api.call(one, `slice()${BUFFER}`))
    expect(state(slice)).toEqual([0, 3, 3])
    expect(api.call(slice, 'arrayOffset()I')).toEqual({ value: 2 })
    api.call(slice, `put(B)${BUFFER}`, 0x77)
    expect(toHex(api.bytes(array))).toBe('0102770405')
  })
  it('a read-only buffer only reads, and shows no array', () => {
    const one = over('0102')
    const view = api.value(api.call(one, `asReadOnlyBuffer()${BUFFER}`))
    expect(api.call(view, 'isReadOnly()Z')).toEqual({ value: 1 })
    expect(api.call(view, 'get()B')).toEqual({ value: 1 })
    expect(api.call(view, `put(B)${BUFFER}`, 0)).toEqual(READ_ONLY)
    expect(api.call(view, `compact()${BUFFER}`)).toEqual(READ_ONLY)
    expect(api.call(view, 'hasArray()Z')).toEqual({ value: 0 })
    expect(api.call(view, 'array()[B')).toEqual(READ_ONLY)
  })
  it('array() is the array that was wrapped', () => {
    const array = api.array(2)
    expect(api.call(wrap(array), 'array()[B')).toEqual({ value: array })
    expect(api.call(wrap(array), 'array()Ljava/lang/Object;')).toEqual({ value: array })
  })
  it('a direct buffer is zero, and has no array', () => {
    const one = api.value(direct(3))
    expect(api.call(one, 'isDirect()Z')).toEqual({ value: 1 })
    expect(api.call(one, 'hasArray()Z')).toEqual({ value: 0 })
    expect(api.call(one, 'array()[B')).toEqual(ILLEGAL_USE)
    expect(api.call(one, 'getShort()S')).toEqual({ value: 0 })
    expect(direct(-1)).toEqual({ thrown: 'NegativeArraySizeException' })
    expect(direct(1_000_000)).toEqual({ thrown: 'SystemException', reason: 2 })
    expect(direct(60_000)).toEqual({ thrown: 'SystemException', reason: 2 })
  })
  it('equality and order are those of the signed bytes that are left', () => {
    const compare = (one: string, other: string) => api.call(over(one), `compareTo(${BUFFER})I`, over(other))
    expect(compare('0102', '0102')).toEqual({ value: 0 })
    expect(compare('01FF', '0102')).toEqual({ value: -1 })
    expect(compare('0102', '01')).toEqual({ value: 1 })
    const [one, other] = [over('000102'), over('0102')]
    expect(api.call(one, 'equals(Ljava/lang/Object;)Z', other)).toEqual({ value: 0 })
    api.call(one, 'get()B')
    expect(api.call(one, 'equals(Ljava/lang/Object;)Z', other)).toEqual({ value: 1 })
    expect(api.call(one, 'equals(Ljava/lang/Object;)Z', 0)).toEqual({ value: 0 })
  })
})

const BYTE_BUFFER = `invokestatic ${NIO}/ByteBuffer.wrap([B)${BUFFER}`
const ORDER = `getstatic_a ${NIO}/ByteOrder`
describe.each([
  opcode('ByteOrder.BIG_ENDIAN is the order of a new buffer', {
    run: `sconst_2 newarray byte ${BYTE_BUFFER} invokevirtual ${NIO}/ByteBuffer.order()L${NIO}/ByteOrder;
      ${ORDER}.BIG_ENDIAN if_acmpeq SAME sconst_0 sreturn SAME: sconst_1`,
    gives: 1,
  }),
  opcode('ByteOrder objects are two, and may be kept', {
    run: `new main dup ${ORDER}.LITTLE_ENDIAN putfield_a main.0 getfield_a main.0 ${ORDER}.BIG_ENDIAN
      if_acmpeq SAME sconst_0 sreturn SAME: sconst_1`,
    gives: 0,
  }),
  opcode('an int comes back through a buffer', {
    run: `sconst_4 newarray byte ${BYTE_BUFFER} astore_1 aload_1 iipush -123456789 invokevirtual ${NIO}/ByteBuffer.putInt(I)${BUFFER}
      pop aload_1 sconst_0 s2i invokevirtual ${NIO}/ByteBuffer.getInt(I)I`,
    givesInt: -123456789,
  }),
])('by byte code', (one) => {
  it(one.name, () => runCase(interpreter, one))
})
