import type { ApiClass } from '../api/api-package.ts'
import type { ClassInfo, InterfaceInfo } from '../capfile/cap-file.ts'

/** A class or interface that code can name; one object per class, so they compare with `===`. */
export interface ClassNode {
  readonly name: string
  /** False for classes of packages whose export facts we do not have. */
  readonly isKnown: boolean
  /** undefined when it is not known. */
  readonly isInterface: boolean | undefined
  readonly isAbstract: boolean
  readonly isFinal: boolean
  readonly superClass: ClassNode | undefined
  /** Of this class, without those of its superclass. */
  readonly interfaces: readonly ClassNode[]
  /** A class of the package itself. */
  readonly own?: ClassInfo
  /** An interface of the package itself. */
  readonly ownInterface?: InterfaceInfo
  readonly api?: ApiClass
  /** AID in hex of an import without facts. */
  readonly unknownPackage?: string
}

export type PrimitiveType = 'boolean' | 'byte' | 'short' | 'int'

/** An object: an instance of a class, or an array (no arrays of arrays exist). */
export type ObjectType =
  | { readonly kind: 'class'; readonly class: ClassNode }
  | { readonly kind: 'array'; readonly element: PrimitiveType | ClassNode }

/** Type of a field, parameter or result; `unknown` when only the word is known. */
export type ValueType = PrimitiveType | ObjectType | 'unknown'

export type Certainty = 'yes' | 'no' | 'unknown'

const ancestors = new WeakMap<ClassNode, ReadonlySet<ClassNode>>()

/** The class itself and everything above it. Kept, because interfaces repeat what lies above them. */
function ancestorsOf(node: ClassNode): ReadonlySet<ClassNode> {
  let found = ancestors.get(node)
  if (!found) {
    const all = new Set([node])
    for (const above of [node.superClass, ...node.interfaces]) {
      if (above) for (const one of ancestorsOf(above)) all.add(one)
    }
    found = all
    ancestors.set(node, found)
  }
  return found
}

export function isSubclassOf(from: ClassNode, to: ClassNode): Certainty {
  const above = ancestorsOf(from)
  if (above.has(to) || isRoot(to)) return 'yes'
  for (const one of above) if (!one.isKnown) return 'unknown'
  return 'no'
}

/** java.lang.Object. */
export function isRoot(node: ClassNode): boolean {
  return node.api !== undefined && node.superClass === undefined && !node.isInterface
}

/**
 * Whether a value of one type may stand where another is expected.
 * @source JCVM 3.1 §7.5 checkcast, which states the rules of assignment
 */
export function isAssignable(from: ObjectType, to: ObjectType): Certainty {
  if (to.kind === 'class') {
    if (from.kind === 'class') return isSubclassOf(from.class, to.class)
    return isRoot(to.class) ? 'yes' : 'no'
  }
  if (from.kind === 'class') return 'no'
  if (typeof from.element === 'string' || typeof to.element === 'string') {
    return from.element === to.element ? 'yes' : 'no'
  }
  return isSubclassOf(from.element, to.element)
}

export function objectTypeText(type: ObjectType): string {
  if (type.kind === 'class') return type.class.name
  return `${typeof type.element === 'string' ? type.element : type.element.name}[]`
}

export function valueTypeText(type: ValueType | 'void'): string {
  return typeof type === 'string' ? type : objectTypeText(type)
}

export function isSameType(a: ValueType | 'void', b: ValueType | 'void'): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  if (a.kind === 'class') return b.kind === 'class' && a.class === b.class
  return b.kind === 'array' && a.element === b.element
}

/** An int takes two words, everything else one. */
export function wordsOf(type: ValueType | 'void'): number {
  if (type === 'void') return 0
  return type === 'int' ? 2 : 1
}
