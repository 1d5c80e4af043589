import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LauncherError } from '../errors.ts'
import { readStreetRecord, type StreetRecord, writeStreetRecord } from './street-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-street-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const record: StreetRecord = {
  version: 1,
  name: 'Test street',
  seed: '00112233445566778899aabbccddeeff',
  headendSystemTitle: '4752434800000001',
  installedAtMs: 1_700_000_000_000,
  meters: 3,
  timeReservedMs: 1_700_000_100_000,
}

describe('the record of a street', () => {
  test.each([
    ['cut short', '{"version":1,'],
    ['of another version', JSON.stringify({ ...record, version: 2 })],
    ['without meters', JSON.stringify({ ...record, meters: 0 })],
    ['that is null', 'null'],
  ])('%s is refused', (_name, text) => {
    writeFileSync(join(directory, 'street.json'), text)
    expect(() => readStreetRecord(directory)).toThrow(LauncherError)
  })

  test('is undefined in a new folder and comes back as written', () => {
    expect(readStreetRecord(directory)).toBeUndefined()
    writeStreetRecord(directory, record)
    expect(readStreetRecord(directory)).toEqual(record)
  })
})
