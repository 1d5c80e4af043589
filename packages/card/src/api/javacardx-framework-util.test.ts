import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { opcode } from '../../test/engine/opcode-case.ts'
import { runCase } from '../../test/engine/run-case.ts'
import { NativeObjects } from '../../test/native-objects.ts'
import { interpreter } from '../vm/interpreter/interpreter.ts'
import { CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'

const LOGIC = 'javacardx/framework/util/ArrayLogic'
const AIOOBE = { thrown: 'ArrayIndexOutOfBoundsException' }
const NPE = { thrown: 'NullPointerException' }
const ILLEGAL_VALUE = { thrown: 'UtilException', reason: 1 }
const TYPE_MISMATCHED = { thrown: 'UtilException', reason: 2 }

const api = new NativeObjects()
const bytes = (hex: string) => api.array(fromHex(hex))
const shortsOf = (array: number) => {
  const { memory } = api.vm.jcre
  const at = memory.addressOf(array) >> 1
  return [...memory.i16.subarray(at, at + (memory.word1(array) & 0xffff))]
}
/** An int[] whose components are pairs of shorts, high one first. */
const ints = (...pairs: number[]) => {
  const { memory } = api.vm.jcre
  const handle = memory.newTransient(
    api.owner,
    TYPE.array | ELEMENT.int,
    pairs.length / 2,
    2 * pairs.length,
    CLEAR_ON_RESET,
  )
  memory.i16.set(pairs, memory.addressOf(handle) >> 1)
  return handle
}
const pairsOf = (array: number) => {
  const { memory } = api.vm.jcre
  const at = memory.addressOf(array) >> 1
  return [...memory.i16.subarray(at, at + 2 * (memory.word1(array) & 0xffff))]
}

describe.each(['', 'NonAtomic'])('arrayCopyRepack%s', (suffix) => {
  const copy = (from: number, offset: number, count: number, to: number, toOffset: number) =>
    api.callStatic(
      `${LOGIC}.arrayCopyRepack${suffix}(Ljava/lang/Object;SSLjava/lang/Object;S)S`,
      from,
      offset,
      count,
      to,
      toOffset,
    )
  it('packs bytes into shorts and ints, high order first', () => {
    const [short, int] = [api.shorts(0, 0, 0), ints(0, 0, 0, 0)]
    expect(copy(bytes('AA0102FFFE'), 1, 4, short, 1)).toEqual({ value: 3 })
    expect(shortsOf(short)).toEqual([0, 0x0102, -2])
    expect(copy(bytes('0102FFFE'), 0, 4, int, 1)).toEqual({ value: 2 })
    expect(pairsOf(int)).toEqual([0, 0, 0x0102, -2])
  })
  it('packs shorts into ints, and unpacks them', () => {
    const int = ints(0, 0)
    expect(copy(api.shorts(0x1234, -2), 0, 2, int, 0)).toEqual({ value: 1 })
    expect(pairsOf(int)).toEqual([0x1234, -2])
    const [short, byte] = [api.shorts(0, 0), api.array(5)]
    expect(copy(int, 0, 1, short, 0)).toEqual({ value: 2 })
    expect(shortsOf(short)).toEqual([0x1234, -2])
    expect(copy(int, 0, 1, byte, 1)).toEqual({ value: 5 })
    expect(toHex(api.bytes(byte))).toBe('001234FFFE')
    expect(copy(short, 1, 1, byte, 0)).toEqual({ value: 2 })
    expect(toHex(api.bytes(byte))).toBe('FFFE34FFFE')
  })
  it('copies within one array as if through a copy', () => {
    const array = bytes('0102030405')
    expect(copy(array, 0, 4, array, 1)).toEqual({ value: 5 })
    expect(toHex(api.bytes(array))).toBe('0101020304')
  })
  it('refuses a source that does not fill whole components', () => {
    expect(copy(bytes('010203'), 0, 3, api.shorts(0, 0), 0)).toEqual(ILLEGAL_VALUE)
    expect(copy(bytes('010203'), 0, 2, ints(0, 0), 0)).toEqual(ILLEGAL_VALUE)
    expect(copy(api.shorts(1), 0, 1, ints(0, 0), 0)).toEqual(ILLEGAL_VALUE)
  })
  it('refuses ranges outside, null and what is no array', () => {
    expect(copy(bytes('01'), 0, 2, api.shorts(0), 0)).toEqual(AIOOBE)
    expect(copy(bytes('0102'), 0, 2, api.shorts(0), 1)).toEqual(AIOOBE)
    expect(copy(bytes('0102'), 0, 2, api.shorts(0), -1)).toEqual(AIOOBE)
    expect(copy(0, 0, 0, api.shorts(0), 0)).toEqual(NPE)
    expect(copy(bytes('01'), 0, 0, 0, 0)).toEqual(NPE)
    const object = api.make('java/lang/Object', '()V')
    expect(copy(object, 0, 0, bytes('01'), 0)).toEqual(ILLEGAL_VALUE)
  })
})

describe('arrayFillGeneric, arrayCompareGeneric, arrayFindGeneric', () => {
  it.each(['', 'NonAtomic'])('fills%s', (suffix) => {
    const fill = (array: number, offset: number, count: number, values: number, at: number) =>
      api.callStatic(
        `${LOGIC}.arrayFillGeneric${suffix}(Ljava/lang/Object;SSLjava/lang/Object;S)S`,
        array,
        offset,
        count,
        values,
        at,
      )
    const array = api.shorts(1, 2, 3)
    expect(fill(array, 1, 2, api.shorts(0, -5), 1)).toEqual({ value: 3 })
    expect(shortsOf(array)).toEqual([1, -5, -5])
    expect(fill(array, 1, 2, bytes('01'), 0)).toEqual(TYPE_MISMATCHED)
    expect(fill(array, 2, 2, array, 0)).toEqual(AIOOBE)
    expect(fill(array, 0, 1, array, 3)).toEqual(AIOOBE)
  })
  it('compares components as signed numbers', () => {
    const compare = (left: number, leftAt: number, right: number, rightAt: number, count: number) =>
      api.callStatic(
        `${LOGIC}.arrayCompareGeneric(Ljava/lang/Object;SLjava/lang/Object;SS)B`,
        left,
        leftAt,
        right,
        rightAt,
        count,
      )
    expect(compare(api.shorts(7, 1), 0, api.shorts(7, 2), 0, 2)).toEqual({ value: -1 })
    expect(compare(api.shorts(1), 0, api.shorts(-1), 0, 1)).toEqual({ value: 1 })
    expect(compare(ints(1, 0), 0, ints(1, 1), 0, 1)).toEqual({ value: -1 })
    expect(compare(bytes('0102'), 1, bytes('02'), 0, 1)).toEqual({ value: 0 })
    expect(compare(bytes('01'), 0, api.shorts(1), 0, 1)).toEqual(TYPE_MISMATCHED)
    expect(compare(bytes('01'), 0, bytes('01'), 0, 2)).toEqual(AIOOBE)
    expect(compare(0, 0, bytes('01'), 0, 0)).toEqual(NPE)
  })
  it('finds', () => {
    const find = (array: number, from: number, value: number, at: number) =>
      api.callStatic(`${LOGIC}.arrayFindGeneric(Ljava/lang/Object;S[BS)S`, array, from, value, at)
    expect(find(bytes('010203FF'), 0, bytes('FF'), 0)).toEqual({ value: 3 })
    expect(find(api.shorts(5, -2, 5), 1, bytes('000005'), 1)).toEqual({ value: 2 })
    expect(find(api.shorts(5, -2), 0, bytes('FFFE'), 0)).toEqual({ value: 1 })
    expect(find(ints(-1, -1, -1, -2), 0, bytes('FFFFFFFE'), 0)).toEqual({ value: 1 })
    expect(find(bytes('01'), 0, bytes('02'), 0)).toEqual({ value: -1 })
    expect(find(bytes('01'), 1, bytes('01'), 0)).toEqual({ value: -1 })
    expect(find(bytes('01'), 2, bytes('01'), 0)).toEqual(AIOOBE)
    expect(find(api.shorts(1), 0, bytes('01'), 0)).toEqual(AIOOBE)
  })
})

const JCINT = 'invokestatic javacardx/framework/util/intx/JCint'
describe.each([
  opcode('makeInt of bytes', {
    run: `bspush 1 sspush 255 sconst_0 bspush -2 ${JCINT}.makeInt(BBBB)I`,
    givesInt: 0x01ff00fe,
  }),
  opcode('makeInt of a negative first byte', {
    run: `bspush -1 bspush -1 bspush -1 bspush -5 ${JCINT}.makeInt(BBBB)I`,
    givesInt: -5,
  }),
  opcode('makeInt of shorts', { run: `sspush 4660 sspush -2 ${JCINT}.makeInt(SS)I`, givesInt: 0x1234fffe }),
  opcode('getInt reads what setInt wrote', {
    run: `bspush 6 newarray byte astore_1 aload_1 sconst_1 iipush -123456789 ${JCINT}.setInt([BSI)S pop aload_1 sconst_1 ${JCINT}.getInt([BS)I`,
    givesInt: -123456789,
  }),
  opcode('setInt is big-endian', {
    run: `bspush 4 newarray byte astore_1 aload_1 sconst_0 iipush 16909060 ${JCINT}.setInt([BSI)S pop aload_1 sconst_0 baload`,
    gives: 1,
  }),
  opcode('setInt returns the offset behind', {
    run: `bspush 6 newarray byte sconst_2 iipush 1 ${JCINT}.setInt([BSI)S`,
    gives: 6,
  }),
  opcode('setInt at the last three bytes', {
    run: `bspush 6 newarray byte sconst_3 iipush 1 ${JCINT}.setInt([BSI)S`,
    throws: 'ArrayIndexOutOfBoundsException',
  }),
  opcode('getInt of null', { run: `aconst_null sconst_0 ${JCINT}.getInt([BS)I`, throws: 'NullPointerException' }),
  opcode('makeTransientIntArray', {
    run: `sconst_2 sconst_1 ${JCINT}.makeTransientIntArray(SB)[I astore_1 aload_1 sconst_1 iipush -7 iastore aload_1 sconst_1 iaload`,
    givesInt: -7,
  }),
  opcode('makeTransientIntArray of an unknown event', {
    run: `sconst_2 sconst_0 ${JCINT}.makeTransientIntArray(SB)[I`,
    throws: 'SystemException',
    reason: 1,
  }),
  opcode('makeIntArrayView', {
    run: `sconst_3 newarray int astore_1 aload_1 sconst_1 iipush -9 iastore aload_1 sconst_1 sconst_1 sconst_1 aconst_null
      ${JCINT}.makeIntArrayView([ISSSLjavacard/framework/Shareable;)[I sconst_0 iaload`,
    givesInt: -9,
  }),
])('JCint', (one) => {
  it(one.name, () => runCase(interpreter, one))
})
