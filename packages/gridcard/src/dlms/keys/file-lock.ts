import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

export interface FileLock {
  release(): void
}

const SETTLE_MS = 60

/**
 * Takes `path` for this process; gives the process that holds it instead. The lock of a process that is gone is taken
 * over: ours is renamed over it and looked at again, because another may have done the same; the last to rename has it.
 */
export async function lockFile(path: string): Promise<FileLock | { readonly heldBy: number | undefined }> {
  const mine = `${process.pid} ${randomUUID()}`
  const beside = `${path}.${mine.slice(-36)}`
  writeFileSync(beside, mine, { mode: 0o600, flag: 'wx' })
  try {
    // A link appears with its contents, so nobody reads half a lock.
    linkSync(beside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const heldBy = holderOf(path)
    if (heldBy !== undefined && isAlive(heldBy)) return { heldBy }
    renameSync(beside, path)
    await wait(SETTLE_MS)
    if (contentOf(path) !== mine) return { heldBy: holderOf(path) }
  } finally {
    rmSync(beside, { force: true })
  }
  return {
    release() {
      if (contentOf(path) === mine) rmSync(path, { force: true })
    },
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function holderOf(path: string): number | undefined {
  const pid = Number(/^(\d{1,10}) /.exec(contentOf(path) ?? '')?.[1])
  return pid > 0 ? pid : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
