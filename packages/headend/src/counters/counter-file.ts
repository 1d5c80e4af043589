import { readFile } from 'node:fs/promises'
import { HeadendError, isSystemError } from '../errors.ts'
import { replaceFile } from '../store/atomic-file.ts'

/** What must be remembered of one meter's counters for its keys to stay safe. */
export interface SavedCounters {
  /** Counters below this may have been used to send; 0..0xFFFFFFFF. */
  readonly sendLimit: number
  /** Lowest counter accepted in a message from the meter, and in its HLS token. */
  readonly messageFloor: number
  readonly tokenFloor: number
}

/**
 * Counters of all meters in one file, flushed to the disk before `save` resolves. They are not in the database because
 * PGlite cannot flush: after a power cut it may come back a moment older, and one repeated counter gives away the
 * authentication key of AES-GCM. With a PostgreSQL server they can become a table.
 *
 * The file is written whole; saves that come while one is being written share the next. For a street that is a few
 * writes per reading; for a hundred thousand meters it would want a log.
 */
export interface CounterFile {
  find(serial: string): SavedCounters | undefined
  /** Never lowers anything: of what is there and what is given the higher is kept. */
  save(serial: string, counters: SavedCounters): Promise<void>
  /** After the last write. */
  close(): Promise<void>
}

/** @throws HeadendError `HEADEND_DATA_DAMAGED` */
export async function openCounterFile(path: string): Promise<CounterFile> {
  const meters = await readCounters(path)
  let writing: Promise<void> = Promise.resolve()
  let waiting: Promise<void> | undefined
  const write = () => {
    waiting = undefined
    return replaceFile(path, JSON.stringify({ ...header, meters: Object.fromEntries(meters) }))
  }
  return {
    find: (serial) => meters.get(serial),
    save(serial, counters) {
      const before = meters.get(serial)
      meters.set(serial, before === undefined ? counters : highest(before, counters))
      if (waiting === undefined) {
        waiting = writing.then(write)
        writing = waiting.catch(() => {})
      }
      return waiting
    },
    close: () => writing,
  }
}

const highest = (a: SavedCounters, b: SavedCounters): SavedCounters => ({
  sendLimit: Math.max(a.sendLimit, b.sendLimit),
  messageFloor: Math.max(a.messageFloor, b.messageFloor),
  tokenFloor: Math.max(a.tokenFloor, b.tokenFloor),
})

const header = { format: 'gridcard-counters', version: 1 } as const

async function readCounters(path: string): Promise<Map<string, SavedCounters>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return new Map()
    throw error
  }
  const meters = parseCounters(text)
  if (meters === undefined) {
    throw new HeadendError('HEADEND_DATA_DAMAGED', `the counters are not readable, and keys need them: ${path}`)
  }
  return meters
}

function parseCounters(text: string): Map<string, SavedCounters> | undefined {
  let file: { format?: unknown; version?: unknown; meters?: unknown } | null
  try {
    file = JSON.parse(text)
  } catch {
    return undefined
  }
  if (file?.format !== header.format || file.version !== header.version) return undefined
  if (typeof file.meters !== 'object' || file.meters === null) return undefined
  const entries = Object.entries(file.meters)
  return entries.every((entry): entry is [string, SavedCounters] => isSaved(entry[1])) ? new Map(entries) : undefined
}

function isSaved(value: unknown): value is SavedCounters {
  if (typeof value !== 'object' || value === null) return false
  const { sendLimit, messageFloor, tokenFloor } = value as Record<string, unknown>
  return [sendLimit, messageFloor, tokenFloor].every(
    (counter) => Number.isSafeInteger(counter) && Number(counter) >= 0 && Number(counter) <= 0x1_0000_0000,
  )
}
