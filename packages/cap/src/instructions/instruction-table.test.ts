import { describe, expect, it } from 'vitest'
import { operandSizeBytes } from './decode-instruction.ts'
import { instructionByMnemonic, instructionByOpcode, instructions } from './instruction-table.ts'

describe('the instruction table', () => {
  it('has no instruction for the undefined opcodes 185 to 253', () => {
    for (let opcode = 185; opcode <= 253; opcode++) expect(instructionByOpcode(opcode)).toBeUndefined()
  })

  it('has no instruction for a word that is no mnemonic', () => {
    expect(instructionByMnemonic('invokedynamic')).toBeUndefined()
    expect(instructionByMnemonic('toString')).toBeUndefined()
  })

  it('has each of the opcodes 0 to 184, and the two reserved ones', () => {
    expect(instructions.map((one) => one.opcode)).toEqual([...Array(185).keys(), 254, 255])
    expect(instructions.filter((one) => one.isReserved).map((one) => one.mnemonic)).toEqual(['impdep1', 'impdep2'])
  })

  it('finds every instruction by its own opcode and mnemonic', () => {
    for (const one of instructions) {
      expect(instructionByOpcode(one.opcode)).toBe(one)
      expect(instructionByMnemonic(one.mnemonic)).toBe(one)
    }
  })

  it('gives every operand a meaning and every length the sum of its operands', () => {
    for (const { mnemonic, operands, lengthBytes, switch: cases, isReserved } of instructions) {
      for (const operand of operands) expect(operand.kind, `${mnemonic} ${operand.name}`).toBeDefined()
      const sum = operands.reduce((total, { type }) => total + operandSizeBytes(type), 1)
      if (!isReserved) expect(lengthBytes, mnemonic).toBe(cases ? undefined : sum)
    }
  })

  it('counts an int as two stack words and everything else as one', () => {
    for (const { mnemonic, in: taken, out, wordsIn, wordsOut } of instructions) {
      const words = (types: readonly string[]) => types.reduce((sum, type) => sum + (type === 'int' ? 2 : 1), 0)
      for (const type of [...(taken ?? []), ...(out ?? [])]) expect(type, mnemonic).toBeDefined()
      if (taken && wordsIn !== undefined) expect(words(taken), mnemonic).toBe(wordsIn)
      if (out && wordsOut !== undefined) expect(words(out), mnemonic).toBe(wordsOut)
    }
  })

  it('knows which instructions never fall through', () => {
    const ends = instructions.filter((one) => one.endsFlow).map((one) => one.mnemonic)
    expect(ends).toEqual([
      'goto',
      'ret',
      'stableswitch',
      'itableswitch',
      'slookupswitch',
      'ilookupswitch',
      'areturn',
      'sreturn',
      'ireturn',
      'return',
      'athrow',
      'goto_w',
    ])
  })

  // Opcodes as the specification prints them, written down here by hand.
  it.each([
    ['nop', 0x00, 1],
    ['sspush', 0x11, 3],
    ['iipush', 0x14, 5],
    ['sdiv', 0x47, 1],
    ['if_scmplt', 0x6c, 2],
    ['stableswitch', 0x73, undefined],
    ['getfield_s', 0x85, 2],
    ['invokevirtual', 0x8b, 3],
    ['invokeinterface', 0x8e, 5],
    ['checkcast', 0x94, 4],
    ['goto_w', 0xa8, 3],
    ['putfield_i_this', 0xb8, 2],
  ])('%s is opcode %i', (mnemonic, opcode, lengthBytes) => {
    expect(instructionByMnemonic(mnemonic)).toMatchObject({ opcode, lengthBytes })
  })

  it('says what sdiv takes, leaves and throws', () => {
    expect(instructionByMnemonic('sdiv')).toMatchObject({
      in: ['short', 'short'],
      out: ['short'],
      throws: ['ArithmeticException'],
      usesInt: false,
    })
  })
})
