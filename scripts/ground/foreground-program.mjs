import { spawn } from 'node:child_process'
import { onStopRequest, signalExitCode } from './stop-request.mjs'

/**
 * Runs the program that all the rest was for: our terminal, our signals and our exit code are its own.
 *
 * Ctrl-C reaches the program directly, a `kill` of this process does not. Telling the two apart is not possible, so the
 * program is always sent a SIGTERM as well, which says "stop" once more and nothing else.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export function runInForeground(file, args, env) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: 'inherit', env })
    const stopListening = onStopRequest(() => child.kill('SIGTERM'))
    child.once('error', (error) => {
      console.error(`Cannot run ${file}: ${error.message}`)
      stopListening()
      resolve(127)
    })
    child.once('exit', (code, signal) => {
      stopListening()
      resolve(signal ? signalExitCode(signal) : (code ?? 1))
    })
  })
}
