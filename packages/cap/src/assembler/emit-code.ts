import { BytesError, ByteWriter } from '@gridcard/bytes'
import { AssemblerError } from '../errors.ts'
import type { OperandType } from '../instructions/instruction.ts'
import type { CodeText, InstructionText, OperandText } from './code-text.ts'
import { isNumber, numberOf, refuse, type Token } from './tokens.ts'

/** What operands refer to outside the method. */
export interface OperandResolver {
  /** Index in the constant pool. */
  constantIndex(operand: Extract<OperandText, { kind: 'constant' }>): number
  interfaceMethodToken(name: Token): number
}

/** Offsets of the labels of a method, counted from its first instruction, and the size of its code. */
export interface CodeLayout {
  readonly labels: ReadonlyMap<string, number>
  readonly sizeBytes: number
}

export function layOutCode(code: readonly CodeText[]): CodeLayout {
  const labels = new Map<string, number>()
  let at = 0
  for (const one of code) {
    if (one.kind === 'instruction') at += one.sizeBytes
    else if (labels.has(one.name)) refuse('CAP_ASM_DUPLICATE', `label ${one.name} twice in one method`, one.line)
    else labels.set(one.name, at)
  }
  return { labels, sizeBytes: at }
}

/** Offset of a label in its method. */
export function labelOffset(label: Token, layout: CodeLayout): number {
  const offset = layout.labels.get(label.text)
  if (offset === undefined) refuse('CAP_ASM_UNKNOWN_NAME', `no label ${label.text} in this method`, label.line)
  return offset
}

/** Byte code of one method, without header. */
export function emitCode(code: readonly CodeText[], layout: CodeLayout, resolver: OperandResolver): Uint8Array {
  const writer = new ByteWriter()
  for (const one of code) {
    if (one.kind === 'instruction') emitInstruction(writer, one, layout, resolver)
  }
  return writer.toBytes()
}

function emitInstruction(
  writer: ByteWriter,
  text: InstructionText,
  layout: CodeLayout,
  resolver: OperandResolver,
): void {
  const { instruction, operands, cases = [] } = text
  const opcodeOffset = writer.length
  const relative = (label: Token) =>
    isNumber(label.text) ? numberOf(label, 'label') : labelOffset(label, layout) - opcodeOffset
  const operandValue = (operand: OperandText): number => {
    switch (operand.kind) {
      case 'number':
        return operand.value
      case 'target':
        return relative(operand.label)
      case 'constant':
        return resolver.constantIndex(operand)
      case 'interfaceMethod':
        return resolver.interfaceMethodToken(operand.name)
    }
  }
  try {
    writer.u8(instruction.opcode)
    for (const [i, { type }] of instruction.operands.entries()) write(writer, type, operandValue(operands[i]!))
    for (const { match, label } of cases) {
      if (match !== undefined) write(writer, instruction.switch?.matchSizeBytes === 4 ? 's4' : 's2', match)
      writer.i16(relative(label))
    }
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    const message = `line ${text.line}: operand of ${instruction.mnemonic} out of range: ${cause.message}`
    throw new AssemblerError('CAP_ASM_RANGE', message, { line: text.line }, { cause })
  }
}

function write(writer: ByteWriter, type: OperandType, value: number): void {
  switch (type) {
    case 'u1':
      writer.u8(value)
      break
    case 's1':
      writer.i8(value)
      break
    case 'u2':
      writer.u16(value)
      break
    case 's2':
      writer.i16(value)
      break
    case 's4':
      writer.i32(value)
      break
  }
}
