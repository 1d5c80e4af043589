import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HeadendError, isSystemError } from '../errors.ts'
import { replaceFile } from './atomic-file.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.ts'

/** Where things lie in a data directory. */
export interface DataDirectory {
  readonly path: string
  /** PGlite's own folder; absent before the first start is through. */
  readonly database: string
  readonly keyStore: string
  readonly keyFile: string
  readonly counters: string
  release(): void
}

const MARKER_FILE = 'headend.json'
const marker = { format: 'gridcard-headend', version: 1 } as const

/**
 * Opens or makes a data directory and locks it. A folder that holds anything and is not ours is left alone.
 * @throws HeadendError `HEADEND_DATA_LOCKED`, `HEADEND_DATA_DAMAGED`
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const names = await namesIn(path)
  const isNew = !names.includes(MARKER_FILE)
  // What a first start leaves before the marker is in place: locks, and the marker under its passing name.
  if (isNew && !names.every((name) => name.startsWith('headend.'))) {
    throw damaged(path, 'it holds files, but none that a head-end made')
  }
  if (!isNew) await requireOurs(path)
  let lock: DirectoryLock | undefined
  try {
    if (isNew) await mkdir(path, { recursive: true, mode: 0o700 })
    lock = await lockDirectory(path)
    if (isNew) await replaceFile(join(path, MARKER_FILE), `${JSON.stringify(marker)}\n`)
    await removeUnfinished(path)
  } catch (error) {
    lock?.release()
    throw error instanceof HeadendError ? error : damaged(path, 'it cannot be written', error)
  }
  const held = lock
  return {
    path,
    database: join(path, 'db'),
    keyStore: join(path, 'keys.json'),
    keyFile: join(path, 'keys.secret'),
    counters: join(path, 'counters.json'),
    release: () => held.release(),
  }
}

/** Empty for a folder that is not there. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw damaged(path, isSystemError(error, 'ENOTDIR') ? 'it is no folder' : 'it cannot be read', error)
  }
}

async function requireOurs(path: string): Promise<void> {
  const text = await readFile(join(path, MARKER_FILE), 'utf8')
  let found: { format?: unknown; version?: unknown } | null
  try {
    found = JSON.parse(text)
  } catch (error) {
    throw damaged(path, `${MARKER_FILE} is not readable`, error)
  }
  if (found?.format !== marker.format) throw damaged(path, `${MARKER_FILE} is not a head-end's`)
  if (found.version !== marker.version) throw damaged(path, 'it was made by another version')
}

/** What a start left that was cut off: a database half made, files not yet renamed. */
async function removeUnfinished(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (name.endsWith('.new')) await rm(join(path, name), { recursive: true, force: true })
  }
}

export function damaged(path: string, why: string, cause?: unknown): HeadendError {
  const options = cause === undefined ? {} : { cause }
  return new HeadendError('HEADEND_DATA_DAMAGED', `not a usable data folder, ${why}: ${path}`, {}, options)
}
