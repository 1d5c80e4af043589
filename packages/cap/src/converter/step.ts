import { type JvmType, parseFieldDescriptor, parseMethodDescriptor } from '../classfile/descriptor.ts'
import { targetsOf } from '../classfile/jvm-code.ts'
import type {
  BinaryOperator,
  Condition,
  JvmInstruction,
  JvmOperation,
  StackForm,
} from '../classfile/jvm-instruction.ts'
import { type Frame, FrameEditor, type IntValue, intOf, REFERENCE, type Value } from './frame.ts'
import {
  BOOLEAN,
  BYTE,
  combine,
  contains,
  exactly,
  INT,
  intersect,
  LENGTH,
  narrow,
  negated,
  SHORT,
  type ValueRange,
} from './value-range.ts'

/**
 * Told of each value that an instruction needs as the Java value and not only modulo 2^16.
 *
 * @param use completes "is used ...": `as an array index`
 */
export type Demand = (value: IntValue, use: string, rigour: Rigour, purpose: Purpose) => void

/** Whether the use could take an int on a card with int support, or wants a short whatever the card. */
export type Purpose = 'any' | 'short'

/** What it means when the value may not fit: the code is refused, or the programmer is told. */
export type Rigour = 'error' | 'warning'

/** A state and where it goes on. */
export interface Successor {
  readonly pc: number
  readonly frame: Frame
}

/** Order of the words on the stack after the instruction, counted from the top before it (0 = top). */
export const STACK_EFFECTS: Readonly<
  Record<StackForm, { readonly takes: number; readonly leaves: readonly number[] }>
> = {
  pop: { takes: 1, leaves: [] },
  pop2: { takes: 2, leaves: [] },
  dup: { takes: 1, leaves: [0, 0] },
  dup_x1: { takes: 2, leaves: [0, 1, 0] },
  dup_x2: { takes: 3, leaves: [0, 2, 1, 0] },
  dup2: { takes: 2, leaves: [1, 0, 1, 0] },
  dup2_x1: { takes: 3, leaves: [1, 0, 2, 1, 0] },
  dup2_x2: { takes: 4, leaves: [1, 0, 3, 2, 1, 0] },
  swap: { takes: 2, leaves: [0, 1] },
}

const OPERATION_NAMES: Readonly<Record<BinaryOperator, string>> = {
  add: 'addition',
  sub: 'subtraction',
  mul: 'multiplication',
  div: 'division',
  rem: 'remainder',
  shl: 'left shift',
  shr: 'right shift',
  ushr: 'unsigned right shift',
  and: 'bitwise and',
  or: 'bitwise or',
  xor: 'exclusive or',
}

/** Operators whose low 16 bits depend on higher bits of an operand, with which operands that are. */
export const NEEDS_VALUE: Partial<Readonly<Record<BinaryOperator, 'both' | 'left'>>> = {
  div: 'both',
  rem: 'both',
  shr: 'left',
  ushr: 'left',
}

/** Runs one instruction on ranges of values. @returns every state it can leave, the fall-through first */
export function step(instruction: JvmInstruction, frame: Frame, demand: Demand): readonly Successor[] {
  const editor = new FrameEditor(frame, instruction.pc)
  const next = instruction.pc + instruction.lengthBytes
  if (instruction.kind === 'branch') return branch(instruction, editor, next, demand)
  apply(instruction, editor, demand)
  switch (instruction.kind) {
    case 'return':
    case 'throw':
      return []
    case 'goto':
    case 'switch':
      return targetsOf(instruction).map((pc) => ({ pc, frame: editor }))
    default:
      return [{ pc: next, frame: editor }]
  }
}

function apply(instruction: JvmInstruction, editor: FrameEditor, demand: Demand): void {
  switch (instruction.kind) {
    case 'nop':
    case 'goto':
    case 'branch':
    case 'unsupported':
      return
    case 'push':
      editor.push(made(exactly(instruction.value), instruction.pc, 'constant'))
      return
    case 'pushNull':
    case 'new':
      editor.push(REFERENCE)
      return
    case 'load':
      editor.load(instruction.slot, instruction.type)
      return
    case 'store':
      editor.store(instruction.slot, editor.pop())
      return
    case 'increment':
      increment(instruction, editor, demand)
      return
    case 'arrayLoad':
      index(editor, demand)
      editor.popReference()
      editor.push(valueOfElement(instruction.element))
      return
    case 'arrayStore':
      editor.pop()
      index(editor, demand)
      editor.popReference()
      return
    case 'stack':
      rearrange(instruction.form, editor)
      return
    case 'binary':
      binary(instruction, editor, demand)
      return
    case 'negate': {
      const operand = editor.popInt()
      editor.push(made(negated(operand.range), instruction.pc, 'negation', operand))
      return
    }
    case 'narrow': {
      const operand = editor.popInt()
      editor.push(intOf(narrow(operand.range, instruction.to === 'byte' ? BYTE : SHORT)))
      return
    }
    case 'switch':
      demand(editor.popInt(), 'by a switch', 'error', 'any')
      return
    case 'return':
      if (instruction.type === 'int') demand(editor.popInt(), 'as the return value', 'error', 'short')
      if (instruction.type === 'reference') editor.popReference()
      return
    case 'getField':
      if (!instruction.isStatic) editor.popReference()
      editor.push(valueOfType(parseFieldDescriptor(instruction.member.descriptor)))
      return
    case 'putField':
      editor.pop()
      if (!instruction.isStatic) editor.popReference()
      return
    case 'invoke':
      invoke(instruction, editor, demand)
      return
    case 'newPrimitiveArray':
    case 'newReferenceArray':
      demand(editor.popInt(), 'as an array size', 'error', 'short')
      editor.push(REFERENCE)
      return
    case 'arrayLength':
      editor.popReference()
      editor.push(intOf(LENGTH))
      return
    case 'throw':
      editor.popReference()
      return
    case 'checkCast':
      editor.popReference()
      editor.push(REFERENCE)
      return
    case 'instanceOf':
      editor.popReference()
      editor.push(intOf(BOOLEAN))
      return
  }
}

/** A computed int; remembers where it first outgrew a short. */
function made(range: ValueRange, pc: number, operation: string, ...operands: readonly IntValue[]): IntValue {
  if (contains(SHORT, range)) return intOf(range)
  const overflow = operands.find((one) => one.overflow)?.overflow ?? { pc, operation }
  return { kind: 'int', range, overflow }
}

export function valueOfType(type: JvmType): Value {
  switch (type.kind) {
    case 'class':
    case 'array':
      return REFERENCE
    case 'boolean':
      return intOf(BOOLEAN)
    case 'byte':
      return intOf(BYTE)
    case 'short':
      return intOf(SHORT)
    default:
      return intOf(INT)
  }
}

function valueOfElement(element: 'reference' | 'byte' | 'short' | 'int'): Value {
  return element === 'reference' ? REFERENCE : valueOfType({ kind: element })
}

/**
 * Of a range up to 65535 the part beyond a short wraps to negative indices, which throw as they do in Java. Below, a
 * wrapped index may hit an element where Java throws; vendor converters take that, so it is only a warning.
 */
function index(editor: FrameEditor, demand: Demand): void {
  const value = editor.popInt()
  if (!contains({ low: SHORT.low, high: 0xffff }, value.range)) demand(value, 'as an array index', 'warning', 'short')
}

function increment(
  instruction: JvmOperation & { kind: 'increment'; pc: number },
  editor: FrameEditor,
  demand: Demand,
): void {
  editor.load(instruction.slot, 'int')
  const sum = made(combine('add', editor.popInt().range, exactly(instruction.by)), instruction.pc, 'increment')
  demand(sum, 'as an int variable', 'error', 'any')
  editor.store(instruction.slot, sum)
}

function rearrange(form: StackForm, editor: FrameEditor): void {
  const { takes, leaves } = STACK_EFFECTS[form]
  const taken = Array.from({ length: takes }, () => editor.pop())
  for (const depth of leaves) editor.push(taken[depth]!)
}

function binary(instruction: JvmOperation & { kind: 'binary'; pc: number }, editor: FrameEditor, demand: Demand): void {
  const { operator, pc } = instruction
  const right = editor.popInt()
  const left = editor.popInt()
  const needed = NEEDS_VALUE[operator]
  if (needed) demand(left, `as the left operand of ${withArticle(OPERATION_NAMES[operator])}`, 'error', 'any')
  if (needed === 'both') demand(right, `as the divisor of ${withArticle(OPERATION_NAMES[operator])}`, 'error', 'any')
  editor.push(made(combine(operator, left.range, right.range), pc, OPERATION_NAMES[operator], left, right))
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`
}

function invoke(instruction: JvmOperation & { kind: 'invoke' }, editor: FrameEditor, demand: Demand): void {
  const { parameters, returns } = parseMethodDescriptor(instruction.member.descriptor)
  for (const parameter of parameters.toReversed()) {
    if (valueOfType(parameter).kind === 'int')
      demand(
        editor.popInt(),
        `as an argument of ${instruction.member.name}`,
        'error',
        parameter.kind === 'int' ? 'any' : 'short',
      )
    else editor.popReference()
  }
  if (instruction.mode !== 'static') editor.popReference()
  if (returns.kind !== 'void') editor.push(valueOfType(returns))
}

function branch(
  instruction: JvmInstruction & { kind: 'branch' },
  editor: FrameEditor,
  next: number,
  demand: Demand,
): readonly Successor[] {
  if (instruction.type === 'reference') {
    if (instruction.comparand === 'stack') editor.popReference()
    editor.popReference()
    return [next, instruction.target].map((pc) => ({ pc, frame: editor }))
  }
  const right = instruction.comparand === 'stack' ? editor.popInt() : intOf(exactly(0))
  const left = editor.popInt()
  demandComparable(instruction.condition, left, right, demand)
  const taken = new FrameEditor(editor, instruction.pc)
  refine(taken, left, instruction.condition, right)
  refine(editor, left, OPPOSITES[instruction.condition], right)
  return [
    { pc: next, frame: editor },
    { pc: instruction.target, frame: taken },
  ]
}

/**
 * Order needs the Java values. Equality is the same modulo 2^16 as long as all values lie within 65536 of each other,
 * so `(flags & 0x8000) != 0` is fine.
 */
function demandComparable(condition: Condition, left: IntValue, right: IntValue, demand: Demand): void {
  const isEquality = condition === 'eq' || condition === 'ne'
  const low = Math.min(left.range.low, right.range.low)
  const high = Math.max(left.range.high, right.range.high)
  if (isEquality && high - low <= 0xffff) return
  demand(left, 'in a comparison', 'error', 'any')
  demand(right, 'in a comparison', 'error', 'any')
}

const OPPOSITES: Readonly<Record<Condition, Condition>> = { eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', gt: 'le', le: 'gt' }

const MIRRORED: Readonly<Record<Condition, Condition>> = { eq: 'eq', ne: 'ne', lt: 'gt', gt: 'lt', le: 'ge', ge: 'le' }

function refine(editor: FrameEditor, left: IntValue, condition: Condition, right: IntValue): void {
  refineOne(editor, left, condition, right.range)
  refineOne(editor, right, MIRRORED[condition], left.range)
}

/** Values of `value` that can satisfy the condition; a path that cannot happen keeps what it had. */
function refineOne(editor: FrameEditor, value: IntValue, condition: Condition, other: ValueRange): void {
  const possible = intersect(value.range, satisfying(condition, other))
  if (possible) editor.refine(value, possible)
}

function satisfying(condition: Condition, other: ValueRange): ValueRange {
  switch (condition) {
    case 'eq':
      return other
    case 'ne':
      return INT
    case 'lt':
      return { low: INT.low, high: other.high - 1 }
    case 'le':
      return { low: INT.low, high: other.high }
    case 'gt':
      return { low: other.low + 1, high: INT.high }
    case 'ge':
      return { low: other.low, high: INT.high }
  }
}
