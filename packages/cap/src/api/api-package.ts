/** Facts of a published export file, under its own names; see README. */
export interface ApiPackage {
  /** Dotted: `javacard.framework` */
  readonly name: string
  /** Hex, upper case. */
  readonly aid: string
  /** `major.minor` */
  readonly version: string
  readonly exportFileFormat: string
  readonly library: boolean
  /** Only from level 3.1 on. */
  readonly references?: readonly { readonly name: string; readonly aid: string; readonly version: string }[]
  readonly classes: readonly ApiClass[]
}

export interface ApiClass {
  /** Internal form: `javacard/framework/APDU` */
  readonly name: string
  readonly token: number
  readonly access_flags: number
  /** `access_flags` in words. */
  readonly is: string
  readonly super: string | null
  /** From java/lang/Object down to the direct superclass. */
  readonly supers: readonly string[]
  /** Inherited ones included. */
  readonly interfaces: readonly string[]
  readonly inheritablePublicMethodTokenCount?: number
  readonly fields: readonly ApiField[]
  readonly methods: readonly ApiMethod[]
}

export interface ApiField {
  readonly name: string
  readonly desc: string
  readonly flags: number
  readonly is: string
  /** 255: compile-time constant, never referenced by token. */
  readonly token: number
  /** Of a constant, signed; null for a real field. */
  readonly value?: number | null
}

/** Three token spaces: static methods and constructors; virtual methods, inherited ones repeated; interface methods. */
export type MethodSpace = 'static' | 'virtual' | 'interface'

export interface ApiMethod {
  /** `<init>` for constructors. */
  readonly name: string
  /** JVM descriptor: `([BSB)V` */
  readonly desc: string
  readonly flags: number
  readonly is: string
  readonly space: MethodSpace
  readonly token: number
}

export type ApiLevel = '3.0.5' | '3.2.0'

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
