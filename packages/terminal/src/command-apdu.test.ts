import { fromHex, toHex } from '@gridcard/bytes'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emitCommand, parseCommand } from './command-apdu.ts'
import { TerminalError } from './errors.ts'

// ISO/IEC 7816-4 §5.1, table of cases: one example of each form.
const forms = [
  ['case 1', '00A40000', { cla: 0, ins: 0xa4, p1: 0, p2: 0 }],
  ['case 2 short', '00B0000005', { cla: 0, ins: 0xb0, p1: 0, p2: 0, ne: 5 }],
  ['case 2 short, all that is there', '00B0000000', { cla: 0, ins: 0xb0, p1: 0, p2: 0, ne: 256 }],
  ['case 3 short', '00D6000002CAFE', { cla: 0, ins: 0xd6, p1: 0, p2: 0, data: fromHex('CAFE') }],
  ['case 4 short', '00A4040002CAFE00', { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: fromHex('CAFE'), ne: 256 }],
  ['case 2 extended', '00B00000000101', { cla: 0, ins: 0xb0, p1: 0, p2: 0, ne: 257 }],
  ['case 2 extended, all that is there', '00B00000000000', { cla: 0, ins: 0xb0, p1: 0, p2: 0, ne: 65536 }],
  ['case 4 extended', '00A40400000002CAFE0400', { cla: 0, ins: 0xa4, p1: 4, p2: 0, data: fromHex('CAFE'), ne: 1024 }],
] as const

describe('a command APDU', () => {
  test.each([
    '',
    '00',
    '00A404',
    '00A40000020A',
    '00A4000002010203FF',
    '00A400000000',
    '00A4000000000201',
    '00A40000000000FF',
  ])('that is malformed is refused: "%s"', (hex) => {
    expect(() => parseCommand(fromHex(hex))).toThrow(TerminalError)
  })

  test('too large for any form is refused', () => {
    expect(() => emitCommand({ cla: 0, ins: 0, p1: 0, p2: 0, data: new Uint8Array(65536) })).toThrow(TerminalError)
    expect(() => emitCommand({ cla: 0, ins: 0, p1: 0, p2: 0, ne: 65537 })).toThrow(TerminalError)
  })

  test.each(forms)('%s has the form of the standard', (_name, hex, command) => {
    expect(toHex(emitCommand(command))).toBe(hex)
    expect(parseCommand(fromHex(hex))).toEqual(command)
  })

  test('comes back as it went, whatever it holds', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(
        byte,
        byte,
        byte,
        byte,
        fc.uint8Array({ maxLength: 700 }),
        fc.integer({ min: 0, max: 65536 }),
        (cla, ins, p1, p2, data, ne) => {
          const command = { cla, ins, p1, p2, ...(data.length > 0 ? { data } : {}), ...(ne > 0 ? { ne } : {}) }
          expect(parseCommand(emitCommand(command))).toEqual(command)
        },
      ),
    )
  })

  test('of any bytes is parsed or refused with our error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          parseCommand(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(TerminalError)
        }
      }),
    )
  })
})
