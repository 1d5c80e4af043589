import { instructionByMnemonic } from '../instructions/instruction-table.ts'

/**
 * One Java Card instruction whose jumps still name instructions of the class file. Branches are written in their short
 * form (`ifeq`); the layout turns those that reach too far into the `_w` form.
 */
export interface CardInstruction {
  /** The class file instruction it was made from. */
  readonly pc: number
  readonly mnemonic: string
  /** All operands but jumps, in order. */
  readonly operands: readonly number[]
  /** A branch has one; a switch its default, then its cases. */
  readonly targets: readonly number[]
  /** Case values of slookupswitch, in order. */
  readonly matches?: readonly number[]
  readonly wordsIn: number
  readonly wordsOut: number
}

export interface CardOperands {
  readonly operands?: readonly number[]
  readonly targets?: readonly number[]
  readonly matches?: readonly number[]
  /** Needed where the instruction table says that it depends. */
  readonly wordsIn?: number
  readonly wordsOut?: number
}

export function cardInstruction(pc: number, mnemonic: string, given: CardOperands = {}): CardInstruction {
  const row = instructionByMnemonic(mnemonic)
  const wordsIn = row?.wordsIn ?? given.wordsIn
  const wordsOut = row?.wordsOut ?? given.wordsOut
  if (wordsIn === undefined || wordsOut === undefined) throw new Error(`assertion failed: stack effect of ${mnemonic}`)
  return {
    pc,
    mnemonic,
    operands: given.operands ?? [],
    targets: given.targets ?? [],
    ...(given.matches && { matches: given.matches }),
    wordsIn,
    wordsOut,
  }
}

/** The shortest instruction that pushes a short. */
export function pushShort(pc: number, value: number): CardInstruction {
  if (value === -1) return cardInstruction(pc, 'sconst_m1')
  if (value >= 0 && value <= 5) return cardInstruction(pc, `sconst_${value}`)
  return cardInstruction(pc, value >= -0x80 && value <= 0x7f ? 'bspush' : 'sspush', { operands: [value] })
}

/** The shortest instruction that pushes an int. */
export function pushInt(pc: number, value: number): CardInstruction {
  if (value === -1) return cardInstruction(pc, 'iconst_m1')
  if (value >= 0 && value <= 5) return cardInstruction(pc, `iconst_${value}`)
  const mnemonic =
    value >= -0x80 && value <= 0x7f ? 'bipush' : value >= -0x8000 && value <= 0x7fff ? 'sipush' : 'iipush'
  return cardInstruction(pc, mnemonic, { operands: [value] })
}

/** `sload_2` or `sload 9`; also for the other loads and stores. */
export function accessLocal(pc: number, mnemonic: string, slot: number): CardInstruction {
  return slot <= 3 ? cardInstruction(pc, `${mnemonic}_${slot}`) : cardInstruction(pc, mnemonic, { operands: [slot] })
}

/** Adds a constant to a short local. */
export function incrementLocal(pc: number, slot: number, by: number, type: 's' | 'i' = 's'): CardInstruction {
  return cardInstruction(pc, by >= -0x80 && by <= 0x7f ? `${type}inc` : `${type}inc_w`, { operands: [slot, by] })
}
