import { API_FLAGS } from '../api/api-package.ts'
import { parseMethodDescriptor } from '../classfile/descriptor.ts'
import type { ClassLibrary } from './class-library.ts'
import type { Findings } from './findings.ts'
import {
  isAbstract,
  isVirtual,
  isVisible,
  type JavaClass,
  type JavaField,
  type JavaMethod,
  overridingKey,
  packageOf,
  signatureKey,
} from './program.ts'

/** What a virtual method is called by: public and protected ones, and package-visible ones, are numbered apart. */
export interface VirtualToken {
  readonly space: 'public' | 'package'
  readonly token: number
}

/** A method that a table entry leads to; undefined when it lives in another package. */
export type TableEntry = JavaMethod | undefined

/** Tokens and sizes of one class. */
export interface ClassLayout {
  readonly class: JavaClass
  /** By `overridingKey`, inherited ones of the CAP file and of imports included. */
  readonly tokens: ReadonlyMap<string, VirtualToken>
  readonly publicTable: VirtualTable
  readonly packageTable: VirtualTable
  /** Public virtual tokens of the superclass, and of this class with them. */
  readonly inheritedPublicTokens: number
  readonly publicTokens: number
  /** Instance field tokens by field name. */
  readonly fieldTokens: ReadonlyMap<string, number>
  readonly sizeCells: number
  readonly firstReferenceToken: number
  readonly referenceCount: number
  /** Methods of interfaces that an abstract class implements only in its subclasses. */
  readonly miranda: readonly JavaMethod[]
}

export interface VirtualTable {
  readonly base: number
  readonly entries: readonly TableEntry[]
}

/** Growing state while classes are walked from superclass to subclass. */
interface Numbering {
  readonly tokens: Map<string, VirtualToken>
  /** Index: token. */
  readonly publicMethods: TableEntry[]
  readonly packageMethods: TableEntry[]
}

/**
 * Numbers the virtual methods and instance fields of every class.
 *
 * @param classes superclasses before subclasses, no interfaces
 * @source JCVM 3.1 §4.3.7.5 (instance fields), §4.3.7.6 (virtual methods)
 */
export function layOutClasses(
  classes: readonly JavaClass[],
  library: ClassLibrary,
  findings: Findings,
): ReadonlyMap<string, ClassLayout> {
  const layouts = new Map<string, ClassLayout>()
  const numberings = new Map<string, Numbering>()
  for (const one of classes) {
    const above = numberings.get(one.superName ?? '') ?? importedNumbering(one, library)
    const numbering: Numbering = {
      tokens: new Map(above.tokens),
      publicMethods: [...above.publicMethods],
      packageMethods: [...above.packageMethods],
    }
    const miranda = mirandaMethods(one, library, above.tokens)
    const touched = { public: new Set<number>(), package: new Set<number>() }
    for (const method of [...one.methods.filter(isVirtual), ...miranda]) {
      const { space, token } = assignToken(one, method, numbering, findings)
      touched[space].add(token)
    }
    numberings.set(one.name, numbering)
    const fields = layOutFields(one)
    checkSize(one, fields.sizeCells, findings)
    layouts.set(one.name, {
      class: one,
      tokens: numbering.tokens,
      publicTable: tableOf(numbering.publicMethods, touched.public),
      packageTable: tableOf(numbering.packageMethods, touched.package),
      inheritedPublicTokens: above.publicMethods.length,
      publicTokens: numbering.publicMethods.length,
      miranda,
      ...fields,
    })
  }
  return layouts
}

/** A class_info holds the size in a byte. @source JCVM 3.1 §6.9.1 */
function checkSize(one: JavaClass, sizeCells: number, findings: Findings): void {
  if (sizeCells > 0xff) {
    findings.add({ class: one }, `has fields of ${sizeCells} words, a class can have 255`, 'keep some in an array')
  }
}

/** Tokens of the imported superclass: its own, and those it lists as inherited. */
function importedNumbering(one: JavaClass, library: ClassLibrary): Numbering {
  const tokens = new Map<string, VirtualToken>()
  const publicMethods: TableEntry[] = []
  for (const method of library.findImported(one.superName)?.class.methods ?? []) {
    if (method.space !== 'virtual') continue
    tokens.set(method.name + method.desc, { space: 'public', token: method.token })
    publicMethods[method.token] = undefined
  }
  return { tokens, publicMethods: Array.from(publicMethods), packageMethods: [] }
}

function assignToken(one: JavaClass, method: JavaMethod, numbering: Numbering, findings: Findings): VirtualToken {
  const inherited = numbering.tokens.get(overridingKey(method))
  const space = isVisible(method) ? 'public' : 'package'
  const table = space === 'public' ? numbering.publicMethods : numbering.packageMethods
  if (space === 'public' && numbering.tokens.has(`${packageOf(one.name)} ${signatureKey(method)}`)) {
    findings.add(
      { class: one, method },
      'a public or protected method overrides a package-visible one',
      'give both the same visibility: a card keeps them in separate tables',
    )
  }
  const token: VirtualToken = inherited ?? { space, token: table.length }
  if (token.token > 0x7f) {
    findings.add({ class: one, method }, 'the class has more than 128 virtual methods', 'split the class')
  }
  numbering.tokens.set(overridingKey(method), token)
  table[token.token] = method
  return token
}

/**
 * From the lowest token that this class introduces or overrides to the highest it has, inherited ones included; a class
 * that touches none has an empty table.
 *
 * @source JCVM 3.1 §6.9.2 public_method_table_count (the smallest count it allows)
 */
function tableOf(methods: readonly TableEntry[], touched: ReadonlySet<number>): VirtualTable {
  if (touched.size === 0) return { base: methods.length, entries: [] }
  const base = Math.min(...touched)
  return { base, entries: methods.slice(base) }
}

/** Older compilers wrote these into the class file themselves. */
function mirandaMethods(
  one: JavaClass,
  library: ClassLibrary,
  inherited: ReadonlyMap<string, VirtualToken>,
): JavaMethod[] {
  if (!isAbstract(one)) return []
  const known = new Set([...inherited.keys(), ...one.methods.map(signatureKey)])
  const missing = new Map<string, JavaMethod>()
  for (const name of library.interfaceClosure(one.interfaceNames)) {
    for (const method of library.interfaceMethods(name)) {
      const key = signatureKey(method)
      if (known.has(key) || missing.has(key)) continue
      missing.set(key, abstractMethod(one, method.name, method.descriptor))
    }
  }
  return [...missing.values()]
}

function abstractMethod(owner: JavaClass, name: string, descriptor: string): JavaMethod {
  return {
    owner: owner.name,
    name,
    descriptor,
    signature: parseMethodDescriptor(descriptor),
    accessFlags: API_FLAGS.PUBLIC | API_FLAGS.ABSTRACT,
    isStatic: false,
  }
}

function isReference(field: JavaField): boolean {
  return field.type.kind === 'class' || field.type.kind === 'array'
}

/**
 * Visible fields first, then the others; the references of both meet in the middle, so that they are contiguous.
 * @source JCVM 3.1 §4.3.7.5
 */
function layOutFields(
  one: JavaClass,
): Pick<ClassLayout, 'fieldTokens' | 'sizeCells' | 'firstReferenceToken' | 'referenceCount'> {
  const fields = one.fields.filter((field) => !field.isStatic)
  const visible = fields.filter(isVisible)
  const hidden = fields.filter((field) => !isVisible(field))
  const ordered = [
    ...visible.filter((field) => !isReference(field)),
    ...visible.filter(isReference),
    ...hidden.filter(isReference),
    ...hidden.filter((field) => !isReference(field)),
  ]
  const fieldTokens = new Map<string, number>()
  let sizeCells = 0
  for (const field of ordered) {
    fieldTokens.set(field.name, sizeCells)
    sizeCells += field.type.kind === 'int' ? 2 : 1
  }
  const first = ordered.find(isReference)
  return {
    fieldTokens,
    sizeCells,
    firstReferenceToken: first ? fieldTokens.get(first.name)! : 0xff,
    referenceCount: ordered.filter(isReference).length,
  }
}
