import { concatBytes, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CapFile, ConstantPoolEntry } from '../capfile/cap-file.ts'
import { withDirectory } from '../capfile/component-info.ts'
import { joinMethods } from '../capfile/method-component.ts'
import { decodeInstruction, decodeInstructions, operandSizeBytes } from '../instructions/decode-instruction.ts'
import type { Instruction, Operand } from '../instructions/instruction.ts'
import { instructions } from '../instructions/instruction-table.ts'
import { createReferenceLocation } from '../instructions/reference-locations.ts'
import { assemble } from './assemble.ts'
import { createMethodPackage } from './create-method-package.ts'
import { disassemble } from './disassemble.ts'

const HEADER_SIZE_BYTES = 2
const own = { kind: 'internal', classOffset: 0 } as const

/** Two entries of each kind, the second class twice. */
const constantPool: ConstantPoolEntry[] = [
  { kind: 'class', class: own },
  { kind: 'class', class: own },
  { kind: 'instanceField', class: own, token: 0 },
  { kind: 'instanceField', class: own, token: 1 },
  { kind: 'virtualMethod', class: own, token: 0x80 },
  { kind: 'virtualMethod', class: { kind: 'external', packageToken: 0, classToken: 0 }, token: 0 },
  { kind: 'superMethod', class: own, token: 0 },
  { kind: 'superMethod', class: own, token: 1 },
  { kind: 'staticField', field: { kind: 'internal', imageOffset: 0 } },
  { kind: 'staticField', field: { kind: 'internal', imageOffset: 2 } },
  { kind: 'staticMethod', method: { kind: 'internal', methodOffset: 1 } },
  { kind: 'staticMethod', method: { kind: 'external', packageToken: 0, classToken: 0, token: 0 } },
]

/** A package whose only method has this code. */
function packageWith(code: Uint8Array): CapFile {
  const { cap } = createMethodPackage({ methods: { run: { code: 'return' } }, text: '.statics default 4' })
  const methods = joinMethods([], [concatBytes(Uint8Array.of(0x01, 0x11), code)])
  const start = 1 + HEADER_SIZE_BYTES
  return withDirectory({
    ...cap,
    constantPool,
    methods,
    referenceLocation: createReferenceLocation([], decodeInstructions(methods.info, start, start + code.length)),
    descriptor: {
      classes: [
        {
          token: 0,
          flags: 1,
          thisClass: own,
          interfaces: [],
          fields: [],
          methods: [
            {
              token: 0,
              flags: 9,
              methodOffset: 1,
              typeOffset: 26,
              bytecodeSizeBytes: code.length,
              exceptionHandlerCount: 0,
              exceptionHandlerIndex: 0,
            },
          ],
        },
      ],
      types: { constantPoolTypes: constantPool.map(() => 0xffff), descriptors: [{ offset: 26, nibbles: [1] }] },
    },
  })
}

function bigEndian(value: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => (value >> (8 * (sizeBytes - 1 - i))) & 0xff)
}

/** Any value an operand may have; branches go to their own instruction. */
function operandBytes({ kind, type, constantPoolKinds }: Operand): fc.Arbitrary<Uint8Array> {
  const sizeBytes = operandSizeBytes(type)
  switch (kind) {
    case 'branch':
      return fc.constant(new Uint8Array(sizeBytes))
    case 'arrayType':
      return fc.constantFrom(0, 10, 11, 12, 13, 14).map((value) => bigEndian(value, sizeBytes))
    case 'constantPool': {
      const fitting = [...constantPool.keys()].filter((i) => constantPoolKinds!.includes(constantPool[i]!.kind))
      return fc.constantFrom(...fitting).map((index) => bigEndian(index, sizeBytes))
    }
    default:
      return fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes })
  }
}

function switchBytes({ opcode, switch: cases }: Instruction): fc.Arbitrary<Uint8Array> {
  const { form, matchSizeBytes } = cases!
  const values = fc.array(fc.integer({ min: -0x8000, max: 0x7fff }), { minLength: 1, maxLength: 4 })
  return values.map((matches) => {
    const low = matches[0]!
    const high = Math.min(low + matches.length - 1, 0x7fff)
    const head = Uint8Array.of(opcode, 0, 0)
    if (form === 'lookup') {
      const pairs = matches.map((match) => concatBytes(bigEndian(match, matchSizeBytes), Uint8Array.of(0, 0)))
      return concatBytes(head, bigEndian(matches.length, 2), ...pairs)
    }
    const range = concatBytes(bigEndian(low, matchSizeBytes), bigEndian(high, matchSizeBytes))
    return concatBytes(head, range, new Uint8Array(2 * (high - low + 1)))
  })
}

function instructionBytes(instruction: Instruction): fc.Arbitrary<Uint8Array> {
  if (instruction.switch) return switchBytes(instruction)
  const operands = fc.tuple(...instruction.operands.map(operandBytes))
  return operands.map((parts) => concatBytes(Uint8Array.of(instruction.opcode), ...parts))
}

const possible = instructions.filter((one) => !one.isReserved)

describe('writing byte code as text and reading it back', () => {
  it.each(possible)('keeps $mnemonic with any operands', (instruction) => {
    fc.assert(
      fc.property(instructionBytes(instruction), (code) => {
        expect(decodeInstruction(code, 0)).toMatchObject({ instruction, nextOffset: code.length })
        const cap = packageWith(code)
        const text = disassemble(cap)
        expect(text).toContain(` ${instruction.mnemonic}`)
        expect(toHex(assemble(text).methods.info)).toBe(toHex(cap.methods.info))
      }),
      { numRuns: 10 },
    )
  })

  it('keeps any sequence of instructions', () => {
    const sequence = fc.array(fc.constantFrom(...possible).chain(instructionBytes), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(sequence, (parts) => {
        const cap = packageWith(concatBytes(...parts))
        expect(assemble(disassemble(cap))).toEqual(cap)
      }),
    )
  })
})
