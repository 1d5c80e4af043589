import { parseMethodDescriptor } from '../classfile/descriptor.ts'
import { endsFlow, targetsOf } from '../classfile/jvm-code.ts'
import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
import type { Frame, Value } from './frame.ts'
import type { JavaCode, JavaMethod } from './program.ts'
import { NEEDS_VALUE, STACK_EFFECTS, step } from './step.ts'
import { contains, SHORT, type ValueRange } from './value-range.ts'

/**
 * Which ints of a method take two words on the card. Java has only ints; a card with int support has both, and most code
 * means shorts. A value stays a short, computed modulo 2^16, until something needs more of it: an int variable, field,
 * array or parameter, or an operation whose result depends on bits that a short has not.
 *
 * Values that meet (at joins, in variables, by dup) have one width, so every value is one node of a union-find, and widths
 * spread until nothing changes.
 */
export interface IntWords {
  /** The card has ints; then some may still be kept in one word. */
  readonly isSupported: boolean
  /** Anything of the method takes two words. */
  readonly any: boolean
  /** The value at this depth (0 is the top) before the instruction. */
  isIntOnStack(pc: number, depth: number): boolean
  /** What the instruction leaves on the stack. */
  isIntResult(pc: number): boolean
  /** The variable as the instruction finds it: of a load or an increment. */
  isIntLocal(pc: number, slot: number): boolean
  /** The variable that a store makes. */
  isIntStored(pc: number): boolean
  /** The operation works on two-word operands. */
  isIntOperation(pc: number): boolean
}

export const NO_INTS: IntWords = {
  isSupported: false,
  any: false,
  isIntOnStack: () => false,
  isIntResult: () => false,
  isIntLocal: () => false,
  isIntStored: () => false,
  isIntOperation: () => false,
}

/** @param frames state before each instruction that can run */
export function findIntWords(
  method: JavaMethod,
  code: JavaCode,
  reachable: readonly JvmInstruction[],
  frames: ReadonlyMap<number, Frame>,
): IntWords {
  return new IntAnalysis(method, code, reachable, frames).run()
}

class IntAnalysis implements IntWords {
  readonly isSupported = true
  readonly #method: JavaMethod
  readonly #code: JavaCode
  readonly #reachable: readonly JvmInstruction[]
  readonly #frames: ReadonlyMap<number, Frame>
  readonly #nodes = new Map<string, number>()
  readonly #parents: number[] = []
  readonly #ints = new Set<number>()
  readonly #intOperations = new Set<number>()
  #changed = false

  constructor(
    method: JavaMethod,
    code: JavaCode,
    reachable: readonly JvmInstruction[],
    frames: ReadonlyMap<number, Frame>,
  ) {
    this.#method = method
    this.#code = code
    this.#reachable = reachable
    this.#frames = frames
  }

  get any(): boolean {
    return this.#ints.size > 0
  }

  run(): IntWords {
    const live = liveLocals(this.#code, this.#reachable)
    for (const one of this.#reachable) this.#connect(one, live)
    this.#method.signature.parameters.forEach((type, i) => {
      if (type.kind === 'int') this.#force(this.#local(0, i + (this.#method.isStatic ? 0 : 1)))
    })
    do {
      this.#changed = false
      for (const one of this.#reachable) this.#constrain(one, this.#frames.get(one.pc)!)
    } while (this.#changed)
    return this
  }

  isIntOnStack(pc: number, depth: number): boolean {
    return this.#isInt(this.#stack(pc, depth))
  }

  isIntResult(pc: number): boolean {
    return this.#isInt(this.#node(`r${pc}`))
  }

  isIntLocal(pc: number, slot: number): boolean {
    return this.#isInt(this.#local(pc, slot))
  }

  isIntStored(pc: number): boolean {
    return this.#isInt(this.#node(`s${pc}`))
  }

  isIntOperation(pc: number): boolean {
    return this.#intOperations.has(pc)
  }

  #node(key: string): number {
    let node = this.#nodes.get(key)
    if (node === undefined) {
      node = this.#parents.length
      this.#nodes.set(key, node)
      this.#parents.push(node)
    }
    return node
  }

  #stack(pc: number, depth: number): number {
    return this.#node(`p${pc} ${this.#frames.get(pc)!.stack.length - 1 - depth}`)
  }

  #local(pc: number, slot: number): number {
    return this.#node(`l${pc} ${slot}`)
  }

  #root(node: number): number {
    let at = node
    while (this.#parents[at] !== at) {
      this.#parents[at] = this.#parents[this.#parents[at]!]!
      at = this.#parents[at]!
    }
    return at
  }

  #unite(a: number, b: number): void {
    this.#parents[this.#root(a)] = this.#root(b)
  }

  #isInt(node: number): boolean {
    return this.#ints.has(this.#root(node))
  }

  #force(node: number): void {
    const root = this.#root(node)
    if (this.#ints.has(root)) return
    this.#ints.add(root)
    this.#changed = true
  }

  /** Makes one node of each value and what becomes of it in the frames that follow. */
  #connect(one: JvmInstruction, live: ReadonlyMap<number, ReadonlySet<number>>): void {
    const { pc } = one
    const frame = this.#frames.get(pc)!
    const after = this.#stackAfter(one, frame)
    const next = endsFlow(one) ? [] : [pc + one.lengthBytes]
    for (const target of [...next, ...targetsOf(one)]) {
      const wanted = this.#frames.get(target)
      if (!wanted) continue
      wanted.stack.forEach((value, i) => {
        if (value.kind === 'int') this.#unite(this.#node(`p${target} ${i}`), after[i]!)
      })
      this.#connectLocals(one, target, wanted, live)
    }
    for (const handler of this.#code.handlers) {
      const wanted = this.#frames.get(handler.handlerPc)
      if (pc < handler.startPc || pc >= handler.endPc || !wanted) continue
      this.#connectLocals(undefined, handler.handlerPc, wanted, live, pc)
    }
  }

  #connectLocals(
    one: JvmInstruction | undefined,
    target: number,
    wanted: Frame,
    live: ReadonlyMap<number, ReadonlySet<number>>,
    from = one!.pc,
  ): void {
    for (const slot of live.get(target) ?? []) {
      if (wanted.locals[slot]?.kind !== 'int') continue
      const made = one?.kind === 'store' && one.slot === slot
      this.#unite(this.#local(target, slot), made ? this.#node(`s${from}`) : this.#local(from, slot))
    }
  }

  /** Nodes of the stack behind the instruction, bottom first. */
  #stackAfter(one: JvmInstruction, frame: Frame): number[] {
    const before = frame.stack.map((_, i) => this.#node(`p${one.pc} ${i}`))
    if (one.kind === 'stack') {
      const { takes, leaves } = STACK_EFFECTS[one.form]
      const taken = before.splice(before.length - takes).toReversed()
      return [...before, ...leaves.map((depth) => taken[depth]!)]
    }
    const depth = this.#depthAfter(one, frame)
    const kept = before.slice(0, depth)
    while (kept.length < depth) kept.push(this.#node(`r${one.pc}`))
    if (hasResult(one)) kept[depth - 1] = this.#node(`r${one.pc}`)
    return kept
  }

  #depthAfter(one: JvmInstruction, frame: Frame): number {
    return step(one, frame, () => {})[0]?.frame.stack.length ?? 0
  }

  #constrain(one: JvmInstruction, frame: Frame): void {
    const { pc } = one
    const rangeAt = (depth: number): ValueRange => rangeOf(frame.stack.at(-1 - depth))
    const top = (): number => this.#stack(pc, 0)
    const result = this.#node(`r${pc}`)
    switch (one.kind) {
      case 'load':
        if (one.type === 'int' && this.#isInt(result) && !fits(rangeOf(frame.locals[one.slot]))) {
          this.#force(this.#local(pc, one.slot))
        }
        return
      case 'store':
        if (one.type === 'int' && this.isIntStored(pc)) this.#force(top())
        return
      case 'increment': {
        const { low, high } = rangeOf(frame.locals[one.slot])
        if (!fits({ low: low + one.by, high: high + one.by })) this.#force(this.#local(pc, one.slot))
        return
      }
      case 'arrayLoad':
        if (one.element === 'int') this.#force(result)
        return
      case 'arrayStore':
        if (one.element === 'int') this.#force(top())
        return
      case 'getField':
        if (one.member.descriptor === 'I') this.#force(result)
        return
      case 'putField':
        if (one.member.descriptor === 'I') this.#force(top())
        return
      case 'return':
        if (one.type === 'int' && this.#method.signature.returns.kind === 'int') this.#force(top())
        return
      case 'switch':
        if (!fits(rangeAt(0))) this.#force(top())
        if (this.#isInt(top())) this.#intOperations.add(pc)
        return
      case 'invoke': {
        const { parameters, returns } = parseMethodDescriptor(one.member.descriptor)
        parameters.toReversed().forEach((type, depth) => {
          if (type.kind === 'int') this.#force(this.#stack(pc, depth))
        })
        if (returns.kind === 'int') this.#force(result)
        return
      }
      case 'binary':
        this.#operation(one, frame, [1, 0], demands(one.operator, rangeAt(1), rangeAt(0)))
        return
      case 'negate':
        this.#operation(one, frame, [0], false)
        return
      case 'branch':
        if (one.type !== 'int') return
        this.#compare(one, frame)
        return
    }
  }

  #operation(one: JvmInstruction, frame: Frame, operands: readonly number[], needsValues: boolean): void {
    const { pc } = one
    const made = rangeOf(step(one, frame, () => {})[0]?.frame.stack.at(-1))
    const isExact = this.isIntResult(pc) && !fits(made)
    if (!needsValues && !isExact && !operands.some((depth) => this.isIntOnStack(pc, depth))) return
    this.#intOperations.add(pc)
    for (const depth of operands) this.#force(this.#stack(pc, depth))
  }

  #compare(one: JvmInstruction & { kind: 'branch' }, frame: Frame): void {
    const operands = one.comparand === 'stack' ? [1, 0] : [0]
    const ranges = operands.map((depth) => rangeOf(frame.stack.at(-1 - depth)))
    const all = [...ranges, ...(one.comparand === 'zero' ? [{ low: 0, high: 0 }] : [])]
    const span = Math.max(...all.map((r) => r.high)) - Math.min(...all.map((r) => r.low))
    const isEquality = one.condition === 'eq' || one.condition === 'ne'
    const needsValues = !(isEquality && span <= 0xffff) && ranges.some((range) => !fits(range))
    if (!needsValues && !operands.some((depth) => this.isIntOnStack(one.pc, depth))) return
    this.#intOperations.add(one.pc)
    for (const depth of operands) this.#force(this.#stack(one.pc, depth))
  }
}

function demands(operator: keyof typeof NEEDS_VALUE | string, left: ValueRange, right: ValueRange): boolean {
  const needed = NEEDS_VALUE[operator as keyof typeof NEEDS_VALUE]
  return (needed !== undefined && !fits(left)) || (needed === 'both' && !fits(right))
}

function fits(range: ValueRange): boolean {
  return contains(SHORT, range)
}

function rangeOf(value: Value | undefined): ValueRange {
  return value?.kind === 'int' ? value.range : { low: 0, high: 0 }
}

/** Its top of stack is its own work. */
function hasResult(one: JvmInstruction): boolean {
  switch (one.kind) {
    case 'push':
    case 'pushNull':
    case 'load':
    case 'arrayLoad':
    case 'binary':
    case 'negate':
    case 'narrow':
    case 'getField':
    case 'new':
    case 'newPrimitiveArray':
    case 'newReferenceArray':
    case 'arrayLength':
    case 'checkCast':
    case 'instanceOf':
      return true
    case 'invoke':
      return !one.member.descriptor.endsWith(')V')
    default:
      return false
  }
}

/** Variables whose value may still be read, before each instruction: only those that meet need one width. */
function liveLocals(code: JavaCode, reachable: readonly JvmInstruction[]): ReadonlyMap<number, ReadonlySet<number>> {
  const live = new Map<number, Set<number>>(reachable.map((one) => [one.pc, new Set()]))
  for (let changed = true; changed; ) {
    changed = false
    for (const one of reachable.toReversed()) {
      const own = live.get(one.pc)!
      const before = own.size
      const next = endsFlow(one) ? [] : [one.pc + one.lengthBytes]
      const stored = one.kind === 'store' ? one.slot : -1
      for (const target of [...next, ...targetsOf(one)]) {
        for (const slot of live.get(target) ?? []) if (slot !== stored) own.add(slot)
      }
      for (const handler of code.handlers) {
        if (one.pc < handler.startPc || one.pc >= handler.endPc) continue
        for (const slot of live.get(handler.handlerPc) ?? []) own.add(slot)
      }
      if (one.kind === 'load' || one.kind === 'increment') own.add(one.slot)
      changed ||= own.size !== before
    }
  }
  return live
}
