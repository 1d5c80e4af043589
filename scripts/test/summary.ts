import type { StepResult } from './run-steps.ts'
import type { Counts } from './vitest-report.ts'

export function totalOf(results: readonly StepResult[]): Counts {
  const sum = (pick: (counts: Counts) => number) => results.reduce((total, { counts }) => total + pick(counts), 0)
  return { passed: sum((c) => c.passed), failed: sum((c) => c.failed), skipped: sum((c) => c.skipped) }
}

/** `ok   unit     48.0 s   812 passed` */
export function stepLine({ step, counts, tookMs }: StepResult): string {
  const verdict = counts.failed === 0 ? 'ok  ' : 'FAIL'
  const seconds = `${(tookMs / 1000).toFixed(1)} s`.padStart(8)
  return `${verdict} ${step.name.padEnd(7)}${seconds}   ${step.reportFile === undefined ? step.title : countsText(counts)}`
}

function countsText({ passed, failed, skipped }: Counts): string {
  return [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ')
}

/** One line per step, the time, and as the very last line `N passed, N failed`. */
export function summaryOf(results: readonly StepResult[], tookMs: number): string {
  const { passed, failed, skipped } = totalOf(results)
  const lines = ['', 'Summary', ...results.map(stepLine), `${Math.round(tookMs / 1000)} s in all`]
  if (skipped > 0) lines.push(`${skipped} skipped`)
  return [...lines, `${passed} passed, ${failed} failed`].join('\n')
}
