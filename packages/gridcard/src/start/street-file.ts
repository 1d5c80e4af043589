import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LauncherError } from '../errors.ts'
import { writeFileAtomically } from './write-file-atomically.ts'

/** What makes a street itself: written when it is created, extended when meters are added. */
export interface StreetRecord {
  readonly version: 1
  readonly name: string
  /** 32 hex digits; every home's load follows from it. Not a secret. */
  readonly seed: string
  /** 16 hex digits: what meters know the head-end by. Cards are personalised for it. */
  readonly headendSystemTitle: string
  /** Simulated time at which the meters were installed, ms since 1970, UTC. */
  readonly installedAtMs: number
  readonly meters: number
  /** Its cards judge the software of its meters; streets from before that go on without. */
  readonly hasSoftware?: true
  /** No simulated time up to here will be given again; see `SimulatedTimeKeeper`. */
  readonly timeReservedMs: number
}

const pathOf = (directory: string) => join(directory, 'street.json')

/** @throws LauncherError `GRIDCARD_STREET_DAMAGED` */
export function readStreetRecord(directory: string): StreetRecord | undefined {
  const path = pathOf(directory)
  if (!existsSync(path)) return undefined
  let record: Partial<StreetRecord> | null
  try {
    record = JSON.parse(readFileSync(path, 'utf8')) as Partial<StreetRecord> | null
  } catch {
    record = null
  }
  if (!isStreetRecord(record)) {
    throw new LauncherError(
      'GRIDCARD_STREET_DAMAGED',
      `${path} is damaged or not from this version; start with another --data folder, or restore this one`,
    )
  }
  return record
}

export function writeStreetRecord(directory: string, record: StreetRecord): void {
  writeFileAtomically(pathOf(directory), `${JSON.stringify(record, null, 2)}\n`)
}

function isStreetRecord(record: Partial<StreetRecord> | null): record is StreetRecord {
  return (
    typeof record === 'object' &&
    record !== null &&
    record.version === 1 &&
    typeof record.name === 'string' &&
    typeof record.seed === 'string' &&
    /^[0-9a-f]{32}$/.test(record.seed) &&
    typeof record.headendSystemTitle === 'string' &&
    /^[0-9A-F]{16}$/.test(record.headendSystemTitle) &&
    Number.isSafeInteger(record.installedAtMs) &&
    Number.isSafeInteger(record.meters) &&
    (record.meters ?? 0) > 0 &&
    Number.isSafeInteger(record.timeReservedMs)
  )
}
