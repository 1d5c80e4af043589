import { parseCapFile } from '@gridcard/cap'
import { PackageSymbols } from '../../symbols/package-symbols.ts'
import type { TargetSource } from './target-api.ts'

/** The names in each package, those of the others that it imports among them. */
export function symbolsOf(sources: readonly TargetSource[]): PackageSymbols[] {
  const shown = sources.flatMap((one) => one.shown ?? [])
  return sources.map(
    ({ cap, map, sourceFolder }) => new PackageSymbols(parseCapFile(cap), map && { map, sourceFolder }, shown),
  )
}
