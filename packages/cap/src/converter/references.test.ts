import { describe, expect, test } from 'vitest'
import { classWith, codeOf, convertClasses, findingsOf } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass, type MethodText } from '../../test/java-assembler.ts'
import type { CapFile, ConstantPoolEntry } from '../capfile/cap-file.ts'

/** Instruction and constant of the last reference in the first method. */
function lastReference(cap: CapFile): { code: string; constant: ConstantPoolEntry } {
  const code = codeOf(cap).findLast((one) => /^(invoke|get|put|new|anew|check|inst)/.test(one))!
  const words = code.split(' ')
  const index = Number(words[0] === 'invokeinterface' || words[0] === 'checkcast' ? words[2] : words[1])
  return { code, constant: cap.constantPool[index]! }
}

const inClass = (methods: readonly MethodText[], more = {}) => javaClass({ name: 'p/A', methods, ...more })
const body = (code: string, flags = 'public', descriptor = '()V'): MethodText => ({
  name: 'f',
  descriptor,
  flags: flagsOf(flags),
  code,
})

describe('names that a card does not have are refused', () => {
  test.for([
    ['a class', 'new java/util/ArrayList; pop; iconst_0; ireturn', 'java.util.ArrayList does not exist on a card'],
    ['a class of no API', 'aconst_null; checkcast q/X; pop; iconst_0; ireturn', 'q.X does not exist on a card'],
    [
      'a method of java.lang',
      'aconst_null; invokevirtual java/lang/Object.hashCode:()I; i2s; ireturn',
      'java.lang.Object has no method hashCode()I',
    ],
    [
      'a method of the API',
      'aconst_null; invokevirtual javacard/framework/APDU.fly:()S; ireturn',
      'javacard.framework.APDU has no method fly()S',
    ],
    ['a field', 'getstatic p/T.nothing:S; ireturn', 'p.T has no field nothing'],
    [
      'a method on an array',
      'aload_0; invokevirtual [B.clone:()Ljava/lang/Object;; pop; iconst_0; ireturn',
      'calls clone on an array',
    ],
    ['an array of arrays', 'iconst_1; anewarray [B; pop; iconst_0; ireturn', 'uses an array of arrays'],
    ['an array of int', 'iconst_1; newarray int; pop; iconst_0; ireturn', 'uses an array of int'],
    ['an array of char', 'iconst_1; newarray char; pop; iconst_0; ireturn', 'uses an array of char'],
  ] as const)('%s', ([, code, message]) => {
    expect(findingsOf(classWith(code, '([B)S'))).toEqual([expect.stringContaining(message)])
  })

  test('in a catch clause', () => {
    const bytes = classWith('A: iload_0; B: ireturn; C: pop; iload_0; ireturn', '(S)S', {
      handlers: ['A B C java/lang/Error'],
    })
    expect(findingsOf(bytes)).toEqual([expect.stringContaining('java.lang.Error does not exist')])
  })
})

describe('calls', () => {
  test('of own static methods and constructors name the code', () => {
    const { cap } = convertClasses([
      inClass([body('new p/A; dup; invokespecial p/A.<init>:()V; pop; return'), constructorOf()]),
    ])
    expect(lastReference(cap)).toEqual({
      code: 'invokespecial 2',
      constant: {
        kind: 'staticMethod',
        method: { kind: 'internal', methodOffset: cap.descriptor!.classes[0]!.methods[1]!.methodOffset },
      },
    })
  })

  test('of private methods are fixed, whichever instruction the compiler chose', () => {
    for (const call of ['invokespecial', 'invokevirtual']) {
      const { cap } = convertClasses([
        inClass([body(`aload_0; ${call} p/A.g:()V; return`), { ...body('return', 'private'), name: 'g' }]),
      ])
      expect(lastReference(cap).code).toBe('invokespecial 0')
      expect(lastReference(cap).constant.kind).toBe('staticMethod')
    }
  })

  test('of virtual methods name the class that declares them', () => {
    const above = javaClass({ name: 'p/A', methods: [{ ...body('return'), name: 'g' }] })
    const below = javaClass({
      name: 'p/B',
      superName: 'p/A',
      methods: [body('aload_0; invokevirtual p/B.g:()V; return')],
    })
    const { cap } = convertClasses([above, below])
    expect(codeOf(cap, 1)[1]).toBe('invokevirtual 0')
    expect(cap.constantPool[0]).toEqual({
      kind: 'virtualMethod',
      class: { kind: 'internal', classOffset: 0 },
      token: 1,
    })
  })

  test('of package-visible methods carry the high bit', () => {
    const { cap } = convertClasses([
      inClass([body('aload_0; invokevirtual p/A.g:()V; return'), { ...body('return', ''), name: 'g' }]),
    ])
    expect(lastReference(cap).constant).toMatchObject({ kind: 'virtualMethod', token: 0x80 })
  })

  test('of super methods name the class that calls', () => {
    const code = 'aload_0; aload_1; invokespecial java/lang/Object.equals:(Ljava/lang/Object;)Z; ireturn'
    const { cap } = convertClasses([inClass([{ name: 'equals', descriptor: '(Ljava/lang/Object;)Z', code }])])
    expect(lastReference(cap)).toEqual({
      code: 'invokespecial 0',
      constant: { kind: 'superMethod', class: { kind: 'internal', classOffset: 0 }, token: 0 },
    })
  })

  test('of API methods carry tokens', () => {
    const code = 'sipush 27904; invokestatic javacard/framework/ISOException.throwIt:(S)V; return'
    const { cap } = convertClasses([inClass([body(code)])])
    expect(cap.imports.map((one) => [...one.aid.subarray(5)])).toEqual([
      [1, 1],
      [0, 1],
    ])
    expect(lastReference(cap).constant).toEqual({
      kind: 'staticMethod',
      method: { kind: 'external', packageToken: 0, classToken: 7, token: 1 },
    })
  })

  test('of static methods that an API class inherits name the class that declares them', () => {
    const code = `iconst_1; iconst_0
      invokestatic javacardx/crypto/AEADCipher.getInstance:(BZ)Ljavacardx/crypto/Cipher;; pop; return`
    const { cap } = convertClasses([inClass([body(code)])])
    const cipher = { packageToken: 0, classToken: 1, token: 0 }
    expect(lastReference(cap).constant).toEqual({ kind: 'staticMethod', method: { kind: 'external', ...cipher } })
  })

  test('inherited from the API name the API class', () => {
    const code = 'aload_0; invokevirtual p/A.register:()V; return'
    const { cap } = convertClasses([inClass([body(code)], { superName: 'javacard/framework/Applet' })])
    expect(lastReference(cap).constant).toEqual({
      kind: 'virtualMethod',
      class: { kind: 'external', packageToken: 0, classToken: 3 },
      token: 1,
    })
  })

  test('through interfaces carry argument words, interface and method token', () => {
    const code = 'aload_1; aload_2; iconst_0; invokeinterface javacard/security/AESKey.setKey:([BS)V; return'
    const { cap } = convertClasses([inClass([body(code, 'public', '(Ljavacard/security/AESKey;[B)V')])])
    expect(lastReference(cap)).toEqual({
      code: 'invokeinterface 3 1 4',
      constant: { kind: 'class', class: { kind: 'external', packageToken: 0, classToken: 20 } },
    })
  })

  test('of Object methods through an interface are virtual', () => {
    const code = 'aload_1; aload_0; invokeinterface javacard/security/Key.equals:(Ljava/lang/Object;)Z; pop; return'
    const { cap } = convertClasses([inClass([body(code, 'public', '(Ljavacard/security/Key;)V')])])
    expect(lastReference(cap).constant).toMatchObject({ kind: 'virtualMethod', token: 0 })
  })

  test('of interface methods on an abstract class that leaves them out', () => {
    const shape = javaClass({
      name: 'p/Shape',
      flags: flagsOf('public interface abstract'),
      methods: [{ name: 'area', descriptor: '()S', flags: flagsOf('public abstract') }],
    })
    const half = javaClass({
      name: 'p/A',
      flags: flagsOf('public abstract super'),
      interfaces: ['p/Shape'],
      methods: [body('aload_0; invokevirtual p/A.area:()S; pop; return')],
    })
    const { cap } = convertClasses([shape, half])
    expect(lastReference(cap).constant).toMatchObject({ kind: 'virtualMethod', token: 2 })
  })
})

describe('classes and fields', () => {
  test('casts name class and element class', () => {
    const shown = (type: string) =>
      lastReference(convertClasses([classWith(`aload_0; checkcast ${type}; pop; iconst_0; ireturn`, '(Lp/T;)S')]).cap)
    expect(shown('p/T')).toMatchObject({
      code: 'checkcast 0 1',
      constant: { kind: 'class', class: { kind: 'internal' } },
    })
    expect(shown('[Lp/T;')).toMatchObject({
      code: 'checkcast 14 1',
      constant: { kind: 'class', class: { kind: 'internal' } },
    })
  })

  test('no class is constant 0, which in a handler would catch everything', () => {
    const { cap } = convertClasses([classWith('new p/T; pop; iconst_0; ireturn')])
    expect(cap.constantPool).toEqual([cap.constantPool[1], cap.constantPool[1]])
    expect(codeOf(cap)[0]).toBe('new 1')
  })

  test('a constant that a compiler did not copy is copied', () => {
    const bytes = javaClass({
      name: 'p/T',
      fields: ['public static final C S = -7'],
      methods: [body('getstatic p/T.C:S; pop; return', 'public static')],
    })
    expect(codeOf(convertClasses([bytes]).cap)[0]).toBe('bspush -7')
  })

  test('static fields are found in superclasses and interfaces', () => {
    const face = javaClass({
      name: 'p/I',
      flags: flagsOf('public interface abstract'),
      fields: ['public static final a [B'],
    })
    const above = javaClass({ name: 'p/A', interfaces: ['p/I'], fields: ['static s S'] })
    const below = javaClass({
      name: 'p/B',
      superName: 'p/A',
      methods: [body('getstatic p/B.s:S; pop; getstatic p/B.a:[B; pop; return', 'public static')],
    })
    const { cap } = convertClasses([face, above, below])
    expect(cap.constantPool).toEqual([
      { kind: 'staticField', field: { kind: 'internal', imageOffset: 2 } },
      { kind: 'staticField', field: { kind: 'internal', imageOffset: 0 } },
    ])
  })
})
