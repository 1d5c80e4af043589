import type { ConstantPoolEntry } from '../capfile/cap-file.ts'
import { constantPoolOperand, type DecodedInstruction } from '../instructions/decode-instruction.ts'
import { type ClassNode, isSubclassOf, type ValueType, wordsOf } from './class-node.ts'
import { classType } from './class-world.ts'
import type { Frame, ObjectWord } from './frame.ts'
import type { MethodFact } from './member-types.ts'
import type { MethodContext } from './method-context.ts'
import { Refusal, refuse } from './refusal.ts'
import { type WordType, wordText } from './word-type.ts'

const PACKAGE_VISIBLE = 0x80

/** The four calls. @source JCVM 3.1 §7.5 */
export function stepInvoke(frame: Frame, decoded: DecodedInstruction, context: MethodContext): void {
  const { mnemonic } = decoded.instruction
  if (mnemonic === 'invokeinterface') invokeInterface(frame, decoded, context)
  else invokeEntry(frame, decoded, context)
}

function invokeEntry(frame: Frame, decoded: DecodedInstruction, context: MethodContext): void {
  const { mnemonic } = decoded.instruction
  const { index } = constantPoolOperand(decoded)!
  const entry = context.members.world.cap.constantPool[index]!
  requireVisible(entry)
  const fact = context.require(context.members.ofEntry(index))
  context.noteUnknown(fact.unknownPackage)
  context.requireAccess(fact)
  if (mnemonic === 'invokestatic') invokeStatic(frame, fact, context)
  else if (mnemonic === 'invokevirtual') invokeVirtual(frame, entry, fact, context)
  else if (entry.kind === 'superMethod') invokeSuper(frame, entry, fact, context)
  else invokeSpecial(frame, fact, context)
}

/** Tokens of package-visible methods mean something only in their own package. */
function requireVisible(entry: ConstantPoolEntry): void {
  if (entry.kind !== 'virtualMethod' && entry.kind !== 'superMethod') return
  if (entry.class.kind === 'external' && entry.token & PACKAGE_VISIBLE) {
    refuse('access', 'a package-visible method of another package')
  }
}

/** Takes the arguments from the stack, the last one first. */
function popArguments(frame: Frame, parameters: readonly ValueType[], context: MethodContext): void {
  for (const type of parameters.toReversed()) {
    if (type === 'unknown') popUnknown(frame)
    else if (type === 'int') asArgument(() => frame.popInt())
    else if (typeof type === 'string') asArgument(() => frame.popShort())
    else {
      const word = asArgument(() => frame.popObject())
      context.requireAssignable(word, type, 'argument-type', 'argument')
    }
  }
}

function popUnknown(frame: Frame): void {
  const word = frame.pop()
  if (word.kind === 'returnAddress') refuse('return-address', 'a return address as argument')
}

/** The same refusal, named as what it is for a caller. */
function asArgument<T>(pop: () => T): T {
  try {
    return pop()
  } catch (error) {
    if (error instanceof Refusal && error.rule === 'stack-type') refuse('argument-type', `argument: ${error.message}`)
    throw error
  }
}

function pushResult(frame: Frame, fact: MethodFact, context: MethodContext): void {
  const { returns } = fact
  if (returns === 'void') return
  const words = returns === 'unknown' ? context.returnKindOf(fact) : context.types.wordsOf(returns)
  if (!words) throw new Refusal('types-unknown', 'what the method returns is not known', 'unchecked')
  frame.push(...words)
}

function invokeStatic(frame: Frame, fact: MethodFact, context: MethodContext): void {
  if (fact.kind !== undefined && fact.kind !== 'static') refuse('method-kind', `invokestatic of ${describe(fact)}`)
  popArguments(frame, fact.parameters, context)
  pushResult(frame, fact, context)
}

function describe({ kind, access }: MethodFact): string {
  if (kind !== 'instance') return `a ${kind ?? 'method'}${kind === 'static' ? ' method' : ''}`
  return access === 'private' ? 'a private method' : 'a virtual method'
}

/** Parameters of an own method known only by its header begin with the object. */
function withoutThis({ kind, parameters }: MethodFact): readonly ValueType[] {
  return kind === undefined && parameters[0] === 'unknown' ? parameters.slice(1) : parameters
}

function invokeVirtual(frame: Frame, entry: ConstantPoolEntry, fact: MethodFact, context: MethodContext): void {
  if (fact.kind !== undefined && fact.kind !== 'instance') refuse('method-kind', `invokevirtual of ${describe(fact)}`)
  popArguments(frame, withoutThis(fact), context)
  const node = entryClass(entry, context)
  if (node.isInterface) refuse('class-kind', `invokevirtual on the interface ${node.name}`)
  const receiver = popReceiver(frame, node, 'invokevirtual', context)
  context.requireProtectedReceiver(fact, receiver, 'invokevirtual')
  pushResult(frame, fact, context)
}

function entryClass(entry: ConstantPoolEntry, context: MethodContext): ClassNode {
  const ref = entry.kind === 'virtualMethod' || entry.kind === 'superMethod' ? entry.class : undefined
  return context.members.world.find(ref!)! // ofEntry found a method in it
}

function popReceiver(frame: Frame, node: ClassNode, mnemonic: string, context: MethodContext): ObjectWord {
  const receiver = frame.popObject()
  context.requireAssignable(receiver, classType(node), 'receiver-type', mnemonic)
  return receiver
}

function invokeSuper(frame: Frame, entry: ConstantPoolEntry, fact: MethodFact, context: MethodContext): void {
  if (fact.isAbstract) refuse('method-kind', 'a super call of an abstract method')
  if (fact.kind !== undefined && fact.kind !== 'instance') refuse('method-kind', `a super call of ${describe(fact)}`)
  popArguments(frame, withoutThis(fact), context)
  const node = entryClass(entry, context)
  if (context.owner && isSubclassOf(context.owner, node) === 'no') {
    refuse('receiver-type', `a super call in the name of ${node.name}`)
  }
  popReceiver(frame, context.owner ?? node, 'a super call', context)
  pushResult(frame, fact, context)
}

/** Constructors and private methods. */
function invokeSpecial(frame: Frame, fact: MethodFact, context: MethodContext): void {
  if (fact.kind === 'static' || (fact.kind === 'instance' && fact.access !== 'private' && !fact.isImported)) {
    refuse('method-kind', `invokespecial of ${describe(fact)}`)
  }
  if (fact.isImported && fact.kind === 'instance') refuse('method-kind', 'invokespecial of a virtual method')
  popArguments(frame, withoutThis(fact), context)
  if (fact.kind === 'constructor') construct(frame, fact, context)
  else if (fact.kind === 'instance')
    popReceiver(frame, fact.declaring ?? context.members.world.object, 'invokespecial', context)
  else specialOfUnknown(frame, context)
  pushResult(frame, fact, context)
}

function construct(frame: Frame, fact: MethodFact, context: MethodContext): void {
  const receiver = frame.pop()
  const { declaring } = fact
  if (receiver.kind === 'any') return
  if (receiver.kind === 'fresh') {
    if (receiver.class !== declaring)
      refuse('receiver-type', `constructor of ${declaring?.name} for ${wordText(receiver)}`)
    if (fact.access === 'protected' && fact.isImported) refuse('access', 'a protected constructor of another package')
  } else if (receiver.kind === 'freshThis') {
    if (declaring !== receiver.class && declaring !== receiver.class.superClass) {
      refuse('receiver-type', `constructor of ${declaring?.name} for ${wordText(receiver)}`)
    }
    frame.isThisReady = true
  } else {
    refuse('receiver-type', `a constructor for ${wordText(receiver)}`)
  }
  makeReady(frame, receiver, context)
}

function makeReady(frame: Frame, receiver: Extract<WordType, { class: ClassNode }>, context: MethodContext): void {
  frame.replace(receiver, context.types.reference(classType(receiver.class)))
}

/** Without Descriptor, or of an unknown import: whether it is a constructor shows in what it is called on. */
function specialOfUnknown(frame: Frame, context: MethodContext): void {
  const receiver = frame.stack.at(-1)
  if (receiver?.kind !== 'fresh' && receiver?.kind !== 'freshThis') {
    frame.popObject()
    return
  }
  frame.pop()
  if (receiver.kind === 'freshThis') frame.isThisReady = true
  makeReady(frame, receiver, context)
}

function invokeInterface(frame: Frame, { operands }: DecodedInstruction, context: MethodContext): void {
  const [nargs, index, token] = operands as [number, number, number] // the fixed operands of the instruction
  const node = context.classOfEntry(index)
  if (node.isInterface === false) refuse('class-kind', `invokeinterface on the class ${node.name}`)
  const fact = context.require(context.members.interfaceMethod(node, token))
  const parameters = withoutThis(fact)
  const words = 1 + parameters.reduce((sum, type) => sum + wordsOf(type), 0)
  if (words !== nargs) refuse('argument-count', `${nargs} argument words, the method takes ${words}`)
  popArguments(frame, parameters, context)
  popReceiver(frame, node, 'invokeinterface', context)
  pushResult(frame, fact, context)
}
