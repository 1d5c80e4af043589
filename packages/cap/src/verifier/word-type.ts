import {
  type Certainty,
  type ClassNode,
  isAssignable,
  type ObjectType,
  objectTypeText,
  type ValueType,
} from './class-node.ts'

/**
 * What one word of the operand stack or of the locals holds.
 *
 * - `unusable`: nothing was stored, or different things on different paths
 * - `any`: a word whose type cannot be known (packages without Descriptor, imports without facts)
 * - `reference`: an object that is of one of the alternatives. A set instead of the nearest common superclass keeps
 *   interfaces exact: a value is assignable when each alternative is.
 * - `fresh`: made by `new` at offset `at`, constructor not yet run; `freshThis`: local 0 of a constructor before that
 * - `returnAddress`: left by the jsr at `site`
 */
export type WordType =
  | { readonly kind: 'any' }
  | { readonly kind: 'null' }
  | { readonly kind: 'unusable' | 'short' | 'intHigh' | 'intLow' }
  | { readonly kind: 'reference'; readonly alternatives: readonly ObjectType[] }
  | { readonly kind: 'fresh'; readonly at: number; readonly class: ClassNode }
  | { readonly kind: 'freshThis'; readonly class: ClassNode }
  | { readonly kind: 'returnAddress'; readonly site: number }

export type ReferenceWord = Extract<WordType, { kind: 'reference' }>

export const UNUSABLE: WordType = { kind: 'unusable' }
export const ANY: WordType = { kind: 'any' }
export const SHORT: WordType = { kind: 'short' }
export const INT_HIGH: WordType = { kind: 'intHigh' }
export const INT_LOW: WordType = { kind: 'intLow' }
export const NULL: WordType = { kind: 'null' }

const TEXTS = {
  unusable: 'nothing usable',
  any: 'a word of unknown type',
  short: 'a short',
  intHigh: 'half an int',
  intLow: 'an int',
  null: 'null',
} as const

export function wordText(word: WordType): string {
  switch (word.kind) {
    case 'reference':
      return word.alternatives.map(objectTypeText).join(' or ')
    case 'fresh':
      return `a ${word.class.name} whose constructor has not run`
    case 'freshThis':
      return 'this before the constructor of the superclass'
    case 'returnAddress':
      return 'a return address'
    default:
      return TEXTS[word.kind]
  }
}

/** Every combination that occurred, so that equal words are the same object. */
export class WordTypes {
  readonly #objects = new Map<ClassNode | string, ReferenceWord>()
  readonly #arrays = new Map<ClassNode, ReferenceWord>()
  readonly #fresh = new Map<number, WordType>()
  readonly #freshThis = new Map<ClassNode, WordType>()
  readonly #returnAddresses = new Map<number, WordType>()
  readonly #numbers = new Map<ReferenceWord, number>()
  readonly #unions = new Map<number, ReferenceWord>()
  /** Alternatives looked at so far. */
  workDone = 0

  reference(type: ObjectType): ReferenceWord {
    const map: Map<ClassNode | string, ReferenceWord> =
      type.kind === 'array' && typeof type.element !== 'string'
        ? (this.#arrays as Map<ClassNode | string, ReferenceWord>)
        : this.#objects
    const key = type.kind === 'class' ? type.class : type.element
    let word = map.get(key)
    if (!word) {
      word = { kind: 'reference', alternatives: [type] }
      map.set(key, word)
    }
    return word
  }

  fresh(at: number, node: ClassNode): WordType {
    return known(this.#fresh, at, () => ({ kind: 'fresh', at, class: node }))
  }

  freshThis(node: ClassNode): WordType {
    return known(this.#freshThis, node, () => ({ kind: 'freshThis', class: node }))
  }

  returnAddress(site: number): WordType {
    return known(this.#returnAddresses, site, () => ({ kind: 'returnAddress', site }))
  }

  /** The words of a field, parameter or result, in order. */
  wordsOf(type: ValueType): readonly WordType[] {
    if (type === 'int') return [INT_HIGH, INT_LOW]
    if (type === 'unknown') return [ANY]
    return [typeof type === 'string' ? SHORT : this.reference(type)]
  }

  /** What a word can be after two paths met; `unusable` when nothing can be said. */
  merge(a: WordType, b: WordType): WordType {
    if (a === b) return a
    if (a.kind === 'reference' && b.kind === 'reference') return this.#union(a, b)
    if (a.kind === 'null' && b.kind === 'reference') return b
    if (b.kind === 'null' && a.kind === 'reference') return a
    if (a.kind === 'any') return isPlain(b) ? ANY : UNUSABLE
    if (b.kind === 'any') return isPlain(a) ? ANY : UNUSABLE
    return UNUSABLE
  }

  #numberOf(word: ReferenceWord): number {
    return known(this.#numbers, word, () => this.#numbers.size)
  }

  #union(a: ReferenceWord, b: ReferenceWord): ReferenceWord {
    const [x, y] = [this.#numberOf(a), this.#numberOf(b)]
    return known(this.#unions, Math.min(x, y) * 0x100000 + Math.max(x, y), () => {
      this.workDone += a.alternatives.length * b.alternatives.length
      // What is below another alternative adds nothing.
      const fromA = a.alternatives.filter((one) => !b.alternatives.some((other) => isBelow(one, other)))
      const fromB = b.alternatives.filter((one) => !fromA.some((other) => isBelow(one, other)))
      if (fromA.length === 0) return b
      if (fromB.length === 0) return a.alternatives.length === fromA.length ? a : this.#made(fromA)
      return this.#made([...fromA, ...fromB])
    })
  }

  readonly #sets = new Map<string, ReferenceWord>()
  readonly #objectNumbers = new Map<ReferenceWord, number>()

  /** The word of a set of alternatives, whatever their order. */
  #made(alternatives: readonly ObjectType[]): ReferenceWord {
    if (alternatives.length === 1) return this.reference(alternatives[0]!)
    const key = alternatives
      .map((one) => known(this.#objectNumbers, this.reference(one), () => this.#objectNumbers.size))
      .sort((a, b) => a - b)
      .join()
    return known(this.#sets, key, () => ({ kind: 'reference', alternatives }))
  }
}

function isBelow(one: ObjectType, other: ObjectType): boolean {
  return isAssignable(one, other) === 'yes'
}

/** One of the words an unknown word can be. */
function isPlain({ kind }: WordType): boolean {
  return kind !== 'unusable' && kind !== 'fresh' && kind !== 'freshThis' && kind !== 'returnAddress'
}

function known<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** Whether every object the word can hold is of the type. */
export function isReferenceAssignable(word: ReferenceWord, to: ObjectType): Certainty {
  let answer: Certainty = 'yes'
  for (const one of word.alternatives) {
    const certainty = isAssignable(one, to)
    if (certainty === 'no') return 'no'
    if (certainty === 'unknown') answer = 'unknown'
  }
  return answer
}
