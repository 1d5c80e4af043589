import { toHex } from '@gridcard/bytes'
import {
  type ApiPackage,
  type CapFile,
  type DebugClass,
  type DebugField,
  type DebugMethod,
  debugLineAt,
  type ListedInstruction,
  type ListedMethod,
  listInstructions,
} from '@gridcard/cap'
import { type FoundDebugMap, sourcePath } from './debug-map-file.ts'
import { simpleName } from './java-names.ts'

/** A line of Java. */
export interface SourcePlace {
  /** A path if the folder of the sources is known, else the path below it. */
  readonly path: string
  readonly line: number
}

/** What the byte code of one package is called, as far as anybody knows. Offsets are those of Method `info`. */
export class PackageSymbols {
  readonly cap: CapFile
  readonly found: FoundDebugMap | undefined
  readonly aid: string
  /** `com.example.purse`, or the AID. */
  readonly name: string
  readonly #others: readonly ApiPackage[]
  #listing: readonly ListedMethod[] | undefined

  /** @param others packages that it may import, as their export files show them */
  constructor(cap: CapFile, found?: FoundDebugMap, others: readonly ApiPackage[] = []) {
    this.cap = cap
    this.found = found
    this.#others = others
    this.aid = toHex(cap.header.package.aid)
    this.name = found?.map.package.name ?? cap.header.packageName?.replaceAll('/', '.') ?? this.aid
  }

  get hasSources(): boolean {
    return this.found?.map.methods.some(({ lines }) => lines.length > 0) ?? false
  }

  /** Instruction by instruction; made when asked for the first time. */
  get listing(): readonly ListedMethod[] {
    this.#listing ??= listInstructions(this.cap, this.found?.map, this.#others)
    return this.#listing
  }

  /** The method, and what is known of it. */
  methodAt(offset: number): DebugMethod | undefined {
    return this.found?.map.methods.findLast((one) => one.offset <= offset)
  }

  listedMethodAt(offset: number): ListedMethod | undefined {
    return this.listing.findLast((one) => one.offset <= offset)
  }

  instructionAt(offset: number): ListedInstruction | undefined {
    return this.listedMethodAt(offset)?.instructions.find((one) => one.offset === offset)
  }

  /** `Purse.debit`, or the label of the disassembly. */
  methodName(offset: number): string {
    const method = this.methodAt(offset)
    if (method !== undefined) return `${simpleName(this.found!.map.classes[method.class]!.name)}.${method.name}`
    return this.listedMethodAt(offset)?.name ?? `method@${offset.toString(16)}`
  }

  placeAt(offset: number): SourcePlace | undefined {
    const method = this.methodAt(offset)
    if (method === undefined) return undefined
    const line = debugLineAt(method, offset - method.codeOffset)
    const source = this.found!.map.classes[method.class]!.source
    const path = source === undefined ? undefined : sourcePath(this.found!, source)
    return line === undefined || path === undefined ? undefined : { path, line }
  }

  /** First offset of each stretch of code of a source, ascending, with its line and method. */
  *linesOf(
    source: number,
  ): Generator<{ readonly line: number; readonly offset: number; readonly method: DebugMethod }> {
    const { map } = this.found!
    for (const method of map.methods) {
      if (map.classes[method.class]!.source !== source) continue
      for (const { line, offset } of method.lines) yield { line, offset: method.codeOffset + offset, method }
    }
  }

  /** @param classOffset in the Class component */
  classAt(classOffset: number): DebugClass | undefined {
    return this.found?.map.classes.find(({ offset }) => offset === classOffset)
  }

  /** Static fields that have a place in memory. */
  *statics(): Generator<{ readonly owner: DebugClass; readonly field: DebugField; readonly imageOffset: number }> {
    for (const owner of this.found?.map.classes ?? []) {
      for (const field of owner.fields) {
        if (field.imageOffset !== undefined) yield { owner, field, imageOffset: field.imageOffset }
      }
    }
  }
}
