/**
 * Where byte code of a CAP file comes from: for debuggers, coverage, and findings with a line. `gridcard applet build`
 * writes it beside the CAP file as JSON, `purse.debug.json` to `purse.cap`; nothing of it goes to a card. The same sources
 * give the same map.
 *
 * Names of classes are internal (`com/example/Purse`), descriptors those of the JVM.
 */
export interface DebugMap {
  readonly format: 'gridcard-debug-map'
  readonly version: 1
  readonly package: {
    /** Dotted: `com.example` */
    readonly name: string
    /** Hex, upper case; empty when the map was read of a Debug component alone. */
    readonly aid: string
    /** `major.minor` */
    readonly version: string
  }
  /** From the folder of the map file to the root of the sources, with `/`; absent when unknown. */
  readonly sourceRoot?: string
  /** Paths below the root of the sources: `com/example/Purse.java`. */
  readonly sources: readonly string[]
  readonly classes: readonly DebugClass[]
  /** In order of their offsets. */
  readonly methods: readonly DebugMethod[]
}

export interface DebugClass {
  readonly name: string
  /** Index in `sources`; absent when the class was compiled without. */
  readonly source?: number
  /** Absent for Object and interfaces. */
  readonly superName?: string
  /** With their superinterfaces. */
  readonly interfaces: readonly string[]
  /** As in the class file. */
  readonly accessFlags: number
  /** Of its interface_info or class_info in Class `info`. */
  readonly offset: number
  readonly fields: readonly DebugField[]
}

/** One of `token`, `imageOffset` and `constant` is there. */
export interface DebugField {
  readonly name: string
  readonly descriptor: string
  readonly accessFlags: number
  /** Of an instance field: its first cell, counted from 0 behind the cells of the superclasses; int takes two cells. */
  readonly token?: number
  /** Of a static field: bytes from the begin of the static field image. */
  readonly imageOffset?: number
  /** Of a compile-time constant, which has no place in memory. */
  readonly constant?: number
}

export interface DebugMethod {
  /** Index in `classes`. */
  readonly class: number
  readonly name: string
  readonly descriptor: string
  /** As in the class file. */
  readonly accessFlags: number
  /** Of its header in Method `info`, where blocks of an extended CAP file stand `METHOD_BLOCK_SPAN` apart. */
  readonly offset: number
  /** Of its first instruction, likewise. */
  readonly codeOffset: number
  /** 0 for abstract methods. */
  readonly codeSizeBytes: number
  /** In order of offsets; each holds up to the next. Empty without debug information. */
  readonly lines: readonly DebugLine[]
  /** Declared variables, parameters and `this`. Empty without debug information. */
  readonly variables: readonly DebugVariable[]
}

export interface DebugLine {
  /** From the first instruction of the method. */
  readonly offset: number
  /** Counts from 1. */
  readonly line: number
}

/** In scope for `startOffset <= pc < endOffset`, counted from the first instruction of the method. */
export interface DebugVariable {
  readonly name: string
  /** Of what is stored: an int of the source that fits and is kept in one word is `S`. */
  readonly descriptor: string
  /** Word of the frame's locals, parameters first; int takes two words. */
  readonly slot: number
  readonly startOffset: number
  readonly endOffset: number
}

/** @param offset in Method `info` */
export function findDebugMethod(map: DebugMap, offset: number): DebugMethod | undefined {
  return map.methods.find(
    (one) => offset >= one.offset && offset < Math.max(one.codeOffset + one.codeSizeBytes, one.offset + 1),
  )
}

/** @param offset from the first instruction of the method */
export function debugLineAt(method: DebugMethod, offset: number): number | undefined {
  return method.lines.findLast((one) => one.offset <= offset)?.line
}

/** Path below the root of the sources. */
export function debugSourceOf(map: DebugMap, method: DebugMethod): string | undefined {
  const source = map.classes[method.class]?.source
  return source === undefined ? undefined : map.sources[source]
}
