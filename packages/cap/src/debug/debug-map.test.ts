import { describe, expect, it } from 'vitest'
import { classWith, convertClasses } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'
import { debugLineAt, debugSourceOf, findDebugMethod } from './debug-map.ts'

describe('a debug map', () => {
  it('has no lines and no variables of class files without debug information', () => {
    const { debug } = convertClasses([classWith('iload_0; ireturn')])
    expect(debug.methods).toMatchObject([{ name: 'f', descriptor: '(SS)S', lines: [], variables: [] }])
  })

  it('maps byte code to lines and variables', () => {
    const { debug, cap } = convertClasses([
      classWith('a: iload_0; iload_1; iadd; i2s; istore_2; b: iload_2; ireturn', '(SS)S', {
        lines: ['a 7', 'b 8'],
        variables: ['first S 0', 'second S 1', 'sum S 2'],
      }),
    ])
    const [method] = debug.methods
    expect(debug.sources).toEqual(['p/T.java'])
    expect(debugSourceOf(debug, method!)).toBe('p/T.java')
    expect(method!.lines).toEqual([
      { offset: 0, line: 7 },
      { offset: 4, line: 8 },
    ])
    expect(debugLineAt(method!, 3)).toBe(7)
    expect(debugLineAt(method!, 5)).toBe(8)
    expect(method!.variables).toEqual([
      { name: 'first', descriptor: 'S', slot: 0, startOffset: 0, endOffset: 6 },
      { name: 'second', descriptor: 'S', slot: 1, startOffset: 0, endOffset: 6 },
      { name: 'sum', descriptor: 'S', slot: 2, startOffset: 0, endOffset: 6 },
    ])
    expect(cap.methods.info.subarray(method!.codeOffset, method!.codeOffset + method!.codeSizeBytes)).toHaveLength(6)
    expect(findDebugMethod(debug, method!.codeOffset + 5)).toBe(method)
    expect(findDebugMethod(debug, method!.codeOffset + 6)).toBeUndefined()
  })

  it('says where fields lie', () => {
    const text = {
      name: 'p/T',
      fields: ['private b S', 'private a [B', 'static s S', 'static final C S = 5'],
      methods: [constructorOf('java/lang/Object', flagsOf('public'))],
    }
    const { debug } = convertClasses([javaClass(text)])
    expect(debug.classes[0]).toMatchObject({
      name: 'p/T',
      superName: 'java/lang/Object',
      fields: [
        { name: 'b', descriptor: 'S', token: 1 },
        { name: 'a', descriptor: '[B', token: 0 }, // references come first
        { name: 's', descriptor: 'S', imageOffset: 0 },
        { name: 'C', descriptor: 'S', constant: 5 },
      ],
    })
  })
})
