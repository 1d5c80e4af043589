import { constants } from 'node:os'

/**
 * What asks a program to stop.
 * @type {readonly NodeJS.Signals[]}
 */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * The exit code that shells give a program ended by a signal.
 * @param {NodeJS.Signals} signal
 */
export function signalExitCode(signal) {
  return 128 + (constants.signals[signal] ?? 0)
}
