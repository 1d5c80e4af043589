import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
import { ClassFileError } from '../errors.ts'
import type { Findings } from './findings.ts'
import { analyseFlow } from './flow-analysis.ts'
import type { Frame, IntValue } from './frame.ts'
import { type JavaClass, type JavaCode, type JavaMethod, lineOf, STATIC_INITIALISER, signatureKey } from './program.ts'
import { step } from './step.ts'
import { contains, SHORT } from './value-range.ts'

/** A method and what of its code can run; without code it is abstract. */
export interface AnalysedMethod {
  readonly class: JavaClass
  readonly method: JavaMethod
  readonly code?: JavaCode
  readonly reachable: readonly JvmInstruction[]
}

/** All methods that go to the card, in the order of the class files; ints that a short cannot replace are reported. */
export function analyseMethods(one: JavaClass, findings: Findings): AnalysedMethod[] {
  if (one.isInterface) return []
  return one.methods
    .filter((method) => method.name !== STATIC_INITIALISER)
    .map((method) => analyseMethod(one, method, findings))
}

function analyseMethod(owner: JavaClass, method: JavaMethod, findings: Findings): AnalysedMethod {
  const { code } = method
  if (!code) return { class: owner, method, reachable: [] }
  // What one of these leaves on the stack is unknown; they are reported already.
  if (code.instructions.some((one) => one.kind === 'unsupported')) return { class: owner, method, code, reachable: [] }
  const frames = flowOf(owner, method, code)
  const reachable = code.instructions.filter((one) => frames.has(one.pc))
  for (const instruction of reachable) checkDemands(instruction, frames.get(instruction.pc)!, owner, method, findings)
  return { class: owner, method, code, reachable }
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
  owner: JavaClass,
  method: JavaMethod,
  findings: Findings,
): void {
  step(instruction, frame, (value, use, rigour) => {
    if (contains(SHORT, value.range)) return
    findings.add(
      { class: owner, method, pc: instruction.pc },
      `${sourceOf(value, method)} may not fit a short and is used ${use}`,
      'cast it to short or byte first',
      rigour,
    )
  })
}

function sourceOf({ overflow }: IntValue, method: JavaMethod): string {
  if (!overflow) return 'an int'
  const line = method.code && lineOf(method.code, overflow.pc)
  return `the ${overflow.operation}${line === undefined ? '' : ` of line ${line}`}`
}
