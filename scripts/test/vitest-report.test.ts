import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countTests } from './vitest-report.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-report-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function report(
  passed: number,
  failed: number,
  files: readonly { status: string; tests: readonly string[] }[],
): string {
  const file = join(folder, 'report.json')
  writeFileSync(
    file,
    JSON.stringify({
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: files.map(({ status, tests }) => ({
        status,
        assertionResults: tests.map((status) => ({ status })),
      })),
    }),
  )
  return file
}

test('a run that wrote no report is a failure', () => {
  expect(countTests(join(folder, 'none.json'), true)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('a failed test is counted once, not again with its file', () => {
  const file = report(4, 1, [{ status: 'failed', tests: ['failed', 'passed'] }])
  expect(countTests(file, false)).toEqual({ passed: 4, failed: 1, skipped: 3 })
})

test('a file that could not be read is a failure though no test of it failed', () => {
  const file = report(4, 0, [
    { status: 'failed', tests: [] },
    { status: 'passed', tests: ['passed'] },
  ])
  expect(countTests(file, false)).toMatchObject({ passed: 4, failed: 1 })
})

test('a bad end that no test shows is a failure', () => {
  expect(countTests(report(4, 0, [{ status: 'passed', tests: ['passed'] }]), false)).toMatchObject({ failed: 1 })
})

test('all passed', () => {
  const file = report(4, 0, [{ status: 'passed', tests: ['passed'] }])
  expect(countTests(file, true)).toEqual({ passed: 4, failed: 0, skipped: 3 })
})
