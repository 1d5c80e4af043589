import { refuse } from './refusal.ts'
import { type ReferenceWord, UNUSABLE, type WordType, type WordTypes, wordText } from './word-type.ts'

/** A word that can stand for an object in use. */
export type ObjectWord = ReferenceWord | Extract<WordType, { kind: 'any' | 'null' }>

/** The types in one frame at one place; changed in place, copied where paths part. */
export class Frame {
  readonly locals: WordType[]
  readonly stack: WordType[]
  readonly maxStack: number
  /** False in a constructor until it has called another one. */
  isThisReady: boolean

  constructor(o: { locals: WordType[]; stack: WordType[]; maxStack: number; isThisReady: boolean }) {
    this.locals = o.locals
    this.stack = o.stack
    this.maxStack = o.maxStack
    this.isThisReady = o.isThisReady
  }

  copy(): Frame {
    return new Frame({ ...this, locals: [...this.locals], stack: [...this.stack] })
  }

  push(...words: readonly WordType[]): void {
    if (this.stack.length + words.length > this.maxStack) {
      refuse(
        'stack-overflow',
        `the stack needs ${this.stack.length + words.length} words, max_stack is ${this.maxStack}`,
      )
    }
    this.stack.push(...words)
  }

  pop(): WordType {
    return this.stack.pop() ?? refuse('stack-underflow', 'the operand stack is empty')
  }

  popShort(): void {
    const word = this.pop()
    if (word.kind !== 'short' && word.kind !== 'any') refuse('stack-type', `expected a short, found ${wordText(word)}`)
  }

  popInt(): void {
    const low = this.pop()
    if (low.kind !== 'intLow' && low.kind !== 'any') refuse('stack-type', `expected an int, found ${wordText(low)}`)
    const high = this.pop()
    const isWhole = high.kind === 'any' || (high.kind === 'intHigh' && low.kind === 'intLow')
    if (!isWhole) refuse('stack-type', `expected the other half of an int, found ${wordText(high)}`)
  }

  /** An object whose constructor has run, or null. */
  popObject(): ObjectWord {
    return requireObject(this.pop(), 'stack-type')
  }

  /** As `popObject`, but an object not yet ready may be compared and stored in locals. */
  popReference(): WordType {
    const word = this.pop()
    if (word.kind !== 'fresh' && word.kind !== 'freshThis') requireObject(word, 'stack-type')
    return word
  }

  /** Takes `count` words from the top, bottom first; never separates an int. */
  popWords(count: number): WordType[] {
    if (count > this.stack.length) {
      refuse('stack-underflow', `takes ${count} words, the operand stack holds ${this.stack.length}`)
    }
    const words = this.stack.splice(this.stack.length - count, count)
    requireWholeInts(words)
    return words
  }

  local(index: number): WordType {
    return this.locals[index] ?? refuse('local-range', `local ${index} with ${this.locals.length} locals`)
  }

  store(index: number, ...words: readonly WordType[]): void {
    if (index + words.length > this.locals.length) {
      refuse('local-range', `local ${index + words.length - 1} with ${this.locals.length} locals`)
    }
    words.forEach((word, i) => {
      this.locals[index + i] = word
    })
  }

  requireShortLocal(index: number): void {
    const { kind } = this.local(index)
    if (kind !== 'short' && kind !== 'any') this.#badLocal(index, 'a short')
  }

  requireIntLocal(index: number): void {
    const [high, low] = [this.local(index).kind, this.local(index + 1).kind]
    if (high === 'any' && low === 'any') return
    if (high !== 'intHigh' || low !== 'intLow') this.#badLocal(index, 'an int')
  }

  #badLocal(index: number, expected: string): never {
    refuse('local-type', `expected ${expected} in local ${index}, found ${wordText(this.local(index))}`)
  }

  /** What a reference load pushes: anything but numbers and return addresses. */
  referenceLocal(index: number): WordType {
    const word = this.local(index)
    if (word.kind === 'returnAddress') refuse('return-address', `local ${index} holds a return address`)
    if (word.kind === 'fresh' || word.kind === 'freshThis') return word
    return requireObject(word, 'local-type', ` in local ${index}`)
  }

  replace(from: WordType, to: WordType): void {
    for (const words of [this.locals, this.stack]) {
      for (let i = 0; i < words.length; i++) if (words[i] === from) words[i] = to
    }
  }

  /** Return addresses of subroutines that are left can no longer be used. */
  forgetReturnAddresses(sites: ReadonlySet<number>): void {
    for (const words of [this.locals, this.stack]) {
      words.forEach((word, i) => {
        if (word.kind === 'returnAddress' && sites.has(word.site)) words[i] = UNUSABLE
      })
    }
  }

  /** Joins the locals of another path; true when anything changed. */
  mergeLocals(other: Frame, types: WordTypes): boolean {
    let hasChanged = false
    for (let i = 0; i < this.locals.length; i++) {
      const merged = types.merge(this.locals[i]!, other.locals[i]!)
      if (merged === this.locals[i]) continue
      this.locals[i] = merged
      hasChanged = true
    }
    if (this.isThisReady && !other.isThisReady) {
      this.isThisReady = false
      hasChanged = true
    }
    return hasChanged
  }

  /** Joins another path that arrives at the same instruction; true when anything changed. */
  merge(other: Frame, types: WordTypes): boolean {
    if (this.stack.length !== other.stack.length) {
      refuse('merge-depth', `one path has ${this.stack.length} words on the stack, another ${other.stack.length}`)
    }
    let hasChanged = this.mergeLocals(other, types)
    for (let i = 0; i < this.stack.length; i++) {
      const [a, b] = [this.stack[i]!, other.stack[i]!]
      const merged = types.merge(a, b)
      if (merged === a) continue
      if (merged.kind === 'unusable' && b.kind !== 'unusable') {
        refuse('merge-stack', `one path has ${wordText(a)} on the stack, another ${wordText(b)}`)
      }
      this.stack[i] = merged
      hasChanged = true
    }
    return hasChanged
  }
}

function requireObject(word: WordType, rule: 'stack-type' | 'local-type', where = ''): ObjectWord {
  if (word.kind === 'reference' || word.kind === 'null' || word.kind === 'any') return word
  if (word.kind === 'fresh' || word.kind === 'freshThis') refuse('uninitialised', `found ${wordText(word)}`)
  refuse(rule, `expected a reference${where}, found ${wordText(word)}`)
}

/** @throws Refusal when the words begin or end inside an int */
export function requireWholeInts(words: readonly WordType[]): void {
  words.forEach((word, i) => {
    const isPaired =
      word.kind === 'intLow'
        ? words[i - 1]?.kind === 'intHigh'
        : word.kind !== 'intHigh' || words[i + 1]?.kind === 'intLow'
    if (!isPaired) refuse('int-split', 'an int is taken apart')
  })
}
