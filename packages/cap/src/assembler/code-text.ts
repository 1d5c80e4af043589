import type { ConstantPoolKind } from '../capfile/cap-file.ts'
import { operandSizeBytes } from '../instructions/decode-instruction.ts'
import type { Instruction } from '../instructions/instruction.ts'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import { ARRAY_TYPE_WORDS, namesClass } from './array-types.ts'
import { isNumber, numberOf, refuse, type Token, type TokenCursor } from './tokens.ts'

/** An operand as written, before labels and references are resolved. */
export type OperandText =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'target'; readonly label: Token }
  | { readonly kind: 'constant'; readonly kinds: readonly ConstantPoolKind[]; readonly name: Token }
  /** Token of an interface method; its class is the operand before. */
  | { readonly kind: 'interfaceMethod'; readonly name: Token }

export interface InstructionText {
  readonly kind: 'instruction'
  readonly instruction: Instruction
  readonly line: number
  readonly sizeBytes: number
  /** In order of encoding. */
  readonly operands: readonly OperandText[]
  /** Of a switch; matches only for lookups. */
  readonly cases?: readonly { readonly match?: number; readonly label: Token }[]
}

export interface LabelText {
  readonly kind: 'label'
  readonly name: string
  readonly line: number
}

export type CodeText = InstructionText | LabelText

/** Reads instructions and labels up to the end of the tokens. */
export function parseCode(cursor: TokenCursor): CodeText[] {
  const code: CodeText[] = []
  while (!cursor.isAtEnd) {
    const token = cursor.take('instruction')
    if (/^[A-Za-z_]\w*:$/.test(token.text)) {
      code.push({ kind: 'label', name: token.text.slice(0, -1), line: token.line })
    } else {
      code.push(parseInstruction(token, cursor))
    }
  }
  return code
}

function parseInstruction(token: Token, cursor: TokenCursor): InstructionText {
  const instruction = instructionByMnemonic(token.text)
  if (!instruction || instruction.isReserved) refuse('CAP_ASM_UNKNOWN_NAME', `no instruction ${token.text}`, token.line)
  if (instruction.switch) return parseSwitch(instruction, token, cursor)
  return {
    kind: 'instruction',
    instruction,
    line: token.line,
    sizeBytes: instruction.lengthBytes!, // only switches have none
    operands: parseOperands(instruction, cursor),
  }
}

function parseOperands(instruction: Instruction, cursor: TokenCursor): OperandText[] {
  const operands: OperandText[] = []
  for (const [i, { name, kind, constantPoolKinds }] of instruction.operands.entries()) {
    if (kind === 'branch') operands.push(branchOf(cursor.take('label')))
    else if (kind === 'arrayType') operands.push(arrayTypeOf(cursor.take('array type')))
    else if (kind === 'interfaceMethodToken') operands.push(...splitInterfaceMethod(operands))
    else if (kind !== 'constantPool') operands.push({ kind: 'number', value: cursor.number(name) })
    else if (isPrimitiveType(instruction, i - 1, operands)) operands.push(ignoredConstant(cursor))
    else operands.push({ kind: 'constant', kinds: constantPoolKinds!, name: cursor.take('constant') })
  }
  return operands
}

function isPrimitiveType(instruction: Instruction, index: number, operands: readonly OperandText[]): boolean {
  const operand = operands[index]
  return instruction.operands[index]?.kind === 'arrayType' && operand?.kind === 'number' && !namesClass(operand.value)
}

/** Behind a primitive array type the index has no meaning: 0, or `#n` to keep what a converter wrote. */
function ignoredConstant(cursor: TokenCursor): OperandText {
  if (!cursor.peek()?.startsWith('#')) return { kind: 'number', value: 0 }
  const token = cursor.take('index')
  return { kind: 'number', value: numberOf({ ...token, text: token.text.slice(1) }, 'index') }
}

/** A number is an offset relative to the opcode. */
function branchOf(token: Token): OperandText {
  return isNumber(token.text) ? { kind: 'number', value: numberOf(token, 'label') } : { kind: 'target', label: token }
}

function arrayTypeOf(token: Token): OperandText {
  const value = ARRAY_TYPE_WORDS.get(token.text) ?? numberOf(token, 'array type')
  return { kind: 'number', value }
}

/** `javacard/security/Key.getSize()S` stands for two operands, the class and the method token. */
function splitInterfaceMethod(operands: OperandText[]): OperandText[] {
  const last = operands.pop()
  if (last?.kind !== 'constant') return []
  const { text, line } = last.name
  const dot = text.startsWith('%') ? text.indexOf('.', text.indexOf('.') + 1) : text.indexOf('.')
  if (dot < 0) refuse('CAP_ASM_SYNTAX', `interface and method expected, not ${text}`, line)
  return [
    { ...last, name: { text: text.slice(0, dot), line } },
    { kind: 'interfaceMethod', name: { text, line } },
  ]
}

/** `stableswitch { 3: L1 L2 default: L3 }`, `slookupswitch { -1: L1 7: L2 default: L3 }` */
function parseSwitch(instruction: Instruction, token: Token, cursor: TokenCursor): InstructionText {
  const { form, matchSizeBytes } = instruction.switch!
  cursor.expect('{')
  const cases: { match?: number; label: Token }[] = []
  let low = 0
  while (!cursor.accept('default:')) {
    if (form === 'lookup' || cases.length === 0) {
      const match = cursor.take('case')
      if (!match.text.endsWith(':')) refuse('CAP_ASM_SYNTAX', `case expected, not ${match.text}`, match.line)
      const value = numberOf({ ...match, text: match.text.slice(0, -1) }, 'case')
      const label = cursor.take('label')
      if (form === 'lookup') {
        cases.push({ match: value, label })
      } else {
        low = value
        cases.push({ label })
      }
    } else {
      cases.push({ label: cursor.take('label') })
    }
  }
  if (form === 'table' && cases.length === 0) refuse('CAP_ASM_SYNTAX', 'a table needs a case', cursor.line)
  const fallback = branchOf(cursor.take('label'))
  cursor.expect('}')
  const head = form === 'table' ? [low, low + cases.length - 1] : [cases.length]
  const headSize = instruction.operands.reduce((sum, { type }) => sum + operandSizeBytes(type), 1)
  const caseSize = form === 'table' ? 2 : matchSizeBytes + 2
  return {
    kind: 'instruction',
    instruction,
    line: token.line,
    sizeBytes: headSize + cases.length * caseSize,
    operands: [fallback, ...head.map((value): OperandText => ({ kind: 'number', value }))],
    cases,
  }
}
