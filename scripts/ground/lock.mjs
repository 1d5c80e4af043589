import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { birthOf, isStillRunning } from './process-identity.mjs'

const POLL_MS = 200
const SOON_MS = 10
const GUARD_STALE_AFTER_MS = 10_000

/**
 * A lock is a folder with one file per process that works under it: the holder, and each program it started. It is
 * stale when none of them runs any more. So a holder killed the hard way blocks nobody, and a rerun still waits for the
 * installer that the killed holder left running.
 */
export class Lock {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder
  }

  /**
   * Names one more process that works under this lock.
   * @param {number} pid
   */
  addWorker(pid) {
    writeFileSync(join(this.folder, String(pid)), birthOf(pid))
  }

  /** @param {number} pid */
  removeWorker(pid) {
    rmSync(join(this.folder, String(pid)), { force: true })
  }

  release() {
    removeWhole(this.folder)
  }
}

/**
 * Moved away before it is emptied: an empty folder under the lock's name would look free while it is being removed.
 * @param {string} folder
 */
function removeWhole(folder) {
  const away = `${folder}.${process.pid}.away`
  renameSync(folder, away)
  rmSync(away, { recursive: true, force: true })
}

/**
 * @param {string} folder
 * @param {(holderPid: number) => void} onWait called once, when someone else holds it
 * @returns {Promise<Lock>}
 */
export async function acquireLock(folder, onWait = () => {}) {
  mkdirSync(dirname(folder), { recursive: true })
  let hasWaited = false
  for (;;) {
    const lock = tryLock(folder)
    if (lock) return lock
    const [holder] = workersOf(folder)
    if (holder === undefined) {
      clearStale(folder)
    } else if (!hasWaited) {
      onWait(holder)
      hasWaited = true
    }
    await delay(holder === undefined ? SOON_MS : POLL_MS)
  }
}

/**
 * The folder appears with its holder's name in it in one step: a folder cannot be renamed onto one that is not empty.
 * @param {string} folder
 */
function tryLock(folder) {
  const mine = `${folder}.${process.pid}`
  mkdirSync(mine, { recursive: true })
  new Lock(mine).addWorker(process.pid)
  try {
    renameSync(mine, folder)
    return new Lock(folder)
  } catch {
    rmSync(mine, { recursive: true, force: true })
    return undefined
  }
}

/**
 * @param {string} folder
 * @returns {number[]} processes that still run under the lock
 */
export function workersOf(folder) {
  try {
    return readdirSync(folder)
      .map(Number)
      .filter((pid) => isStillRunning(pid, readFileSync(join(folder, String(pid)), 'utf8')))
  } catch {
    return [] // released meanwhile
  }
}

/**
 * Removes a lock whose workers are all gone. Only one process at a time may look and remove, else the second would
 * remove the lock that the first has just taken: `mkdir` of a guard beside it sees to that.
 * @param {string} folder
 */
function clearStale(folder) {
  const guard = `${folder}.clearing`
  try {
    mkdirSync(guard)
  } catch {
    const guardSince = statSync(guard, { throwIfNoEntry: false })?.mtimeMs
    if (guardSince !== undefined && Date.now() - guardSince > GUARD_STALE_AFTER_MS)
      rmSync(guard, { recursive: true, force: true })
    return
  }
  try {
    if (workersOf(folder).length === 0) removeWhole(folder)
  } catch {
    // gone meanwhile, which is what was wanted
  } finally {
    rmdirSync(guard)
  }
}
