import { fromHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CapFormatError } from '../errors.ts'
import { constantPoolOperand, decodeInstruction, decodeInstructions } from './decode-instruction.ts'

const decode = (hex: string) => decodeInstruction(fromHex(hex), 0)

describe('decoding an instruction', () => {
  it('refuses undefined and reserved opcodes', () => {
    for (const hex of ['B9', 'FD', 'FE', 'FF']) {
      expect(() => decode(hex)).toThrow(expect.objectContaining({ code: 'CAP_BAD_INSTRUCTION' }))
    }
  })

  it.each(['', '11', '1112', '14000000', '7300', '73000300000002 0005 0005', '75 0007 0001 0001', '8E 01 0000'])(
    'refuses an instruction cut short: %s',
    (hex) => {
      expect(() => decode(hex)).toThrow(expect.objectContaining({ code: 'CAP_BAD_INSTRUCTION' }))
    },
  )

  it('refuses an instruction that ends behind its method', () => {
    expect(() => decodeInstruction(fromHex('11 0001 78'), 0, 2)).toThrow(CapFormatError)
  })

  it('refuses a table from high to low', () => {
    expect(() => decode('73 0007 0002 0001 0000')).toThrow('from 2 to 1')
  })

  it('sign-extends immediates', () => {
    expect(decode('10 FF').operands).toEqual([-1])
    expect(decode('11 8000').operands).toEqual([-32768])
    expect(decode('14 80000000').operands).toEqual([-2147483648])
  })

  it('gives absolute branch targets', () => {
    const code = fromHex('00 00 70 FE')
    expect(decodeInstruction(code, 2)).toMatchObject({ operands: [-2], targets: [0], nextOffset: 4 })
  })

  it('reads a table: default, then one target per value', () => {
    // stableswitch default +13, low -1, high 1, +7, +9, +11
    const decoded = decode('73 000D FFFF 0001 0007 0009 000B')
    expect(decoded).toMatchObject({ nextOffset: 13, targets: [13, 7, 9, 11], matches: [-1, 0, 1] })
  })

  it('reads int tables and lookups with 32-bit values', () => {
    expect(decode('74 000F 7FFFFFFE 7FFFFFFF 000D 000E')).toMatchObject({ matches: [0x7ffffffe, 0x7fffffff] })
    expect(decode('76 0011 0002 80000000 000F 7FFFFFFF 0010')).toMatchObject({
      nextOffset: 17,
      matches: [-0x80000000, 0x7fffffff],
      targets: [17, 15, 16],
    })
  })

  it('finds the constant pool index where there is one', () => {
    expect(constantPoolOperand(decode('85 07'))).toEqual({ offset: 1, sizeBytes: 1, index: 7 })
    expect(constantPoolOperand(decode('8E 02 0103 04'))).toEqual({ offset: 2, sizeBytes: 2, index: 0x103 })
    expect(constantPoolOperand(decode('94 00 0005'))).toEqual({ offset: 2, sizeBytes: 2, index: 5 })
    expect(constantPoolOperand(decode('94 0E 0005'))).toEqual({ offset: 2, sizeBytes: 2, index: 5 })
  })

  it('finds none in a checkcast of a primitive array, nor where there is none at all', () => {
    expect(constantPoolOperand(decode('94 0B 0000'))).toBeUndefined()
    expect(constantPoolOperand(decode('90 0B'))).toBeUndefined()
    expect(constantPoolOperand(decode('7A'))).toBeUndefined()
  })

  it('decodes any bytes to instructions that lie one behind the other, or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (code) => {
        try {
          const decoded = decodeInstructions(code, 0, code.length)
          expect(decoded.map((one) => one.offset)).toEqual([0, ...decoded.map((one) => one.nextOffset)].slice(0, -1))
          expect(decoded.at(-1)?.nextOffset ?? 0).toBe(code.length)
        } catch (error) {
          expect(error).toBeInstanceOf(CapFormatError)
        }
      }),
    )
  })
})
