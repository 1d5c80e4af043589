import type { ConstantPoolKind } from '../capfile/cap-file.ts'

/** Encoding of a fixed operand: unsigned or signed, size in bytes, big-endian. */
export type OperandType = 'u1' | 's1' | 'u2' | 's2' | 's4'

/**
 * What an operand means.
 *
 * - `local`: index of a local word; `nibbles`: the mn byte of dup_x and swap_x; `branch`: relative to the opcode address
 * - `constantPool`: index into the constant pool (see `constantPoolKinds`); not meant when `arrayType` says primitive
 * - `argumentCount`: argument words of invokeinterface; `low`, `high`, `pairCount`: fixed head of the switches
 */
export type OperandKind =
  | 'immediate'
  | 'local'
  | 'nibbles'
  | 'branch'
  | 'constantPool'
  | 'arrayType'
  | 'argumentCount'
  | 'interfaceMethodToken'
  | 'low'
  | 'high'
  | 'pairCount'

export interface Operand {
  readonly name: string
  readonly type: OperandType
  readonly kind: OperandKind
  /** Which entries the index may name; only with kind `constantPool`. */
  readonly constantPoolKinds?: readonly ConstantPoolKind[]
}

/** One value on the operand stack: `int` takes two words, everything else one; `word` is any one-word value. */
export type StackType = 'reference' | 'short' | 'int' | 'returnAddress' | 'word'

export interface Instruction {
  /** 0..184, or 254 and 255 (reserved for the implementation, never valid in a CAP file). */
  readonly opcode: number
  readonly mnemonic: string
  /** In order behind the opcode; for switches only the fixed head. */
  readonly operands: readonly Operand[]
  /** The repeated part of a switch; a match is absent in tables, it follows from low and high. */
  readonly switch?: { readonly form: 'table' | 'lookup'; readonly matchSizeBytes: 2 | 4 }
  /** With the opcode; undefined for switches. */
  readonly lengthBytes: number | undefined
  /** Bottom to top; undefined where it depends on the operands (invokes, dup_x, swap_x). */
  readonly in: readonly StackType[] | undefined
  readonly out: readonly StackType[] | undefined
  /** undefined where `in` or `out` is. */
  readonly wordsIn: number | undefined
  readonly wordsOut: number | undefined
  /** Simple names of the exceptions the instruction itself can raise. */
  readonly throws: readonly string[]
  /** Only legal in a package with ACC_INT. */
  readonly usesInt: boolean
  /** Execution never continues with the next instruction. */
  readonly endsFlow: boolean
  /** Type handed to the caller; only for the returns. */
  readonly returns?: 'reference' | 'short' | 'int' | 'void'
  readonly isReserved: boolean
  readonly note?: string
}
