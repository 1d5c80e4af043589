import type { DecodedInstruction } from '@gridcard/cap'
import type { DecodedMethod } from './method-decoder.ts'

/** What an instruction does to the height of the operand stack, in words. */
export interface StackEffect {
  readonly pops: number
  /** The most it can push. */
  readonly pushes: number
  /** False: it may push less, only the callee knows. */
  readonly isExact: boolean
}

export type EffectOf = (decoded: DecodedInstruction) => StackEffect

export interface StackGuard {
  /** Least and greatest height, in words above the frame's base, at which the code behind it stays in bounds. */
  readonly least: number
  readonly greatest: number
}

/** Where control may go from an instruction, beside its return. */
function successorsOf({ instruction, targets, nextOffset }: DecodedInstruction): readonly number[] {
  return instruction.endsFlow ? targets : [...targets, nextOffset]
}

/**
 * Keeps the operand stack of unverified code inside its frame.
 *
 * Where every path to every instruction agrees on one height within 0..max_stack, as the code of any compiler does,
 * nothing has to be looked at while the method runs, and the result is empty. Otherwise (subroutines, calls whose
 * result is not known, hostile code) each straight run of instructions gets a guard at its head.
 *
 * @returns guards by the offset of the instruction they stand before
 */
export function guardStack(method: DecodedMethod, effectOf: EffectOf): ReadonlyMap<number, StackGuard> {
  return hasProvenHeights(method, effectOf) ? new Map() : guardsOf(method, effectOf)
}

function hasProvenHeights(method: DecodedMethod, effectOf: EffectOf): boolean {
  const byOffset = new Map(method.instructions.map((one) => [one.offset, one]))
  const heights = new Map<number, number>()
  const pending: number[] = []
  const reach = (offset: number, height: number): boolean => {
    const known = heights.get(offset)
    if (known !== undefined) return known === height
    heights.set(offset, height)
    pending.push(offset)
    return true
  }
  const first = method.instructions[0]
  if (first === undefined || !reach(first.offset, 0)) return false
  for (const handler of method.handlers) if (!reach(handler.handlerOffset, 1)) return false
  for (let offset = pending.pop(); offset !== undefined; offset = pending.pop()) {
    const decoded = byOffset.get(offset)!
    if (decoded.instruction.mnemonic === 'jsr') return false
    const { pops, pushes, isExact } = effectOf(decoded)
    const before = heights.get(offset)!
    const after = before - pops + pushes
    if (!isExact || before < pops || after > method.maxStack) return false
    for (const successor of successorsOf(decoded)) if (!reach(successor, after)) return false
  }
  return true
}

function guardsOf(method: DecodedMethod, effectOf: EffectOf): Map<number, StackGuard> {
  const leaders = new Set<number>(method.handlers.map((one) => one.handlerOffset))
  for (const [i, one] of method.instructions.entries()) {
    if (i === 0) leaders.add(one.offset)
    const isStraight =
      one.instruction.switch === undefined && !one.instruction.operands.some((o) => o.kind === 'branch')
    if (isStraight && effectOf(one).isExact) continue
    leaders.add(one.nextOffset)
    for (const successor of successorsOf(one)) leaders.add(successor)
  }
  const guards = new Map<number, StackGuard>()
  for (const [start, head] of method.instructions.entries()) {
    if (!leaders.has(head.offset)) continue
    let height = 0
    let lowest = 0
    let highest = 0
    for (let i = start; i < method.instructions.length; i++) {
      const one = method.instructions[i]!
      if (i > start && leaders.has(one.offset)) break
      const { pops, pushes } = effectOf(one)
      height -= pops
      lowest = Math.min(lowest, height)
      height += pushes
      highest = Math.max(highest, height)
      if (one.instruction.endsFlow) break
    }
    guards.set(head.offset, { least: -lowest, greatest: method.maxStack - highest })
  }
  return guards
}
