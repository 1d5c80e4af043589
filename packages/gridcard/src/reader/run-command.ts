import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** As shells say it. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126
const KILLED_BY = 128

/**
 * Runs a program with this process's standard input and outputs. Ctrl-C reaches it by itself, through the terminal; orders
 * to end that come to this process alone are passed on.
 * @returns its exit code; 128 and the signal's number when a signal ended it, 127 when there is no such program
 */
export function runCommand(command: readonly [string, ...string[]], env: NodeJS.ProcessEnv): Promise<number> {
  const [program, ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env })
    const passOn = (signal: NodeJS.Signals) => void child.kill(signal)
    const wait = () => {}
    process.on('SIGINT', wait)
    process.on('SIGTERM', passOn)
    process.on('SIGHUP', passOn)
    const done = () => {
      process.off('SIGINT', wait)
      process.off('SIGTERM', passOn)
      process.off('SIGHUP', passOn)
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      done()
      if (error.code === 'ENOENT') resolve(NOT_FOUND)
      else if (error.code === 'EACCES') resolve(NOT_EXECUTABLE)
      else reject(error)
    })
    child.once('exit', (code, signal) => {
      done()
      resolve(code ?? KILLED_BY + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
