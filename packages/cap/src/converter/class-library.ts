import { API_FLAGS, type ApiClass, type ApiMethod, type ApiPackage } from '../api/api-package.ts'
import type { JavaClass, JavaField, JavaMethod } from './program.ts'
import { signatureKey } from './program.ts'

const OBJECT = 'java/lang/Object'
/** Of a compile-time constant, which has no place in memory. */
const CONSTANT_TOKEN = 0xff
const SHAREABLE = 'javacard/framework/Shareable'
const REMOTE = 'java/rmi/Remote'

/** A class of another package, known by its tokens. */
export interface ImportedClass {
  readonly package: ApiPackage
  readonly class: ApiClass
}

export type FoundClass =
  | { readonly kind: 'own'; readonly class: JavaClass }
  | ({ readonly kind: 'imported' } & ImportedClass)

export type FoundMethod =
  | { readonly kind: 'own'; readonly class: JavaClass; readonly method: JavaMethod }
  | ({ readonly kind: 'imported'; readonly method: ApiMethod } & ImportedClass)

export type FoundField =
  | { readonly kind: 'own'; readonly field: JavaField }
  | ({ readonly kind: 'imported'; readonly token: number; readonly isStatic: boolean } & ImportedClass)

/** All classes that code of the package can name: its own, and those of the API and of libraries. */
export class ClassLibrary {
  readonly own: readonly JavaClass[]
  readonly #own: ReadonlyMap<string, JavaClass>
  readonly #imported: ReadonlyMap<string, ImportedClass>

  constructor(own: readonly JavaClass[], packages: readonly ApiPackage[]) {
    this.own = own
    this.#own = new Map(own.map((one) => [one.name, one]))
    this.#imported = new Map(
      packages.flatMap((one) => one.classes.map((c) => [c.name, { package: one, class: c }] as const)),
    )
  }

  find(name: string): FoundClass | undefined {
    const own = this.#own.get(name)
    if (own) return { kind: 'own', class: own }
    const imported = this.#imported.get(name)
    return imported && { kind: 'imported', ...imported }
  }

  findOwn(name: string | undefined): JavaClass | undefined {
    return name === undefined ? undefined : this.#own.get(name)
  }

  findImported(name: string | undefined): ImportedClass | undefined {
    return name === undefined ? undefined : this.#imported.get(name)
  }

  /** The class and its superclasses of this package, lowest first. */
  ownChain(start: JavaClass): JavaClass[] {
    const chain: JavaClass[] = []
    for (let at: JavaClass | undefined = start; at && !chain.includes(at); at = this.findOwn(at.superName))
      chain.push(at)
    return chain
  }

  /** Extends itself over some steps: no compiler makes that. */
  isCyclic(start: JavaClass): boolean {
    const seen = new Set<JavaClass>()
    const pending = [start]
    for (let one = pending.pop(); one; one = pending.pop()) {
      for (const name of [one.superName, ...one.interfaceNames]) {
        const above = this.findOwn(name)
        if (above === start) return true
        if (above && !seen.has(above)) pending.push(above)
        if (above) seen.add(above)
      }
    }
    return false
  }

  /** The lowest superclass that is not of this package. */
  importedSuper(start: JavaClass): ImportedClass | undefined {
    return this.findImported(this.ownChain(start).at(-1)?.superName)
  }

  isSubclass(name: string, ancestor: string): boolean {
    const found = this.find(name)
    if (!found) return false
    if (name === ancestor) return true
    if (found.kind === 'imported') return found.class.supers.includes(ancestor)
    return this.ownChain(found.class).some(
      (one) =>
        one.superName !== undefined &&
        (one.superName === ancestor || this.findImported(one.superName)?.class.supers.includes(ancestor)),
    )
  }

  /** The interfaces and all their superinterfaces, each once, nearest first. Unknown names are left out. */
  interfaceClosure(names: readonly string[]): string[] {
    const closure: string[] = []
    const visit = (name: string): void => {
      const found = this.find(name)
      if (!found || closure.includes(name)) return
      closure.push(name)
      const above = found.kind === 'own' ? found.class.interfaceNames : found.class.interfaces
      above.forEach(visit)
    }
    names.forEach(visit)
    return closure
  }

  /** The class or interface is, extends or implements `Shareable`. @source JCVM 3.1 §6.9.1 ACC_SHAREABLE */
  isShareable(name: string): boolean {
    const found = this.find(name)
    if (!found) return false
    if (found.kind === 'imported') return name === SHAREABLE || found.class.interfaces.includes(SHAREABLE)
    if (found.class.isInterface) return this.interfaceClosure([name]).includes(SHAREABLE)
    return this.ownChain(found.class).some(
      (one) =>
        this.interfaceClosure(one.interfaceNames).includes(SHAREABLE) ||
        (this.findImported(one.superName)?.class.interfaces.includes(SHAREABLE) ?? false),
    )
  }

  isInterface(name: string): boolean {
    const found = this.find(name)
    if (!found) return false
    return found.kind === 'own' ? found.class.isInterface : (found.class.access_flags & API_FLAGS.INTERFACE) !== 0
  }

  /** The class or interface is, extends or implements `java.rmi.Remote`. @source JCVM 3.0.5 §6.9.1 ACC_REMOTE */
  isRemote(name: string): boolean {
    const found = this.find(name)
    if (!found) return false
    if (found.kind === 'imported') return (found.class.access_flags & API_FLAGS.REMOTE) !== 0
    return this.#interfacesOf(found.class).includes(REMOTE)
  }

  /** The class of this CAP file implements the interface, or inherits from one that does. */
  implements(one: JavaClass, interfaceName: string): boolean {
    return this.#interfacesOf(one).includes(interfaceName)
  }

  /** All that a class implements or inherits and a client may know it by, superinterfaces first. */
  remoteInterfaces(one: JavaClass): string[] {
    return this.#interfacesOf(one).filter((name) => name !== REMOTE && this.isRemote(name))
  }

  /** Of an interface it and what it extends; of a class all it implements and inherits; those above first. */
  #interfacesOf(one: JavaClass): string[] {
    if (one.isInterface) return this.interfaceClosure([one.name]).toReversed()
    const inherited = this.importedSuper(one)?.class.interfaces ?? []
    const own = this.ownChain(one).toReversed()
    return [
      ...new Set([
        ...inherited,
        ...own.flatMap(({ interfaceNames }) => this.interfaceClosure(interfaceNames).toReversed()),
      ]),
    ]
  }

  /** Where a call of a class method ends up: the class itself, then its superclasses. @source JVMS 17 §5.4.3.3 */
  findMethod(owner: string, name: string, descriptor: string): FoundMethod | undefined {
    const found = this.find(owner)
    if (!found) return undefined
    if (found.kind === 'imported') return this.#importedMethod(found, name, descriptor)
    for (const own of this.ownChain(found.class)) {
      const method = own.methods.find((one) => one.name === name && one.descriptor === descriptor)
      if (method) return { kind: 'own', class: own, method }
    }
    const above = this.importedSuper(found.class)
    return above && this.#importedMethod(above, name, descriptor)
  }

  /** Where a call through an interface ends up: the interface, its superinterfaces, then Object. */
  findInterfaceMethod(owner: string, name: string, descriptor: string): FoundMethod | undefined {
    for (const one of this.interfaceClosure([owner])) {
      const found = this.findMethod(one, name, descriptor)
      if (found) return found
    }
    const object = this.findImported(OBJECT)
    return object && this.#importedMethod(object, name, descriptor)
  }

  /** @source JVMS 17 §5.4.3.2 */
  findField(owner: string, name: string): FoundField | undefined {
    const found = this.find(owner)
    if (!found) return undefined
    if (found.kind === 'imported') return this.#importedField(found, name)
    for (const own of this.ownChain(found.class)) {
      const inherited = this.interfaceClosure(own.interfaceNames).map((one) => this.findOwn(one))
      for (const holder of [own, ...inherited]) {
        const field = holder?.fields.find((one) => one.name === name)
        if (field) return { kind: 'own', field }
      }
    }
    const above = this.importedSuper(found.class)
    return above && this.#importedField(above, name)
  }

  /** Methods of an own interface, those of its superinterfaces first: index is the token. @source JCVM 3.1 §4.3.7.7 */
  interfaceMethods(
    name: string,
    below: readonly string[] = [],
  ): readonly { readonly name: string; readonly descriptor: string }[] {
    const found = below.includes(name) ? undefined : this.find(name)
    if (!found) return []
    if (found.kind === 'imported') {
      return found.class.methods
        .filter((one) => one.space === 'interface')
        .toSorted((a, b) => a.token - b.token)
        .map((one) => ({ name: one.name, descriptor: one.desc }))
    }
    const methods = new Map<string, { name: string; descriptor: string }>()
    const inherited = found.class.interfaceNames.flatMap((one) => this.interfaceMethods(one, [...below, name]))
    for (const one of [...inherited, ...found.class.methods.filter((m) => !m.isStatic)]) {
      if (!methods.has(signatureKey(one))) methods.set(signatureKey(one), one)
    }
    return [...methods.values()]
  }

  /** The tables repeat inherited virtual methods in each class, but not static ones. */
  #importedMethod(start: ImportedClass, name: string, descriptor: string): FoundMethod | undefined {
    for (const one of this.#importedChain(start)) {
      const method = one.class.methods.find((m) => m.name === name && m.desc === descriptor)
      if (method) return { kind: 'imported', ...one, method }
    }
    return undefined
  }

  #importedField(start: ImportedClass, name: string): FoundField | undefined {
    for (const one of this.#importedChain(start)) {
      const field = one.class.fields.find((f) => f.name === name && f.token !== CONSTANT_TOKEN)
      if (field) {
        return { kind: 'imported', ...one, token: field.token, isStatic: (field.flags & API_FLAGS.STATIC) !== 0 }
      }
    }
    return undefined
  }

  /** The class, then its superclasses, nearest first. */
  #importedChain(start: ImportedClass): ImportedClass[] {
    return [start, ...start.class.supers.toReversed().flatMap((name) => this.#imported.get(name) ?? [])]
  }
}
