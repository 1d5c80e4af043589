import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'

// Expected numbers were computed by hand or with another tool (bc), never with this code.

const MATH = 'javacardx/framework/math'
const AIOOBE = { thrown: 'ArrayIndexOutOfBoundsException' }
const NPE = { thrown: 'NullPointerException' }
const ARITHMETIC = { thrown: 'ArithmeticException' }
const [BCD, HEX] = [1, 2]

const api = new NativeObjects()
const bytes = (hex: string) => api.array(fromHex(hex))

describe('BCDUtil', () => {
  const convert = (name: string, hex: string, length = hex.length / 2, room = 32): Answer | string => {
    const to = api.array(room)
    const answer = api.callStatic(`${MATH}/BCDUtil.${name}([BSS[BS)S`, bytes(hex), 0, length, to, 1)
    return 'value' in answer ? toHex(api.bytes(to).subarray(1, 1 + answer.value)) : answer
  }
  it.each([
    ['convertToHex', '0123', '7B'],
    ['convertToHex', '00', '00'],
    ['convertToHex', '000000000255', 'FF'],
    ['convertToHex', '0256', '0100'],
    ['convertToHex', '18446744073709551615', 'FFFFFFFFFFFFFFFF'],
    ['convertToBCD', '7B', '0123'],
    ['convertToBCD', '00', '00'],
    ['convertToBCD', '0000FF', '0255'],
    ['convertToBCD', '270F', '9999'],
    ['convertToBCD', 'FFFFFFFFFFFFFFFF', '18446744073709551615'],
  ])('%s of %s is %s', (name, hex, expected) => {
    expect(convert(name, hex)).toBe(expected)
  })
  it.each([
    ['convertToHex', 'a nibble above 9', '012A', ARITHMETIC],
    ['convertToHex', 'no bytes', '', ARITHMETIC],
    ['convertToBCD', 'no bytes', '', ARITHMETIC],
    ['convertToHex', 'more than fits in 64 bytes', `${'99'.repeat(90)}`, ARITHMETIC],
    ['convertToBCD', 'more than 64 bytes', `${'FF'.repeat(65)}`, ARITHMETIC],
  ])('%s refuses %s', (name, _, hex, expected) => {
    expect(convert(name, hex)).toEqual(expected)
  })
  it('refuses ranges outside, and writes nothing then', () => {
    expect(convert('convertToHex', '12', 2)).toEqual(AIOOBE)
    expect(convert('convertToHex', '12', -1)).toEqual(AIOOBE)
    expect(convert('convertToBCD', 'FFFF', 2, 3)).toEqual(AIOOBE)
    expect(api.callStatic(`${MATH}/BCDUtil.convertToBCD([BSS[BS)S`, bytes('01'), 0, 1, 0, 0)).toEqual(NPE)
    expect(api.callStatic(`${MATH}/BCDUtil.convertToBCD([BSS[BS)S`, 0, 0, 1, bytes('00'), 0)).toEqual(NPE)
  })
  it('converts within one array as if through a copy', () => {
    const array = bytes('99990000')
    expect(api.callStatic(`${MATH}/BCDUtil.convertToHex([BSS[BS)S`, array, 0, 2, array, 1)).toEqual({ value: 2 })
    expect(toHex(api.bytes(array))).toBe('99270F00')
  })
  it('isBCDFormat', () => {
    const isBcd = (hex: string, length = hex.length / 2) =>
      api.callStatic(`${MATH}/BCDUtil.isBCDFormat([BSS)Z`, bytes(hex), 0, length)
    expect(isBcd('')).toEqual(ARITHMETIC)
    expect(isBcd('99', 2)).toEqual(AIOOBE)
    expect(isBcd('9A')).toEqual({ value: 0 })
    expect(isBcd('A9')).toEqual({ value: 0 })
    expect(isBcd('0123456789')).toEqual({ value: 1 })
  })
})

describe('BigNumber', () => {
  const number = (size: number) => api.make(`${MATH}/BigNumber`, '(S)V', size)
  const act = (object: number, name: string, hex: string, format = HEX) =>
    api.call(object, `${name}([BSSB)V`, bytes(hex), 0, hex.length / 2, format)
  const read = (object: number, length: number, format = HEX): string => {
    const to = api.array(length)
    api.value(api.call(object, 'toBytes([BSSB)V', to, 0, length, format))
    return toHex(api.bytes(to))
  }

  it('is made for 1 to 64 bytes', () => {
    for (const size of [0, -1, 65]) expect(() => number(size)).toThrow('ArithmeticException')
    expect(read(number(64), 64)).toBe('00'.repeat(64))
    expect(api.callStatic(`${MATH}/BigNumber.getMaxBytesSupported()S`)).toEqual({ value: 64 })
  })
  it('adds, subtracts and multiplies, in either format', () => {
    const one = number(8)
    act(one, 'init', '0255', BCD)
    act(one, 'add', '01')
    expect(read(one, 2)).toBe('0100')
    act(one, 'multiply', '1000', BCD)
    expect(read(one, 4, BCD)).toBe('00256000')
    act(one, 'subtract', '0001')
    expect(read(one, 3)).toBe('03E7FF')
    expect(api.call(one, 'getByteLength(B)S', HEX)).toEqual({ value: 3 })
    expect(api.call(one, 'getByteLength(B)S', BCD)).toEqual({ value: 3 })
    api.value(api.call(one, 'reset()V'))
    expect(api.call(one, 'getByteLength(B)S', HEX)).toEqual({ value: 1 })
  })
  it('multiplies 2^32-1 by itself', () => {
    const one = number(8)
    act(one, 'init', 'FFFFFFFF')
    act(one, 'multiply', 'FFFFFFFF')
    expect(read(one, 8)).toBe('FFFFFFFE00000001')
    expect(read(one, 10, BCD)).toBe('18446744065119617025')
  })
  it('stays as it is when a result does not fit', () => {
    const one = number(1)
    act(one, 'init', 'FE')
    expect(act(one, 'add', '02')).toEqual(ARITHMETIC)
    expect(act(one, 'subtract', 'FF')).toEqual(ARITHMETIC)
    expect(act(one, 'multiply', '02')).toEqual(ARITHMETIC)
    expect(act(one, 'init', '0100')).toEqual(ARITHMETIC)
    expect(read(one, 1)).toBe('FE')
    expect(act(one, 'add', '01')).toEqual({ value: 0 })
  })
  it('keeps to its maximum', () => {
    const one = number(2)
    act(one, 'init', '0999', BCD)
    expect(act(one, 'setMaximum', '0998', BCD)).toEqual(ARITHMETIC)
    expect(act(one, 'setMaximum', '010000')).toEqual(ARITHMETIC)
    expect(act(one, 'setMaximum', '1000', BCD)).toEqual({ value: 0 })
    expect(act(one, 'add', '01')).toEqual({ value: 0 })
    expect(act(one, 'add', '01')).toEqual(ARITHMETIC)
  })
  it('compares', () => {
    const [small, large] = [number(1), number(8)]
    act(small, 'init', '07')
    act(large, 'init', '08')
    const compare = (one: number, other: number) => api.call(one, `compareTo(L${MATH}/BigNumber;)B`, other)
    expect([compare(small, large), compare(large, small), compare(small, small)]).toEqual([
      { value: -1 },
      { value: 1 },
      { value: 0 },
    ])
    expect(compare(small, 0)).toEqual(NPE)
    expect(api.call(small, 'compareTo([BSSB)B', bytes('0007'), 0, 2, BCD)).toEqual({ value: 0 })
    expect(api.call(small, 'compareTo([BSSB)B', bytes('000A'), 0, 2, BCD)).toEqual(ARITHMETIC)
  })
  it('refuses formats it does not know, nothing at all, and room that is too small', () => {
    const one = number(2)
    expect(act(one, 'init', '01', 3)).toEqual(ARITHMETIC)
    expect(act(one, 'init', '')).toEqual(ARITHMETIC)
    act(one, 'init', '0100')
    const to = api.array(2)
    expect(api.call(one, 'toBytes([BSSB)V', to, 0, 1, HEX)).toEqual(ARITHMETIC)
    expect(api.call(one, 'toBytes([BSSB)V', to, 1, 2, HEX)).toEqual(AIOOBE)
    expect(api.call(one, 'toBytes([BSSB)V', to, 0, 2, 0)).toEqual(ARITHMETIC)
    expect(api.call(one, 'getByteLength(B)S', 0)).toEqual(ARITHMETIC)
  })
})

describe('ParityBit', () => {
  const set = (hex: string, isEven: number): string => {
    const array = bytes(hex)
    api.value(api.callStatic(`${MATH}/ParityBit.set([BSSZ)V`, array, 0, hex.length / 2, isEven))
    return toHex(api.bytes(array))
  }
  it('odd: DES keys have it (the weak keys of FIPS 74)', () => {
    expect(set('0101010101010101', 0)).toBe('0101010101010101')
    expect(set('E1FFE1FFF0FEF0FE', 0)).toBe('E0FEE0FEF1FEF1FE')
  })
  it('even', () => expect(set('0001FEFF80', 1)).toBe('0000FFFF81'))
  it('refuses a range outside', () => {
    expect(api.callStatic(`${MATH}/ParityBit.set([BSSZ)V`, bytes('00'), 0, 2, 0)).toEqual(AIOOBE)
    expect(api.callStatic(`${MATH}/ParityBit.set([BSSZ)V`, 0, 0, 0, 0)).toEqual(NPE)
  })
})
