import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { GroundError } from './ground-error.mjs'
import { startProgress } from './progress.mjs'
import { SIGNALS, signalExitCode } from './signals.mjs'

const TAIL_LINES = 15

/**
 * Runs a program whose output interests nobody unless it fails: the output goes to a log file, the user sees one line.
 * A signal to us ends the program before it ends us.
 * @param {{ title: string, file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, logFile: string,
 *   lock: import('./lock.mjs').Lock }} program
 * @returns {Promise<void>}
 */
export async function runQuietly({ title, file, args, cwd, env, logFile, lock }) {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'w')
  const progress = startProgress(title)
  const { code, signal, stoppedBy } = await run(file, args, { cwd, env, stdio: ['ignore', log, log] }, lock)
  closeSync(log)
  if (code === 0) return progress.done()
  progress.failed()
  if (stoppedBy) throw new GroundError(`Stopped by ${stoppedBy}.`, signalExitCode(stoppedBy))
  const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
  throw new GroundError(
    `${tail}\n${title}: failed with ${signal ?? `exit code ${code}`}; the whole output is in ${logFile}`,
  )
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {import('./lock.mjs').Lock} lock
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, stoppedBy: NodeJS.Signals | undefined }>}
 */
function run(file, args, options, lock) {
  return new Promise((resolve) => {
    /** @type {NodeJS.Signals | undefined} */
    let stoppedBy
    const child = spawn(file, args, options)
    if (child.pid !== undefined) lock.addWorker(child.pid)
    /** @param {NodeJS.Signals} signal */
    const stop = (signal) => {
      stoppedBy = signal
      child.kill('SIGTERM')
    }
    /** @param {number | null} code @param {NodeJS.Signals | null} signal */
    const end = (code, signal) => {
      for (const name of SIGNALS) process.off(name, stop)
      if (child.pid !== undefined) lock.removeWorker(child.pid)
      resolve({ code, signal, stoppedBy })
    }
    for (const name of SIGNALS) process.on(name, stop)
    child.once('error', () => end(127, null))
    child.once('exit', end)
  })
}
