import { CapFormatError } from '../errors.ts'
import type { Instruction, OperandType } from './instruction.ts'
import { ARRAY_TYPES, instructionByOpcode } from './instruction-table.ts'

/** One instruction in its place; all offsets count from the start of the array it was decoded from. */
export interface DecodedInstruction {
  readonly instruction: Instruction
  /** Of the opcode. */
  readonly offset: number
  /** Of the instruction behind it. */
  readonly nextOffset: number
  /** The fixed operands in order, sign-extended where signed; branches still relative. */
  readonly operands: readonly number[]
  /** Absolute branch targets: one for a branch; for a switch the default first, then one per case. */
  readonly targets: readonly number[]
  /** For a switch: the value of each case, in the order of `targets.slice(1)`. */
  readonly matches?: readonly number[]
}

const OPERAND_SIZE_BYTES: Readonly<Record<OperandType, number>> = { u1: 1, s1: 1, u2: 2, s2: 2, s4: 4 }

export function operandSizeBytes(type: OperandType): number {
  return OPERAND_SIZE_BYTES[type]
}

function truncated(offsetBytes: number): CapFormatError {
  const place = { component: 'Method', offsetBytes }
  return new CapFormatError('CAP_BAD_INSTRUCTION', `the instruction at ${offsetBytes} is cut short`, place)
}

/** Bounds are checked by the caller. */
function readOperand(code: Uint8Array, at: number, type: OperandType): number {
  switch (type) {
    case 'u1':
      return code[at]!
    case 's1':
      return (code[at]! << 24) >> 24
    case 'u2':
      return (code[at]! << 8) | code[at + 1]!
    case 's2':
      return (((code[at]! << 8) | code[at + 1]!) << 16) >> 16
    case 's4':
      return (code[at]! << 24) | (code[at + 1]! << 16) | (code[at + 2]! << 8) | code[at + 3]!
  }
}

/**
 * Decodes the instruction at `offset`. Targets are computed, not checked.
 *
 * @param end first byte that is no longer code
 * @throws CapFormatError `CAP_BAD_INSTRUCTION`: undefined or reserved opcode, cut short, impossible switch
 * @source JCVM 3.1 ch. 7
 */
export function decodeInstruction(code: Uint8Array, offset: number, end = code.length): DecodedInstruction {
  const opcode = offset >= 0 && offset < end ? code[offset] : undefined
  if (opcode === undefined) throw truncated(offset)
  const instruction = instructionByOpcode(opcode)
  if (!instruction || instruction.isReserved) {
    throw new CapFormatError('CAP_BAD_INSTRUCTION', `undefined opcode ${opcode} at ${offset}`, {
      component: 'Method',
      offsetBytes: offset,
    })
  }
  const operands: number[] = []
  const targets: number[] = []
  let at = offset + 1
  for (const { type, kind } of instruction.operands) {
    const size = OPERAND_SIZE_BYTES[type]
    if (at + size > end) throw truncated(offset)
    const value = readOperand(code, at, type)
    operands.push(value)
    if (kind === 'branch') targets.push(offset + value)
    at += size
  }
  if (!instruction.switch) return { instruction, offset, nextOffset: at, operands, targets }
  return decodeCases(code, { instruction, offset, nextOffset: at, operands, targets }, end)
}

/** Head operands: default, low, high of a table; default, npairs of a lookup. */
function decodeCases(code: Uint8Array, head: DecodedInstruction, end: number): DecodedInstruction {
  const { instruction, offset, nextOffset, operands } = head
  const { form, matchSizeBytes } = instruction.switch!
  const [, low, high] = operands as [number, number, number] // the head of a table; a lookup ignores them
  if (form === 'table' && high < low) {
    throw new CapFormatError('CAP_BAD_INSTRUCTION', `switch at ${offset} from ${low} to ${high}`, {
      component: 'Method',
      offsetBytes: offset,
    })
  }
  const count = form === 'table' ? high - low + 1 : operands[1]!
  const caseSizeBytes = form === 'table' ? 2 : matchSizeBytes + 2
  if (nextOffset + count * caseSizeBytes > end) throw truncated(offset)
  const targets = [...head.targets]
  const matches: number[] = []
  for (let i = 0, at = nextOffset; i < count; i++, at += caseSizeBytes) {
    matches.push(form === 'table' ? low + i : readOperand(code, at, matchSizeBytes === 2 ? 's2' : 's4'))
    targets.push(offset + readOperand(code, at + caseSizeBytes - 2, 's2'))
  }
  return { ...head, nextOffset: nextOffset + count * caseSizeBytes, targets, matches }
}

/**
 * All instructions from `start` to exactly `end`, one behind the other.
 * @throws CapFormatError `CAP_BAD_INSTRUCTION`
 */
export function decodeInstructions(code: Uint8Array, start: number, end: number): DecodedInstruction[] {
  const decoded: DecodedInstruction[] = []
  for (let at = start; at < end; at = decoded.at(-1)!.nextOffset) decoded.push(decodeInstruction(code, at, end))
  return decoded
}

/** A constant pool index inside an instruction. */
export interface ConstantPoolOperand {
  /** Of the first byte of the index. */
  readonly offset: number
  readonly sizeBytes: 1 | 2
  readonly index: number
}

/**
 * The constant pool index of an instruction, if it has one that counts: checkcast and instanceof with a primitive
 * array type carry an index that is ignored and not listed in ReferenceLocation.
 */
export function constantPoolOperand(decoded: DecodedInstruction): ConstantPoolOperand | undefined {
  let at = decoded.offset + 1
  for (const [i, { type, kind }] of decoded.instruction.operands.entries()) {
    const value = decoded.operands[i]!
    if (kind === 'arrayType' && value !== ARRAY_TYPES.classOrInterface && value !== ARRAY_TYPES.reference)
      return undefined
    if (kind === 'constantPool') return { offset: at, sizeBytes: type === 'u1' ? 1 : 2, index: value }
    at += OPERAND_SIZE_BYTES[type]
  }
  return undefined
}
