import { readFileSync } from 'node:fs'

/**
 * When the process was started, in the kernel's own count, so that a number given to a later process is not taken for
 * the earlier one. Empty where the system does not say (only Linux does, cheaply).
 * @param {number} pid
 * @returns {{ birth: string, isZombie: boolean } | undefined} undefined: no such process
 */
function lookUp(pid) {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return { birth: fields[19] ?? '', isZombie: fields[0] === 'Z' }
    } catch {
      return undefined
    }
  }
  try {
    process.kill(pid, 0)
    return { birth: '', isZombie: false }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
      ? { birth: '', isZombie: false }
      : undefined
  }
}

/**
 * @param {number} pid
 * @returns {string} empty for a process that is gone
 */
export function birthOf(pid) {
  return lookUp(pid)?.birth ?? ''
}

/**
 * @param {number} pid
 * @param {string} birth what `birthOf` said of it
 */
export function isStillRunning(pid, birth) {
  const found = lookUp(pid)
  return found !== undefined && !found.isZombie && found.birth === birth
}
