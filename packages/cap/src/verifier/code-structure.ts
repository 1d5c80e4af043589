import { type CapFile, HEADER_FLAGS, type MethodHeader } from '../capfile/cap-file.ts'
import { CapFormatError } from '../errors.ts'
import { constantPoolOperand, type DecodedInstruction, decodeInstruction } from '../instructions/decode-instruction.ts'
import { ARRAY_TYPES, instructionByOpcode } from '../instructions/instruction-table.ts'
import { Refusal } from './refusal.ts'
import type { VerifyRule } from './verify-finding.ts'

/** The byte code of one method, every instruction looked at by itself. */
export interface MethodInstructions {
  /** By offset in Method, ascending. */
  readonly instructions: ReadonlyMap<number, DecodedInstruction>
  readonly endOffset: number
}

/** Called for every instruction that is wrong whatever the path to it. */
export type ReportAt = (offset: number, rule: VerifyRule, message: string) => void

const MAX_DUP_WORDS = 4
const MAX_SWAP_WORDS = 2

/**
 * Decodes a method of known length from front to back; dead code counts.
 * @returns undefined when bytes are no instruction, which is reported
 */
export function decodeWhole(
  cap: CapFile,
  header: MethodHeader,
  endOffset: number,
  report: ReportAt,
): MethodInstructions | undefined {
  const instructions = new Map<number, DecodedInstruction>()
  for (let at = header.codeOffset; at < endOffset; ) {
    const decoded = decodeOrReport(cap, at, endOffset, report)
    if (!decoded) return undefined
    instructions.set(at, decoded)
    at = decoded.nextOffset
  }
  return { instructions, endOffset }
}

/** The instruction at an offset; undefined after a report. */
export function decodeOrReport(
  cap: CapFile,
  at: number,
  endOffset: number,
  report: ReportAt,
): DecodedInstruction | undefined {
  const opcode = cap.methods.info[at]!
  const instruction = instructionByOpcode(opcode)
  if (!instruction || instruction.isReserved) {
    report(at, 'opcode-undefined', `opcode ${opcode} is ${instruction?.mnemonic ?? 'not defined'}`)
    return undefined
  }
  try {
    return decodeInstruction(cap.methods.info, at, endOffset)
  } catch (error) {
    if (!(error instanceof CapFormatError)) throw error
    const isOrder = error.message.includes(' from ')
    report(at, isOrder ? 'switch-order' : 'instruction-truncated', `${instruction.mnemonic}: ${error.message}`)
    return undefined
  }
}

/** What can be said of an instruction without knowing what ran before it. @source JCVM 3.1 §7.5 */
export function checkInstruction(cap: CapFile, decoded: DecodedInstruction, locals: number): void {
  const { instruction, operands } = decoded
  if (instruction.usesInt) requireInt(cap, instruction.mnemonic)
  checkConstant(cap, decoded)
  checkCases(decoded)
  instruction.operands.forEach(({ kind }, i) => {
    const value = operands[i]!
    if (kind === 'nibbles') checkNibbles(instruction.mnemonic, value)
    else if (kind === 'arrayType') checkArrayType(cap, decoded, value)
    else if (kind === 'argumentCount' && value === 0) refuse('operand-value', 'a call without an object')
  })
  const last = lastLocal(decoded)
  if (last !== undefined && last >= locals) refuse('local-range', `local ${last} of a frame with ${locals}`)
}

function refuse(rule: VerifyRule, message: string): never {
  throw new Refusal(rule, message)
}

function requireInt(cap: CapFile, what: string): void {
  if (!(cap.header.flags & HEADER_FLAGS.ACC_INT)) refuse('int-not-declared', `${what} in a package without ACC_INT`)
}

function checkConstant(cap: CapFile, decoded: DecodedInstruction): void {
  const found = constantPoolOperand(decoded)
  if (!found) return
  const entry = cap.constantPool[found.index]
  if (!entry) refuse('constant-index', `constant ${found.index} of ${cap.constantPool.length}`)
  const kinds = decoded.instruction.operands.find((one) => one.kind === 'constantPool')!.constantPoolKinds!
  if (!kinds.includes(entry.kind)) {
    refuse(
      'constant-kind',
      `${decoded.instruction.mnemonic} takes ${kinds.join(' or ')}, constant ${found.index} is ${entry.kind}`,
    )
  }
}

function checkCases({ instruction, matches = [] }: DecodedInstruction): void {
  if (instruction.switch?.form !== 'lookup') return
  const isAscending = matches.every((match, i) => i === 0 || match > matches[i - 1]!)
  if (!isAscending) refuse('switch-order', 'the cases are not in ascending order')
}

function checkNibbles(mnemonic: string, value: number): void {
  const [high, low] = [value >> 4, value & 15]
  const isRight =
    mnemonic === 'dup_x'
      ? high >= 1 && high <= MAX_DUP_WORDS && (low === 0 || (low >= high && low <= high + MAX_DUP_WORDS))
      : high >= 1 && high <= MAX_SWAP_WORDS && low >= 1 && low <= MAX_SWAP_WORDS
  if (!isRight) refuse('operand-value', `${mnemonic} with ${high} and ${low}`)
}

function checkArrayType(cap: CapFile, { instruction, operands }: DecodedInstruction, value: number): void {
  const isPrimitive = value >= ARRAY_TYPES.boolean && value <= ARRAY_TYPES.int
  const isMade = instruction.mnemonic === 'newarray'
  if (!isPrimitive && (isMade || (value !== ARRAY_TYPES.classOrInterface && value !== ARRAY_TYPES.reference))) {
    refuse('operand-value', `${instruction.mnemonic} of type ${value}`)
  }
  if (isPrimitive && !isMade && operands[1] !== 0) refuse('operand-value', 'a constant beside a primitive array type')
  if (value === ARRAY_TYPES.int) requireInt(cap, 'int[]')
}

/** The highest local the instruction names, in its operand or its mnemonic (`iload_2`, `getfield_s_this`). */
function lastLocal({ instruction, operands }: DecodedInstruction): number | undefined {
  const { mnemonic } = instruction
  if (mnemonic.endsWith('_this')) return 0
  const isInt = /^(iload|istore|iinc)/.test(mnemonic)
  const operand = instruction.operands.findIndex((one) => one.kind === 'local')
  const implied = /^[asi](?:load|store)_(\d)$/.exec(mnemonic)?.[1]
  const index = operand >= 0 ? operands[operand]! : implied === undefined ? undefined : Number(implied)
  return index === undefined ? undefined : index + (isInt ? 1 : 0)
}
