import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emitComponents } from '../capfile/emit-cap-file.ts'
import { parseCapFile, parseComponents } from '../capfile/parse-cap-file.ts'
import { verifyCapFile } from './verify-cap-file.ts'

// As in capfile/corpus.test.ts: what other tools made is right, and a folder of it has to be brought along.
const folder = process.env['GRIDCARD_CORPUS']
const names = folder === undefined ? [] : readdirSync(folder).filter((name) => /\.cap$/i.test(name))
const quirks = { appletRidMayDiffer: true }

describe.skipIf(folder === undefined)('CAP files of the folder GRIDCARD_CORPUS', () => {
  it.for(names)('%s has no violation', (name) => {
    const cap = parseCapFile(new Uint8Array(readFileSync(join(folder!, name))), quirks)
    const loaded = parseComponents(emitComponents(cap), quirks)
    for (const one of [cap, loaded]) {
      expect(verifyCapFile(one).filter(({ severity }) => severity === 'violation')).toEqual([])
    }
  })
})
