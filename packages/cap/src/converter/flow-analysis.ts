import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
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
  const waiting = new Set<number>()
  const instructions = new Map(code.instructions.map((one) => [one.pc, one]))
  // Every loop has a step back, so widening there alone ends them all and keeps what straight code computes exact.
  const join = (pc: number, frame: Frame, from: number): void => {
    const before = frames.get(pc)
    const count = (rounds.get(pc) ?? 0) + (from >= pc ? 1 : 0)
    const mayWiden = from >= pc && count > ROUNDS_BEFORE_WIDENING
    const merged = before ? mergeFrames(before, frame, mayWiden, pc) : frame
    if (merged === before) return
    rounds.set(pc, count)
    frames.set(pc, merged)
    waiting.add(pc)
  }
  join(0, entryFrame(method), -1)
  for (const pc of waiting) {
    // A Set goes on to members added while it is walked; deleting first lets a place wait again.
    waiting.delete(pc)
    const frame = frames.get(pc)!
    const instruction = requireInstruction(instructions, pc)
    for (const handler of code.handlers) {
      if (pc >= handler.startPc && pc < handler.endPc)
        join(handler.handlerPc, { locals: frame.locals, stack: [REFERENCE] }, pc)
    }
    for (const successor of step(instruction, frame, () => {})) {
      join(successor.pc, { locals: [...successor.frame.locals], stack: [...successor.frame.stack] }, pc)
    }
  }
  return frames
}

function requireInstruction(instructions: ReadonlyMap<number, JvmInstruction>, pc: number): JvmInstruction {
  const instruction = instructions.get(pc)
  if (!instruction)
    throw new ClassFileError('CAP_CLASS_MALFORMED', `execution runs past the end of the code at ${pc}`, { pc })
  return instruction
}

/** `this` and the parameters, one slot each: long and double never get here. */
function entryFrame(method: JavaMethod): Frame {
  const receiver: Value[] = method.isStatic ? [] : [REFERENCE]
  return { locals: [...receiver, ...method.signature.parameters.map(valueOfType)], stack: [] }
}
