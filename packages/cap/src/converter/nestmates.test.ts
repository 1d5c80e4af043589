import { describe, expect, test } from 'vitest'
import { convertClasses, findingsOf } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass, type MethodText } from '../../test/java-assembler.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'

const hidden = (name: string, more: Partial<MethodText> = {}): MethodText => ({
  name,
  descriptor: '()S',
  flags: flagsOf('private'),
  code: 'iconst_1; ireturn',
  ...more,
})
const outer = javaClass({
  name: 'p/Outer',
  fields: ['private count S', 'private static total S'],
  methods: [constructorOf(), hidden('own'), hidden('shared', { flags: flagsOf('private static') }), hidden('unused')],
})
const user = (code: string) =>
  javaClass({
    name: 'p/Outer$In',
    methods: [constructorOf(), { name: 'f', descriptor: '(Lp/Outer;)S', flags: flagsOf('public static'), code }],
  })

describe('private members that another class of the nest uses', () => {
  test('are refused where a superclass or subclass has a method of the same name', () => {
    const below = javaClass({
      name: 'p/Below',
      superName: 'p/Outer',
      methods: [constructorOf('p/Outer'), hidden('own')],
    })
    expect(findingsOf(outer, below, user('aload_0; invokevirtual p/Outer.own:()S; ireturn'))).toEqual([
      'own is private in p.Outer, and a subclass or superclass has one too',
    ])
  })

  test('become visible in the package: fields, static and virtual methods', () => {
    const { cap } = convertClasses([
      outer,
      user(`aload_0; invokevirtual p/Outer.own:()S; pop; invokestatic p/Outer.shared:()S; pop
        aload_0; getfield p/Outer.count:S; pop; getstatic p/Outer.total:S; ireturn`),
    ])
    expect(verifyCapFile(cap)).toEqual([])
    const [described] = cap.descriptor!.classes
    const isPrivate = ({ flags }: { readonly flags: number }): boolean => (flags & 2) !== 0
    expect(described!.methods.map(isPrivate)).toEqual([false, false, false, true])
    expect(described!.fields.map(isPrivate)).toEqual([false, false])
  })
})
