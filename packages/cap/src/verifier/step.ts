import { constantPoolOperand, type DecodedInstruction } from '../instructions/decode-instruction.ts'
import type { Instruction, StackType } from '../instructions/instruction.ts'
import { ARRAY_TYPES, instructions } from '../instructions/instruction-table.ts'
import type { ClassNode, ObjectType, PrimitiveType } from './class-node.ts'
import { classType } from './class-world.ts'
import type { Frame } from './frame.ts'
import type { MethodContext, ReturnKind } from './method-context.ts'
import { refuse } from './refusal.ts'
import { stepField } from './step-field.ts'
import { stepInvoke } from './step-invoke.ts'
import { INT_HIGH, INT_LOW, NULL, SHORT, UNUSABLE, type WordType, wordText } from './word-type.ts'

type Step = (frame: Frame, decoded: DecodedInstruction, context: MethodContext) => void

/** Takes the instruction's operands from the frame and leaves its results; branches are followed by the caller. */
export function step(frame: Frame, decoded: DecodedInstruction, context: MethodContext): void {
  STEPS[decoded.instruction.opcode]!(frame, decoded, context)
}

/** The local a load or store names, in its operand or its mnemonic. */
function localOf({ instruction, operands }: DecodedInstruction): number {
  return instruction.operands.length > 0 ? operands[0]! : Number(instruction.mnemonic.at(-1))
}

const LOADS_AND_STORES: Readonly<Record<string, Step>> = {
  aload: (frame, decoded) => frame.push(frame.referenceLocal(localOf(decoded))),
  sload: (frame, decoded) => {
    frame.requireShortLocal(localOf(decoded))
    frame.push(SHORT)
  },
  iload: (frame, decoded) => {
    frame.requireIntLocal(localOf(decoded))
    frame.push(INT_HIGH, INT_LOW)
  },
  astore: (frame, decoded) => {
    const word = frame.stack.at(-1)
    frame.store(localOf(decoded), word?.kind === 'returnAddress' ? frame.pop() : frame.popReference())
  },
  sstore: (frame, decoded) => {
    frame.popShort()
    frame.store(localOf(decoded), SHORT)
  },
  istore: (frame, decoded) => {
    frame.popInt()
    frame.store(localOf(decoded), INT_HIGH, INT_LOW)
  },
  sinc: (frame, decoded) => frame.requireShortLocal(localOf(decoded)),
  iinc: (frame, decoded) => frame.requireIntLocal(localOf(decoded)),
}

const STACK_STEPS: Readonly<Record<string, Step>> = {
  aconst_null: (frame) => frame.push(NULL),
  pop: (frame) => void frame.popWords(1),
  pop2: (frame) => void frame.popWords(2),
  dup: (frame) => duplicate(frame, 1, 1),
  dup2: (frame) => duplicate(frame, 2, 2),
  dup_x: (frame, { operands }) => {
    const [copied, depth] = [operands[0]! >> 4, operands[0]! & 15]
    duplicate(frame, copied, depth === 0 ? copied : depth)
  },
  swap_x: (frame, { operands }) => {
    const upper = frame.popWords(operands[0]! >> 4)
    const lower = frame.popWords(operands[0]! & 15)
    frame.push(...upper, ...lower)
  },
  jsr: (frame, { offset }, { types }) => frame.push(types.returnAddress(offset)),
}

/** Puts a copy of the top words `depth` words below the top. */
function duplicate(frame: Frame, copied: number, depth: number): void {
  const top = frame.popWords(copied)
  const below = frame.popWords(depth - copied)
  frame.push(...top, ...below, ...top)
}

const OBJECT_STEPS: Readonly<Record<string, Step>> = {
  new: (frame, decoded, context) => {
    const node = namedClass(decoded, context)
    if (node.isInterface || node.isAbstract) refuse('abstract-instance', `new of ${node.name}`)
    // One place makes one object at a time: an older one from here can no longer be told apart.
    const made = context.types.fresh(decoded.offset, node)
    if (frame.stack.includes(made))
      refuse('uninitialised', `${wordText(made)} stays on the stack while it is made again`)
    frame.replace(made, UNUSABLE)
    frame.push(made)
  },
  newarray: (frame, { operands }, { types }) => {
    frame.popShort()
    frame.push(types.reference({ kind: 'array', element: primitiveOf(operands[0]!) }))
  },
  anewarray: (frame, decoded, context) => {
    frame.popShort()
    frame.push(context.types.reference({ kind: 'array', element: namedClass(decoded, context) }))
  },
  arraylength: (frame) => {
    requireArray(frame.popObject(), () => true, 'an array')
    frame.push(SHORT)
  },
  checkcast: (frame, decoded, context) => {
    frame.popObject()
    frame.push(context.types.reference(castType(decoded, context)))
  },
  instanceof: (frame, decoded, context) => {
    castType(decoded, context)
    frame.popObject()
    frame.push(SHORT)
  },
  athrow: (frame, _, context) => {
    const { world } = context.members
    context.requireAssignable(frame.popObject(), classType(world.throwable), 'stack-type', 'athrow')
  },
  ifnull: (frame) => void frame.popReference(),
  ifnonnull: (frame) => void frame.popReference(),
  if_acmpeq: popTwoReferences,
  if_acmpne: popTwoReferences,
}

function popTwoReferences(frame: Frame): void {
  frame.popReference()
  frame.popReference()
}

const ELEMENTS: Readonly<Record<string, (element: PrimitiveType | ClassNode) => boolean>> = {
  a: (element) => typeof element !== 'string',
  b: (element) => element === 'byte' || element === 'boolean',
  s: (element) => element === 'short',
  i: (element) => element === 'int',
}
const ELEMENT_TEXTS: Readonly<Record<string, string>> = {
  a: 'an array of references',
  b: 'a byte[] or boolean[]',
  s: 'a short[]',
  i: 'an int[]',
}

function requireArray(
  word: WordType,
  isRight: (element: PrimitiveType | ClassNode) => boolean,
  expected: string,
): void {
  if (word.kind !== 'reference') return
  for (const one of word.alternatives) {
    if (one.kind === 'array' && isRight(one.element)) continue
    refuse('stack-type', `expected ${expected}, found ${wordText(word)}`)
  }
}

/** baload and its kin; the first letter tells the element. */
function arrayLoad(frame: Frame, { instruction }: DecodedInstruction, { types }: MethodContext): void {
  const letter = instruction.mnemonic[0]!
  frame.popShort()
  const array = frame.popObject()
  requireArray(array, ELEMENTS[letter]!, ELEMENT_TEXTS[letter]!)
  if (letter === 'i') frame.push(INT_HIGH, INT_LOW)
  else if (letter !== 'a') frame.push(SHORT)
  else frame.push(array.kind === 'reference' ? elementWord(array.alternatives, types) : array)
}

function elementWord(arrays: readonly ObjectType[], types: MethodContext['types']): WordType {
  const words = arrays.map((one) => {
    const element = one.kind === 'array' ? one.element : undefined
    return types.reference(classType(element as ClassNode)) // requireArray has seen that it is one
  })
  return words.reduce<WordType>((all, one) => types.merge(all, one), words[0]!)
}

function arrayStore(frame: Frame, { instruction }: DecodedInstruction): void {
  const letter = instruction.mnemonic[0]!
  if (letter === 'i') frame.popInt()
  else if (letter === 'a') frame.popObject()
  else frame.popShort()
  frame.popShort()
  requireArray(frame.popObject(), ELEMENTS[letter]!, ELEMENT_TEXTS[letter]!)
}

const PRIMITIVES: ReadonlyMap<number, PrimitiveType> = new Map([
  [ARRAY_TYPES.boolean, 'boolean'],
  [ARRAY_TYPES.byte, 'byte'],
  [ARRAY_TYPES.short, 'short'],
  [ARRAY_TYPES.int, 'int'],
])

function primitiveOf(arrayType: number): PrimitiveType {
  return PRIMITIVES.get(arrayType)! // other values were refused before the path
}

function namedClass(decoded: DecodedInstruction, context: MethodContext): ClassNode {
  return context.classOfEntry(constantPoolOperand(decoded)!.index)
}

function castType(decoded: DecodedInstruction, context: MethodContext): ObjectType {
  const [arrayType] = decoded.operands
  const primitive = PRIMITIVES.get(arrayType!)
  if (primitive) return { kind: 'array', element: primitive }
  const node = namedClass(decoded, context)
  return arrayType === ARRAY_TYPES.reference ? { kind: 'array', element: node } : classType(node)
}

/** areturn and its kin. */
function returnStep(frame: Frame, { instruction }: DecodedInstruction, context: MethodContext): void {
  const { returns } = instruction
  const expected = context.returns
  if (!frame.isThisReady) refuse('uninitialised', 'the constructor returns before it has called another')
  if (returns === 'short') frame.popShort()
  else if (returns === 'int') frame.popInt()
  const found = returns === 'reference' ? frame.popObject() : undefined
  if (expected === 'unknown') {
    context.requireOneReturnKind(returns!)
    return
  }
  const kind = returnKindOf(expected)
  if (kind !== returns) refuse('return-type', `${instruction.mnemonic} in a method that returns ${kind}`)
  if (found && typeof expected === 'object') context.requireAssignable(found, expected, 'return-type', 'areturn')
}

function returnKindOf(type: Exclude<MethodContext['returns'], 'unknown'>): ReturnKind {
  if (typeof type === 'object') return 'reference'
  return type === 'int' || type === 'void' ? type : 'short'
}

const PUSHED: Readonly<Partial<Record<StackType, readonly WordType[]>>> = { short: [SHORT], int: [INT_HIGH, INT_LOW] }

/** Arithmetic, comparisons, constants, switches: the instruction table says it all. */
function tableStep(instruction: Instruction): Step {
  const taken = instruction.in?.toReversed() ?? []
  const pushed = (instruction.out ?? []).flatMap((type) => PUSHED[type]!)
  return (frame) => {
    for (const type of taken) {
      if (type === 'int') frame.popInt()
      else frame.popShort()
    }
    frame.push(...pushed)
  }
}

function stepOf(instruction: Instruction): Step {
  const mnemonic = instruction.mnemonic.replace(/_w$/, '')
  const special = STACK_STEPS[mnemonic] ?? OBJECT_STEPS[mnemonic]
  if (special) return special
  if (/^[absi]aload$/.test(mnemonic)) return arrayLoad
  if (/^[absi]astore$/.test(mnemonic)) return arrayStore
  if (/^(get|put)(static|field)_/.test(mnemonic)) return stepField
  if (mnemonic.startsWith('invoke')) return stepInvoke
  if (instruction.returns !== undefined) return returnStep
  return LOADS_AND_STORES[mnemonic.replace(/_\d$/, '')] ?? tableStep(instruction)
}

/** Index: the opcode. */
const STEPS: readonly Step[] = instructions.filter((one) => !one.isReserved).map(stepOf)
