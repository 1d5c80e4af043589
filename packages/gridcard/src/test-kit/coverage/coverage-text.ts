import { type CoverageReport, lineRanges, percentOf, totalsOf } from './coverage-report.ts'

/** A row for each file: percent of lines that ran, then the lines that did not, and those of which only a part did. */
export function coverageText({ files, withoutSource }: CoverageReport): string {
  const width = Math.max(4, ...files.map(({ name }) => name.length))
  const rows = files.map((file) => {
    const totals = totalsOf([file])
    const missed = lineRanges(file, 'missed')
    const partly = lineRanges(file, 'partly')
    const remarks = [missed && `missed ${missed}`, partly && `partly ${partly}`].filter(Boolean).join('; ')
    return `${file.name.padEnd(width)}  ${String(percentOf(totals)).padStart(3)} %  ${remarks}`.trimEnd()
  })
  const others = withoutSource.map(
    ({ name, ran, instructions }) => `${name}  no sources; ${ran} of ${instructions} instructions ran`,
  )
  const all = totalsOf(files)
  const sum =
    files.length === 0 ? [] : [`${percentOf(all)} % of ${all.lines} lines, ${all.methodsRun} of ${all.methods} methods`]
  return `${[...rows, ...others, ...sum].join('\n')}\n`
}
