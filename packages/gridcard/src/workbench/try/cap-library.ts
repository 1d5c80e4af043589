import { equalBytes } from '@gridcard/bytes'
import { type CapFile, exportedPackages, type PackageInfo } from '@gridcard/cap'

/** A CAP file as it was given. */
export interface GivenCap {
  readonly path: string
  readonly cap: CapFile
}

/**
 * The libraries that a package needs among those given, each before those that import it. Of several files with one
 * AID the lowest version that fits is taken, the first given among equals. An import that nobody provides is left to
 * the card; so are imports in a circle.
 */
export function librariesFor(cap: CapFile, given: readonly GivenCap[]): GivenCap[] {
  const ordered: GivenCap[] = []
  const visited: Uint8Array[] = [cap.header.package.aid]
  const visit = (imports: readonly PackageInfo[]) => {
    for (const wanted of imports) {
      if (visited.some((aid) => equalBytes(aid, wanted.aid))) continue
      const library = provider(wanted, given)
      if (library === undefined) continue
      visited.push(wanted.aid)
      visit(library.cap.imports)
      ordered.push(library)
    }
  }
  visit(cap.imports)
  return ordered
}

function provider(wanted: PackageInfo, given: readonly GivenCap[]): GivenCap | undefined {
  let best: { readonly one: GivenCap; readonly minor: number } | undefined
  for (const one of given) {
    // An extended CAP file has several packages that others can import.
    for (const { aid, version } of exportedPackages(one.cap).map((own) => own.package)) {
      const isWanted = equalBytes(aid, wanted.aid) && version.major === wanted.version.major
      if (!isWanted || version.minor < wanted.version.minor || (best && best.minor <= version.minor)) continue
      best = { one, minor: version.minor }
    }
  }
  return best?.one
}

/** All files, libraries first; files that need nothing of each other keep their order. */
export function inLoadingOrder(given: readonly GivenCap[]): GivenCap[] {
  const ordered: GivenCap[] = []
  for (const one of given) {
    for (const each of [...librariesFor(one.cap, given), one]) if (!ordered.includes(each)) ordered.push(each)
  }
  return ordered
}
