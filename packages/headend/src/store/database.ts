import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { isSystemError } from '../errors.ts'
import { damaged } from './data-directory.ts'
import { migrate } from './migrations.ts'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/** A step of a start that may take seconds, for a progress line. */
export type StartStep = 'creating-database' | 'opening-database' | 'opening-keys' | 'listening'

const INT8 = 20

/**
 * PGlite's own defaults ask for 128 MB of buffers, which for a street is mostly untouched memory. Its writes reach the
 * operating system but are not flushed to the disk (there is no fsync below it, whatever the setting says): rows survive
 * a killed process, not always a power cut of the machine. What must survive that lies in files of its own, see
 * `counters/counter-file.ts`.
 */
const startParams = () => [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']

/** PGlite answers small int8 values as number and large ones as bigint; one type is easier to get right. */
const options = () => ({ startParams: startParams(), parsers: { [INT8]: BigInt }, onStderr: () => false })

/**
 * Opens the database in `folder`, making it at the first start: beside it, renamed when it is whole, so that a start cut
 * off leaves nothing half made.
 * @throws HeadendError `HEADEND_DATA_DAMAGED`
 */
export async function openDatabase(folder: string, onStep: (step: StartStep) => void = () => {}): Promise<Database> {
  if (!(await hasDatabase(folder))) {
    onStep('creating-database')
    const beside = `${folder}.new`
    await (await PGlite.create({ dataDir: beside, ...options() })).close()
    await rename(beside, folder)
  }
  onStep('opening-database')
  let pglite: PGlite
  try {
    pglite = await PGlite.create({ dataDir: folder, ...options() })
  } catch (error) {
    throw damaged(folder, 'the database does not open', error)
  }
  return prepare(pglite)
}

/** A database that is gone with the process; for tests and measurements. */
export async function openMemoryDatabase(): Promise<Database> {
  return prepare(await PGlite.create(options()))
}

async function prepare(pglite: PGlite): Promise<Database> {
  const db = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return db
}

async function hasDatabase(folder: string): Promise<boolean> {
  if (await exists(join(folder, 'PG_VERSION'))) return true
  if (await exists(folder)) throw damaged(folder, 'the database has lost files')
  return false
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw damaged(path, 'it cannot be read', error)
  }
}
