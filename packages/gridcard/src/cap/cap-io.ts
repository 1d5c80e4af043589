import { GridcardError } from '@gridcard/bytes'
import { type CapFile, CapFormatError, type CapQuirks, parseCapFile, parseComponents } from '@gridcard/cap'
import { badOption } from '../workbench/aid-option.ts'
import { readInputFile } from '../workbench/input-file.ts'

/** Where a command writes; tests give their own. */
export interface CapIo {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: what could not be done. */
  err(text: string): void
}

export const processIo: CapIo = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
}

/** Faults of converters in the field that do no harm; the verifier names them. */
const TOLERATED: CapQuirks = { appletRidMayDiffer: true }
const ZIP_MAGIC = 0x504b

/** Codes of files that are no CAP file of ours to judge at all. */
const NOT_READABLE: ReadonlySet<string> = new Set([
  'CAP_NOT_A_ZIP',
  'CAP_TOO_LARGE',
  'CAP_VERSION_UNSUPPORTED',
  'CAP_BAD_MAGIC',
])

/** Whether the error says that the file is something else, rather than a CAP file with faults. */
export function isNotReadable(error: CapFormatError): boolean {
  return NOT_READABLE.has(error.code)
}

/**
 * A CAP file, or the components one after the other as a card is sent them.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`: there is no such file
 * @throws CapFormatError
 */
export function parseCapAt(path: string): CapFile {
  const bytes = readInputFile(path)
  const isArchive = ((bytes[0] ?? 0) << 8) + (bytes[1] ?? 0) === ZIP_MAGIC
  return isArchive || bytes[0] !== 1 ? parseCapFile(bytes, TOLERATED) : parseComponents(bytes, TOLERATED)
}

/** As `parseCapAt`, for commands that cannot go on: one line with the name of the file. */
export function readCap(path: string): CapFile {
  try {
    return parseCapAt(path)
  } catch (error) {
    if (!(error instanceof CapFormatError)) throw error
    throw badOption(`${path} cannot be read: ${error.message}`, { cause: error })
  }
}

/** Shows what is wrong with one file of several, in one line. */
export function reportUnreadable(io: CapIo, path: string, error: unknown): void {
  if (!(error instanceof GridcardError)) throw error
  const text = error.message.includes(path) ? error.message : `${path}: ${error.message}`
  io.err(`gridcard: ${text} (${error.code})\n`)
}
