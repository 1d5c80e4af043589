import type { CoverageReport } from './coverage-report.ts'

/** @source geninfo(1), "tracefile format"; a count is 1 for what ran, however often */
export function lcov({ files }: CoverageReport): string {
  return files
    .map(({ path, lines, methods }) => {
      const numbered = [...lines].sort(([a], [b]) => a - b)
      const hit = (ran: number) => (ran > 0 ? 1 : 0)
      return [
        'TN:',
        `SF:${path}`,
        ...methods.map(({ line, name, descriptor }) => `FN:${line},${name}${descriptor}`),
        ...methods.map(({ ran, name, descriptor }) => `FNDA:${hit(ran)},${name}${descriptor}`),
        `FNF:${methods.length}`,
        `FNH:${methods.filter(({ ran }) => ran > 0).length}`,
        ...numbered.map(([line, { ran }]) => `DA:${line},${hit(ran)}`),
        `LF:${numbered.length}`,
        `LH:${numbered.filter(([, { ran }]) => ran > 0).length}`,
        'end_of_record',
        '',
      ].join('\n')
    })
    .join('')
}
