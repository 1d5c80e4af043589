import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CoverageMonitor, type MethodCoverage } from '@gridcard/card/monitor'
import { sourcePath } from '../../symbols/debug-map-file.ts'
import { simpleName } from '../../symbols/java-names.ts'
import type { PackageSymbols } from '../../symbols/package-symbols.ts'
import { coveragePages } from './coverage-pages.ts'
import type { CoverageReport, CoveredFile, CoveredLine, CoveredMethod } from './coverage-report.ts'
import { coverageText } from './coverage-text.ts'
import { lcov } from './lcov.ts'

/**
 * Which lines of Java ran, on as many cards as are made with it.
 *
 * Counted are the instructions that control can reach. A line of which only some ran is `partly` covered: a branch not
 * taken, an exception not thrown.
 */
export class Coverage {
  readonly monitor = new CoverageMonitor()
  readonly #packages = new Map<string, PackageSymbols>()

  addPackage(symbols: PackageSymbols): void {
    const known = this.#packages.get(symbols.aid)
    if (known?.found === undefined) this.#packages.set(symbols.aid, symbols)
  }

  report(): CoverageReport {
    const files = new Map<string, CoveredFile & { methods: CoveredMethod[] }>()
    const withoutSource: { name: string; instructions: number; ran: number }[] = []
    for (const { aid, methods } of this.monitor.report()) {
      const symbols = this.#packages.get(aid)
      if (symbols?.hasSources) addJava(files, symbols, methods)
      else {
        const instructions = methods.reduce((sum, one) => sum + one.instructions.length, 0)
        const ran = methods.reduce((sum, one) => sum + one.ran.size, 0)
        withoutSource.push({ name: symbols?.name ?? aid, instructions, ran })
      }
    }
    return { files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), withoutSource }
  }

  /** As a table for people. */
  text(): string {
    return coverageText(this.report())
  }

  /** In the format of lcov, for editors and services. */
  lcov(): string {
    return lcov(this.report())
  }

  /** Writes `index.html` with a page for each source, and `lcov.info`. @returns the path of `index.html` */
  write(folder: string): string {
    const report = this.report()
    mkdirSync(folder, { recursive: true })
    for (const [name, page] of coveragePages(report)) writeFileSync(join(folder, name), page)
    writeFileSync(join(folder, 'lcov.info'), lcov(report))
    return join(folder, 'index.html')
  }
}

function addJava(
  files: Map<string, CoveredFile & { methods: CoveredMethod[] }>,
  symbols: PackageSymbols,
  methods: readonly MethodCoverage[],
): void {
  const { map } = symbols.found!
  for (const one of methods) {
    const method = symbols.methodAt(one.offset)
    const owner = method && map.classes[method.class]
    if (method === undefined || owner?.source === undefined || method.lines.length === 0) continue
    const path = sourcePath(symbols.found!, owner.source)!
    let file = files.get(path)
    if (file === undefined) {
      file = { path, name: map.sources[owner.source]!, source: readSource(path), lines: new Map(), methods: [] }
      files.set(path, file)
    }
    const lines = file.lines as Map<number, { instructions: number; ran: number }>
    let first = Number.POSITIVE_INFINITY
    for (const offset of one.instructions) {
      const line = symbols.placeAt(offset)?.line
      if (line === undefined) continue
      first = Math.min(first, line)
      const counted: CoveredLine & { instructions: number; ran: number } = lines.get(line) ?? {
        instructions: 0,
        ran: 0,
      }
      counted.instructions++
      if (one.ran.has(offset)) counted.ran++
      lines.set(line, counted)
    }
    file.methods.push({
      name: `${simpleName(owner.name)}.${method.name}`,
      descriptor: method.descriptor,
      line: first,
      instructions: one.instructions.length,
      ran: one.ran.size,
    })
  }
}

function readSource(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // built elsewhere: lines are still counted
  }
}
