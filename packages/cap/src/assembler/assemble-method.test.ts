import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import type { AssemblerErrorCode } from '../errors.ts'
import { assembleMethod } from './assemble-method.ts'

const withCode = (code: AssemblerErrorCode) => expect.objectContaining({ code })
/** Byte code without the two header bytes. */
const code = (text: string) => toHex(assembleMethod(text).subarray(2))

describe('assembling one method', () => {
  it.each<[string, AssemblerErrorCode]>([
    ['sdib', 'CAP_ASM_UNKNOWN_NAME'],
    ['impdep1', 'CAP_ASM_UNKNOWN_NAME'],
    ['bspush', 'CAP_ASM_SYNTAX'],
    ['bspush one', 'CAP_ASM_SYNTAX'],
    ['bspush 128', 'CAP_ASM_RANGE'],
    ['sload -1', 'CAP_ASM_RANGE'],
    ['goto nowhere', 'CAP_ASM_UNKNOWN_NAME'],
    ['L: nop L: return', 'CAP_ASM_DUPLICATE'],
    ['getstatic_s static@0', 'CAP_ASM_UNKNOWN_NAME'],
    ['stableswitch { default: 0 }', 'CAP_ASM_SYNTAX'],
    ['slookupswitch { 1: 0', 'CAP_ASM_SYNTAX'],
    ['newarray long', 'CAP_ASM_SYNTAX'],
  ])('refuses %s', (text, expected) => {
    expect(() => assembleMethod(text)).toThrow(withCode(expected))
  })

  it('refuses a short branch that is too far', () => {
    const far = `goto L ${'nop '.repeat(126)} L: return`
    expect(() => assembleMethod(far)).toThrow(withCode('CAP_ASM_RANGE'))
    expect(code(`goto L ${'nop '.repeat(125)} L: return`).startsWith('707F')).toBe(true)
  })

  it('says which line is wrong', () => {
    expect(() => assembleMethod('sconst_0\n// a remark\n  oops')).toThrow('line 3: no instruction oops')
  })

  it('writes what the specification says', () => {
    expect(toHex(assembleMethod('sconst_1 sconst_0 sdiv sreturn', { maxStack: 2 }))).toBe('0200' + '04034778')
    expect(code('sspush 0x1234 bspush -1 iipush -2 return')).toBe('11123410FF14FFFFFFFE7A')
    expect(code('sinc 3 -1 sinc_w 3 -300')).toBe('5903FF' + '9603FED4')
    expect(code('dup_x 0x21 swap_x 0x12')).toBe('3F214012')
    expect(code('L: nop ifeq L goto_w L')).toBe('0060FF' + 'A8FFFD')
    expect(code('newarray short checkcast byte checkcast class #5 instanceof reference #6')).toBe(
      '900C' + '940B0000' + '94000005' + '950E0006',
    )
    expect(code('invokeinterface 2 #3.4 getfield_a #7')).toBe('8E02000304' + '8307')
  })

  it('writes switches', () => {
    expect(code('stableswitch { -1: A B default: C } A: nop B: nop C: return')).toBe(
      '73000D' + 'FFFF0000' + '000B000C' + '00007A',
    )
    expect(code('ilookupswitch { -1: 0 70000: 1 default: 2 }')).toBe('7600020002' + 'FFFFFFFF0000' + '000111700001')
  })

  it('takes the long header when it has to', () => {
    expect(toHex(assembleMethod('return', { maxStack: 16, nargs: 1, maxLocals: 2 }))).toBe('801001027A')
    expect(assembleMethod('return', { nargs: 15, maxLocals: 15 })).toEqual(fromHex('0FFF7A'))
    expect(() => assembleMethod('return', { nargs: 256 })).toThrow(expect.objectContaining({ code: 'CAP_VALUE_RANGE' }))
  })
})
