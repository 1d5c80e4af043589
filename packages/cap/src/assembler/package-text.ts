import type { ArrayInitInfo, ConstantPoolKind, PackageInfo, StaticResource, Version } from '../capfile/cap-file.ts'
import type { CodeText } from './code-text.ts'
import type { Token } from './tokens.ts'

/** A package as written: layout, labels and names still to be resolved. */
export interface PackageText {
  formatVersion: Version
  packagePath?: string
  aid: Uint8Array
  version: Version
  packageName?: string
  /** Only of an extended CAP file, whose own name `aid` and `version` are: its public packages. */
  packages?: PackageInfo[]
  /** Indices in `methods` where a block of an extended CAP file begins, but for the first one. */
  blockStarts: number[]
  /** Only of an extended CAP file: how many of `exports` each public package has. */
  exportCounts: number[]
  usesInt: boolean
  imports: ImportText[]
  applets: { aid: Uint8Array; install: Token }[]
  signatures?: Uint8Array
  interfaces: InterfaceText[]
  classes: ClassText[]
  statics: { referenceCount: number; defaultValueCount: number; values: Uint8Array }
  arrays: ArrayInitInfo[]
  constants: { kind: ConstantPoolKind; name: Token }[]
  methods: (MethodText | Uint8Array)[]
  exports: ExportText[]
  descriptor?: DescriptorText
  debug?: Uint8Array
  resources: StaticResource[]
  custom: { tag: number; aid: Uint8Array; fileName?: string; info: Uint8Array }[]
  /** `info` items given as bytes, by component tag. */
  raw: Map<number, Uint8Array>
}

export interface ImportText {
  readonly aid: Uint8Array
  readonly version: Version
}

export interface InterfaceText {
  readonly label: Token
  readonly flags: number
  readonly superinterfaces: readonly Token[]
}

export interface ClassText {
  readonly label: Token
  readonly flags: number
  readonly superClass: Token | undefined
  declaredInstanceSizeCells: number
  firstReferenceToken: number
  referenceCount: number
  publicMethodTableBase: number
  publicMethodTable: readonly Token[]
  packageMethodTableBase: number
  packageMethodTable: readonly Token[]
  readonly interfaces: { interface: Token; index: number[] }[]
  tokenMapping?: Uint8Array
  inheritableCount?: number
}

export interface MethodText {
  readonly label: Token
  readonly flags: number
  readonly maxStack: number
  readonly nargs: number
  readonly maxLocals: number
  readonly code: readonly CodeText[]
  readonly handlers: readonly HandlerText[]
}

export interface HandlerText {
  readonly from: Token
  /** First instruction no longer covered. */
  readonly to: Token
  readonly target: Token
  /** undefined: everything. */
  readonly catchType: Token | undefined
  /** undefined: as the ranges of the later handlers say. */
  readonly stop: boolean | undefined
}

export interface ExportText {
  readonly class: Token
  readonly staticFieldOffsets: readonly number[]
  readonly staticMethods: readonly Token[]
}

export interface DescriptorText {
  readonly classes: ClassDescriptorText[]
  /** Only of an extended CAP file: how many of them each package has. */
  readonly packageClassCounts: number[]
  /** undefined: no entry has a type. */
  constantTypes?: readonly Token[]
  readonly types: { label: Token; nibbles: readonly number[] | readonly Token[] }[]
}

export interface ClassDescriptorText {
  readonly class: Token
  readonly token: number
  readonly flags: number
  readonly interfaces: readonly Token[]
  readonly fields: { token: number; flags: number; ref: Token; type: Token }[]
  readonly methods: MethodDescriptorText[]
}

export interface MethodDescriptorText {
  readonly token: number
  readonly flags: number
  /** undefined: offset 0, as interface methods have. */
  readonly method: Token | undefined
  readonly type: Token
  /** Each undefined: as the method itself says. */
  readonly sizeBytes: number | undefined
  readonly handlerCount: number | undefined
  readonly handlerIndex: number | undefined
}
