import { readFileSync } from 'node:fs'
import { type DecodedInstruction, decodeMethods, parseCapFile } from '@gridcard/cap'

/**
 * Instructions of one turn of `BenchApplet.loop`, counted in the CAP file: from where a backward branch lands to the branch
 * itself. The loop has no other branch that stays inside, so each turn runs each of them once.
 */
export function instructionsPerTurn(): number {
  const cap = parseCapFile(new Uint8Array(readFileSync(new URL('../../applets/prebuilt/bench.cap', import.meta.url))))
  for (const { instructions } of decodeMethods(cap)) {
    for (const [end, instruction] of instructions.entries()) {
      const target = backwardTarget(instruction)
      const start = instructions.findIndex(({ offset }) => offset === target)
      const turn = instructions.slice(start, end + 1)
      if (start >= 0 && turn.some(({ instruction: { mnemonic } }) => mnemonic === 'bastore')) return turn.length
    }
  }
  throw new Error('bench.cap has no loop that stores into a byte array')
}

function backwardTarget({ instruction, targets, offset }: DecodedInstruction): number | undefined {
  return instruction.mnemonic.startsWith('goto') && targets[0]! <= offset ? targets[0] : undefined
}
