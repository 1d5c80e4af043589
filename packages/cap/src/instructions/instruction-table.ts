import type { ConstantPoolKind } from '../capfile/cap-file.ts'
import opcodeTable from './data/jcvm-opcodes.json' with { type: 'json' }
import type { Instruction, Operand, OperandKind, OperandType, StackType } from './instruction.ts'

interface OperandRow {
  readonly n: string
  readonly t: string
  readonly k?: string
}

interface InstructionRow {
  readonly op: number
  readonly mnemonic: string
  readonly operands: readonly OperandRow[]
  readonly in: readonly string[] | null
  readonly out: readonly string[] | null
  readonly length: number | null
  readonly wordsIn: number | string | null
  readonly wordsOut: number | string | null
  readonly throws?: readonly string[]
  readonly int?: boolean
  readonly returns?: string
  readonly note?: string
}

// The compiler sees one union member per shape of row; the rows are one table, and the tests look at every field.
const rows = opcodeTable.instructions as unknown as readonly InstructionRow[]

const STACK_TYPES: Readonly<Record<string, StackType>> = {
  a: 'reference',
  s: 'short',
  i: 'int',
  ra: 'returnAddress',
  w: 'word',
  w1: 'word',
  w2: 'word',
}

const CONSTANT_POOL_KINDS: Readonly<Record<string, ConstantPoolKind>> = {
  Classref: 'class',
  InstanceFieldref: 'instanceField',
  VirtualMethodref: 'virtualMethod',
  SuperMethodref: 'superMethod',
  StaticFieldref: 'staticField',
  StaticMethodref: 'staticMethod',
}

const KINDS_BY_NAME: Readonly<Record<string, OperandKind>> = {
  low: 'low',
  high: 'high',
  npairs: 'pairCount',
  nargs: 'argumentCount',
  method: 'interfaceMethodToken',
  atype: 'arrayType',
}

const KINDS: Readonly<Record<string, OperandKind>> = {
  imm: 'immediate',
  local: 'local',
  nibbles: 'nibbles',
  branch: 'branch',
}

/** Instructions that never fall through, beside the returns and the switches. */
const ENDS_FLOW = new Set(['goto', 'goto_w', 'athrow', 'ret'])

const RETURNS: Readonly<Record<string, NonNullable<Instruction['returns']>>> = {
  a: 'reference',
  s: 'short',
  i: 'int',
  void: 'void',
}

function operandOf(row: OperandRow): Operand {
  const type = row.t as OperandType // the repeated parts of switches, the only other types, are filtered out before
  const constants = /^cp:(\S+)/.exec(row.k ?? '')?.[1]
  if (constants !== undefined) {
    const constantPoolKinds = constants.split('|').map((name) => CONSTANT_POOL_KINDS[name]!)
    return { name: row.n, type, kind: 'constantPool', constantPoolKinds }
  }
  return { name: row.n, type, kind: KINDS[row.k ?? ''] ?? KINDS_BY_NAME[row.n]! }
}

function switchOf(row: InstructionRow): Instruction['switch'] {
  if (row.mnemonic.endsWith('tableswitch')) return { form: 'table', matchSizeBytes: row.mnemonic[0] === 's' ? 2 : 4 }
  if (row.mnemonic.endsWith('lookupswitch')) return { form: 'lookup', matchSizeBytes: row.mnemonic[0] === 's' ? 2 : 4 }
  return undefined
}

function stackOf(slots: readonly string[] | null): readonly StackType[] | undefined {
  return slots?.map((slot) => STACK_TYPES[slot.split(':')[0]!]!)
}

function instructionOf(row: InstructionRow): Instruction {
  const switchForm = switchOf(row)
  return {
    opcode: row.op,
    mnemonic: row.mnemonic,
    operands: row.operands.filter((operand) => /^[us][124]$/.test(operand.t)).map(operandOf),
    ...(switchForm && { switch: switchForm }),
    lengthBytes: switchForm ? undefined : (row.length ?? undefined),
    in: stackOf(row.in),
    out: stackOf(row.out),
    wordsIn: typeof row.wordsIn === 'number' ? row.wordsIn : undefined,
    wordsOut: typeof row.wordsOut === 'number' ? row.wordsOut : undefined,
    throws: row.throws ?? [],
    usesInt: row.int ?? false,
    endsFlow: ENDS_FLOW.has(row.mnemonic) || row.returns !== undefined || switchForm !== undefined,
    ...(row.returns !== undefined && { returns: RETURNS[row.returns]! }),
    isReserved: row.op >= 254,
    ...(row.note !== undefined && { note: row.note }),
  }
}

/**
 * The 185 instructions of the Java Card VM in opcode order, then impdep1 and impdep2. Assembler, disassembler, linker,
 * interpreter and their tests all read this one table.
 * @source JCVM 3.1 ch. 7
 */
export const instructions: readonly Instruction[] = rows.map(instructionOf)

/** Index: opcode, 0..255; undefined where there is no instruction. */
const byOpcode: readonly (Instruction | undefined)[] = Array.from({ length: 256 }, (_, opcode) =>
  instructions.find((instruction) => instruction.opcode === opcode),
)

const byMnemonic: ReadonlyMap<string, Instruction> = new Map(instructions.map((one) => [one.mnemonic, one]))

/** The instruction of an opcode 0..255; undefined for the undefined opcodes 185..253. */
export function instructionByOpcode(opcode: number): Instruction | undefined {
  return byOpcode[opcode]
}

/** The instruction of a mnemonic as the specification spells it (`if_scmplt_w`). */
export function instructionByMnemonic(mnemonic: string): Instruction | undefined {
  return byMnemonic.get(mnemonic)
}

/** Operand of newarray, and of checkcast and instanceof. @source JCVM 3.1 §7.5, newarray, checkcast */
export const ARRAY_TYPES = { classOrInterface: 0, boolean: 10, byte: 11, short: 12, int: 13, reference: 14 } as const
