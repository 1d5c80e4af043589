import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { NativeObjects } from '../../test/native-objects.ts'
import { TEST_PROFILE, VmFixture } from '../../test/vm-fixture.ts'

// Vectors: RFC 3629 §7 (UTF-8), RFC 2781 §5 (UTF-16), The Unicode Standard table 3-8 (ill-formed sequences).

const UTIL = 'javacardx/framework/string/StringUtil'
const INDEX = { thrown: 'IndexOutOfBoundsException' }
const AIOOBE = { thrown: 'ArrayIndexOutOfBoundsException' }
const NPE = { thrown: 'NullPointerException' }
const stringException = (reason: number) => ({ thrown: 'StringException', reason })
const [UNSUPPORTED_ENCODING, ILLEGAL_NUMBER_FORMAT, INVALID_BYTE_SEQUENCE] = [1, 2, 3].map(stringException)

const api = new NativeObjects(new VmFixture({ profile: { ...TEST_PROFILE, ramSizeBytes: 65536 } }))
/** Array, offset and length of a text in the middle of an array. */
const text = (content: string | Uint8Array): [number, number, number] => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return [api.array(Uint8Array.of(0x80, ...bytes, 0x80)), 1, bytes.length]
}
const hex = (content: string) => text(fromHex(content.replaceAll(' ', '')))
const call = (name: string, ...args: (number | number[])[]) => api.callStatic(`${UTIL}.${name}`, ...args.flat())
/** What a method writes, that takes an array and an offset last. */
const written = (name: string, ...args: (number | number[])[]) => {
  const to = api.array(64)
  const answer = call(name, ...args, to, 2)
  return 'value' in answer ? toHex(api.bytes(to).subarray(2, 2 + answer.value)) : answer
}
const ascii = (content: string) => toHex(new TextEncoder().encode(content))

const A_NOT_IDENTICAL = '41E289A2CE912E'
const KOREAN = 'ED959CEAB5ADEC96B4'
const STUMP = 'EFBBBFF0A38EB4'
const TABLE_3_8 = '61F18080E180C262806380BF64'

describe('code points', () => {
  it.each([
    ['A≢Α. (RFC 3629)', A_NOT_IDENTICAL, 4],
    ['hangugeo (RFC 3629)', KOREAN, 3],
    ['byte order mark and U+233B4 (RFC 3629)', STUMP, 2],
    ['ill-formed (Unicode table 3-8)', TABLE_3_8, 10],
    ['nothing', '', 0],
    ['a surrogate, three bytes that are one each', 'EDA080', 3],
    ['an overlong solidus', 'C0AF', 2],
    ['beyond U+10FFFF', 'F4908080', 4],
  ])('codePointCount: %s', (_, content, count) => {
    expect(call('codePointCount([BSS)S', hex(content))).toEqual({ value: count })
  })
  it.each([
    [A_NOT_IDENTICAL, 1],
    [KOREAN, 1],
    [STUMP, 1],
    ['', 1],
    [TABLE_3_8, 0],
    ['EDA080', 0],
    ['C0AF', 0],
    ['F4908080', 0],
    ['E289', 0],
    ['F48FBFBF', 1],
  ])('check %s', (content, isValid) => {
    expect(call('check([BSS)Z', hex(content))).toEqual({ value: isValid })
  })
  it('codePointAt takes a byte index', () => {
    const at = (index: number) => written('codePointAt([BSSS[BS)S', hex(A_NOT_IDENTICAL), index)
    expect([at(0), at(1), at(4), at(6)]).toEqual(['41', 'E289A2', 'CE91', '2E'])
    expect(at(2)).toBe('89')
    expect([at(-1), at(7)]).toEqual([INDEX, INDEX])
  })
  it('codePointBefore', () => {
    const before = (content: string, index: number) => written('codePointBefore([BSSS[BS)S', hex(content), index)
    expect([1, 4, 6, 7].map((index) => before(A_NOT_IDENTICAL, index))).toEqual(['41', 'E289A2', 'CE91', '2E'])
    expect(before(A_NOT_IDENTICAL, 3)).toBe('E289')
    expect(before('41E180', 3)).toBe('E180')
    expect(before('418080', 3)).toBe('80')
    expect([before('41', 0), before('41', 2)]).toEqual([INDEX, INDEX])
  })
  it('offsetByCodePoints goes both ways', () => {
    const offset = (index: number, count: number) =>
      call('offsetByCodePoints([BSSSS)S', hex(A_NOT_IDENTICAL), index, count)
    expect([offset(0, 2), offset(4, -1), offset(7, -4), offset(1, 0)]).toEqual([4, 1, 0, 1].map((value) => ({ value })))
    expect([offset(0, 5), offset(4, -3), offset(8, 0), offset(-1, 0)]).toEqual([INDEX, INDEX, INDEX, INDEX])
  })
  it('substring', () => {
    const part = (from: number, to: number) => written('substring([BSSSS[BS)S', hex(A_NOT_IDENTICAL), from, to)
    expect([part(1, 3), part(2, -1), part(4, 4)]).toEqual(['E289A2CE91', 'CE912E', ''])
    expect([part(-1, 1), part(2, 1), part(0, 5)]).toEqual([INDEX, INDEX, INDEX])
  })
})

describe('bytes', () => {
  const compare = (ignoreCase: number, one: string, other: string) =>
    call('compare(Z[BSS[BSS)S', ignoreCase, text(one), text(other))
  it('compare: difference of the first byte that differs, else of the lengths', () => {
    expect(compare(0, 'meter', 'meter')).toEqual({ value: 0 })
    expect(compare(0, 'meter', 'metre')).toEqual({ value: 0x65 - 0x72 })
    expect(compare(0, 'z', '€')).toEqual({ value: 0x7a - 0xe2 })
    expect(compare(0, 'meters', 'meter')).toEqual({ value: 1 })
    expect(compare(0, 'a', 'A')).toEqual({ value: 32 })
    expect(compare(1, 'Meter', 'mETER')).toEqual({ value: 0 })
    expect(compare(1, 'Ä', 'ä')).toEqual({ value: -0x20 })
  })
  it('indexOf', () => {
    const indexOf = (one: string, other: string) => call('indexOf([BSS[BSS)S', text(one), text(other))
    expect(indexOf('aabaab', 'ab')).toEqual({ value: 1 })
    expect(indexOf('aab', 'abc')).toEqual({ value: -1 })
    expect(indexOf('aab', '')).toEqual({ value: 0 })
  })
  it('replace', () => {
    const replace = (source: string, wanted: string, by: string) =>
      written('replace([BSS[BSS[BSS[BS)S', text(source), text(wanted), text(by))
    expect(replace('1.2.3', '.', '::')).toBe(ascii('1::2::3'))
    expect(replace('aaa', 'aa', 'b')).toBe(ascii('ba'))
    expect(replace('abc', 'x', 'y')).toBe(ascii('abc'))
    expect(replace('abc', '', 'y')).toBe(ascii('abc'))
    expect(replace('a'.repeat(60), 'a', 'bb')).toEqual(AIOOBE)
  })
  it('trim takes all up to U+0020 away', () => {
    const trim = (content: string) => written('trim([BSS[BS)S', text(content))
    expect([trim('\t a b\n '), trim(' \u0001 '), trim('a')]).toEqual([ascii('a b'), '', ascii('a')])
  })
  it('startsWith and endsWith, all of the affix or its first code points', () => {
    const starts = (one: string, other: string, count: number) =>
      call('startsWith([BSS[BSSS)Z', text(one), text(other), count)
    const ends = (one: string, other: string, count: number) =>
      call('endsWith([BSS[BSSS)Z', text(one), text(other), count)
    expect([starts('≢Αx', '≢Α', -1), starts('≢Αx', '≢x', -1), starts('≢Αx', '≢x', 1)].map(valueIn)).toEqual([1, 0, 1])
    expect([ends('x≢Α', '≢Α', -1), ends('Α', '≢Α', -1), ends('x≢', '≢Α', 1)].map(valueIn)).toEqual([1, 0, 1])
    expect(starts('≢Αx', '≢', 2)).toEqual(INDEX)
  })
  it('case of ASCII letters; what is ill-formed is left out', () => {
    expect(written('toLowerCase([BSS[BS)S', text('ÄBc[@'))).toBe(ascii('Äbc[@'))
    expect(written('toUpperCase([BSS[BS)S', text('äbC{`'))).toBe(ascii('äBC{`'))
    expect(written('toUpperCase([BSS[BS)S', hex('61E28962'))).toBe('4142')
  })
})

function valueIn(answer: ReturnType<typeof call>) {
  return 'value' in answer ? answer.value : answer
}

describe('numbers', () => {
  it.each([
    ['0', 0],
    ['32767', 32767],
    ['-32768', -32768],
    ['0x7F', 127],
    ['-0X8000', -32768],
    ['#00ff', 255],
  ])('parseShortInteger %s', (content, value) => {
    expect(call('parseShortInteger([BSS)S', text(content))).toEqual({ value })
  })
  it.each(['', '-', '+1', '32768', '-32769', '0x8000', '007', ' 1', '1 ', '0x', '1a', '--1', '٣'])(
    'parseShortInteger refuses "%s"',
    (content) => {
      expect(call('parseShortInteger([BSS)S', text(content))).toEqual(ILLEGAL_NUMBER_FORMAT)
    },
  )
  it('parseLongInteger gives the shorts from the first that is not zero', () => {
    const parse = (content: string) => {
      const to = api.shorts(9, 9, 9, 9, 9)
      const answer = call('parseLongInteger([BSS[SS)S', text(content), to, 1)
      if (!('value' in answer)) return answer
      const at = api.vm.jcre.memory.addressOf(to) >> 1
      return [...api.vm.jcre.memory.i16.subarray(at + 1, at + 1 + answer.value)]
    }
    expect(parse('0')).toEqual([0])
    expect(parse('65536')).toEqual([1, 0])
    expect(parse('-1')).toEqual([-1, -1, -1, -1])
    expect(parse('9223372036854775807')).toEqual([0x7fff, -1, -1, -1])
    expect(parse('-9223372036854775808')).toEqual([-0x8000, 0, 0, 0])
    expect(parse('9223372036854775808')).toEqual(ILLEGAL_NUMBER_FORMAT)
    expect(call('parseLongInteger([BSS[SS)S', text('65536'), api.shorts(0, 0), 1)).toEqual(AIOOBE)
  })
  it('valueOf', () => {
    expect(written('valueOf(S[BS)S', -32768)).toBe(ascii('-32768'))
    expect(written('valueOf([S[BS)S', api.shorts(-1, -1))).toBe(ascii('-1'))
    expect(written('valueOf([S[BS)S', api.shorts(0x7fff, -1, -1, -1))).toBe(ascii('9223372036854775807'))
    expect(written('valueOf([S[BS)S', api.shorts())).toEqual(ILLEGAL_NUMBER_FORMAT)
    expect(written('valueOf(Z[BS)S', 1)).toBe(ascii('true'))
    expect(written('valueOf(Z[BS)S', 0)).toBe(ascii('false'))
  })
  it('parseBoolean', () => {
    const parse = (content: string) => valueIn(call('parseBoolean([BSS)Z', text(content)))
    expect([parse('TrUe'), parse('true '), parse('')]).toEqual([1, 0, 0])
    expect(call('parseBoolean([BSS)Z', 0, 0, 0)).toEqual(NPE)
  })
})

describe('encodings', () => {
  const RFC_2781 = '\u{12345}=Ra'
  const UTF_8 = new TextEncoder().encode(RFC_2781)
  it.each([
    ['UTF-16, written big-endian with a mark', 2, 'FEFFD808DF45003D00520061'],
    ['UTF-16LE', 3, '08D845DF3D0052006100'],
    ['UTF-16BE', 4, 'D808DF45003D00520061'],
  ])('%s (RFC 2781)', (_, encoding, encoded) => {
    const to = api.array(32)
    const answer = call('convertTo([BSS[BSB)S', text(RFC_2781), to, 0, encoding)
    expect(toHex(api.bytes(to).subarray(0, api.value(answer)))).toBe(encoded)
    expect(from(encoded, encoding)).toBe(toHex(UTF_8))
  })
  const from = (content: string, encoding: number) => {
    const to = api.array(32)
    const answer = call('convertFrom([BSS[BSB)S', hex(content), to, 0, encoding)
    return 'value' in answer ? toHex(api.bytes(to).subarray(0, answer.value)) : answer
  }
  const into = (content: string, encoding: number) => {
    const to = api.array(32)
    const answer = call('convertTo([BSS[BSB)S', hex(content), to, 0, encoding)
    return 'value' in answer ? toHex(api.bytes(to).subarray(0, answer.value)) : answer
  }
  it('UTF-16 reads a mark of either order, or none', () => {
    expect(from('FFFE3D00', 2)).toBe('3D')
    expect(from('003D', 2)).toBe('3D')
    expect(from('DC00D800', 4)).toEqual(INVALID_BYTE_SEQUENCE)
    expect(from('D808', 4)).toEqual(INVALID_BYTE_SEQUENCE)
    expect(from('003D00', 4)).toEqual(INVALID_BYTE_SEQUENCE)
  })
  it('UCS-2 has no surrogates, ISO 8859-1 no euro sign', () => {
    expect(into('E282AC', 5)).toBe('20AC')
    expect(into('F0928D85', 5)).toEqual(INVALID_BYTE_SEQUENCE)
    expect(from('D808DF45', 5)).toEqual(INVALID_BYTE_SEQUENCE)
    expect(into('41C3A4', 7)).toBe('41E4')
    expect(into('E282AC', 7)).toEqual(INVALID_BYTE_SEQUENCE)
    expect(from('41E4', 7)).toBe('41C3A4')
  })
  it('UTF-8 to UTF-8 checks', () => {
    expect(into('41C3A4', 1)).toBe('41C3A4')
    expect(into('41C3', 1)).toEqual(INVALID_BYTE_SEQUENCE)
  })
  it('GSM 7 and what nobody knows are unsupported', () => {
    for (const encoding of [6, 0, 64]) expect(into('41', encoding)).toEqual(UNSUPPORTED_ENCODING)
    expect(from('41', 6)).toEqual(UNSUPPORTED_ENCODING)
  })
})
