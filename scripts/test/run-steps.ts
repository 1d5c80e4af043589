import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import type { Step } from './steps.ts'
import { type Counts, countTests } from './vitest-report.ts'

export interface StepResult {
  readonly step: Step
  readonly counts: Counts
  readonly output: string
  readonly tookMs: number
}

/** Told while steps run. */
export interface StepListener {
  started(step: Step): void
  said(step: Step, text: string): void
  ended(result: StepResult): void
}

export interface RunOptions {
  readonly root: string
  readonly timeoutMs: number
  readonly listener: StepListener
}

/** Rounds one after the other; in a round the lanes side by side; in a lane the steps in turn. A failure stops nothing. */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<StepResult[]> {
  const results: StepResult[] = []
  for (const round of [...new Set(steps.map((step) => step.round))].sort((a, b) => a - b)) {
    const lanes = Map.groupBy(
      steps.filter((step) => step.round === round),
      (step) => step.lane,
    )
    await Promise.all(
      [...lanes.values()].map(async (lane) => {
        for (const step of lane) results.push(await runStep(step, options))
      }),
    )
  }
  return results
}

async function runStep(step: Step, { root, timeoutMs, listener }: RunOptions): Promise<StepResult> {
  listener.started(step)
  const startedAt = performance.now()
  const deadline = startedAt + timeoutMs
  if (step.reportFile !== undefined) rmSync(join(root, step.reportFile), { force: true })
  let isOk = true
  let output = ''
  for (const command of step.commands) {
    const left = Math.max(1, deadline - performance.now())
    const result = await runCommand(command, root, left, (text) => listener.said(step, text))
    output += result.output
    isOk &&= result.isOk
  }
  const counts =
    step.reportFile === undefined
      ? { passed: isOk ? 1 : 0, failed: isOk ? 0 : 1, skipped: 0 }
      : countTests(join(root, step.reportFile), isOk)
  const stepResult = { step, counts, output, tookMs: performance.now() - startedAt }
  listener.ended(stepResult)
  return stepResult
}
