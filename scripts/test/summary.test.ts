import { expect, test } from 'vitest'
import type { StepResult } from './run-steps.ts'
import type { Step } from './steps.ts'
import { summaryOf } from './summary.ts'

const step = (name: string, reportFile?: string): Step => ({
  name,
  title: `the ${name}`,
  commands: [],
  round: 1,
  lane: 'x',
  ...(reportFile !== undefined && { reportFile }),
})

const lint: StepResult = {
  step: step('lint'),
  counts: { passed: 1, failed: 0, skipped: 0 },
  output: '',
  tookMs: 1234,
}
const unit: StepResult = {
  step: step('unit', 'unit.json'),
  counts: { passed: 812, failed: 2, skipped: 3 },
  output: 'boom',
  tookMs: 48_000,
}

test('the last line counts tests, and a step without tests as one', () => {
  expect(summaryOf([lint, unit], 50_400)).toBe(`
Summary
ok   lint      1.2 s   the lint
FAIL unit     48.0 s   812 passed, 2 failed, 3 skipped
50 s in all
3 skipped
813 passed, 2 failed`)
})

test('nothing failed', () => {
  expect(summaryOf([lint], 1234).split('\n').at(-1)).toBe('1 passed, 0 failed')
})
