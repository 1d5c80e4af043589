import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HeadendError, isSystemError } from '../errors.ts'

/** Who holds a directory. A process number alone may have been given to another process since. */
interface LockHolder {
  readonly pid: number
  /** When that process began, as the system counts it; empty where the system does not tell. */
  readonly started: string
  /** Tells two locks of one process apart. */
  readonly id: string
}

export interface DirectoryLock {
  release(): void
}

const LOCK_FILE = 'headend.lock'
const SETTLE_MS = 60

/**
 * Takes a data directory for this process; PGlite itself would let two in and destroy the data.
 *
 * A lock whose process is gone is taken over: ours is renamed over it, and after a moment we look whether it is still
 * ours, because another starter may have done the same in between; the last one to rename keeps it.
 *
 * @throws HeadendError `HEADEND_DATA_LOCKED` with the holder's pid
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, LOCK_FILE)
  const mine: LockHolder = { pid: process.pid, started: processStart(process.pid) ?? '', id: randomUUID() }
  const beside = `${path}.${mine.id}`
  writeFileSync(beside, `${JSON.stringify(mine)}\n`, { mode: 0o600, flag: 'wx' })
  try {
    try {
      // A link appears at once with all its contents, so nobody ever reads half a lock.
      linkSync(beside, path)
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error
      const holder = readHolder(path)
      if (holder !== undefined && isAlive(holder)) throw locked(directory, holder.pid)
      renameSync(beside, path)
      await wait(SETTLE_MS)
      const settled = readHolder(path)
      if (settled?.id !== mine.id) throw locked(directory, settled?.pid)
    }
  } finally {
    rmSync(beside, { force: true })
  }
  return {
    release() {
      if (readHolder(path)?.id === mine.id) rmSync(path, { force: true })
    },
  }
}

function locked(directory: string, pid: number | undefined): HeadendError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new HeadendError('HEADEND_DATA_LOCKED', `the data folder is in use by ${who}: ${directory}`, { pid })
}

/** Undefined for no lock, or one that no program of ours wrote. */
function readHolder(path: string): LockHolder | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isHolder(holder) ? holder : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false
  const { pid, started, id } = value as Record<string, unknown>
  return Number.isSafeInteger(pid) && (pid as number) > 0 && typeof started === 'string' && typeof id === 'string'
}

function isAlive({ pid, started }: LockHolder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    if (!isSystemError(error, 'EPERM')) return false
  }
  const now = processStart(pid)
  return started === '' || now === undefined || now === started
}

/** On Linux: which boot, and how many ticks after it the process began (field 22 of /proc/<pid>/stat). */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in parentheses and may hold anything, so count from its end.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return ticks === undefined ? undefined : `${boot}/${ticks}`
  } catch {
    return undefined
  }
}
