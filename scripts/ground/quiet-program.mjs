import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { GroundError } from './ground-error.mjs'
import { startProgress } from './progress.mjs'
import { onStopRequest, signalExitCode } from './stop-request.mjs'

const TAIL_LINES = 15

/**
 * Runs a program whose output interests nobody unless it fails: the output goes to a log file, the user sees one line.
 * A signal to us ends the program before it ends us.
 * @param {{ title: string, file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv, logFile: string,
 *   lock: import('./lock.mjs').Lock, stopWith?: NodeJS.Signals }} program `stopWith`: npm and vite are killed outright, for
 *   npm finishes its work before it heeds anything less and half a work is not taken for a whole; apt must be asked
 * @returns {Promise<void>}
 */
export async function runQuietly({ title, file, args, cwd, env, logFile, lock, stopWith = 'SIGKILL' }) {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'w')
  const progress = startProgress(title)
  const { code, signal, stoppedBy } = await run(
    file,
    args,
    { cwd, env, stdio: ['ignore', log, log] },
    { lock, stopWith },
  )
  closeSync(log)
  if (code === 0 && !stoppedBy) return progress.done()
  progress.failed()
  if (stoppedBy) throw new GroundError(`Stopped (${stoppedBy}).`, signalExitCode(stoppedBy))
  const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
  throw new GroundError(
    `${tail}\n${title}: failed with ${signal ?? `exit code ${code}`}; the whole output is in ${logFile}`,
  )
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {{ lock: import('./lock.mjs').Lock, stopWith: NodeJS.Signals }} more
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, stoppedBy: NodeJS.Signals | undefined }>}
 */
function run(file, args, options, { lock, stopWith }) {
  return new Promise((resolve) => {
    /** @type {NodeJS.Signals | undefined} */
    let stoppedBy
    const child = spawn(file, args, options)
    if (child.pid !== undefined) lock.addWorker(child.pid)
    const stopListening = onStopRequest((signal) => {
      stoppedBy = signal
      child.kill(stopWith)
    })
    /** @param {number | null} code @param {NodeJS.Signals | null} signal */
    const end = (code, signal) => {
      stopListening()
      if (child.pid !== undefined) lock.removeWorker(child.pid)
      resolve({ code, signal, stoppedBy })
    }
    child.once('error', () => end(127, null))
    child.once('exit', end)
  })
}
