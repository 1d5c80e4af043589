import type { Instruction } from '../instructions/instruction.ts'
import { type ClassNode, isSubclassOf, type ObjectType, objectTypeText, type ValueType } from './class-node.ts'
import type { ObjectWord } from './frame.ts'
import { isMissing, type MemberTypes, type MethodFact, type Missing } from './member-types.ts'
import { Refusal, refuse } from './refusal.ts'
import type { VerifyRule } from './verify-finding.ts'
import {
  ANY,
  INT_HIGH,
  INT_LOW,
  isReferenceAssignable,
  SHORT,
  type WordType,
  type WordTypes,
  wordText,
} from './word-type.ts'

export type ReturnKind = NonNullable<Instruction['returns']>

const RETURNED: Readonly<Record<ReturnKind, readonly WordType[]>> = {
  void: [],
  short: [SHORT],
  int: [INT_HIGH, INT_LOW],
  reference: [ANY],
}

/** What the steps of one method need to know beside the frame. */
export class MethodContext {
  readonly types: WordTypes
  readonly members: MemberTypes
  readonly fact: MethodFact
  readonly #reportUnknown: (packageAid: string) => void
  readonly #returnKinds: (methodOffset: number) => ReturnKind | undefined
  #returnKind: ReturnKind | undefined

  constructor(o: {
    types: WordTypes
    members: MemberTypes
    fact: MethodFact
    /** Called for every use of an import whose types are not known. */
    reportUnknown: (packageAid: string) => void
    /** Of own methods without Descriptor. */
    returnKinds: (methodOffset: number) => ReturnKind | undefined
  }) {
    this.types = o.types
    this.members = o.members
    this.fact = o.fact
    this.#returnKinds = o.returnKinds
    this.#reportUnknown = o.reportUnknown
  }

  /** The class that has this method; undefined when Descriptor does not say. */
  get owner(): ClassNode | undefined {
    return this.fact.declaring
  }

  get returns(): ValueType | 'void' {
    return this.fact.returns
  }

  get isConstructor(): boolean {
    return this.fact.kind === 'constructor'
  }

  /** Without Descriptor all returns of a method have to agree with each other. */
  requireOneReturnKind(kind: ReturnKind): void {
    this.#returnKind ??= kind
    if (this.#returnKind !== kind) refuse('return-type', `returns ${this.#returnKind} elsewhere, ${kind} here`)
  }

  /** A missing member ends the path: as a violation, or unproven when an unknown import is to blame. */
  require<T extends object>(fact: T | Missing): T {
    if (!isMissing(fact)) return fact
    if (fact.missing === 'unknown') throw new Refusal('types-unknown', fact.text, 'unchecked')
    return refuse(fact.missing === 'undescribed' ? 'descriptor-missing' : 'no-such-member', fact.text)
  }

  /** The words an own method without Descriptor returns, as its own return instructions tell. */
  returnKindOf({ methodOffset }: MethodFact): readonly WordType[] | undefined {
    const kind = methodOffset === undefined ? undefined : this.#returnKinds(methodOffset)
    return kind && RETURNED[kind]
  }

  noteUnknown(packageAid: string | undefined): void {
    if (packageAid !== undefined) this.#reportUnknown(packageAid)
  }

  classOfEntry(index: number): ClassNode {
    const entry = this.members.world.cap.constantPool[index]!
    const ref = entry.kind === 'class' ? entry.class : undefined
    const node = ref && this.members.world.find(ref)
    if (!node) refuse('no-such-member', `constant ${index} names a class that its package does not have`)
    this.noteUnknown(node.unknownPackage)
    return node
  }

  requireAssignable(word: ObjectWord, to: ObjectType, rule: VerifyRule, what: string): void {
    if (word.kind !== 'reference') return
    const certainty = isReferenceAssignable(word, to)
    if (certainty === 'no') refuse(rule, `${what}: expected ${objectTypeText(to)}, found ${wordText(word)}`)
    if (certainty === 'unknown') this.noteUnknownIn([to, ...word.alternatives])
  }

  noteUnknownIn(types: readonly ObjectType[]): void {
    for (const type of types) {
      const node = type.kind === 'class' ? type.class : type.element
      for (let at = typeof node === 'string' ? undefined : node; at; at = at.superClass) {
        this.noteUnknown(at.unknownPackage)
      }
    }
  }

  /** @throws Refusal when code of this method's class may not use a protected or private member */
  requireAccess(member: { declaring: ClassNode | undefined; access: MethodFact['access']; isImported: boolean }): void {
    const { owner } = this
    if (!owner || !member.declaring) return
    if (member.access === 'private' && member.declaring !== owner) {
      refuse('access', `a private member of ${member.declaring.name}`)
    }
    if (member.access === 'protected' && member.isImported && isSubclassOf(owner, member.declaring) === 'no') {
      refuse('access', `a protected member of ${member.declaring.name}, which is no superclass`)
    }
  }

  /** A protected member of another package is reached only through objects of the own class. */
  requireProtectedReceiver(
    member: { access: MethodFact['access']; isImported: boolean },
    word: ObjectWord,
    what: string,
  ): void {
    if (member.access !== 'protected' || !member.isImported || !this.owner) return
    this.requireAssignable(word, { kind: 'class', class: this.owner }, 'access', `${what}, protected`)
  }
}
