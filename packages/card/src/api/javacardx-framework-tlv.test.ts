import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'
import { ObjectCard } from '../../test/object-applet.ts'
import { TEST_PROFILE, VmFixture } from '../../test/vm-fixture.ts'

// Where the API leaves a choice the answers are those observed with the class library of the 2.2.2 kit, but lengths are
// always written in the shortest form. Encodings by X.690 §8.1 and, for real ones, ISO/IEC 7816-4 §5.2.

const TLV = 'javacardx/framework/tlv'
const AIOOBE = { thrown: 'ArrayIndexOutOfBoundsException' }
const NPE = { thrown: 'NullPointerException' }
const REASON = { INVALID_PARAM: 1, ILLEGAL_SIZE: 2, EMPTY_TAG: 3, EMPTY_TLV: 4, MALFORMED_TAG: 5, MALFORMED_TLV: 6 }
const tlvException = (reason: keyof typeof REASON) => ({ thrown: 'TLVException', reason: REASON[reason] })

const PROFILE = { ...TEST_PROFILE, nvSizeBytes: 262144, ramSizeBytes: 131072, commitCapacityBytes: 1024 }
const api = new NativeObjects(new VmFixture({ profile: PROFILE }))
const bytes = (hex: string) => api.array(fromHex(hex.replaceAll(' ', '')))
const size = (hex: string) => hex.replaceAll(' ', '').length / 2

// ---- tags

const ofTag = (name: string, hex: string) => api.callStatic(`${TLV}/BERTag.${name}`, bytes(hex), 0)
const tag = (hex: string) => api.value(api.callStatic(`${TLV}/BERTag.getInstance([BS)L${TLV}/BERTag;`, bytes(hex), 0))
const encoding = (object: number): string => {
  const to = api.array(8)
  return toHex(readTo(to, api.call(object, 'toBytes([BS)S', to, 0)))
}
function readTo(to: number, answer: Answer): Uint8Array {
  return api.bytes(to).subarray(0, api.value(answer))
}

describe('BERTag in bytes', () => {
  it.each([
    ['01', 1, 1, 0, 0],
    ['1E', 1, 30, 0, 0],
    ['00', 1, 0, 0, 0],
    ['1F1F', 2, 31, 0, 0],
    ['5F2D', 2, 45, 0, 1],
    ['7F49', 2, 73, 1, 1],
    ['1F817F', 3, 255, 0, 0],
    ['BF8101', 3, 129, 1, 2],
    ['DFFF7F', 3, 16383, 0, 3],
    ['1F81FF7F', 4, 32767, 0, 0],
  ])('%s', (hex, length, number, constructed, tagClass) => {
    expect(ofTag('verifyFormat([BS)Z', hex)).toEqual({ value: 1 })
    expect(ofTag('size([BS)B', hex)).toEqual({ value: length })
    expect(ofTag('tagNumber([BS)S', hex)).toEqual({ value: number })
    expect(ofTag('isConstructed([BS)Z', hex)).toEqual({ value: constructed })
    expect(ofTag('tagClass([BS)B', hex)).toEqual({ value: tagClass })
    expect(encoding(tag(hex))).toBe(hex)
  })
  it.each([
    ['a number below 31 in the long form', '1F1E', tlvException('MALFORMED_TAG')],
    ['leading zero bits', '1F8001', tlvException('MALFORMED_TAG')],
    ['more than 4 bytes', '1F8183FF7F', tlvException('ILLEGAL_SIZE')],
  ])('%s', (_, hex, expected) => {
    expect(ofTag('verifyFormat([BS)Z', hex)).toEqual({ value: 0 })
    expect(ofTag('size([BS)B', hex)).toEqual(expected)
    expect(ofTag('tagClass([BS)B', hex)).toEqual(expected)
  })
  it.each(['', '1F', '5F81'])('an array that ends in it: %s', (hex) => {
    expect(ofTag('verifyFormat([BS)Z', hex)).toEqual(AIOOBE)
    expect(ofTag('size([BS)B', hex)).toEqual(AIOOBE)
  })
  it('a number that no short holds', () => {
    expect(ofTag('tagNumber([BS)S', '1F828000')).toEqual({ thrown: 'TLVException', reason: 9 })
    expect(ofTag('size([BS)B', '1F828000')).toEqual({ value: 4 })
  })
  it('toBytes of class, kind and number', () => {
    const toBytes = (tagClass: number, constructed: number, number: number) => {
      const to = api.array(8)
      const answer = api.callStatic(`${TLV}/BERTag.toBytes(SZS[BS)S`, tagClass, constructed, number, to, 0)
      return 'value' in answer ? toHex(readTo(to, answer)) : answer
    }
    expect(toBytes(2, 1, 0)).toBe('A0')
    expect(toBytes(2, 1, 30)).toBe('BE')
    expect(toBytes(2, 1, 31)).toBe('BF1F')
    expect(toBytes(2, 1, 127)).toBe('BF7F')
    expect(toBytes(2, 1, 128)).toBe('BF8100')
    expect(toBytes(3, 0, 16383)).toBe('DFFF7F')
    expect(toBytes(0, 0, 32767)).toBe('1F81FF7F')
    expect(toBytes(4, 0, 1)).toEqual(tlvException('INVALID_PARAM'))
    expect(toBytes(-1, 0, 1)).toEqual(tlvException('INVALID_PARAM'))
    expect(toBytes(0, 0, -1)).toEqual(tlvException('INVALID_PARAM'))
  })
})

describe('BERTag objects', () => {
  const empty = () => api.make(`${TLV}/PrimitiveBERTag`, '()V')
  it('empty ones answer nothing', () => {
    for (const name of ['size()B', 'tagNumber()S', 'isConstructed()Z', 'tagClass()B']) {
      expect(api.call(empty(), name)).toEqual(tlvException('EMPTY_TAG'))
    }
    expect(api.call(empty(), 'toBytes([BS)S', api.array(4), 0)).toEqual(tlvException('EMPTY_TAG'))
  })
  it('a tag of the other kind is malformed', () => {
    expect(api.call(empty(), 'init([BS)V', bytes('61'), 0)).toEqual(tlvException('MALFORMED_TAG'))
    const constructed = api.make(`${TLV}/ConstructedBERTag`, '()V')
    expect(api.call(constructed, 'init([BS)V', bytes('41'), 0)).toEqual(tlvException('MALFORMED_TAG'))
  })
  it('init with class and number', () => {
    const one = empty()
    expect(api.call(one, 'init(BS)V', 1, 45)).toEqual({ value: 0 })
    expect(encoding(one)).toBe('5F2D')
    expect(api.call(one, 'init(BS)V', 4, 1)).toEqual(tlvException('INVALID_PARAM'))
  })
  it('equals never throws for null', () => {
    const equals = (one: number, other: number) => api.call(one, `equals(L${TLV}/BERTag;)Z`, other)
    expect(equals(tag('5F2D'), 0)).toEqual({ value: 0 })
    expect(equals(tag('5F2D'), tag('5F2E'))).toEqual({ value: 0 })
    expect(equals(tag('5F2D'), tag('5F2D'))).toEqual({ value: 1 })
  })
})

// ---- TLVs in bytes

const verify = (hex: string) => api.callStatic(`${TLV}/BERTLV.verifyFormat([BSS)Z`, bytes(hex), 0, size(hex))
const instance = (hex: string) =>
  api.callStatic(`${TLV}/BERTLV.getInstance([BSS)L${TLV}/BERTLV;`, bytes(hex), 0, size(hex))
const tlv = (hex: string) => api.value(instance(hex))
const encoded = (object: number): string => {
  const to = api.array(400)
  return toHex(readTo(to, api.call(object, 'toBytes([BS)S', to, 0)))
}

const WELL_FORMED = [
  ['01 01 AA', '0101AA'],
  ['01 00', '0100'],
  ['01 81 01 AA', '0101AA'],
  ['01 84 00000001 AA', '0101AA'],
  ['61 03 01 01 AA', '61030101AA'],
  ['61 00', '6100'],
  ['61 05 00 00 01 01 AA', '610500000101AA'],
  ['6F 0A 84 08 A000000003000000', '6F0A8408A000000003000000'],
  [`5F2D 81 80 ${'55'.repeat(128)}`, `5F2D8180${'55'.repeat(128)}`],
] as const

describe('BERTLV in bytes', () => {
  it.each(WELL_FORMED)('%s', (hex, shortest) => {
    expect(verify(hex)).toEqual({ value: 1 })
    const object = tlv(hex)
    expect(encoded(object)).toBe(shortest)
    expect(api.call(object, 'size()S')).toEqual({ value: shortest.length / 2 })
  })
  it.each([
    '',
    '01',
    '01 02 AA',
    '01 01 AA BB',
    '01 80 AA 0000',
    '61 04 01 01 AA',
    '61 02 01 01 AA',
    '61 03 01 02 AA',
    '1F1E 01 AA',
    '01 FF',
  ])('malformed: %s', (hex) => {
    expect(verify(hex)).toEqual({ value: 0 })
    expect(instance(hex)).toEqual(tlvException('MALFORMED_TLV'))
  })
  it('getLength and getTag look at the header alone', () => {
    const length = (hex: string) => api.callStatic(`${TLV}/BERTLV.getLength([BS)S`, bytes(hex), 0)
    expect(length('0102AA')).toEqual({ value: 2 })
    expect(length('018200FFAA')).toEqual({ value: 255 })
    expect(length('01828000')).toEqual({ thrown: 'TLVException', reason: 11 })
    expect(length('0180')).toEqual(tlvException('MALFORMED_TLV'))
    expect(length('0182')).toEqual(AIOOBE)
    const to = api.array(4)
    expect(api.callStatic(`${TLV}/BERTLV.getTag([BS[BS)S`, bytes('7F4900'), 0, to, 1)).toEqual({ value: 2 })
    expect(toHex(api.bytes(to))).toBe('007F4900')
  })
  it('nesting ends at 64 levels', () => {
    let hex = '0100'
    for (let level = 0; level < 64; level++) hex = wrapped(hex)
    expect(verify(hex)).toEqual({ value: 1 })
    expect(instance(wrapped(hex))).toEqual(tlvException('ILLEGAL_SIZE'))
  })
})

function wrapped(hex: string): string {
  const length = hex.length / 2
  return (length < 128 ? `61${toHex(Uint8Array.of(length))}` : `6182${toHex(Uint8Array.of(length >> 8, length))}`) + hex
}

describe('ConstructedBERTLV in bytes', () => {
  const WHOLE = '610A 0101AA 0202BBCC 0101DD'
  const find = (hex: string, wanted: string | undefined) =>
    api.callStatic(`${TLV}/ConstructedBERTLV.find([BS[BS)S`, bytes(hex), 0, wanted === undefined ? 0 : bytes(wanted), 0)
  const findNext = (from: number, wanted: string | undefined) =>
    api.callStatic(
      `${TLV}/ConstructedBERTLV.findNext([BSS[BS)S`,
      bytes(WHOLE),
      0,
      from,
      wanted === undefined ? 0 : bytes(wanted),
      0,
    )
  it('find', () => {
    expect(find(WHOLE, undefined)).toEqual({ value: 2 })
    expect(find(WHOLE, '01')).toEqual({ value: 2 })
    expect(find(WHOLE, '02')).toEqual({ value: 5 })
    expect(find(WHOLE, '05')).toEqual({ value: -1 })
    expect(find('6100', undefined)).toEqual({ value: -1 })
    expect(find('0101AA', '01')).toEqual(tlvException('MALFORMED_TLV'))
    expect(find('6103 0102AA', '01')).toEqual(tlvException('MALFORMED_TLV'))
    expect(find('6104 0101AA', '01')).toEqual(AIOOBE)
    expect(find(WHOLE, '1F8001')).toEqual(tlvException('MALFORMED_TAG'))
    expect(api.callStatic(`${TLV}/ConstructedBERTLV.find([BS[BS)S`, 0, 0, 0, 0)).toEqual(NPE)
  })
  it('findNext starts behind a TLV of the top level', () => {
    expect(findNext(2, '01')).toEqual({ value: 9 })
    expect(findNext(2, undefined)).toEqual({ value: 5 })
    expect(findNext(5, undefined)).toEqual({ value: 9 })
    expect(findNext(9, undefined)).toEqual({ value: -1 })
    for (const from of [0, 1, 3, 4, 6, 10, 11]) expect(findNext(from, '01')).toEqual(tlvException('INVALID_PARAM'))
  })
  const append = (part: string, whole: string, room: number) => {
    const to = api.array(room)
    api.vm.jcre.memory.u8.set(fromHex(whole.replaceAll(' ', '')), api.vm.jcre.memory.addressOf(to))
    const answer = api.callStatic(`${TLV}/ConstructedBERTLV.append([BS[BS)S`, bytes(part), 0, to, 0)
    return 'value' in answer ? toHex(readTo(to, answer)) : answer
  }
  it('append', () => {
    expect(append('0301EE', WHOLE, 15)).toBe('610D0101AA0202BBCC0101DD0301EE')
    expect(append('0301EE', WHOLE, 14)).toEqual(AIOOBE)
    expect(append('0301EE', '0101AA', 20)).toEqual(tlvException('MALFORMED_TLV'))
    expect(append('0305EE', WHOLE, 30)).toEqual(AIOOBE)
    expect(append(`037E${'00'.repeat(126)}`, WHOLE, 300)).toBe(`61818A0101AA0202BBCC0101DD037E${'00'.repeat(126)}`)
  })
})

describe('PrimitiveBERTLV in bytes', () => {
  const valueOffset = (hex: string) => api.callStatic(`${TLV}/PrimitiveBERTLV.getValueOffset([BS)S`, bytes(hex), 0)
  it('getValueOffset', () => {
    expect(valueOffset('0101AA')).toEqual({ value: 2 })
    expect(valueOffset('5F2D81010000')).toEqual({ value: 4 })
    expect(valueOffset('61030101AA')).toEqual(tlvException('MALFORMED_TLV'))
  })
  it('toBytes', () => {
    const toBytes = (tagHex: string, valueHex: string) => {
      const to = api.array(8)
      const signature = `${TLV}/PrimitiveBERTLV.toBytes([BS[BSS[BS)S`
      const answer = api.callStatic(signature, bytes(tagHex), 0, bytes(valueHex), 0, valueHex.length / 2, to, 0)
      return 'value' in answer ? toHex(readTo(to, answer)) : answer
    }
    expect(toBytes('5F2D', 'AABB')).toBe('5F2D02AABB')
    expect(toBytes('61', 'AABB')).toEqual(tlvException('MALFORMED_TAG'))
    expect(toBytes('5F2D', 'AABBCCDDEEFF')).toEqual(AIOOBE)
  })
  it('appendValue', () => {
    const append = (whole: string, more: number, room: number) => {
      const to = api.array(room)
      api.vm.jcre.memory.u8.set(fromHex(whole), api.vm.jcre.memory.addressOf(to))
      const answer = api.callStatic(`${TLV}/PrimitiveBERTLV.appendValue([BS[BSS)S`, to, 0, api.array(more), 0, more)
      return 'value' in answer ? toHex(readTo(to, answer)) : answer
    }
    expect(append('010109', 2, 5)).toBe('0103090000')
    expect(append('010109', 2, 4)).toEqual(AIOOBE)
    expect(append('01820001AA', 1, 6)).toBe('01820002AA00')
    expect(append('010109', 130, 200)).toBe(`01818309${'00'.repeat(130)}`)
    expect(append('61030101AA', 1, 9)).toEqual(tlvException('MALFORMED_TLV'))
  })
})

// ---- TLV objects

describe('PrimitiveBERTLV objects', () => {
  const make = (capacity: number) => api.make(`${TLV}/PrimitiveBERTLV`, '(S)V', capacity)
  const init = (object: number, hex: string) => api.call(object, 'init([BSS)S', bytes(hex), 0, size(hex))
  const value = (object: number) => {
    const to = api.array(400)
    return toHex(readTo(to, api.call(object, 'getValue([BS)S', to, 0)))
  }
  it('empty ones answer nothing', () => {
    for (const name of ['size()S', 'getLength()S', `getTag()L${TLV}/BERTag;`]) {
      expect(api.call(make(2), name)).toEqual(tlvException('EMPTY_TLV'))
    }
    expect(api.call(make(2), 'getValue([BS)S', api.array(2), 0)).toEqual(tlvException('EMPTY_TLV'))
    for (const name of ['appendValue([BSS)S', 'replaceValue([BSS)S']) {
      expect(api.call(make(2), name, bytes('01'), 0, 1)).toEqual(tlvException('EMPTY_TLV'))
    }
    expect(() => make(-1)).toThrow('TLVException 1')
  })
  it('grows beyond its capacity', () => {
    const one = make(1)
    expect(init(one, '0104AABBCCDD')).toEqual({ value: 6 })
    expect(value(one)).toBe('AABBCCDD')
    expect(api.call(one, 'appendValue([BSS)S', bytes('EE'), 0, 1)).toEqual({ value: 7 })
    expect(encoded(one)).toBe('0105AABBCCDDEE')
    expect(api.call(one, 'replaceValue([BSS)S', api.array(300), 0, 200)).toEqual({ value: 203 })
    expect(encoded(one).slice(0, 8)).toBe('0181C800')
    expect(api.call(one, 'replaceValue([BSS)S', api.array(300), 0, 300)).toEqual({ value: 304 })
    expect(encoded(one).slice(0, 10)).toBe('0182012C00')
  })
  it('refuses other things, and stays what it was', () => {
    const one = make(4)
    init(one, '0101AA')
    expect(init(one, '61030101AA')).toEqual(tlvException('MALFORMED_TLV'))
    expect(init(one, '0101AABB')).toEqual(tlvException('MALFORMED_TLV'))
    expect(api.call(one, 'init([BSS)S', bytes('0101AA'), 0, 4)).toEqual(AIOOBE)
    expect(encoded(one)).toBe('0101AA')
  })
  it('keeps the tag object that it is given, and never writes to it', () => {
    const [one, given] = [make(4), tag('42')]
    const fromTag = `init(L${TLV}/PrimitiveBERTag;[BSS)S`
    expect(api.call(one, fromTag, given, bytes('0102'), 0, 2)).toEqual({ value: 4 })
    expect(api.call(one, `getTag()L${TLV}/BERTag;`)).toEqual({ value: given })
    api.call(given, 'init(BS)V', 1, 45)
    expect(encoded(one)).toBe('5F2D020102')
    init(one, '0101AA')
    expect(encoding(given)).toBe('5F2D')
    const empty = api.make(`${TLV}/PrimitiveBERTag`, '()V')
    expect(api.call(one, fromTag, empty, bytes('01'), 0, 1)).toEqual(tlvException('EMPTY_TAG'))
    expect(api.call(one, fromTag, 0, bytes('01'), 0, 1)).toEqual(NPE)
    expect(api.call(one, fromTag, tag('61'), bytes('01'), 0, 1)).toEqual({ thrown: 'SecurityException' })
  })
  it('initialised again and again uses nothing up', () => {
    const one = make(8)
    init(one, '0101AA')
    const again = bytes('420455555555')
    const { freePersistentBytes } = api.vm.jcre.memory
    for (let i = 0; i < 10; i++) api.value(api.call(one, 'init([BSS)S', again, 0, 6))
    expect(api.vm.jcre.memory.freePersistentBytes).toBe(freePersistentBytes)
  })
})

describe('ConstructedBERTLV objects', () => {
  const make = (capacity = 1) => api.make(`${TLV}/ConstructedBERTLV`, '(S)V', capacity)
  const FROM_TLV = `init(L${TLV}/ConstructedBERTag;L${TLV}/BERTLV;)S`
  const of = (...parts: string[]) => {
    const whole = make()
    api.value(api.call(whole, FROM_TLV, tag('62'), tlv(parts[0]!)))
    for (const part of parts.slice(1)) api.value(append(whole, tlv(part)))
    return whole
  }
  const append = (whole: number, part: number) => api.call(whole, `append(L${TLV}/BERTLV;)S`, part)
  const remove = (whole: number, part: number, count: number) =>
    api.call(whole, `delete(L${TLV}/BERTLV;S)S`, part, count)
  const find = (whole: number, wanted: number) => api.call(whole, `find(L${TLV}/BERTag;)L${TLV}/BERTLV;`, wanted)
  const findNext = (whole: number, wanted: number, part: number, count: number) =>
    api.call(whole, `findNext(L${TLV}/BERTag;L${TLV}/BERTLV;S)L${TLV}/BERTLV;`, wanted, part, count)

  it('the same object may be in it several times', () => {
    const [whole, part] = [make(), tlv('0101AA')]
    expect(api.call(whole, FROM_TLV, tag('62'), part)).toEqual({ value: 5 })
    expect(append(whole, part)).toEqual({ value: 8 })
    expect(append(whole, part)).toEqual({ value: 11 })
    expect(encoded(whole)).toBe('62090101AA0101AA0101AA')
    expect(api.call(whole, 'getLength()S')).toEqual({ value: 9 })
    expect(remove(whole, part, 2)).toEqual({ value: 8 })
    expect(findNext(whole, 0, part, 1)).toEqual({ value: part })
    expect(findNext(whole, 0, part, 2)).toEqual({ value: 0 })
    for (const count of [3, 0, -1]) expect(remove(whole, part, count)).toEqual(tlvException('INVALID_PARAM'))
    remove(whole, part, 1)
    expect(remove(whole, part, 1)).toEqual({ value: 2 })
    expect(encoded(whole)).toBe('6200')
    expect(find(whole, 0)).toEqual({ value: 0 })
  })
  it('a change of a part is a change of the whole', () => {
    const [whole, part] = [make(), tlv('0101AA')]
    api.call(whole, FROM_TLV, tag('62'), part)
    api.call(part, 'appendValue([BSS)S', bytes('BBCC'), 0, 2)
    expect(encoded(whole)).toBe('62050103AABBCC')
  })
  it('find by tag', () => {
    const whole = of('0101AA', '0202BBCC', '0101DD')
    const first = api.value(find(whole, tag('01')))
    expect(encoded(first)).toBe('0101AA')
    expect(encoded(api.value(find(whole, tag('02'))))).toBe('0202BBCC')
    expect(find(whole, tag('03'))).toEqual({ value: 0 })
    expect(encoded(api.value(findNext(whole, tag('01'), first, 1)))).toBe('0101DD')
    expect(findNext(whole, tag('01'), tlv('0101AA'), 1)).toEqual(tlvException('INVALID_PARAM'))
    expect(findNext(whole, tag('01'), 0, 1)).toEqual(NPE)
  })
  it('never contains itself', () => {
    const [outer, inner] = [of('6100'), of('0101AA')]
    expect(append(outer, outer)).toEqual(tlvException('INVALID_PARAM'))
    append(outer, inner)
    expect(append(inner, outer)).toEqual(tlvException('INVALID_PARAM'))
    expect(api.call(inner, FROM_TLV, tag('62'), outer)).toEqual(tlvException('INVALID_PARAM'))
    expect(append(outer, 0)).toEqual(NPE)
    expect(encoded(outer)).toBe('6207610062030101AA')
  })
  it('empty parts, and being empty', () => {
    expect(append(make(), tlv('0101AA'))).toEqual(tlvException('EMPTY_TLV'))
    const whole = of('0101AA')
    expect(append(whole, api.make(`${TLV}/PrimitiveBERTLV`, '(S)V', 3))).toEqual(tlvException('EMPTY_TLV'))
    expect(api.call(make(), 'size()S')).toEqual(tlvException('EMPTY_TLV'))
    expect(encoded(whole)).toBe('62030101AA')
  })
  it('from a tag and the bytes of its value', () => {
    const whole = make()
    const init = (hex: string) =>
      api.call(whole, `init(L${TLV}/ConstructedBERTag;[BSS)S`, tag('62'), bytes(hex), 0, size(hex))
    expect(init('0101AA0202BBCC')).toEqual({ value: 9 })
    expect(encoded(whole)).toBe('62070101AA0202BBCC')
    expect(init('0101AA0203BBCC')).toEqual(tlvException('MALFORMED_TLV'))
    expect(encoded(whole)).toBe('62070101AA0202BBCC')
  })
  it('one that refers to itself many times over is too large before it takes long', () => {
    let one = of('0101AA')
    const sizes: Answer[] = []
    for (let level = 0; level < 40; level++) {
      const whole = make()
      api.call(whole, FROM_TLV, tag('62'), one)
      sizes.push(append(whole, one))
      one = whole
    }
    expect(sizes.at(-1)).toEqual({ thrown: 'TLVException', reason: 10 })
  })
})

describe('in the image', () => {
  it('a transaction that is aborted takes changes of a TLV back', () => {
    const one = tlv('0101AA')
    const { memory } = api.vm.jcre
    memory.begin()
    api.value(api.call(one, 'replaceValue([BSS)S', bytes('BBCC'), 0, 2))
    expect(encoded(one)).toBe('0102BBCC')
    memory.abort()
    expect(encoded(one)).toBe('0101AA')
  })
  const BERTLV = `invokevirtual ${TLV}/BERTLV`
  const card = new ObjectCard(
    {
      make: `aload_2 sconst_5 sload_3 invokestatic ${TLV}/BERTLV.getInstance([BSS)L${TLV}/BERTLV;`,
      act: `aload_2 sconst_5 sload_3 ${BERTLV}.init([BSS)S pop invokestatic javacard/framework/JCSystem.requestObjectDeletion()V`,
      look: `aload_2 sconst_0 ${BERTLV}.toBytes([BS)S`,
    },
    '610A0101AA0202BBCC0101DD',
  )
  it('a collection keeps what a TLV is made of, and no more', () => {
    const after = card.act('610A0101AA0202BBCC0101DD')
    expect(card.look(after)).toBe('610A0101AA0202BBCC0101DD9000')
  })
  it('a power cut anywhere in init leaves the old TLV or the new one', () => {
    const seen = card.afterCuts('61065F2D03CCDDEE')
    expect([...seen].sort()).toEqual(['610A0101AA0202BBCC0101DD9000', '61065F2D03CCDDEE9000'].sort())
  })
})
