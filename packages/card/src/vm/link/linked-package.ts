import type { CardMemory } from '../memory/card-memory.ts'

/**
 * The linked form of a package: tokens resolved, byte code prepared. It is immutable, made once per content and shared
 * by all cards of the process, so nothing in it belongs to one card: no handles, no addresses, no class ids.
 */
export interface LinkedPackage {
  /** Hex, upper case. */
  readonly aid: string
  readonly version: { readonly major: number; readonly minor: number }
  /** For messages: the API's own name, or the AID. */
  readonly name: string
  /** Content hash with those of its imports; the API's name for native packages. */
  readonly key: string
  /** Prepared code of all methods, see `prepared-code.ts`. */
  readonly code: Int32Array
  /** Offset in the Method component for each word of `code`. */
  readonly capOffsets: Int32Array
  /** Methods with byte code or without a body, in CAP order; none in native packages. */
  readonly methods: readonly LinkedMethod[]
  /** In CAP order, inner first. */
  readonly handlers: readonly LinkedHandler[]
  /** All classes and interfaces, in CAP order. */
  readonly classes: readonly LinkedClass[]
  /** Index: class token; of an extended CAP file those of its public packages, one after the other. */
  readonly exportedClasses: readonly (LinkedClass | undefined)[]
  /** What others can import: the package itself, or the public packages of an extended CAP file. */
  readonly exports: readonly LinkedExports[]
  /** Operand of new, anewarray, checkcast, instanceof, invokeinterface. */
  readonly classReferences: readonly LinkedClass[]
  /** Operand of calls that leave the package or reach a native method. */
  readonly externalMethods: readonly LinkedMethod[]
  /** Operand of static field accesses that leave the package. */
  readonly externalStatics: readonly LinkedPackage[]
  readonly applets: readonly LinkedApplet[]
  /** In the order of their tokens. */
  readonly imports: readonly LinkedPackage[]
  /** References at the beginning of the static fields. */
  readonly staticReferenceCount: number
  /** Bytes of its static fields on a card. */
  readonly staticImageBytes: number
  /** By resource id: where its bytes stand in the load file. */
  readonly staticResources: ReadonlyMap<number, { readonly offsetBytes: number; readonly sizeBytes: number }>
}

/** A package under the name that it is imported by. */
export interface LinkedExports {
  /** Hex, upper case. */
  readonly aid: string
  readonly version: { readonly major: number; readonly minor: number }
  /** Index: class token. */
  readonly classes: readonly (LinkedClass | undefined)[]
}

/** An import that was found. */
export interface LinkedImport {
  readonly package: LinkedPackage
  readonly classes: LinkedExports['classes']
}

export interface LinkedApplet {
  readonly aid: Uint8Array
  readonly install: LinkedMethod
}

/** Words of code, `start <= pc < end`. */
export interface LinkedHandler {
  readonly start: number
  readonly end: number
  /** No later handler encloses this range. */
  readonly stop: boolean
  readonly target: number
  /** undefined catches everything. */
  readonly catchType: LinkedClass | undefined
}

/** What runs a native method: the runtime environment of one card. */
export interface NativeHost {
  readonly memory: CardMemory
}

/**
 * A method written in TypeScript. Its arguments are words of `memory.i16` from index `at` on; it returns what the Java
 * method returns, a reference as its handle; anything for void.
 */
export type NativeMethod = (host: NativeHost, at: number) => number

/** `returnWords` of a method that has no return instruction we know of. */
export const RETURNS_UNKNOWN = 3

export class LinkedMethod {
  readonly package: LinkedPackage
  /** For messages: `javacard/framework/Util.getShort([BS)S`, or the offset in the Method component. */
  readonly name: string
  /** Argument words, `this` included. */
  readonly nargs: number
  /** 0, 1, 2 or `RETURNS_UNKNOWN` */
  returnWords: number
  /** Index of its first word in the package's code; -1 for native and abstract methods. */
  entry: number
  readonly native: NativeMethod | undefined
  /** Of a native method: it has no `this`, and must never be taken for one that has. */
  readonly isNativeStatic: boolean
  /** Of a native method: the class whose hidden state it works on. */
  declaringClass: LinkedClass | undefined

  constructor(o: {
    package: LinkedPackage
    name: string
    nargs: number
    returnWords: number
    native?: NativeMethod | undefined
    isNativeStatic?: boolean
  }) {
    this.package = o.package
    this.isNativeStatic = o.isNativeStatic ?? false
    this.name = o.name
    this.nargs = o.nargs
    this.returnWords = o.returnWords
    this.entry = -1
    this.native = o.native
  }

  /** Neither byte code nor native code stands behind it. */
  get isAbstract(): boolean {
    return this.entry < 0 && this.native === undefined
  }
}

/** A class whose objects may be remote. Names are internal forms. @source JCVM 3.1 §6.9 remote_interface_info */
export interface RemoteClass {
  readonly kind: 'class'
  readonly packageName: string
  readonly name: string
  /** Goes into the hashes of the methods, so that they differ. */
  readonly hashModifier: string
  readonly methods: readonly RemoteMethod[]
  readonly interfaces: readonly LinkedClass[]
  /** Where the types of the methods stand. */
  readonly signaturePool: Uint8Array
}

export interface RemoteInterface {
  readonly kind: 'interface'
  readonly packageName: string
  readonly name: string
}

export interface RemoteMethod {
  readonly hash: number
  readonly signatureOffset: number
  readonly virtualToken: number
}

/** Index: interface method token. */
export type InterfaceMethods = readonly (LinkedMethod | undefined)[]

export class LinkedClass {
  readonly package: LinkedPackage
  /** In `package.classes`; a class id of a card is the package's first id plus this. */
  readonly index: number
  readonly name: string
  /** Of its info in the Class component; -1 for classes of the API. */
  readonly capOffset: number
  readonly isInterface: boolean
  /** An interface that is or extends Shareable, or a class that implements one. */
  readonly isShareable: boolean
  readonly superClass: LinkedClass | undefined
  /** Bytes of the cells that byte code can reach, superclasses first. */
  readonly fieldBytes: number
  /** Bytes behind them that only native methods see. */
  readonly hiddenBytes: number
  /** Cells, fields and hidden ones, that hold references, or may: undeclared hidden cells are taken for such. */
  readonly referenceCells: readonly number[]
  /** This class, its superclasses and all interfaces of them. */
  readonly supertypes: ReadonlySet<LinkedClass>
  /** Index: public virtual method token. */
  readonly virtualMethods: readonly (LinkedMethod | undefined)[]
  /** Index: package-visible virtual method token without its high bit. */
  readonly packageMethods: readonly (LinkedMethod | undefined)[]
  /** Index: static method token of an exported class. */
  readonly staticMethods: readonly (LinkedMethod | undefined)[]
  /** Index: static field token of an exported class; value: offset in the package's static image. */
  readonly staticFieldOffsets: readonly number[]
  /** Of an interface. Index: interface method token; value: words returned. */
  readonly interfaceReturnWords: readonly number[]
  /** Of a class or interface of remote objects: what clients are told of it. */
  readonly remote: RemoteClass | RemoteInterface | undefined
  /** Interface methods of this class, found once for each interface asked for. */
  readonly #interfaceMethods = new Map<LinkedClass, InterfaceMethods>()
  /** Methods of `receiver`, this class or a subclass, for an interface that this class or a superclass implements. */
  readonly findInterfaceMethods: (receiver: LinkedClass, interfaceClass: LinkedClass) => InterfaceMethods

  constructor(o: {
    package: LinkedPackage
    index: number
    name: string
    capOffset?: number
    isInterface: boolean
    isShareable: boolean
    superClass: LinkedClass | undefined
    /** With their superinterfaces. */
    interfaces: readonly LinkedClass[]
    fieldBytes: number
    hiddenBytes: number
    referenceCells: readonly number[]
    virtualMethods: readonly (LinkedMethod | undefined)[]
    packageMethods: readonly (LinkedMethod | undefined)[]
    staticMethods: readonly (LinkedMethod | undefined)[]
    staticFieldOffsets: readonly number[]
    interfaceReturnWords: readonly number[]
    remote?: RemoteClass | RemoteInterface | undefined
    findInterfaceMethods: (receiver: LinkedClass, interfaceClass: LinkedClass) => InterfaceMethods
  }) {
    this.package = o.package
    this.index = o.index
    this.name = o.name
    this.capOffset = o.capOffset ?? -1
    this.isInterface = o.isInterface
    this.isShareable = o.isShareable
    this.superClass = o.superClass
    this.fieldBytes = o.fieldBytes
    this.hiddenBytes = o.hiddenBytes
    this.referenceCells = o.referenceCells
    this.supertypes = new Set([this, ...(o.superClass?.supertypes ?? []), ...o.interfaces])
    this.virtualMethods = o.virtualMethods
    this.packageMethods = o.packageMethods
    this.staticMethods = o.staticMethods
    this.staticFieldOffsets = o.staticFieldOffsets
    this.interfaceReturnWords = o.interfaceReturnWords
    this.remote = o.remote
    this.findInterfaceMethods = o.findInterfaceMethods
  }

  /** Assignable to `other`: same, subclass, or implements it. */
  isKindOf(other: LinkedClass): boolean {
    return this === other || this.supertypes.has(other)
  }

  interfaceMethods(interfaceClass: LinkedClass): InterfaceMethods {
    let methods = this.#interfaceMethods.get(interfaceClass)
    if (methods === undefined) {
      methods = this.findInterfaceMethods(this, interfaceClass)
      this.#interfaceMethods.set(interfaceClass, methods)
    }
    return methods
  }
}
