import { equalBytes } from '@gridcard/bytes'
import type { ApiClass } from '../api/api-package.ts'
import type { CapFile, ClassRef, ConstantPoolEntry, StaticFieldRef } from '../capfile/cap-file.ts'
import { type ApiNames, fieldName, methodName } from './api-names.ts'

type ExternalMember = Extract<StaticFieldRef, { kind: 'external' }>

/** Writes references as the words that `References` reads. */
export class ReferenceWords {
  readonly #cap: CapFile
  readonly #names: ApiNames
  readonly #classLabels: ReadonlyMap<number, string>
  readonly #methodLabels: ReadonlyMap<number, string>

  constructor(o: {
    cap: CapFile
    names: ApiNames
    /** By offset in Class. */
    classLabels: ReadonlyMap<number, string>
    /** By offset in Method. */
    methodLabels: ReadonlyMap<number, string>
  }) {
    this.#cap = o.cap
    this.#names = o.names
    this.#classLabels = o.classLabels
    this.#methodLabels = o.methodLabels
  }

  classWord(ref: ClassRef): string {
    if (ref.kind === 'internal') return this.#classLabels.get(ref.classOffset) ?? `class@${ref.classOffset}`
    return this.apiClass(ref)?.name ?? `%${ref.packageToken}.${ref.classToken}`
  }

  /** The known class an external reference names, if its name leads back to the same tokens. */
  apiClass(ref: ClassRef): ApiClass | undefined {
    if (ref.kind === 'internal') return undefined
    const { imports } = this.#cap
    const aid = imports[ref.packageToken]?.aid
    // An AID imported twice is found by its first token.
    if (!aid || imports.findIndex((one) => equalBytes(one.aid, aid)) !== ref.packageToken) return undefined
    const found = this.#names.classOf(aid, ref.classToken)
    return found && this.#names.classNamed(found.name)?.class === found ? found : undefined
  }

  methodWord(methodOffset: number): string {
    return this.#methodLabels.get(methodOffset) ?? `method@${methodOffset}`
  }

  staticFieldWord(ref: StaticFieldRef): string {
    return ref.kind === 'internal' ? `static@${ref.imageOffset}` : this.#externalStatic(ref, fieldName)
  }

  #externalStatic(ref: ExternalMember, nameOf: (apiClass: ApiClass, token: number) => string | undefined): string {
    const apiClass = this.apiClass(ref)
    const name = apiClass && nameOf(apiClass, ref.token)
    return name === undefined ? `%${ref.packageToken}.${ref.classToken}.${ref.token}` : `${apiClass!.name}.${name}`
  }

  instanceFieldWord(ref: ClassRef, token: number): string {
    return `${this.classWord(ref)}.${token}`
  }

  interfaceMethodWord(ref: ClassRef, token: number): string {
    const apiClass = this.apiClass(ref)
    return `${this.classWord(ref)}.${(apiClass && methodName(apiClass, 'interface', token)) ?? token}`
  }

  /** A constant pool entry without its kind; super methods get it as a prefix in byte code only. */
  entryWord(entry: ConstantPoolEntry): string {
    switch (entry.kind) {
      case 'class':
        return this.classWord(entry.class)
      case 'instanceField':
        return this.instanceFieldWord(entry.class, entry.token)
      case 'virtualMethod':
      case 'superMethod': {
        const apiClass = this.apiClass(entry.class)
        const name = apiClass && methodName(apiClass, 'virtual', entry.token)
        return `${this.classWord(entry.class)}.${name ?? entry.token}`
      }
      case 'staticField':
        return this.staticFieldWord(entry.field)
      case 'staticMethod':
        if (entry.method.kind === 'internal') return this.methodWord(entry.method.methodOffset)
        return this.#externalStatic(entry.method, (apiClass, token) => methodName(apiClass, 'static', token))
    }
  }
}
