import type { StepListener } from './run-steps.ts'
import type { Step } from './steps.ts'
import { stepLine } from './summary.ts'

const HEARTBEAT_MS = 10_000

/** Says on `write` what runs, every few seconds that it still does, and shows the output of steps that failed, in one piece. */
export function consoleListener(write: (line: string) => void): StepListener & { close(): void } {
  const running = new Map<Step, { readonly startedAt: number; files: number }>()
  const timer = setInterval(() => {
    for (const [step, { startedAt, files }] of running) {
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      if (seconds * 1000 >= HEARTBEAT_MS)
        write(
          `...  ${step.name.padEnd(7)}${`${seconds} s`.padStart(8)}   ${files > 0 ? `${files} test files done` : 'running'}`,
        )
    }
  }, HEARTBEAT_MS)
  timer.unref()
  return {
    started: (step) => void running.set(step, { startedAt: performance.now(), files: 0 }),
    said(step, text) {
      const progress = running.get(step)
      if (progress !== undefined && step.reportFile !== undefined) progress.files += countFinishedFiles(text)
    },
    ended(result) {
      running.delete(result.step)
      write(stepLine(result))
      if (result.counts.failed > 0) write(indent(result.output))
    },
    close: () => clearInterval(timer),
  }
}

/** vitest begins the line of each finished file with one of these marks. */
function countFinishedFiles(text: string): number {
  return text.match(/^ (?:✓|❯|×|↓) /gm)?.length ?? 0
}

function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '     ')
}
