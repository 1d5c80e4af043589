import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
import { ClassFileError } from '../errors.ts'
import type { Findings } from './findings.ts'
import { analyseFlow } from './flow-analysis.ts'
import type { Frame, IntValue } from './frame.ts'
import { findIntWords, type IntWords, NO_INTS } from './int-words.ts'
import { type JavaClass, type JavaCode, type JavaMethod, lineOf, STATIC_INITIALISER, signatureKey } from './program.ts'
import { step } from './step.ts'
import { contains, SHORT } from './value-range.ts'

/** Whether the card computes with ints. */
export type IntSupport = 'int' | 'short'

/** A method and what of its code can run; without code it is abstract. */
export interface AnalysedMethod {
  readonly class: JavaClass
  readonly method: JavaMethod
  readonly code?: JavaCode
  readonly reachable: readonly JvmInstruction[]
  /** What takes two words; nothing without int support. */
  readonly ints: IntWords
}

/** All methods that go to the card, in the order of the class files; ints that a short cannot replace are reported. */
export function analyseMethods(one: JavaClass, ints: IntSupport, findings: Findings): AnalysedMethod[] {
  if (one.isInterface) return []
  return one.methods
    .filter((method) => method.name !== STATIC_INITIALISER)
    .map((method) => analyseMethod(one, method, ints, findings))
}

function analyseMethod(owner: JavaClass, method: JavaMethod, ints: IntSupport, findings: Findings): AnalysedMethod {
  const { code } = method
  if (!code) return { class: owner, method, reachable: [], ints: NO_INTS }
  // What one of these leaves on the stack is unknown; they are reported already.
  if (code.instructions.some((one) => one.kind === 'unsupported')) {
    return { class: owner, method, code, reachable: [], ints: NO_INTS }
  }
  const frames = flowOf(owner, method, code)
  const reachable = code.instructions.filter((one) => frames.has(one.pc))
  const words = ints === 'int' ? findIntWords(method, code, reachable, frames) : NO_INTS
  for (const instruction of reachable) {
    checkDemands(instruction, frames.get(instruction.pc)!, { class: owner, method }, ints, findings)
  }
  return { class: owner, method, code, reachable, ints: words }
}

function flowOf(owner: JavaClass, method: JavaMethod, code: JavaCode): ReadonlyMap<number, Frame> {
  try {
    return analyseFlow(method, code)
  } catch (error) {
    if (!(error instanceof ClassFileError)) throw error
    const where = `${owner.name}.${signatureKey(method)}`
    throw new ClassFileError(error.code, `${where}: ${error.message}`, error.place, { cause: error })
  }
}

/**
 * The rule for ints without int support: a result that may need more than 16 bits must be cast to short or byte before
 * it is used where the higher bits make a difference.
 */
function checkDemands(
  instruction: JvmInstruction,
  frame: Frame,
  { class: owner, method }: { readonly class: JavaClass; readonly method: JavaMethod },
  ints: IntSupport,
  findings: Findings,
): void {
  const returnsInt = instruction.kind === 'return' && method.signature.returns.kind === 'int'
  step(instruction, frame, (value, use, rigour, purpose) => {
    if (contains(SHORT, value.range) || (ints === 'int' && (purpose === 'any' || returnsInt))) return
    findings.addMissing(
      { class: owner, method, pc: instruction.pc },
      'int-value',
      `${sourceOf(value, method)} may not fit a short and is used ${use}`,
      rigour,
    )
  })
}

function sourceOf({ overflow }: IntValue, method: JavaMethod): string {
  if (!overflow) return 'an int'
  const line = method.code && lineOf(method.code, overflow.pc)
  return `the ${overflow.operation}${line === undefined ? '' : ` of line ${line}`}`
}
