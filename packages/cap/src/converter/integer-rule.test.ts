import { describe, expect, test } from 'vitest'
import { classWith, convertClasses, converted, findingsOf } from '../../test/convert-method.ts'
import { ConvertError } from '../errors.ts'

// Ints of a class file become 16-bit words. That is right as long as nobody looks at the bits above, or they are known
// to be copies of the sign. (JCVM 3.1 §2.2.3 leaves the burden on the converter; vendor converters refuse the same.)

const shortAnd = (rest: string) => `iload_0; iload_1; ${rest}; ireturn`

describe('a result that may need more than 16 bits is refused', () => {
  test.for([
    ['as the left operand of a division', shortAnd('iadd; iload_0; idiv; i2s')],
    ['as the divisor of a division', shortAnd('iload_0; iadd; idiv; i2s')],
    ['as the left operand of a remainder', shortAnd('isub; bipush 10; irem; i2s')],
    ['as the left operand of a right shift', shortAnd('imul; iconst_1; ishr; i2s')],
    ['as the left operand of an unsigned right shift', shortAnd('ishl; iconst_1; iushr; i2s')],
    ['in a comparison', 'iload_0; iload_1; iadd; iload_0; if_icmplt L; iconst_0; ireturn; L: iconst_1; ireturn'],
    ['in a comparison', 'iload_0; ineg; ifgt L; iconst_0; ireturn; L: iconst_1; ireturn'],
    ['by a switch', 'iload_0; iload_1; iadd; lookupswitch L 5:L; L: iconst_1; ireturn'],
    ['as an array size', 'iload_0; iconst_1; iadd; newarray byte; arraylength; ireturn'],
    ['as the return value', shortAnd('iadd')],
    ['as an argument of f', 'iload_0; iload_1; iadd; iload_1; invokestatic p/T.f:(SS)S; ireturn'],
    ['as an int variable', 'sipush 32767; istore_0; iinc 0 1; iload_0; i2s; ireturn'],
  ] as const)('%s', ([use, code]) => {
    expect(findingsOf(classWith(code))).toEqual([expect.stringContaining(`is used ${use}`)])
  })

  test('naming the operation that made it, its line, and the line that needs the value', () => {
    const code = 'A: iload_0; iload_1; imul; istore_0; B: iload_0; iconst_2; idiv; i2s; ireturn'
    const bytes = classWith(code, '(SS)S', { lines: ['A 10', 'B 11'] })
    expect(() => convertClasses([bytes])).toThrowError(
      'T.java:11: p.T.f(SS)S: the multiplication of line 10 may not fit a short and is used as the left operand of a ' +
        'division; cast it to short or byte first',
    )
  })

  test('a constant beyond a short too', () => {
    const code = 'iload_0; ldc 40000; if_icmpgt L; iconst_0; ireturn; L: iconst_1; ireturn'
    expect(findingsOf(classWith(code))).toEqual(['the constant may not fit a short and is used in a comparison'])
  })

  test('a loop counter that outgrows a short', () => {
    const code = 'iconst_0; istore_0; L: iinc 0 1; iload_0; ldc 40000; if_icmplt L; iconst_0; ireturn'
    expect(findingsOf(classWith(code))).toContainEqual(expect.stringContaining('as an int variable'))
  })

  test('an int variable of the programmer, whatever it holds', () => {
    const code = 'iconst_0; istore_0; iload_0; ireturn'
    expect(findingsOf(classWith(code, '(SS)S', { variables: ['i I 0'] }))).toEqual(['variable i is an int'])
  })
})

describe('a result that is cast first, or whose high bits nobody needs, is taken', () => {
  test.for([
    ['cast before the division', shortAnd('iadd; i2s; iload_0; idiv; i2s'), 'sadd; sload_0; sdiv'],
    ['cast to a byte before the shift', shortAnd('imul; i2b; iconst_1; ishr'), 'smul; s2b; sconst_1; sshr'],
    ['sums of sums', shortAnd('iadd; iload_0; iload_1; imul; isub; i2s'), 'sadd; sload_0; sload_1; smul; ssub'],
    ['left shifts and bits', shortAnd('ishl; iload_0; ior; iload_1; ixor; i2s'), 'sshl; sload_0; sor; sload_1; sxor'],
    ['a negation', shortAnd('iadd; ineg; i2s'), 'sadd; sneg'],
    ['a count of a shift', shortAnd('iload_1; iadd; ishr'), 'sload_1; sadd; sshr'],
    ['a mask', shortAnd('iadd; sipush 255; iand; iconst_3; idiv'), 'sadd; sspush 255; sand; sconst_3; sdiv'],
    ['a constant of 16 bits as a mask', shortAnd('iadd; ldc 65535; iand; i2s'), 'sadd; sconst_m1; sand'],
  ] as const)('%s', ([, code, card]) => {
    expect(converted(code)).toBe(`sload_0; sload_1; ${card}; sreturn`)
  })

  test('a test of the highest bit', () => {
    const code = 'iload_0; ldc 32768; iand; ifeq L; iconst_1; ireturn; L: iconst_0; ireturn'
    expect(converted(code)).toBe('sload_0; sspush -32768; sand; ifeq @6; sconst_1; sreturn; sconst_0; sreturn')
  })

  test('a sum of two bytes, which fits a short', () => {
    const code = 'iload_0; iload_1; iadd; iconst_2; idiv; i2s; ireturn'
    expect(converted(code, '(BB)S')).toBe('sload_0; sload_1; sadd; sconst_2; sdiv; sreturn')
  })

  test('a counter of the compiler that stays below an array length', () => {
    const code = `aload_0; arraylength; istore_1; iconst_0; istore_2; L: iload_2; iload_1; if_icmpge E
      iinc 2 1; goto L; E: iload_2; i2s; ireturn`
    expect(converted(code, '([B)S')).toContain('sload_2; sload_1; if_scmpge @10; sinc 2 1; goto @5')
  })

  test('a value that only some paths make large, cast where they have met', () => {
    const code = 'iload_0; ifeq A; iload_0; iload_1; iadd; goto B; A: iload_1; B: i2s; ireturn'
    expect(findingsOf(classWith(code))).toEqual([])
  })
})

test('a counter of an array is a short, whether a compiler puts the condition first or last', () => {
  const first = `iconst_0; istore_1; L: iload_1; aload_0; arraylength; if_icmpge E; aload_0; iload_1; baload; pop
    iinc 1 1; goto L; E: iconst_0; ireturn`
  const last = `aload_0; dup; astore_1; arraylength; istore_2; iconst_0; istore_3; goto C
    B: aload_1; iload_3; baload; pop; iinc 3 1; C: iload_3; iload_2; if_icmplt B; iconst_0; ireturn`
  for (const code of [first, last]) expect(findingsOf(classWith(code, '([B)S'))).toEqual([])
})

describe('an array index that may wrap', () => {
  const code = 'aload_0; iload_1; iload_2; iadd; baload; ireturn'

  test('converts with a warning, as vendor converters take it', () => {
    const { warnings } = convertClasses([classWith(code, '([BSS)B')])
    expect(warnings.map((one) => one.message)).toEqual([
      'the addition may not fit a short and is used as an array index',
    ])
  })

  test('needs none when all that wraps becomes negative, which throws as in Java', () => {
    const positive = 'aload_0; iload_1; sipush 32767; iand; iload_2; sipush 32767; iand; iadd; baload; ireturn'
    expect(convertClasses([classWith(positive, '([BSS)B')]).warnings).toEqual([])
  })
})

test('all findings come at once, one for a line and a rule', () => {
  const code =
    'A: iload_0; iload_1; iadd; iconst_2; idiv; iconst_2; idiv; B: ldc "x"; pop; ldc "y"; pop; C: iload_0; i2c; ireturn'
  const bytes = classWith(code, '(SS)I', { lines: ['A 1', 'B 2', 'C 3'] })
  const error = (() => {
    try {
      convertClasses([bytes])
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(ConvertError)
  expect((error as ConvertError).findings).toEqual([
    expect.objectContaining({ line: 1, message: 'the result is of type int' }),
    expect.objectContaining({ line: 2, message: 'uses String' }),
    expect.objectContaining({ line: 3, message: 'uses char' }),
  ])
})
