import { toHex } from '@gridcard/bytes'
import { API_FLAGS, type ApiClass, type ApiPackage } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { findKnownPackage } from '../api/known-packages.ts'
import {
  type CapFile,
  CLASS_DESCRIPTOR_FLAGS,
  type ClassInfo,
  type ClassRef,
  type InterfaceInfo,
} from '../capfile/cap-file.ts'
import { type JvmType, parseFieldDescriptor, parseMethodDescriptor } from '../classfile/descriptor.ts'
import type { ClassNode, ObjectType, PrimitiveType, ValueType } from './class-node.ts'

const OBJECT = 'java/lang/Object'

/** Everything a package can name: its own classes, and those of the packages whose facts are known. */
export class ClassWorld {
  readonly cap: CapFile
  readonly #packagesByAid: ReadonlyMap<string, ApiPackage>
  readonly #apiClasses: ReadonlyMap<string, ApiClass>
  readonly #nodesByName = new Map<string, ClassNode>()
  readonly #ownNodes = new Map<number, ClassNode>()
  readonly #unknownNodes = new Map<string, ClassNode>()
  readonly #labelOf: (ref: ClassRef) => string

  constructor(o: { cap: CapFile; imports: readonly ApiPackage[]; labelOf: (ref: ClassRef) => string }) {
    this.cap = o.cap
    this.#labelOf = o.labelOf
    const known = o.cap.imports.flatMap(({ aid, version }) => findKnownPackage(aid, version) ?? [])
    this.#packagesByAid = chosenPackages(o.cap, [...apiPackages('3.2.0'), ...known, ...o.imports])
    const packages = [...this.#packagesByAid.values()]
    this.#apiClasses = new Map(packages.flatMap((one) => one.classes.map((c) => [c.name, c] as const)))
    for (const one of o.cap.classes.interfaces) this.#addInterface(one)
    for (const one of o.cap.classes.classes) this.#addClass(one)
  }

  get object(): ClassNode {
    return this.named(OBJECT)
  }

  get throwable(): ClassNode {
    return this.named('java/lang/Throwable')
  }

  ownClasses(): ClassNode[] {
    return [...this.#ownNodes.values()]
  }

  /** The facts of an import; undefined when there are none of its major version. */
  importedPackage(packageToken: number): ApiPackage | undefined {
    const wanted = this.cap.imports[packageToken]
    const found = wanted && this.#packagesByAid.get(toHex(wanted.aid))
    return found && majorOf(found) === wanted.version.major ? found : undefined
  }

  /** Whether the facts are of an older version than the import: then tokens may be missing in them. */
  isNewerThanKnown(packageToken: number): boolean {
    const known = this.importedPackage(packageToken)
    return known !== undefined && this.cap.imports[packageToken]!.version.minor > minorOf(known)
  }

  /** undefined: the package is known and has no such class. */
  find(ref: ClassRef): ClassNode | undefined {
    if (ref.kind === 'internal') return this.#ownNodes.get(ref.classOffset)
    const known = this.importedPackage(ref.packageToken)
    const apiClass = known?.classes.find((one) => one.token === ref.classToken)
    if (apiClass) return this.named(apiClass.name)
    return known && !this.isNewerThanKnown(ref.packageToken) ? undefined : this.#unknown(ref)
  }

  #unknown(ref: Extract<ClassRef, { kind: 'external' }>): ClassNode {
    const name = this.#labelOf(ref)
    let node = this.#unknownNodes.get(name)
    if (!node) {
      const aid = this.cap.imports[ref.packageToken]?.aid ?? new Uint8Array()
      node = unknownNode(name, toHex(aid))
      this.#unknownNodes.set(name, node)
    }
    return node
  }

  /** A class of the API tables by its internal name; a node without facts when the tables do not have it. */
  named(name: string): ClassNode {
    let node = this.#nodesByName.get(name)
    if (!node) {
      const api = this.#apiClasses.get(name)
      node = api ? this.#apiNode(api) : unknownNode(name, name)
      this.#nodesByName.set(name, node)
    }
    return node
  }

  #apiNode(api: ApiClass): ClassNode {
    const isInterface = (api.access_flags & API_FLAGS.INTERFACE) !== 0
    return {
      name: api.name,
      isKnown: true,
      isInterface,
      isAbstract: (api.access_flags & API_FLAGS.ABSTRACT) !== 0,
      isFinal: (api.access_flags & API_FLAGS.FINAL) !== 0,
      superClass: api.super === null || isInterface ? undefined : this.named(api.super),
      interfaces: api.interfaces.map((one) => this.named(one)),
      api,
    }
  }

  #flags(classOffset: number): number {
    const found = this.cap.descriptor?.classes.find(({ thisClass }) => {
      return thisClass.kind === 'internal' && thisClass.classOffset === classOffset
    })
    return found?.flags ?? 0
  }

  #addInterface(one: InterfaceInfo): void {
    this.#ownNodes.set(one.offset, {
      name: this.#labelOf({ kind: 'internal', classOffset: one.offset }),
      isKnown: true,
      isInterface: true,
      isAbstract: true,
      isFinal: false,
      superClass: undefined,
      interfaces: this.#nodesOf(one.superinterfaces),
      ownInterface: one,
    })
  }

  #addClass(one: ClassInfo): void {
    const flags = this.#flags(one.offset)
    this.#ownNodes.set(one.offset, {
      name: this.#labelOf({ kind: 'internal', classOffset: one.offset }),
      isKnown: true,
      isInterface: false,
      isAbstract: (flags & CLASS_DESCRIPTOR_FLAGS.ACC_ABSTRACT) !== 0,
      isFinal: (flags & CLASS_DESCRIPTOR_FLAGS.ACC_FINAL) !== 0,
      superClass: one.superClass && (this.find(one.superClass) ?? this.object),
      interfaces: this.#nodesOf(one.interfaces.map((implemented) => implemented.interface)),
      own: one,
    })
  }

  /** Interfaces stand in order like classes; one that names itself or a later one is found missing elsewhere. */
  #nodesOf(refs: readonly ClassRef[]): ClassNode[] {
    return refs.flatMap((ref) => this.find(ref) ?? [])
  }

  /** @param text JVM descriptor of a field: `[B` */
  valueType(text: string): ValueType {
    return this.#valueType(parseFieldDescriptor(text))
  }

  /** @param text JVM descriptor of a method: `([BSB)V` */
  signature(text: string): Signature {
    const { parameters, returns } = parseMethodDescriptor(text)
    return {
      parameters: parameters.map((one) => this.#valueType(one)),
      returns: returns.kind === 'void' ? 'void' : this.#valueType(returns),
    }
  }

  #valueType(type: JvmType): ValueType {
    if (type.kind === 'class') return { kind: 'class', class: this.named(type.name) }
    if (type.kind !== 'array') return type.kind as PrimitiveType // exported methods have no other primitives
    const { element } = type
    if (element.kind === 'class') return { kind: 'array', element: this.named(element.name) }
    return { kind: 'array', element: element.kind as PrimitiveType } // nor arrays of arrays
  }

  /**
   * The types in the nibbles of a type descriptor; undefined when they are none.
   * @source JCVM 3.1 §6.14.4
   */
  typesOfNibbles(nibbles: readonly number[]): (ValueType | 'void')[] | undefined {
    const types: (ValueType | 'void')[] = []
    for (let i = 0; i < nibbles.length; i++) {
      const nibble = nibbles[i]!
      const primitive = PRIMITIVE_NIBBLES[nibble & 7]
      if (nibble === 1) types.push('void')
      else if (nibble === 6 || nibble === 14) {
        const element = this.#nibbleClass(nibbles.slice(i + 1, i + 5))
        if (!element) return undefined
        types.push(nibble === 6 ? { kind: 'class', class: element } : { kind: 'array', element })
        i += 4
      } else if (nibble >= 2 && nibble <= 5) types.push(primitive!)
      else if (nibble >= 10 && nibble <= 13) types.push({ kind: 'array', element: primitive! })
      else return undefined
    }
    return types
  }

  #nibbleClass(nibbles: readonly number[]): ClassNode | undefined {
    if (nibbles.length < 4) return undefined
    const ref = nibbles.reduce((value, one) => value * 16 + one, 0)
    if (!(ref & 0x8000)) return this.find({ kind: 'internal', classOffset: ref })
    const packageToken = (ref >> 8) & 0x7f
    if (packageToken >= this.cap.imports.length) return undefined
    return this.find({ kind: 'external', packageToken, classToken: ref & 0xff })
  }
}

/** One version of each package: for imports the lowest that serves, for others the newest. */
function chosenPackages(cap: CapFile, packages: readonly ApiPackage[]): Map<string, ApiPackage> {
  const wanted = new Map(cap.imports.map(({ aid, version }) => [toHex(aid), version]))
  const chosen = new Map<string, ApiPackage>()
  const ordered = packages.toSorted((a, b) => minorOf(b) - minorOf(a))
  for (const one of ordered) {
    const version = wanted.get(one.aid)
    if (version && version.major !== majorOf(one)) continue
    if (!chosen.has(one.aid) || (version && minorOf(one) >= version.minor)) chosen.set(one.aid, one)
  }
  return chosen
}

function majorOf({ version }: ApiPackage): number {
  return Number(version.split('.')[0])
}

function minorOf({ version }: ApiPackage): number {
  return Number(version.split('.')[1])
}

/** Index: the low three bits of a nibble, 2..5 and 10..13. */
const PRIMITIVE_NIBBLES: readonly (PrimitiveType | undefined)[] = [
  undefined,
  undefined,
  'boolean',
  'byte',
  'short',
  'int',
]

export interface Signature {
  readonly parameters: readonly ValueType[]
  readonly returns: ValueType | 'void'
}

export function isSameSignature(a: Signature, b: Signature, isSame: (a: ValueType, b: ValueType) => boolean): boolean {
  if (a.parameters.length !== b.parameters.length || !a.parameters.every((one, i) => isSame(one, b.parameters[i]!))) {
    return false
  }
  if (a.returns === 'void' || b.returns === 'void') return a.returns === b.returns
  return isSame(a.returns, b.returns)
}

function unknownNode(name: string, unknownPackage: string): ClassNode {
  return {
    name,
    isKnown: false,
    isInterface: undefined,
    isAbstract: false,
    isFinal: false,
    superClass: undefined,
    interfaces: [],
    unknownPackage,
  }
}

export function classType(node: ClassNode): ObjectType {
  return { kind: 'class', class: node }
}
