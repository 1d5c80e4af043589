import { describe, expect, test } from 'vitest'
import { classWith, codeOf, convertClasses, converted, findingsOf } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'

describe('instructions, class file to card', () => {
  test.for([
    ['iconst_m1; ireturn', 'sconst_m1; sreturn'],
    ['iconst_5; ireturn', 'sconst_5; sreturn'],
    ['bipush 6; ireturn', 'bspush 6; sreturn'],
    ['sipush -128; ireturn', 'bspush -128; sreturn'],
    ['sipush 128; ireturn', 'sspush 128; sreturn'],
    ['iload_0; iload 1; iadd; i2b; ireturn', 'sload_0; sload_1; sadd; s2b; sreturn'],
    ['iload_0; istore 5; iload 5; ireturn', 'sload_0; sstore 5; sload 5; sreturn'],
    ['iload_0; iload_1; swap; isub; i2s; ireturn', 'sload_0; sload_1; swap_x 17; ssub; sreturn'],
    ['iload_0; dup; iadd; i2s; ireturn', 'sload_0; dup; sadd; sreturn'],
    ['iload_0; iload_1; dup_x1; iadd; iadd; i2s; ireturn', 'sload_0; sload_1; dup_x 18; sadd; sadd; sreturn'],
    ['iload_0; iload_1; dup2; pop2; pop; ireturn', 'sload_0; sload_1; dup2; pop2; pop; sreturn'],
    [
      'iload_0; iload_1; iload_0; dup_x2; pop; pop; pop; ireturn',
      'sload_0; sload_1; sload_0; dup_x 19; pop; pop; pop; sreturn',
    ],
    [
      'iload_0; iload_1; iload_0; dup2_x1; pop2; pop2; ireturn',
      'sload_0; sload_1; sload_0; dup_x 35; pop2; pop2; sreturn',
    ],
    [
      'iload_0; iload_1; iload_0; iload_1; dup2_x2; pop2; pop2; pop; ireturn',
      'sload_0; sload_1; sload_0; sload_1; dup_x 36; pop2; pop2; pop; sreturn',
    ],
    ['nop; iload_0; iload_1; irem; ireturn', 'sload_0; sload_1; srem; sreturn'],
    ['iload_0; newarray byte; arraylength; ireturn', 'sload_0; newarray 11; arraylength; sreturn'],
    ['iload_0; newarray short; iconst_0; saload; ireturn', 'sload_0; newarray 12; sconst_0; saload; sreturn'],
    [
      'iload_0; newarray boolean; iload_1; iconst_1; bastore; iconst_0; ireturn',
      'sload_0; newarray 10; sload_1; sconst_1; bastore; sconst_0; sreturn',
    ],
    ['aconst_null; checkcast [B; pop; iconst_0; ireturn', 'aconst_null; checkcast 11 0; pop; sconst_0; sreturn'],
    ['aconst_null; instanceof [S; ireturn', 'aconst_null; instanceof 12 0; sreturn'],
  ] as const)('%s', ([java, card]) => {
    expect(converted(java)).toBe(card)
  })

  test.for([
    ['ifeq L', 'sload_0; ifeq'],
    ['ifne L', 'sload_0; ifne'],
    ['iload_1; if_icmpge L', 'sload_0; sload_1; if_scmpge'],
    ['iload_1; if_icmple L', 'sload_0; sload_1; if_scmple'],
  ] as const)('branch on %s', ([java, card]) => {
    expect(converted(`iload_0; ${java}; iconst_0; ireturn; L: iconst_1; ireturn`)).toMatch(
      new RegExp(`^${card} @\\d; sconst_0`),
    )
  })

  test.for([
    ['ifnull', 'ifnull'],
    ['ifnonnull', 'ifnonnull'],
    ['aload_0; if_acmpeq', 'aload_0; if_acmpeq'],
    ['aload_0; if_acmpne', 'aload_0; if_acmpne'],
  ] as const)('branch on a reference: %s', ([java, card]) => {
    const code = converted(`aload_0; ${java} L; iconst_0; ireturn; L: iconst_1; ireturn`, '([B)S')
    expect(code).toMatch(new RegExp(`^aload_0; ${card} @\\d; sconst_0`))
  })

  test('table switches stay tables, lookups stay sorted lookups; cases no short can have are dropped', () => {
    expect(
      converted('iload_0; tableswitch 3 D A D B; A: iconst_0; ireturn; B: iconst_1; ireturn; D: iconst_2; ireturn'),
    ).toBe('sload_0; stableswitch 3 5 @6 @2 @6 @4; sconst_0; sreturn; sconst_1; sreturn; sconst_2; sreturn')
    expect(converted('iload_0; lookupswitch D -40000:A 7:A 40000:A; A: iconst_0; ireturn; D: iconst_2; ireturn')).toBe(
      'sload_0; slookupswitch 1 @4 7:@2; sconst_0; sreturn; sconst_2; sreturn',
    )
  })

  test('code that nothing reaches is left out', () => {
    expect(converted('iconst_0; ireturn; iconst_1; ireturn')).toBe('sconst_0; sreturn')
  })
})

describe('a short variable counted up or down becomes sinc', () => {
  test.for([
    ['s++', 'iload_0; iconst_1; iadd; i2s; istore_0; iload_0; ireturn', 'sinc 0 1; sload_0; sreturn'],
    ['s -= 128', 'iload_0; sipush 128; isub; i2s; istore_0; iload_0; ireturn', 'sinc 0 -128; sload_0; sreturn'],
    ['s += 300', 'iload_0; sipush 300; iadd; i2s; istore_0; iload_0; ireturn', 'sinc_w 0 300; sload_0; sreturn'],
    ['f(s++)', 'iload_0; dup; iconst_1; iadd; i2s; istore_0; ireturn', 'sload_0; sinc 0 1; sreturn'],
    ['f(++s)', 'iload_0; iconst_1; iadd; i2s; dup; istore_0; ireturn', 'sinc 0 1; sload_0; sreturn'],
  ] as const)('%s', ([, java, card]) => {
    expect(converted(java)).toBe(card)
  })

  test.for([
    ['a byte', 'iload_0; iconst_1; iadd; i2b; istore_0; iload_0; ireturn', 'sload_0; sconst_1; sadd; s2b; sstore_0'],
    [
      'another variable',
      'iload_0; iconst_1; iadd; i2s; istore_1; iload_1; ireturn',
      'sload_0; sconst_1; sadd; sstore_1',
    ],
    ['a product', 'iload_0; iconst_2; imul; i2s; istore_0; iload_0; ireturn', 'sload_0; sconst_2; smul; sstore_0'],
    [
      'minus -32768',
      'iload_0; sipush -32768; isub; i2s; istore_0; iload_0; ireturn',
      'sload_0; sspush -32768; ssub; sstore_0',
    ],
    [
      'with a jump into the middle',
      'iload_1; ifeq L; iconst_0; L2: istore_0; iload_0; iconst_1; M: iadd; i2s; istore_0; iload_0; ireturn; L: iconst_5; iconst_1; goto M',
      'sload_0; sconst_1; sadd; sstore_0',
    ],
  ] as const)('but not %s', ([, java, card]) => {
    expect(converted(java)).toContain(card)
  })
})

describe('long jumps', () => {
  const filler = (count: number) =>
    Array.from({ length: count }, () => 'iload_0; iload_1; iadd; i2s; istore_0').join('; ')

  // Four bytes of card code each.
  test('reach 128 bytes back in two bytes, further in three', () => {
    expect(converted(`L: ${filler(31)}; iload_0; ifne L; iload_0; ireturn`)).toContain('ifne @0')
    expect(converted(`L: ${filler(32)}; iload_0; ifne L; iload_0; ireturn`)).toContain('ifne_w @0')
  })

  test('reach 127 bytes forward in two bytes', () => {
    const code = (inner: string) =>
      converted(
        `iload_0; ifeq A; iload_0; ${inner}; iload_0; pop; ${filler(30)}; A: ${filler(33)}; B: iload_0; ireturn`,
      )
    expect(code('ifne A')).toContain('sload_0; ifeq @')
    // The inner jump takes three bytes now, which pushes the outer one out of reach too.
    expect(code('ifne B')).toMatch(/^sload_0; ifeq_w @\d+; sload_0; ifne_w @/)
  })
})

describe('fields of this', () => {
  const fields = ['private s S', 'private b B', 'a [B']
  const withCode = (code: string, descriptor = '(S)S') =>
    javaClass({
      name: 'p/T',
      fields,
      methods: [{ name: 'f', descriptor, flags: flagsOf('private'), code }, constructorOf()],
    })
  const shown = (code: string, descriptor?: string) =>
    codeOf(convertClasses([withCode(code, descriptor)]).cap).join('; ')

  test('are read without pushing this', () => {
    expect(shown('aload_0; getfield p/T.s:S; ireturn')).toBe('getfield_s_this 0; sreturn')
  })

  test('are written without pushing this when the value is one push', () => {
    expect(shown('aload_0; iload_1; putfield p/T.s:S; iload_1; ireturn')).toBe(
      'sload_1; putfield_s_this 0; sload_1; sreturn',
    )
    expect(shown('aload_0; aconst_null; putfield p/T.a:[B; iload_1; ireturn')).toMatch(
      /^aconst_null; putfield_a_this 0;/,
    )
  })

  test('are written with this on the stack when the value is computed', () => {
    expect(shown('aload_0; iload_1; iconst_1; iadd; i2b; putfield p/T.b:B; iload_1; ireturn')).toMatch(
      /^aload_0; sload_1; sconst_1; sadd; s2b; putfield_b 0;/,
    )
  })

  test('of another object, or when local 0 is overwritten, use the stack', () => {
    expect(shown('aload_1; getfield p/T.s:S; ireturn', '(Lp/T;)S')).toBe('aload_1; getfield_s 0; sreturn')
    expect(shown('aload_1; astore_0; aload_0; getfield p/T.s:S; ireturn', '(Lp/T;)S')).toBe(
      'aload_1; astore_0; aload_0; getfield_s 0; sreturn',
    )
  })

  test('beyond the 256th constant use the wide forms', () => {
    const names = Array.from({ length: 250 }, (_, i) => `f${i}`)
    const uses = names.map((name) => `aload_0; getfield p/T.${name}:S; pop`).join('; ')
    const classOf = (name: string, code: string) =>
      javaClass({
        name,
        fields: names.map((field) => `private ${field} S`),
        methods: [{ name: 'f', descriptor: '()V', flags: flagsOf('private'), code }, constructorOf()],
      })
    const [first, second] = [uses, uses.replaceAll('p/T', 'p/U')]
    const wide = classOf('p/T', `${first}; aload_0; iconst_0; putfield p/T.f249:S; return`)
    const code = codeOf(convertClasses([wide, classOf('p/U', `${second}; return`)]).cap, 2)
    const most = codeOf(convertClasses([wide, classOf('p/U', `${second}; return`)]).cap)
    expect(code.filter((one) => one.startsWith('getfield_s_this'))).toHaveLength(6)
    expect(code).toContain('getfield_s_w 256')
    // The most used field is the first.
    expect(most.at(-2)).toBe('putfield_s_this 0')
  })
})

describe('what compilers add', () => {
  test.for([
    'invokestatic java/util/Objects.requireNonNull:(Ljava/lang/Object;)Ljava/lang/Object;',
    'invokevirtual java/lang/Object.getClass:()Ljava/lang/Class;',
  ])('the null check %s becomes code of our own', (call) => {
    expect(converted(`aload_0; ${call}; pop; iconst_0; ireturn`, '([B)S')).toBe(
      'aload_0; ifnonnull @4; aconst_null; athrow; sconst_0; sreturn',
    )
  })

  test('the same call with its result used is refused', () => {
    const code = 'aload_0; invokevirtual java/lang/Object.getClass:()Ljava/lang/Class;; ifnull L; L: iconst_0; ireturn'
    expect(findingsOf(classWith(code, '([B)S'))).toEqual([expect.stringContaining('has no method getClass')])
  })
})

describe('limits', () => {
  test('more than 256 locals are refused', () => {
    const code = 'iload_0; wide istore 256; wide iload 256; ireturn'
    expect(findingsOf(classWith(code))).toEqual(['uses more than 256 local variables'])
  })

  test('headers get long when the short form has no room', () => {
    const deep = `${'iload_0; '.repeat(16)} ${'iadd; '.repeat(15)} i2s; ireturn`
    const { cap } = convertClasses([classWith(deep)])
    expect([...cap.methods.info.subarray(1, 5)]).toEqual([0x80, 16, 2, 0])
    const shallow = convertClasses([classWith('iload_0; ireturn')]).cap
    expect([...shallow.methods.info.subarray(1, 3)]).toEqual([0x01, 0x20])
  })
})
