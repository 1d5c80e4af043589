import { readFileSync, statSync } from 'node:fs'
import { badOption } from './aid-option.ts'

/** CAP files and scripts are small; this keeps a wrong path (a disk, a log) from filling memory. */
const LARGEST_INPUT_BYTES = 32 * 1024 * 1024

/** @throws LauncherError `GRIDCARD_BAD_OPTION`, naming the file */
export function readInputFile(path: string): Uint8Array {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) throw badOption(`${path} is not a file`)
    if (stat.size > LARGEST_INPUT_BYTES) throw badOption(`${path} is larger than 32 MiB`)
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw badOption(`there is no file ${path}`, { cause: error })
    if (code === 'EACCES' || code === 'EPERM') throw badOption(`${path} may not be read`, { cause: error })
    throw error
  }
}
