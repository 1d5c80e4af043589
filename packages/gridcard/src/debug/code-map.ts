import { basename, normalize, sep } from 'node:path'
import { toHex } from '@gridcard/bytes'
import { sourcePath } from '../symbols/debug-map-file.ts'
import type { PackageSymbols } from '../symbols/package-symbols.ts'

/** A place in byte code: package and offset in Method `info`. */
export interface CodePlace {
  readonly aid: string
  readonly offset: number
}

export interface LinePlace extends CodePlace {
  readonly line: number
}

/** Code of package n (counted from 1) has the addresses from n * 2^32 on; below is the card's memory. */
const PACKAGE_SPAN = 0x1_0000_0000

/** All code of a session: sources, generated listings, addresses. */
export class CodeMap {
  readonly #packages: readonly PackageSymbols[]
  readonly #listings = new Map<PackageSymbols, Listing>()

  constructor(packages: readonly PackageSymbols[]) {
    this.#packages = packages
  }

  of(aid: string): PackageSymbols | undefined {
    return this.#packages.find((one) => one.aid === aid)
  }

  get packages(): readonly PackageSymbols[] {
    return this.#packages
  }

  // ---- sources

  /** All sources that are known by path. */
  sources(): { readonly name: string; readonly path: string }[] {
    return this.#packages.flatMap(({ found }) =>
      (found?.map.sources ?? []).map((name, i) => ({ name: basename(name), path: sourcePath(found!, i)! })),
    )
  }

  /**
   * Code of a line, one place for each method that has some; of the next line with code, if it has none itself.
   * @param path as the editor knows the file; a map without a folder is matched by its end
   */
  placesOfLine(path: string, line: number): readonly LinePlace[] {
    const lines = this.#linesOf(path)
    const found = Math.min(...lines.filter((one) => one.line >= line).map((one) => one.line))
    const here = lines.filter((one) => one.line === found)
    return here.filter((one, i) => here.findIndex(({ methodOffset }) => methodOffset === one.methodOffset) === i)
  }

  /**
   * Where the code of a method begins, one place for each that has the name.
   * @param name `process`, `Purse.process` or `com.example.purse.Purse.process`, with or without parentheses
   */
  placesOfMethod(name: string): readonly CodePlace[] {
    const wanted = name.trim().replace(/\(.*$/s, '')
    return this.#packages.flatMap((symbols) =>
      (symbols.found?.map.methods ?? [])
        .filter(({ offset, name: simple }) => {
          const withClass = symbols.methodName(offset)
          return [simple, withClass, `${symbols.name}.${withClass}`].includes(wanted)
        })
        .map(({ codeOffset }) => ({ aid: symbols.aid, offset: codeOffset })),
    )
  }

  linesWithCode(path: string, from: number, to: number): number[] {
    const lines = this.#linesOf(path).map(({ line }) => line)
    return [...new Set(lines)].filter((line) => line >= from && line <= to).sort((a, b) => a - b)
  }

  #linesOf(path: string): (LinePlace & { readonly methodOffset: number })[] {
    const wanted = normalize(path)
    for (const symbols of this.#packages) {
      const { found, aid } = symbols
      const source = found?.map.sources.findIndex((name, i) => {
        const known = normalize(sourcePath(found, i)!)
        return known === wanted || wanted.endsWith(sep + normalize(name))
      })
      if (source === undefined || source < 0) continue
      return [...symbols.linesOf(source)].map(({ line, offset, method }) => ({
        aid,
        line,
        offset,
        methodOffset: method.offset,
      }))
    }
    return []
  }

  // ---- listings, for code without sources

  /** For DAP: a source that the editor asks us for. */
  referenceOf(aid: string): number {
    return this.#packages.findIndex((one) => one.aid === aid) + 1
  }

  listing(reference: number): Listing | undefined {
    const symbols = this.#packages[reference - 1]
    if (symbols === undefined) return undefined
    let listing = this.#listings.get(symbols)
    if (listing === undefined) {
      listing = new Listing(symbols)
      this.#listings.set(symbols, listing)
    }
    return listing
  }

  // ---- addresses

  addressOf({ aid, offset }: CodePlace): number {
    return this.referenceOf(aid) * PACKAGE_SPAN + offset
  }

  placeAt(address: number): CodePlace | undefined {
    const symbols = this.#packages[Math.floor(address / PACKAGE_SPAN) - 1]
    return symbols === undefined ? undefined : { aid: symbols.aid, offset: address % PACKAGE_SPAN }
  }

  /** So many instructions, the first one `skip` instructions from the place; undefined before the first and behind the last. */
  instructionsFrom({ aid, offset }: CodePlace, skip: number, count: number): (DisassembledInstruction | undefined)[] {
    const symbols = this.of(aid)
    const all = symbols?.listing.flatMap(({ name, instructions }) =>
      instructions.map((one) => ({ ...one, method: name })),
    )
    const at = all?.findIndex((one) => one.offset >= offset) ?? -1
    return Array.from({ length: count }, (_, i) => {
      const one = at < 0 ? undefined : all![at + skip + i]
      if (one === undefined) return undefined
      const place = symbols!.placeAt(one.offset)
      const bytes = toHex(symbols!.cap.methods.info.subarray(one.offset, one.nextOffset))
      return { aid, offset: one.offset, text: one.text, bytes, method: one.method, ...place }
    })
  }
}

export interface DisassembledInstruction extends CodePlace {
  readonly text: string
  /** Hex */
  readonly bytes: string
  readonly method: string
  readonly path?: string
  readonly line?: number
}

/** The byte code of a package as a text, to set breakpoints in and to step through. */
export class Listing {
  readonly name: string
  readonly text: string
  /** Offset by line, counted from 1; undefined where a line is no instruction. */
  readonly #offsets: (number | undefined)[] = []
  readonly #lines = new Map<number, number>()

  constructor(symbols: PackageSymbols) {
    this.name = `${symbols.name}.bytecode`
    const lines = [`// ${symbols.name}, ${symbols.aid}: no debug map, so this is its byte code`]
    for (const method of symbols.listing) {
      lines.push('', `${method.name}:`)
      for (const { offset, text } of method.instructions) {
        lines.push(`  ${offset.toString(16).padStart(4, '0')}  ${text}`)
        this.#offsets[lines.length] = offset
        this.#lines.set(offset, lines.length)
      }
    }
    this.text = `${lines.join('\n')}\n`
  }

  lineOf(offset: number): number {
    return this.#lines.get(offset) ?? 1
  }

  /** The instruction on a line, or on the next line that has one. */
  offsetOf(line: number): { readonly offset: number; readonly line: number } | undefined {
    for (let at = line; at < this.#offsets.length; at++) {
      const offset = this.#offsets[at]
      if (offset !== undefined) return { offset, line: at }
    }
    return undefined
  }
}
