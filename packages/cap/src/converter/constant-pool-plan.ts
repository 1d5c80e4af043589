import { fromHex } from '@gridcard/bytes'
import type { ApiPackage } from '../api/api-package.ts'
import type { ClassRef, ConstantPoolEntry, PackageInfo } from '../capfile/cap-file.ts'
import type { ClassLibrary } from './class-library.ts'
import type { JavaField, JavaMethod } from './program.ts'

/** A constant pool entry by names; offsets are known only when all code is laid out. */
export type SymbolicEntry =
  | { readonly kind: 'class'; readonly className: string }
  | { readonly kind: 'instanceField'; readonly field: JavaField; readonly token: number }
  | {
      readonly kind: 'virtualMethod' | 'superMethod'
      readonly className: string
      readonly token: number
      readonly descriptor: string
    }
  | { readonly kind: 'ownStaticField'; readonly field: JavaField }
  | { readonly kind: 'ownStaticMethod'; readonly method: JavaMethod }
  | {
      readonly kind: 'importedStaticField' | 'importedInstanceField' | 'importedStaticMethod'
      readonly className: string
      readonly token: number
      readonly descriptor: string
    }

/** Where things of this package ended up. */
export interface Addresses {
  classOffset(className: string): number
  methodOffset(method: JavaMethod): number
  imageOffset(field: JavaField): number
}

/** Gives constant pool indices and package tokens in the order in which code first asks for them. */
export class ConstantPoolPlan {
  readonly #library: ClassLibrary
  readonly #entries: SymbolicEntry[] = []
  readonly #indices = new Map<string, number>()
  readonly #imports: ApiPackage[] = []

  constructor(library: ClassLibrary) {
    this.#library = library
  }

  get entries(): readonly SymbolicEntry[] {
    return this.#entries
  }

  index(entry: SymbolicEntry): number {
    const key = keyOf(entry)
    const known = this.#indices.get(key)
    if (known !== undefined) return known
    // In an exception handler index 0 means any class, so no class may stand there: the first one then stands twice.
    if (entry.kind === 'class' && this.#entries.length === 0) this.#entries.push(entry)
    this.#indices.set(key, this.#entries.length)
    if ('className' in entry) this.#importOf(entry.className)
    return this.#entries.push(entry) - 1
  }

  /** @throws when the class is neither own nor imported: callers have checked that it is there */
  classRef(className: string, addresses: Pick<Addresses, 'classOffset'>): ClassRef {
    if (this.#library.findOwn(className)) return { kind: 'internal', classOffset: addresses.classOffset(className) }
    return { kind: 'external', ...this.#tokens(className) }
  }

  resolve(addresses: Addresses): ConstantPoolEntry[] {
    return this.#entries.map((entry) => this.#resolveEntry(entry, addresses))
  }

  /** To be asked last. Every package imports java.lang, as those of vendor converters do, even when nothing names it. */
  imports(): PackageInfo[] {
    this.#importOf('java/lang/Object')
    return this.#imports.map((one) => packageInfoOf(one))
  }

  #resolveEntry(entry: SymbolicEntry, addresses: Addresses): ConstantPoolEntry {
    switch (entry.kind) {
      case 'class':
        return { kind: 'class', class: this.classRef(entry.className, addresses) }
      case 'instanceField':
        return { kind: entry.kind, class: this.classRef(entry.field.owner, addresses), token: entry.token }
      case 'virtualMethod':
      case 'superMethod':
        return { kind: entry.kind, class: this.classRef(entry.className, addresses), token: entry.token }
      case 'ownStaticField':
        return { kind: 'staticField', field: { kind: 'internal', imageOffset: addresses.imageOffset(entry.field) } }
      case 'ownStaticMethod':
        return {
          kind: 'staticMethod',
          method: { kind: 'internal', methodOffset: addresses.methodOffset(entry.method) },
        }
      case 'importedInstanceField':
        return { kind: 'instanceField', class: this.classRef(entry.className, addresses), token: entry.token }
      case 'importedStaticField':
        return {
          kind: 'staticField',
          field: { kind: 'external', ...this.#tokens(entry.className), token: entry.token },
        }
      case 'importedStaticMethod':
        return {
          kind: 'staticMethod',
          method: { kind: 'external', ...this.#tokens(entry.className), token: entry.token },
        }
    }
  }

  #tokens(className: string): { packageToken: number; classToken: number } {
    const found = this.#library.findImported(className)
    if (!found) throw new Error(`assertion failed: ${className} was checked before`)
    return { packageToken: this.#importOf(className), classToken: found.class.token }
  }

  #importOf(className: string): number {
    const found = this.#library.findOwn(className) ? undefined : this.#library.findImported(className)
    if (!found) return -1
    const known = this.#imports.indexOf(found.package)
    return known >= 0 ? known : this.#imports.push(found.package) - 1
  }
}

function packageInfoOf(one: ApiPackage): PackageInfo {
  const [major, minor] = one.version.split('.').map(Number)
  return { aid: fromHex(one.aid), version: { major: major!, minor: minor! } }
}

function keyOf(entry: SymbolicEntry): string {
  switch (entry.kind) {
    case 'class':
      return `class ${entry.className}`
    case 'instanceField':
    case 'ownStaticField':
      return `${entry.kind} ${entry.field.owner} ${entry.field.name}`
    case 'ownStaticMethod':
      return `${entry.kind} ${entry.method.owner} ${entry.method.name}${entry.method.descriptor}`
    default:
      return `${entry.kind} ${entry.className} ${entry.token}`
  }
}
