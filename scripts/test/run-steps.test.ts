import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { consoleListener } from './console-listener.ts'
import { runSteps } from './run-steps.ts'
import type { Step } from './steps.ts'

let root: string
let said: string[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridcard-steps-'))
  said = []
})
afterEach(() => rmSync(root, { recursive: true }))

const step = (name: string, programs: readonly string[], more: Partial<Step> = {}): Step => ({
  name,
  title: `the ${name}`,
  commands: programs.map((program) => ['-e', program]),
  round: 1,
  lane: 'checks',
  ...more,
})

async function run(steps: readonly Step[], timeoutMs = 60_000) {
  const listener = consoleListener((line) => said.push(line.replace(/ +\d+\.\d s/, '')))
  const results = await runSteps(steps, { root, timeoutMs, listener })
  listener.close()
  return results.map((result) => ({ name: result.step.name, ...result.counts }))
}

test('a step with a failing command fails once, and its other commands and the next steps still run', async () => {
  const results = await run([
    step('lint', ['console.log("bad"); process.exit(1)', 'console.log("and more")']),
    step('format', ['0']),
  ])
  expect(results).toEqual([
    { name: 'lint', passed: 0, failed: 1, skipped: 0 },
    { name: 'format', passed: 1, failed: 0, skipped: 0 },
  ])
  expect(said).toEqual(['FAIL lint   the lint', '     bad\n     and more', 'ok   format   the format'])
})

test('a step that hangs is ended with all that it started, and says so', async () => {
  const hanging = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
    setInterval(() => {}, 1000)`
  const results = await run([step('e2e', [hanging])], 1000)
  expect(results).toEqual([{ name: 'e2e', passed: 0, failed: 1, skipped: 0 }])
  expect(said.join('\n')).toContain('not finished after 1 s')
})

test('a program that a finished step left behind holds nobody up', async () => {
  const leaving = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref()`
  expect(await run([step('lint', [leaving])])).toMatchObject([{ passed: 1 }])
})

test('lanes run side by side, the next round after both', async () => {
  const order = ['a', 'b', 'c'].map((name) => `require('node:fs').appendFileSync('order', '${name}')`)
  await run([
    step('e2e', [order[2]!], { round: 2 }),
    step('types', [order[0]!]),
    step('unit', [order[1]!], { lane: 'unit' }),
  ])
  expect(['abc', 'bac']).toContain(readFileSync(join(root, 'order'), 'utf8'))
})

test('a report of an earlier run is not counted', async () => {
  writeFileSync(join(root, 'unit.json'), JSON.stringify({ numPassedTests: 9, testResults: [] }))
  expect(await run([step('unit', ['0'], { reportFile: 'unit.json' })])).toMatchObject([{ passed: 0, failed: 1 }])
})
