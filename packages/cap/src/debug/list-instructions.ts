import type { ApiPackage } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { ApiNames } from '../assembler/api-names.ts'
import { MethodDisassembler } from '../assembler/disassemble-method.ts'
import { labelPackage } from '../assembler/labelled-package.ts'
import type { ReferenceWords } from '../assembler/reference-words.ts'
import type { CapFile, ConstantPoolEntry } from '../capfile/cap-file.ts'
import { constantPoolOperand, type DecodedInstruction } from '../instructions/decode-instruction.ts'
import type { DebugMap } from './debug-map.ts'

/** A method as a debugger lists it; offsets in Method `info`. */
export interface ListedMethod {
  /** Of its header. */
  readonly offset: number
  /** `Purse.debit` with a map, else as the assembler calls it. */
  readonly name: string
  readonly instructions: readonly ListedInstruction[]
}

export interface ListedInstruction {
  readonly offset: number
  readonly nextOffset: number
  /** Mnemonic and operands: branch targets as offsets, constants by name. */
  readonly text: string
}

/**
 * The byte code of a package, instruction by instruction, with resolved names.
 * @param map names of the package's own members; without it they have their labels, `method@18`
 * @param others packages it may import that are of no API level, as their export files show them
 * @returns nothing for a package whose byte code does not decode
 */
export function listInstructions(cap: CapFile, map?: DebugMap, others: readonly ApiPackage[] = []): ListedMethod[] {
  const labelled = labelPackage(cap, new ApiNames([...apiPackages('3.2.0'), ...others]))
  const disassembler = new MethodDisassembler(cap, labelled.words)
  const names = map && new MemberNames(cap, map, labelled.words)
  const ownName = (decoded: DecodedInstruction): string | undefined => {
    const index = constantPoolOperand(decoded)?.index
    const entry = index === undefined ? undefined : cap.constantPool[index]
    return entry && names?.nameOf(entry, decoded)
  }
  return (labelled.methods ?? []).map(({ header, instructions }) => ({
    offset: header.offset,
    name: names?.methods.get(header.offset) ?? labelled.words.methodWord(header.offset),
    instructions: instructions.map((decoded) => ({
      offset: decoded.offset,
      nextOffset: decoded.nextOffset,
      text: disassembler.instruction(decoded, offsetsAsLabels, ownName(decoded)),
    })),
  }))
}

const offsetsAsLabels = { get: (offset: number) => `0x${offset.toString(16)}` }

type VirtualEntry = Extract<ConstantPoolEntry, { kind: 'virtualMethod' | 'superMethod' }>
/** Bit of the tokens of package-visible methods. */
const PACKAGE_VISIBLE = 0x80

/** What a debug map calls the package's own classes, methods and fields. */
class MemberNames {
  readonly methods: ReadonlyMap<number, string>
  readonly #cap: CapFile
  readonly #words: ReferenceWords
  readonly #classes: ReadonlyMap<number, string>
  readonly #staticFields = new Map<number, string>()
  /** `Class offset:token` */
  readonly #fields = new Map<string, string>()

  constructor(cap: CapFile, map: DebugMap, words: ReferenceWords) {
    this.#cap = cap
    this.#words = words
    const simple = map.classes.map(({ name }) => name.slice(name.lastIndexOf('/') + 1))
    this.methods = new Map(map.methods.map((one) => [one.offset, `${simple[one.class]}.${one.name}`]))
    this.#classes = new Map(map.classes.map((one, i) => [one.offset, simple[i]!]))
    for (const [i, { offset, fields }] of map.classes.entries()) {
      for (const { name, token, imageOffset } of fields) {
        if (token !== undefined) this.#fields.set(`${offset}:${token}`, `${simple[i]}.${name}`)
        if (imageOffset !== undefined) this.#staticFields.set(imageOffset, `${simple[i]}.${name}`)
      }
    }
  }

  nameOf(entry: ConstantPoolEntry, { instruction }: DecodedInstruction): string | undefined {
    if (entry.kind === 'staticField') {
      return entry.field.kind === 'internal' ? this.#staticFields.get(entry.field.imageOffset) : undefined
    }
    if (entry.kind === 'staticMethod') {
      return entry.method.kind === 'internal' ? this.methods.get(entry.method.methodOffset) : undefined
    }
    if (entry.class.kind !== 'internal' || instruction.mnemonic === 'invokeinterface') return undefined
    const { classOffset } = entry.class
    if (entry.kind === 'class') return this.#classes.get(classOffset)
    if (entry.kind === 'instanceField') return this.#fields.get(`${classOffset}:${entry.token}`)
    return this.#virtualName(entry)
  }

  /** The method as the class named sees it: its own, or one that it inherits. */
  #virtualName(entry: VirtualEntry): string | undefined {
    if (entry.class.kind === 'external') return this.#words.entryWord(entry)
    const { classOffset } = entry.class
    const info = this.#cap.classes.classes.find(({ offset }) => offset === classOffset)
    if (info === undefined) return undefined
    const isPackageVisible = (entry.token & PACKAGE_VISIBLE) !== 0
    const offset = isPackageVisible
      ? info.packageMethodTable[(entry.token & ~PACKAGE_VISIBLE) - info.packageMethodTableBase]
      : info.publicMethodTable[entry.token - info.publicMethodTableBase]
    const own = entry.kind === 'superMethod' || offset === undefined ? undefined : this.methods.get(offset)
    if (own !== undefined || info.superClass === undefined) return own
    return this.#virtualName({ ...entry, kind: 'virtualMethod', class: info.superClass })
  }
}
