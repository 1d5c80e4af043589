import { assert } from '@gridcard/bytes'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import type { CardInstruction } from './card-instruction.ts'
import { indexOf } from './code-layout.ts'

/**
 * The most words the operand stack ever holds.
 *
 * @param handlerPcs where exceptions enter, with their reference as the only word
 */
export function maxStackOf(instructions: readonly CardInstruction[], handlerPcs: readonly number[]): number {
  const depths = new Map<number, number>()
  const waiting: number[] = []
  const enter = (index: number, depth: number): void => {
    const known = depths.get(index)
    assert(known === undefined || known === depth, 'stack depths that meet are equal')
    if (known !== undefined || index >= instructions.length) return
    depths.set(index, depth)
    waiting.push(index)
  }
  enter(0, 0)
  for (const pc of handlerPcs) enter(indexOf(instructions, pc), 1)
  let deepest = handlerPcs.length > 0 ? 1 : 0
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const instruction = instructions[index]!
    const after = depths.get(index)! - instruction.wordsIn + instruction.wordsOut
    assert(depths.get(index)! >= instruction.wordsIn, 'no instruction pops an empty stack')
    deepest = Math.max(deepest, after)
    for (const pc of instruction.targets) enter(indexOf(instructions, pc), after)
    if (!instructionByMnemonic(instruction.mnemonic)!.endsFlow) enter(index + 1, after)
  }
  return deepest
}

/** Words of the frame: arguments, and all locals that the code names. */
export function localWordsOf(instructions: readonly CardInstruction[], argumentWords: number): number {
  let words = argumentWords
  for (const { mnemonic, operands } of instructions) {
    const short = /^[asi](?:load|store)_(\d)$/.exec(mnemonic)?.[1]
    const own = mnemonic.startsWith('i') ? 2 : 1
    if (short !== undefined) words = Math.max(words, Number(short) + own)
    else if (/^[asi](?:load|store)$|^[si]inc(?:_w)?$/.test(mnemonic)) words = Math.max(words, operands[0]! + own)
  }
  return words
}
