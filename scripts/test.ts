// `npm test`: everything that CI runs, in one summary. Started by scripts/run.mjs, which has put in place what it needs.
import { dirname } from 'node:path'
import { parseRequest, type Request, USAGE } from './test/arguments.ts'
import { stopCommands } from './test/command.ts'
import { consoleListener } from './test/console-listener.ts'
import { runSteps } from './test/run-steps.ts'
import { stepsOf } from './test/steps.ts'
import { summaryOf, totalOf } from './test/summary.ts'

const ROOT = dirname(import.meta.dirname)
const STEP_TIMEOUT_MS = 12 * 60_000

process.exitCode = await test(parseRequest(process.argv.slice(2)))

async function test(request: Request): Promise<number> {
  if (request.kind === 'help') {
    console.log(USAGE)
    return 0
  }
  if (request.kind === 'wrong') {
    console.error(`${request.message}\n\n${USAGE}`)
    return 2
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  const steps = stepsOf(request.choice).filter((step) => request.steps.includes(step.name))
  console.log(`Steps: ${request.steps.join(', ')}; each may take ${STEP_TIMEOUT_MS / 60_000} minutes.`)

  const startedAt = performance.now()
  const listener = consoleListener((line) => console.log(line))
  const results = await runSteps(steps, { root: ROOT, timeoutMs: STEP_TIMEOUT_MS, listener })
  listener.close()
  console.log(summaryOf(results, performance.now() - startedAt))
  return totalOf(results).failed === 0 ? 0 : 1
}

function stop(): void {
  stopCommands()
  console.error('Stopped.')
  process.exit(130)
}
