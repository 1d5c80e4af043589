import { describe, expect, test } from 'vitest'
import { classWith, codeOf, convertClasses, findingsOf } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'
import { ConvertError } from '../errors.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'

/** Byte code of the method, of a package that a verifier takes. */
function withInts(code: string, descriptor: string): string {
  const { cap } = convertClasses([classWith(code, descriptor)], { int: true })
  expect(verifyCapFile(cap)).toEqual([])
  return codeOf(cap).join('; ')
}

function refusals(code: string, descriptor: string): string[] {
  try {
    convertClasses([classWith(code, descriptor)], { int: true })
    return []
  } catch (error) {
    return error instanceof ConvertError ? error.findings.map((one) => one.message) : [String(error)]
  }
}

describe('with int support', () => {
  test.for([
    ['an index of two words', 'aload_0; iload_1; baload; ireturn', '([BI)S', 'as an array index'],
    ['a size of two words', 'iload_0; newarray byte; arraylength; ireturn', '(I)S', 'as an array size'],
    ['an int for a short parameter', 'iload_0; invokestatic p/T.f:(S)S; ireturn', '(I)S', 'as an argument of f'],
    ['a long', 'iload_0; i2l; l2i; ireturn', '(I)I', 'uses long'],
  ] as const)('%s is refused', ([, code, descriptor, message]) => {
    const found = refusals(code, descriptor)
    if (message === 'as an array index')
      expect(found).toEqual([]) // a warning, as without int
    else expect(found).toContainEqual(expect.stringContaining(message))
  })

  test('and without it an int field, a call with ints and an int array are refused', () => {
    expect(findingsOf(classWith('iconst_5; newarray int; arraylength; ireturn'))).toContain('uses an array of int')
    const call = 'iload_0; aload_0; iconst_0; invokestatic javacardx/framework/util/intx/JCint.getInt:([BS)I; ireturn'
    expect(findingsOf(classWith(call.replace('iload_0; ', ''), '([B)S'))).toContain('calls getInt, which has an int')
  })

  test.for([
    ['ints are added as ints', 'iload_0; iload_1; iadd; ireturn', '(II)I', 'iload_0; iload_2; iadd; ireturn'],
    ['a short is widened', 'iload_0; iload_1; imul; ireturn', '(SI)I', 'sload_0; s2i; iload_1; imul; ireturn'],
    [
      'shorts that are cast stay shorts',
      'iload_0; iload_1; iadd; i2s; ireturn',
      '(SS)S',
      'sload_0; sload_1; sadd; sreturn',
    ],
    [
      'shorts whose sum is divided become ints',
      'iload_0; iload_1; iadd; iconst_2; idiv; i2s; ireturn',
      '(SS)S',
      'sload_0; s2i; sload_1; s2i; iadd; iconst_2; idiv; i2s; sreturn',
    ],
    [
      'a sum of shorts that is an int is computed as one',
      'iload_0; iload_1; iadd; ireturn',
      '(SS)I',
      'sload_0; s2i; sload_1; s2i; iadd; ireturn',
    ],
    ['large constants', 'ldc 70000; ireturn', '()I', 'iipush 70000; ireturn'],
    [
      'comparisons',
      'iload_0; ldc 70000; if_icmplt L; iconst_0; ireturn; L: iconst_1; ireturn',
      '(S)S',
      'sload_0; s2i; iipush 70000; icmp; iflt @7; sconst_0; sreturn; sconst_1; sreturn',
    ],
    [
      'switches',
      'iload_0; lookupswitch L 1:L 70000:L; L: iconst_1; ireturn',
      '(I)S',
      'iload_0; ilookupswitch 2 @2 1:@2 70000:@2; sconst_1; sreturn',
    ],
    [
      'a counter that fits stays a short, one that does not becomes an int',
      'iconst_0; istore_0; L: iinc 0 1; iload_0; ldc 70000; if_icmplt L; iload_0; i2s; ireturn',
      '()S',
      'iconst_0; istore_0; iinc 0 1; iload_0; iipush 70000; icmp; iflt @2; iload_0; i2s; sreturn',
    ],
    [
      'dup below an array and an index',
      'aload_0; iload_1; iload_2; dup_x2; iastore; ireturn',
      '([ISI)I',
      'aload_0; sload_1; iload_2; dup_x 36; iastore; ireturn',
    ],
  ] as const)('%s', ([, code, descriptor, expected]) => {
    expect(withInts(code, descriptor)).toBe(expected)
  })

  test('only a package that has ints says so in its header', () => {
    const flags = (code: string, descriptor: string) =>
      convertClasses([classWith(code, descriptor)], { int: true }).cap.header.flags & 1
    expect(flags('iload_0; ireturn', '(S)S')).toBe(0)
    expect(flags('iload_0; ireturn', '(I)I')).toBe(1)
    const field = javaClass({ name: 'p/T', fields: ['private x I'], methods: [constructorOf()] })
    expect(convertClasses([field], { int: true }).cap.header.flags & 1).toBe(1)
  })

  test('the debug map says where a variable lies and how wide it is', () => {
    const method = classWith('iconst_0; istore_2; ldc 70000; istore_3; iload_3; ireturn', '(IS)I', {
      variables: ['a I 0', 'b S 1'],
    })
    const { debug } = convertClasses([method], { int: true })
    expect(debug.methods[0]!.variables.map(({ name, descriptor, slot }) => [name, descriptor, slot])).toEqual([
      ['a', 'I', 0],
      ['b', 'S', 2],
    ])
  })

  test('static ints and arrays of them are part of the image', () => {
    const clinit = 'ldc 70000; putstatic p/T.s:I'
    const { cap } = convertClasses(
      [
        javaClass({
          name: 'p/T',
          fields: ['static s I'],
          methods: [{ name: '<clinit>', descriptor: '()V', flags: flagsOf('static'), code: `${clinit}; return` }],
        }),
      ],
      { int: true },
    )
    expect([...cap.staticFields.nonDefaultValues]).toEqual([0, 1, 0x11, 0x70])
  })
})
