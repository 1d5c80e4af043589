import type { CapFile, ClassRef, ConstantPoolEntry, ConstantPoolKind } from '@gridcard/cap'
import { linkError } from './link-error.ts'
import type { LinkedClass, LinkedImport, LinkedMethod, LinkedPackage } from './linked-package.ts'
import type { NativeLibrary } from './native-library.ts'

type EntryOf<Kind extends ConstantPoolKind> = Extract<ConstantPoolEntry, { kind: Kind }>

/** What constant pool entries mean: classes, methods and fields of this package or of its imports. */
export class References {
  readonly #cap: CapFile
  readonly #name: string
  readonly #imports: readonly LinkedImport[]
  readonly #natives: NativeLibrary
  /** By offset in the Class component. */
  readonly classes = new Map<number, LinkedClass>()
  /** By offset in the Method component. */
  readonly methods = new Map<number, LinkedMethod>()

  constructor(cap: CapFile, name: string, imports: readonly LinkedImport[], natives: NativeLibrary) {
    this.#cap = cap
    this.#name = name
    this.#imports = imports
    this.#natives = natives
  }

  entry<Kind extends ConstantPoolKind>(index: number, kinds: readonly Kind[], offset: number): EntryOf<Kind> {
    const found = this.#cap.constantPool[index]
    if (found === undefined || !(kinds as readonly ConstantPoolKind[]).includes(found.kind)) {
      const what = found === undefined ? 'nothing' : found.kind
      throw this.#error('CARD_LINK_BAD_REFERENCE', `constant ${index} is ${what}, not ${kinds.join(' or ')}`, offset)
    }
    return found as EntryOf<Kind>
  }

  importedPackage(token: number): LinkedImport {
    const found = this.#imports[token]
    if (found === undefined) throw this.#error('CARD_LINK_BAD_REFERENCE', `package token ${token} is not imported`)
    return found
  }

  classOf(ref: ClassRef, offset?: number): LinkedClass {
    if (ref.kind === 'internal') {
      const found = this.classes.get(ref.classOffset)
      if (found) return found
      throw this.#error('CARD_LINK_BAD_REFERENCE', `no class at Class+0x${ref.classOffset.toString(16)}`, offset)
    }
    const from = this.importedPackage(ref.packageToken)
    const found = from.classes[ref.classToken]
    if (found) return found
    throw this.#error('CARD_LINK_CLASS_MISSING', `${from.package.name} has no class token ${ref.classToken}`, offset)
  }

  classAt(index: number, offset: number): LinkedClass {
    return this.classOf(this.entry(index, ['class'], offset).class, offset)
  }

  /** Byte offset of a field in an instance. @source JCVM 3.1 §4.3.7.5 */
  fieldOffset(index: number, sizeBytes: number, offset: number): number {
    const ref = this.entry(index, ['instanceField'], offset)
    const owner = this.classOf(ref.class, offset)
    const at = (owner.superClass?.fieldBytes ?? 0) + ref.token * 2
    if (at + sizeBytes > owner.fieldBytes) {
      throw this.#error('CARD_LINK_FIELD_MISSING', `${owner.name} has no field token ${ref.token}`, offset)
    }
    return at
  }

  /** Static method, constructor or private method. */
  staticMethod(index: number, offset: number): LinkedMethod {
    const { method } = this.entry(index, ['staticMethod'], offset)
    if (method.kind === 'internal') return this.methodAt(method.methodOffset, offset)
    const owner = this.classOf({ kind: 'external', packageToken: method.packageToken, classToken: method.classToken })
    const found = owner.staticMethods[method.token]
    if (found === undefined) {
      throw this.#error('CARD_LINK_METHOD_MISSING', `${owner.name} has no static method token ${method.token}`, offset)
    }
    return this.#callable(found, offset)
  }

  methodAt(methodOffset: number, offset?: number): LinkedMethod {
    const found = this.methods.get(methodOffset)
    if (found) return found
    throw this.#error('CARD_LINK_BAD_REFERENCE', `no method at Method+0x${methodOffset.toString(16)}`, offset)
  }

  /** The method a virtual call names; the receiver decides at run time which one it reaches. */
  virtualMethod(index: number, offset: number): { method: LinkedMethod; token: number; isPackageVisible: boolean } {
    const ref = this.entry(index, ['virtualMethod'], offset)
    const owner = this.classOf(ref.class, offset)
    return { ...this.#findVirtual(owner, ref.token, offset), token: ref.token & 0x7f }
  }

  /** `super.m()`: the class named is the one that contains the call. @source JCVM 3.1 §6.8.2, §7.5 invokespecial */
  superMethod(index: number, offset: number): LinkedMethod {
    const ref = this.entry(index, ['superMethod'], offset)
    const caller = this.classOf(ref.class, offset)
    if (caller.superClass === undefined) {
      throw this.#error('CARD_LINK_BAD_REFERENCE', `${caller.name} has no superclass`, offset)
    }
    return this.#findVirtual(caller.superClass, ref.token, offset).method
  }

  /** A static field: its offset in the static image of this package, or of an import; of the API, what it refers to. */
  staticField(
    index: number,
    offset: number,
  ): { imageOffset: number; from: LinkedPackage | undefined } | { handle: number } {
    const { field } = this.entry(index, ['staticField'], offset)
    if (field.kind === 'internal') return { imageOffset: field.imageOffset, from: undefined }
    const { package: from } = this.importedPackage(field.packageToken)
    const owner = this.classOf({ kind: 'external', packageToken: field.packageToken, classToken: field.classToken })
    const handle = this.#natives.staticField(owner, field.token)
    if (handle !== undefined) return { handle }
    const imageOffset = owner.staticFieldOffsets[field.token]
    if (imageOffset === undefined) {
      throw this.#error('CARD_LINK_FIELD_MISSING', `${owner.name} has no static field token ${field.token}`, offset)
    }
    return { imageOffset, from }
  }

  #findVirtual(owner: LinkedClass, token: number, offset: number): { method: LinkedMethod; isPackageVisible: boolean } {
    const isPackageVisible = (token & 0x80) !== 0
    const table = isPackageVisible ? owner.packageMethods : owner.virtualMethods
    const method = table[token & 0x7f]
    if (method === undefined) {
      throw this.#error('CARD_LINK_METHOD_MISSING', `${owner.name} has no virtual method token ${token}`, offset)
    }
    return { method: this.#callable(method, offset), isPackageVisible }
  }

  #callable(method: LinkedMethod, offset: number): LinkedMethod {
    if (this.#natives.isCallable(method)) return method
    throw this.#error('CARD_LINK_METHOD_MISSING', `${method.name} is not there on this platform`, offset)
  }

  #error(code: Parameters<typeof linkError>[0], message: string, offset?: number) {
    return linkError(code, this.#name, message, offset)
  }
}
