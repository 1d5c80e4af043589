/** Facts of a published export file, under its own names; see README. */
export interface ApiPackage {
  /** Dotted: `javacard.framework` */
  readonly name: string
  /** Hex, upper case. */
  readonly aid: string
  /** `major.minor` */
  readonly version: string
  /** `2.1`, `2.2` with remote classes, `2.3` from level 3.1 on. */
  readonly exportFileFormat: string
  readonly library: boolean
  /** Packages that its classes name; in format 2.3 only. */
  readonly references?: readonly ApiPackageReference[]
  readonly classes: readonly ApiClass[]
}

export interface ApiPackageReference {
  readonly name: string
  readonly aid: string
  readonly version: string
}

export interface ApiClass {
  /** Internal form: `javacard/framework/APDU` */
  readonly name: string
  readonly token: number
  readonly access_flags: number
  readonly super: string | null
  /** From java/lang/Object down to the direct superclass. */
  readonly supers: readonly string[]
  /** Inherited ones included. */
  readonly interfaces: readonly string[]
  /** How many virtual tokens a subclass inherits, where that is not all of them: later additions do not count. */
  readonly inheritablePublicMethodTokenCount?: number
  readonly fields: readonly ApiField[]
  readonly methods: readonly ApiMethod[]
}

export interface ApiField {
  readonly name: string
  readonly desc: string
  readonly flags: number
  /** 255: compile-time constant, never referenced by token. */
  readonly token: number
  /** Of a constant, signed. */
  readonly value?: number
}

/** Three token spaces: static methods and constructors; virtual methods, inherited ones repeated; interface methods. */
export type MethodSpace = 'static' | 'virtual' | 'interface'

export interface ApiMethod {
  /** `<init>` for constructors. */
  readonly name: string
  /** JVM descriptor: `([BSB)V` */
  readonly desc: string
  readonly flags: number
  readonly space: MethodSpace
  readonly token: number
}

/** Versions of the Java Card API whose export files were published. */
export const API_LEVELS = ['2.1.1', '2.1.2', '2.2.1', '2.2.2', '3.0.3', '3.0.4', '3.0.5', '3.1.0', '3.2.0'] as const

export type ApiLevel = (typeof API_LEVELS)[number]

/** `flags` and `access_flags`. */
export const API_FLAGS = {
  PUBLIC: 0x1,
  PROTECTED: 0x4,
  STATIC: 0x8,
  FINAL: 0x10,
  INTERFACE: 0x200,
  ABSTRACT: 0x400,
  SHAREABLE: 0x800,
  REMOTE: 0x1000,
} as const
