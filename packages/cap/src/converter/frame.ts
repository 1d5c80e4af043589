import { ClassFileError } from '../errors.ts'
import { INT, unite, type ValueRange, widen } from './value-range.ts'

/** Where a value that may need more than 16 bits was computed. */
export interface OverflowSource {
  readonly pc: number
  /** Noun for messages: `addition`. */
  readonly operation: string
}

/**
 * A slot of a frame. An int carries the values it can have in Java; on the card it is a 16-bit word that always equals
 * the Java value modulo 2^16, so it is the Java value whenever its range fits a short.
 */
export type Value =
  | { readonly kind: 'reference' }
  | {
      readonly kind: 'int'
      readonly range: ValueRange
      /** The local variable it was loaded from and still equals. */
      readonly slot?: number
      readonly overflow?: OverflowSource
    }

export type IntValue = Extract<Value, { kind: 'int' }>

/** State before an instruction. A local that is undefined holds nothing usable. */
export interface Frame {
  readonly locals: readonly (Value | undefined)[]
  readonly stack: readonly Value[]
}

export const REFERENCE: Value = { kind: 'reference' }

export function intOf(range: ValueRange): IntValue {
  return { kind: 'int', range }
}

/** Changes a copy of a frame; takes what JVM verification would refuse as a malformed class file. */
export class FrameEditor {
  readonly locals: (Value | undefined)[]
  readonly stack: Value[]
  readonly #pc: number

  constructor(frame: Frame, pc: number) {
    this.locals = [...frame.locals]
    this.stack = [...frame.stack]
    this.#pc = pc
  }

  push(value: Value): void {
    this.stack.push(value)
  }

  pop(): Value {
    const value = this.stack.pop()
    if (!value) throw this.#malformed('pops an empty stack')
    return value
  }

  popInt(): IntValue {
    const value = this.pop()
    if (value.kind !== 'int') throw this.#malformed('finds a reference instead of an int')
    return value
  }

  popReference(): void {
    if (this.pop().kind !== 'reference') throw this.#malformed('finds an int instead of a reference')
  }

  load(slot: number, kind: Value['kind']): void {
    const value = this.locals[slot]
    if (value?.kind !== kind) throw this.#malformed(`loads local ${slot}, which holds no ${kind}`)
    this.push(value.kind === 'int' ? { ...value, slot } : value)
  }

  store(slot: number, value: Value): void {
    this.stack.forEach((one, i) => {
      if (one.kind === 'int' && one.slot === slot) this.stack[i] = withoutSlot(one)
    })
    this.locals[slot] = value.kind === 'int' ? withoutSlot(value) : value
  }

  /** Learns from a comparison that the local a value came from has only these values. */
  refine(value: IntValue, range: ValueRange): void {
    if (value.slot === undefined) return
    const local = this.locals[value.slot]
    if (local?.kind === 'int') this.locals[value.slot] = { ...local, range }
  }

  #malformed(what: string): ClassFileError {
    return new ClassFileError('CAP_CLASS_MALFORMED', `the instruction at ${this.#pc} ${what}`, { pc: this.#pc })
  }
}

function withoutSlot(value: IntValue): IntValue {
  return { kind: 'int', range: value.range, ...(value.overflow && { overflow: value.overflow }) }
}

/**
 * The state that covers both; `before` itself when it already covers `frame`, so that a caller sees the end.
 *
 * @param mayWiden the place was reached often: let ranges jump instead of grow
 */
export function mergeFrames(before: Frame, frame: Frame, mayWiden: boolean, pc: number): Frame {
  if (before.stack.length !== frame.stack.length) throw stackMismatch(pc)
  const locals = before.locals.map((one, slot) => mergeLocals(one, frame.locals[slot], mayWiden))
  const stack = before.stack.map((one, depth) => {
    const merged = mergeLocals(one, frame.stack[depth], mayWiden)
    if (!merged) throw stackMismatch(pc)
    return merged
  })
  const isSame =
    locals.every((one, slot) => one === before.locals[slot]) && stack.every((one, depth) => one === before.stack[depth])
  return isSame ? before : { locals, stack }
}

function stackMismatch(pc: number): ClassFileError {
  return new ClassFileError('CAP_CLASS_MALFORMED', `the paths that meet at ${pc} leave different stacks`, { pc })
}

function mergeLocals(a: Value | undefined, b: Value | undefined, mayWiden: boolean): Value | undefined {
  if (!a || !b || a.kind !== b.kind) return undefined
  if (a.kind !== 'int' || b.kind !== 'int') return a
  const united = unite(a.range, b.range)
  const range = mayWiden ? widen(a.range, united) : united
  const slot = a.slot === b.slot ? a.slot : undefined
  const overflow = a.overflow ?? b.overflow
  const isSame =
    range.low === a.range.low &&
    range.high === a.range.high &&
    slot === a.slot &&
    (overflow === undefined) === (a.overflow === undefined)
  if (isSame) return a
  return { kind: 'int', range, ...(slot !== undefined && { slot }), ...(overflow && { overflow }) }
}

/** A value of which nothing is known. */
export const ANY_INT = intOf(INT)
