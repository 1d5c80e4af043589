import { API_FLAGS, type ApiClass, type ApiMethod } from '../api/api-package.ts'
import { findApiField, findApiMethod } from '../api/api-packages.ts'
import {
  type CapFile,
  type ClassRef,
  type ConstantPoolEntry,
  type FieldDescriptor,
  MEMBER_DESCRIPTOR_FLAGS,
  METHOD_FLAGS,
  type MethodDescriptor,
} from '../capfile/cap-file.ts'
import { readMethodHeader } from '../capfile/method-component.ts'
import type { ClassNode, ValueType } from './class-node.ts'
import type { ClassWorld, Signature } from './class-world.ts'

export type Access = 'public' | 'protected' | 'package' | 'private'

export interface FieldFact {
  readonly type: ValueType
  readonly declaring: ClassNode | undefined
  readonly access: Access | undefined
  readonly isFinal: boolean
  /** Declared by an import. */
  readonly isImported: boolean
}

export interface MethodFact extends Signature {
  readonly declaring: ClassNode | undefined
  readonly access: Access | undefined
  /** undefined when it is not known: packages without Descriptor. */
  readonly kind: 'static' | 'constructor' | 'instance' | undefined
  readonly isAbstract: boolean
  readonly isFinal: boolean
  readonly isImported: boolean
  /** AID in hex of the import without facts from whose package the types would be. */
  readonly unknownPackage?: string
  /** Of the method, for own methods. */
  readonly methodOffset?: number
}

/** Why nothing is known of a member: it is not there, or the package that has it is not known. */
export interface Missing {
  readonly missing: 'absent' | 'undescribed' | 'unknown'
  readonly text: string
}

export function isMissing(value: object): value is Missing {
  return 'missing' in value
}

const INHERITED_FROM_OTHER_PACKAGE = 0xffff
const PACKAGE_VISIBLE = 0x80
const PRIMITIVE_TYPES: ReadonlyMap<number, ValueType> = new Map([
  [0x8002, 'boolean'],
  [0x8003, 'byte'],
  [0x8004, 'short'],
  [0x8005, 'int'],
])

/** Types of every field and method a package names: its own from Descriptor, those of imports from their facts. */
export class MemberTypes {
  readonly world: ClassWorld
  readonly #cap: CapFile
  readonly #types = new Map<number, readonly number[]>()
  readonly #methods = new Map<
    number,
    { readonly owner: ClassNode | undefined; readonly descriptor: MethodDescriptor }
  >()
  readonly #staticFields = new Map<number, FieldFact>()
  readonly #instanceFields = new Map<ClassNode, Map<number, FieldFact>>()
  readonly #interfaceMethods = new Map<ClassNode, Map<number, MethodFact>>()
  readonly #facts = new Map<number, MethodFact | Missing>()

  constructor(world: ClassWorld) {
    this.world = world
    this.#cap = world.cap
    const { descriptor } = this.#cap
    for (const one of descriptor?.types.descriptors ?? []) this.#types.set(one.offset, one.nibbles)
    for (const one of descriptor?.classes ?? []) {
      const owner = world.find(one.thisClass)
      for (const method of one.methods) {
        if (method.methodOffset !== 0) this.#methods.set(method.methodOffset, { owner, descriptor: method })
        else if (owner) this.#addInterfaceMethod(owner, method)
      }
      for (const field of one.fields) this.#addField(owner, field)
    }
  }

  #addInterfaceMethod(owner: ClassNode, descriptor: MethodDescriptor): void {
    const fact = this.#factOf(owner, descriptor)
    if (!isMissing(fact)) mapIn(this.#interfaceMethods, owner).set(descriptor.token, fact)
  }

  #addField(owner: ClassNode | undefined, { field, flags, type }: FieldDescriptor): void {
    const fact = {
      type: this.fieldType(type) ?? 'unknown',
      declaring: owner,
      access: accessOf(flags),
      isFinal: (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_FINAL) !== 0,
      isImported: false,
    }
    if (field.kind === 'static') {
      if (field.ref.kind === 'internal') this.#staticFields.set(field.ref.imageOffset, fact)
    } else {
      const declaring = this.world.find(field.class)
      if (declaring) mapIn(this.#instanceFields, declaring).set(field.token, { ...fact, declaring })
    }
  }

  /** All methods of Descriptor that have a place in Method. */
  describedMethods(): ReadonlyMap<
    number,
    { readonly owner: ClassNode | undefined; readonly descriptor: MethodDescriptor }
  > {
    return this.#methods
  }

  /** @param type as in a field descriptor; undefined when it is no type */
  fieldType(type: number): ValueType | undefined {
    const primitive = PRIMITIVE_TYPES.get(type)
    if (primitive) return primitive
    const types = this.typesAt(type)
    return types?.length === 1 && types[0] !== 'void' ? types[0] : undefined
  }

  typesAt(typeOffset: number): (ValueType | 'void')[] | undefined {
    const nibbles = this.#types.get(typeOffset)
    return nibbles && this.world.typesOfNibbles(nibbles)
  }

  /** @param typeOffset of a method's signature; undefined when it is none */
  signatureAt(typeOffset: number): Signature | undefined {
    const types = this.typesAt(typeOffset)
    const returns = types?.pop()
    if (!types || returns === undefined || types.includes('void')) return undefined
    return { parameters: types as ValueType[], returns } // void was excluded in the line above
  }

  #factOf(owner: ClassNode | undefined, descriptor: MethodDescriptor): MethodFact | Missing {
    const { flags } = descriptor
    const signature = this.signatureAt(descriptor.typeOffset)
    if (!signature) return { missing: 'absent', text: `no signature at ${descriptor.typeOffset} of the types` }
    return {
      ...signature,
      declaring: owner,
      access: accessOf(flags),
      kind: kindOf(flags),
      isAbstract: (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_ABSTRACT) !== 0,
      isFinal: (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_FINAL) !== 0,
      isImported: false,
      methodOffset: descriptor.methodOffset,
    }
  }

  /** A method of this package by the offset of its header. */
  own(methodOffset: number): MethodFact | Missing {
    let fact = this.#facts.get(methodOffset)
    if (!fact) {
      fact = this.#own(methodOffset)
      this.#facts.set(methodOffset, fact)
    }
    return fact
  }

  #own(methodOffset: number): MethodFact | Missing {
    const described = this.#methods.get(methodOffset)
    if (described) return this.#factOf(described.owner, described.descriptor)
    const text = `the method at ${methodOffset} is not in Descriptor`
    if (this.#cap.descriptor) return { missing: 'undescribed', text }
    const { nargs, flags } = readMethodHeader(this.#cap.methods, methodOffset)
    return {
      parameters: Array.from({ length: nargs }, () => 'unknown' as const),
      returns: 'unknown',
      declaring: undefined,
      access: undefined,
      kind: undefined,
      isAbstract: (flags & METHOD_FLAGS.ACC_ABSTRACT) !== 0,
      isFinal: false,
      isImported: false,
      methodOffset,
    }
  }

  /** Where a call of a virtual method ends up for objects of exactly this class. @source JCVM 3.1 §4.3.7.6 */
  virtual(start: ClassNode, token: number): MethodFact | Missing {
    for (let at: ClassNode | undefined = start; at; at = at.superClass) {
      if (!at.isKnown) return unknown(at)
      if (at.api) return this.#apiMethod(at, 'virtual', token)
      const { own }: ClassNode = at
      if (!own) return { missing: 'absent', text: `${at.name} is an interface` }
      const offset =
        token & PACKAGE_VISIBLE
          ? own.packageMethodTable[(token & 0x7f) - own.packageMethodTableBase]
          : own.publicMethodTable[token - own.publicMethodTableBase]
      if (offset !== undefined && offset !== INHERITED_FROM_OTHER_PACKAGE) return this.own(offset)
    }
    return { missing: 'absent', text: `${start.name} has no virtual method ${token}` }
  }

  #apiMethod(node: ClassNode, space: ApiMethod['space'], token: number): MethodFact | Missing {
    const found = findApiMethod(node.api!, space, token)
    if (found) return this.#imported(node, found)
    return { missing: 'absent', text: `${node.name} has no ${space} method ${token}` }
  }

  #imported(node: ClassNode, method: ApiMethod): MethodFact {
    const declaring = method.space === 'virtual' ? highestWith(node, method) : node
    const isStatic = (method.flags & API_FLAGS.STATIC) !== 0
    return {
      ...this.world.signature(method.desc),
      declaring,
      access: method.flags & API_FLAGS.PROTECTED ? 'protected' : 'public',
      kind: method.name === '<init>' ? 'constructor' : isStatic ? 'static' : 'instance',
      isAbstract: (method.flags & API_FLAGS.ABSTRACT) !== 0,
      isFinal: (method.flags & API_FLAGS.FINAL) !== 0,
      isImported: true,
    }
  }

  /** What an interface itself says of a method; undefined for inherited methods of own interfaces. */
  declaredInterfaceMethod(node: ClassNode, token: number): MethodFact | undefined {
    const fact = node.api ? this.#apiMethod(node, 'interface', token) : this.#interfaceMethods.get(node)?.get(token)
    return fact && !isMissing(fact) ? fact : undefined
  }

  /**
   * What every class that implements an interface has to give for a token. Of a method that an own interface inherits the
   * first class that implements it says so: calls are checked against the same.
   */
  promisedInterfaceMethod(node: ClassNode, token: number): MethodFact | undefined {
    if (node.api) return this.declaredInterfaceMethod(node, token)
    const fact = this.interfaceMethod(node, token)
    return isMissing(fact) ? undefined : fact
  }

  /** Tokens of the methods an own interface declares itself. */
  declaredTokens(node: ClassNode): number[] {
    return [...(this.#interfaceMethods.get(node)?.keys() ?? [])]
  }

  /** A method of an interface by its token. */
  interfaceMethod(node: ClassNode, token: number): MethodFact | Missing {
    if (!node.isKnown) return unknown(node)
    if (node.api) return this.#apiMethod(node, 'interface', token)
    const declared = this.#interfaceMethods.get(node)?.get(token)
    if (declared) return declared
    // Descriptor lists what an interface declares itself; what it inherits is known from who implements it.
    for (const one of this.#cap.classes.classes) {
      const implemented = one.interfaces.find((other) => this.world.find(other.interface) === node)
      const virtualToken = implemented?.index[token]
      if (virtualToken === undefined) continue
      const owner = this.world.find({ kind: 'internal', classOffset: one.offset })!
      const found = this.virtual(owner, virtualToken)
      if (!isMissing(found)) return { ...found, isAbstract: true, isFinal: false }
    }
    const text = `nothing says what method ${token} of ${node.name} takes`
    return { missing: token < this.#mostMethods(node) ? 'unknown' : 'absent', text }
  }

  /** How many methods an own interface can have: its own and those of all interfaces above it. */
  #mostMethods(node: ClassNode): number {
    let most = this.#interfaceMethods.get(node)?.size ?? 0
    for (const one of node.interfaces) {
      if (!one.isKnown || !this.#cap.descriptor) return Number.POSITIVE_INFINITY
      most += one.api ? one.api.methods.length : this.#mostMethods(one)
    }
    return this.#cap.descriptor ? most : Number.POSITIVE_INFINITY
  }

  /** The method a constant pool entry names. */
  ofEntry(index: number): MethodFact | Missing {
    const entry = this.#cap.constantPool[index]!
    const fact = this.#ofEntry(entry)
    if (!isMissing(fact) || fact.missing !== 'unknown') return fact
    return this.#claimedMethod(entry, index) ?? fact
  }

  #ofEntry(entry: ConstantPoolEntry): MethodFact | Missing {
    if (entry.kind === 'staticMethod') {
      if (entry.method.kind === 'internal') return this.own(entry.method.methodOffset)
      const node = this.world.find(entry.method)
      if (!node) return absentClass(entry.method)
      if (!node.isKnown) return unknown(node)
      const found = this.#apiMethod(node, 'static', entry.method.token)
      return isMissing(found) ? this.#perhapsNewer(entry.method.packageToken, found) : found
    }
    if (entry.kind !== 'virtualMethod' && entry.kind !== 'superMethod') return { missing: 'absent', text: 'no method' }
    const node = this.world.find(entry.class)
    if (!node) return absentClass(entry.class)
    const start = entry.kind === 'superMethod' ? node.superClass : node
    if (!start) return { missing: 'absent', text: `${node.name} has no superclass` }
    const found = this.virtual(start, entry.token)
    if (!isMissing(found) || entry.class.kind === 'internal') return found
    return this.#perhapsNewer(entry.class.packageToken, found)
  }

  /** Facts older than the import cannot say that a token is not there. */
  #perhapsNewer(packageToken: number, missing: Missing): Missing {
    return this.world.isNewerThanKnown(packageToken) ? { ...missing, missing: 'unknown' } : missing
  }

  /** What Descriptor says of an import whose facts are not known. */
  #claimedMethod(entry: ConstantPoolEntry, index: number): MethodFact | undefined {
    const typeOffset = this.#cap.descriptor?.types.constantPoolTypes[index]
    const signature = typeOffset === undefined ? undefined : this.signatureAt(typeOffset)
    if (!signature) return undefined
    const node = this.#classOf(entry)
    const unknownPackage = node && unknownPackageAbove(node)
    return {
      ...signature,
      declaring: node,
      access: undefined,
      kind: entry.kind === 'staticMethod' ? undefined : 'instance',
      isAbstract: false,
      isFinal: false,
      isImported: true,
      ...(unknownPackage !== undefined && { unknownPackage }),
    }
  }

  #classOf(entry: ConstantPoolEntry): ClassNode | undefined {
    if (entry.kind === 'staticMethod') {
      return entry.method.kind === 'external' ? this.world.find(entry.method) : undefined
    }
    if (entry.kind === 'staticField') return entry.field.kind === 'external' ? this.world.find(entry.field) : undefined
    return this.world.find(entry.class)
  }

  /** The field a constant pool entry names. */
  fieldOfEntry(index: number): FieldFact | Missing {
    const entry = this.#cap.constantPool[index]!
    const fact = this.#fieldOfEntry(entry)
    if (!isMissing(fact) || fact.missing !== 'unknown') return fact
    const claimed = this.#cap.descriptor?.types.constantPoolTypes[index]
    const type = (claimed === undefined ? undefined : this.fieldType(claimed)) ?? 'unknown'
    return { type, declaring: this.#classOf(entry), access: undefined, isFinal: false, isImported: true }
  }

  #fieldOfEntry(entry: ConstantPoolEntry): FieldFact | Missing {
    if (entry.kind === 'staticField') {
      if (entry.field.kind === 'external') return this.#apiField(entry.field, entry.field.token)
      const found = this.#staticFields.get(entry.field.imageOffset)
      if (found) return found
      return this.#undescribedField(`the static field at ${entry.field.imageOffset}`, undefined)
    }
    if (entry.kind !== 'instanceField') return { missing: 'absent', text: 'no field' }
    if (entry.class.kind === 'external') return this.#apiField(entry.class, entry.token)
    const node = this.world.find(entry.class)!
    const found = this.#instanceFields.get(node)?.get(entry.token)
    if (found) return found
    if (entry.token >= (node.own?.declaredInstanceSizeCells ?? 0)) {
      return { missing: 'absent', text: `${node.name} has no field ${entry.token}` }
    }
    return this.#undescribedField(`field ${entry.token} of ${node.name}`, node)
  }

  #undescribedField(what: string, declaring: ClassNode | undefined): FieldFact | Missing {
    if (this.#cap.descriptor) return { missing: 'undescribed', text: `${what} is not in Descriptor` }
    return { type: 'unknown', declaring, access: undefined, isFinal: false, isImported: false }
  }

  #apiField(ref: Extract<ClassRef, { kind: 'external' }>, token: number): FieldFact | Missing {
    const node = this.world.find(ref)
    if (!node) return absentClass(ref)
    if (!node.isKnown) return unknown(node)
    const found = findApiField(node.api!, token)
    if (!found) {
      return this.#perhapsNewer(ref.packageToken, { missing: 'absent', text: `${node.name} has no field ${token}` })
    }
    return {
      type: this.world.valueType(found.desc),
      declaring: node,
      access: found.flags & API_FLAGS.PROTECTED ? 'protected' : 'public',
      isFinal: (found.flags & API_FLAGS.FINAL) !== 0,
      isImported: true,
    }
  }
}

function mapIn<K, V>(maps: Map<K, Map<number, V>>, key: K): Map<number, V> {
  let map = maps.get(key)
  if (!map) {
    map = new Map()
    maps.set(key, map)
  }
  return map
}

/** Subclasses repeat inherited methods; protected access is about the class that declares one. */
function highestWith(node: ClassNode, method: ApiMethod): ClassNode {
  let highest = node
  for (let at: ClassNode | undefined = node; at?.api; at = at.superClass) {
    const api: ApiClass = at.api
    if (api.methods.some((one) => one.space === 'virtual' && one.token === method.token)) highest = at
  }
  return highest
}

function unknownPackageAbove(node: ClassNode): string | undefined {
  for (let at: ClassNode | undefined = node; at; at = at.superClass) if (!at.isKnown) return at.unknownPackage
  return undefined
}

function unknown(node: ClassNode): Missing {
  return { missing: 'unknown', text: `the types of ${node.name} are not known here` }
}

function absentClass(ref: ClassRef): Missing {
  const text =
    ref.kind === 'internal'
      ? `no class at ${ref.classOffset}`
      : `import ${ref.packageToken} has no class ${ref.classToken}`
  return { missing: 'absent', text }
}

function accessOf(flags: number): Access {
  if (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_PUBLIC) return 'public'
  if (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_PROTECTED) return 'protected'
  return flags & MEMBER_DESCRIPTOR_FLAGS.ACC_PRIVATE ? 'private' : 'package'
}

function kindOf(flags: number): NonNullable<MethodFact['kind']> {
  if (flags & MEMBER_DESCRIPTOR_FLAGS.ACC_INIT) return 'constructor'
  return flags & MEMBER_DESCRIPTOR_FLAGS.ACC_STATIC ? 'static' : 'instance'
}
