import { describe, expect, it } from 'vitest'
import { convertClasses } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'
import { listInstructions } from './list-instructions.ts'

const TEXT = {
  name: 'p/T',
  fields: ['private count S'],
  methods: [
    constructorOf('java/lang/Object', flagsOf('public')),
    {
      name: 'next',
      descriptor: '()S',
      flags: flagsOf('public'),
      code: 'aload_0; dup; getfield p/T.count:S; iconst_1; iadd; i2s; putfield p/T.count:S; aload_0; getfield p/T.count:S; ireturn',
    },
    {
      name: 'twice',
      descriptor: '()S',
      flags: flagsOf('public'),
      code: 'aload_0; invokevirtual p/T.next:()S; pop; aload_0; invokevirtual p/T.next:()S; ireturn',
    },
  ],
}

describe('listed instructions', () => {
  it('have the names of a debug map', () => {
    const { cap, debug } = convertClasses([javaClass(TEXT)])
    const listed = listInstructions(cap, debug)
    expect(listed.map(({ name }) => name)).toEqual(['T.<init>', 'T.next', 'T.twice'])
    const texts = listed.flatMap(({ instructions }) => instructions.map(({ text }) => text))
    expect(texts).toContain('getfield_s_this T.count')
    expect(texts).toContain('invokevirtual T.next')
    expect(texts).toContain('invokespecial java/lang/Object.<init>()V')
  })

  it('have labels without one', () => {
    const { cap } = convertClasses([javaClass(TEXT)])
    const texts = listInstructions(cap).flatMap(({ instructions }) => instructions.map(({ text }) => text))
    expect(texts).toContain('getfield_s_this class0.0')
  })
})
