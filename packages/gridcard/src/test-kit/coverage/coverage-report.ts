/** What ran, by file of Java. */
export interface CoverageReport {
  readonly files: readonly CoveredFile[]
  /** Packages without debug information. */
  readonly withoutSource: readonly { readonly name: string; readonly instructions: number; readonly ran: number }[]
}

export interface CoveredFile {
  readonly path: string
  /** Below the root of the sources: `com/example/Purse.java`. */
  readonly name: string
  /** Undefined when it cannot be read. */
  readonly source: string | undefined
  /** By line, those with code. */
  readonly lines: ReadonlyMap<number, CoveredLine>
  readonly methods: readonly CoveredMethod[]
}

export interface CoveredLine {
  readonly instructions: number
  readonly ran: number
}

export interface CoveredMethod extends CoveredLine {
  /** `Purse.debit` */
  readonly name: string
  readonly descriptor: string
  readonly line: number
}

export type LineState = 'covered' | 'partly' | 'missed'

export function lineState({ instructions, ran }: CoveredLine): LineState {
  return ran === 0 ? 'missed' : ran === instructions ? 'covered' : 'partly'
}

export interface FileTotals {
  readonly lines: number
  readonly covered: number
  readonly partly: number
  readonly missed: number
  readonly methods: number
  readonly methodsRun: number
}

export function totalsOf(files: readonly CoveredFile[]): FileTotals {
  const states = files.flatMap(({ lines }) => [...lines.values()].map(lineState))
  const methods = files.flatMap((one) => one.methods)
  const count = (state: LineState) => states.filter((one) => one === state).length
  return {
    lines: states.length,
    covered: count('covered'),
    partly: count('partly'),
    missed: count('missed'),
    methods: methods.length,
    methodsRun: methods.filter(({ ran }) => ran > 0).length,
  }
}

/** Lines that ran, wholly or in part, in whole percent; never 100 while something is missing. */
export function percentOf({ lines, covered, partly }: FileTotals): number {
  if (lines === 0) return 100
  const percent = ((covered + partly) / lines) * 100
  return covered === lines ? 100 : Math.min(99, Math.floor(percent))
}

/** `12-14, 20`: lines in one state, neighbours joined. */
export function lineRanges({ lines }: CoveredFile, wanted: LineState): string {
  const numbers = [...lines].filter(([, line]) => lineState(line) === wanted).map(([number]) => number)
  const ranges: [number, number][] = []
  for (const number of numbers.sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && last[1] + 1 === number) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
