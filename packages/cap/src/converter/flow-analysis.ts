import { ClassFileError } from '../errors.ts'
import { type Frame, mergeFrames, REFERENCE, type Value } from './frame.ts'
import type { JavaCode, JavaMethod } from './program.ts'
import { step, valueOfType } from './step.ts'

/** Rounds of a loop before its ranges jump to where they may end up. */
const ROUNDS_BEFORE_WIDENING = 3

/**
 * The state before every instruction that can be reached: an abstract interpretation of the whole method.
 *
 * @returns by pc; what is missing can never run
 * @throws ClassFileError for code that a JVM would not verify
 */
export function analyseFlow(method: JavaMethod, code: JavaCode): ReadonlyMap<number, Frame> {
  const frames = new Map<number, Frame>()
  const rounds = new Map<number, number>()
  const indexOf = new Map(code.instructions.map((one, index) => [one.pc, index]))
  const waiting = new Uint8Array(code.instructions.length)
  /** No instruction before this one waits: earlier ones go first, so that a loop is settled before what follows it. */
  let first = 0
  // Every loop has a step back, so widening there alone ends them all and keeps what straight code computes exact.
  const join = (pc: number, frame: Frame, from: number): void => {
    const before = frames.get(pc)
    const count = (rounds.get(pc) ?? 0) + (from >= pc ? 1 : 0)
    const mayWiden = from >= pc && count > ROUNDS_BEFORE_WIDENING
    const merged = before ? mergeFrames(before, frame, mayWiden, pc) : frame
    if (merged === before) return
    rounds.set(pc, count)
    frames.set(pc, merged)
    const index = requireIndex(indexOf, pc)
    waiting[index] = 1
    first = Math.min(first, index)
  }
  join(0, entryFrame(method), -1)
  for (first = 0; first < waiting.length; ) {
    if (waiting[first] === 0) {
      first++
      continue
    }
    waiting[first] = 0
    const instruction = code.instructions[first]!
    const { pc } = instruction
    const frame = frames.get(pc)!
    for (const handler of code.handlers) {
      if (pc < handler.startPc || pc >= handler.endPc) continue
      join(handler.handlerPc, { locals: frame.locals, stack: [REFERENCE] }, pc)
    }
    for (const { pc: next, frame: after } of step(instruction, frame, () => {})) {
      join(next, { locals: [...after.locals], stack: [...after.stack] }, pc)
    }
  }
  return frames
}

function requireIndex(indexOf: ReadonlyMap<number, number>, pc: number): number {
  const index = indexOf.get(pc)
  if (index !== undefined) return index
  throw new ClassFileError('CAP_CLASS_MALFORMED', `execution runs past the end of the code at ${pc}`, { pc })
}

/** `this` and the parameters, one slot each: long and double never get here. */
function entryFrame(method: JavaMethod): Frame {
  const receiver: Value[] = method.isStatic ? [] : [REFERENCE]
  return { locals: [...receiver, ...method.signature.parameters.map(valueOfType)], stack: [] }
}
