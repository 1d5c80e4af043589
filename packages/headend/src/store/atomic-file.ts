import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file so that after a crash or a power cut it holds either the old contents or the new, whole: written
 * beside it, flushed to the disk, renamed over it, and the directory's entry flushed too.
 */
export async function replaceFile(path: string, contents: string, mode = 0o600): Promise<void> {
  const beside = `${path}.${randomUUID()}.new`
  try {
    const file = await open(beside, 'wx', mode)
    try {
      await file.writeFile(contents)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes names that were created, renamed or removed in a directory durable. Windows has no such call and needs none. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
