import { constants } from 'node:os'

/**
 * @type {readonly NodeJS.Signals[]}
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
const PARENT_POLL_MS = 500

/**
 * Calls `listener` whenever this process is asked to stop: by a signal, or because npm is gone. npm ends its shell and not
 * what the shell runs, which would then go on unseen.
 * @param {(signal: NodeJS.Signals) => void} listener
 * @returns {() => void} stops listening
 */
export function onStopRequest(listener) {
  for (const signal of SIGNALS) process.on(signal, listener)
  const parent = process.ppid
  const watch = () => {
    if (process.ppid !== parent) {
      clearInterval(timer)
      listener('SIGTERM')
    }
  }
  const timer = process.env['npm_lifecycle_event'] === undefined ? undefined : setInterval(watch, PARENT_POLL_MS)
  timer?.unref()
  return () => {
    clearInterval(timer)
    for (const signal of SIGNALS) process.off(signal, listener)
  }
}

/**
 * The exit code that shells give a program ended by a signal.
 * @param {NodeJS.Signals} signal
 */
export function signalExitCode(signal) {
  return 128 + (constants.signals[signal] ?? 0)
}
