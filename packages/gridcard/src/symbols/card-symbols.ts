import type { LinkedClass } from '@gridcard/card/monitor'
import { simpleName } from './java-names.ts'
import type { PackageSymbols } from './package-symbols.ts'

/** A field of an object, superclasses first; `cell` counts from the object's first one. */
export interface FieldPlace {
  readonly name: string
  readonly descriptor: string
  readonly cell: number
  /** The class that declares it. */
  readonly owner: string
}

/** The names of everything on one card. */
export class CardSymbols {
  readonly #packages = new Map<string, PackageSymbols>()

  add(symbols: PackageSymbols): void {
    this.#packages.set(symbols.aid, symbols)
  }

  get packages(): readonly PackageSymbols[] {
    return [...this.#packages.values()]
  }

  /** @param aid in hex */
  of(aid: string): PackageSymbols | undefined {
    return this.#packages.get(aid)
  }

  /** `Purse`; of an unknown package the class's place. */
  className(linked: LinkedClass): string {
    if (linked.capOffset < 0) return simpleName(linked.name)
    const found = this.of(linked.package.aid)?.classAt(linked.capOffset)
    return found === undefined ? linked.name.replace(/^.* Class/, 'class') : simpleName(found.name).replaceAll('$', '.')
  }

  /** Named fields; cells without a name are left out. */
  fieldsOf(linked: LinkedClass): FieldPlace[] {
    const { superClass } = linked
    const inherited = superClass === undefined ? [] : this.fieldsOf(superClass)
    const base = (superClass?.fieldBytes ?? 0) >> 1
    const own = this.of(linked.package.aid)?.classAt(linked.capOffset)?.fields ?? []
    const owner = this.className(linked)
    return [
      ...inherited,
      ...own
        .flatMap(({ name, descriptor, token }) =>
          token === undefined ? [] : [{ name, descriptor, cell: base + token, owner }],
        )
        .sort((a, b) => a.cell - b.cell),
    ]
  }
}
