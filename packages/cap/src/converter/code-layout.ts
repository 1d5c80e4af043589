import { ByteWriter } from '@gridcard/bytes'
import { operandSizeBytes } from '../instructions/decode-instruction.ts'
import type { Operand } from '../instructions/instruction.ts'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import type { CardInstruction } from './card-instruction.ts'

/** The byte code of one method, offsets counted from its first byte. */
export interface CodeLayout {
  readonly code: Uint8Array
  readonly constantPoolOperands: readonly { readonly offset: number; readonly sizeBytes: number }[]
  /** Of each instruction. */
  readonly offsets: readonly number[]
  /** Offset of the first instruction made from `pc` or later; the length of the code when there is none. */
  offsetOf(pc: number): number
}

/** Branches reach 16 bits, and the active length of a handler has 15. @source JCVM 3.1 §6.10.1 */
export const LARGEST_METHOD_BYTES = 0x7fff

const SHORT_BRANCH = { low: -0x80, high: 0x7f } as const

/**
 * Gives every instruction its place. All branches begin short; those that do not reach are widened until all do, which
 * ends because no branch ever becomes short again.
 */
export function layOutCode(instructions: readonly CardInstruction[]): CodeLayout {
  const wide = new Set<number>()
  let offsets = offsetsOf(instructions, wide)
  for (let grown = true; grown; ) {
    grown = false
    instructions.forEach((instruction, i) => {
      if (!isNarrowBranch(instruction, wide.has(i))) return
      const distance = offsets[indexOf(instructions, instruction.targets[0]!)]! - offsets[i]!
      if (distance >= SHORT_BRANCH.low && distance <= SHORT_BRANCH.high) return
      wide.add(i)
      grown = true
    })
    offsets = offsetsOf(instructions, wide)
  }
  return encode(instructions, wide, offsets)
}

function mnemonicOf(instruction: CardInstruction, isWide: boolean): string {
  return isWide ? `${instruction.mnemonic}_w` : instruction.mnemonic
}

function isNarrowBranch(instruction: CardInstruction, isWide: boolean): boolean {
  return !isWide && instruction.targets.length > 0 && !isSwitch(instruction)
}

function isSwitch(instruction: CardInstruction): boolean {
  return instruction.mnemonic.endsWith('switch')
}

function lengthOf(instruction: CardInstruction, isWide: boolean): number {
  const cases = instruction.targets.length - 1
  switch (instruction.mnemonic) {
    case 'stableswitch':
      return 7 + 2 * cases
    case 'slookupswitch':
      return 5 + 4 * cases
    case 'itableswitch':
      return 11 + 2 * cases
    case 'ilookupswitch':
      return 5 + 6 * cases
  }
  return instructionByMnemonic(mnemonicOf(instruction, isWide))!.lengthBytes!
}

/** One more than there are instructions: the last is the length of the code. */
function offsetsOf(instructions: readonly CardInstruction[], wide: ReadonlySet<number>): number[] {
  const offsets = [0]
  for (const [i, one] of instructions.entries()) offsets.push(offsets[i]! + lengthOf(one, wide.has(i)))
  return offsets
}

/** Index of the first instruction made from `pc` or later. */
export function indexOf(instructions: readonly CardInstruction[], pc: number): number {
  let low = 0
  let high = instructions.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (instructions[middle]!.pc < pc) low = middle + 1
    else high = middle
  }
  return low
}

function encode(
  instructions: readonly CardInstruction[],
  wide: ReadonlySet<number>,
  offsets: readonly number[],
): CodeLayout {
  const writer = new ByteWriter()
  const constantPoolOperands: { offset: number; sizeBytes: number }[] = []
  const offsetOf = (pc: number): number => offsets[indexOf(instructions, pc)]!
  instructions.forEach((instruction, i) => {
    const row = instructionByMnemonic(mnemonicOf(instruction, wide.has(i)))!
    const jumps = instruction.targets.map((pc) => offsetOf(pc) - offsets[i]!)
    const values = [...instruction.operands]
    writer.u8(row.opcode)
    for (const operand of row.operands) {
      const value = operand.kind === 'branch' ? jumps.shift()! : values.shift()!
      if (operand.kind === 'constantPool' && isReference(instruction)) {
        constantPoolOperands.push({ offset: writer.length, sizeBytes: operandSizeBytes(operand.type) })
      }
      writeOperand(writer, operand, value)
    }
    jumps.forEach((jump, at) => {
      const match = instruction.matches?.[at]
      if (match !== undefined && instruction.mnemonic.startsWith('i')) writer.i32(match)
      else if (match !== undefined) writer.i16(match)
      writer.i16(jump)
    })
  })
  return { code: writer.toBytes(), constantPoolOperands, offsets, offsetOf }
}

/** checkcast and instanceof of primitive arrays carry an index that means nothing. */
function isReference(instruction: CardInstruction): boolean {
  if (instruction.mnemonic !== 'checkcast' && instruction.mnemonic !== 'instanceof') return true
  const [arrayType] = instruction.operands
  return arrayType === 0 || arrayType === 14
}

function writeOperand(writer: ByteWriter, operand: Operand, value: number): void {
  switch (operand.type) {
    case 'u1':
      writer.u8(value)
      return
    case 's1':
      writer.i8(value)
      return
    case 'u2':
      writer.u16(value)
      return
    case 's2':
      writer.i16(value)
      return
    case 's4':
      writer.i32(value)
      return
  }
}
