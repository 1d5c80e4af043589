import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { emitDebugComponent, parseCapFile } from '@gridcard/cap'
import { afterAll, describe, expect, test } from 'vitest'
import { findDebugMap } from './debug-map-file.ts'

const METER_SECURITY = join(import.meta.dirname, '../../../../applets/prebuilt/meter-security.cap')
const folder = mkdtempSync(join(tmpdir(), 'gridcard-map-'))
afterAll(() => rmSync(folder, { recursive: true }))

const cap = parseCapFile(new Uint8Array(readFileSync(METER_SECURITY)))
const map = {
  format: 'gridcard-debug-map',
  version: 1,
  package: { name: 'a.b', aid: 'F0475249444341524401', version: '1.0' },
  sources: [],
  classes: [],
  methods: [],
} as const

function beside(text: string): string {
  writeFileSync(join(folder, 'a.debug.json'), text)
  return join(folder, 'a.cap')
}

describe('the map beside a CAP file', () => {
  test('is refused when it is no map of ours', () => {
    expect(() => findDebugMap(beside('{'), cap)).toThrow('is no JSON')
    expect(() => findDebugMap(beside('[]'), cap)).toThrow('no debug map of this version')
    expect(() => findDebugMap(beside('{"format":"gridcard-debug-map","version":9}'), cap)).toThrow('build the applet')
  })

  test('of another package is left alone', () => {
    const other = { ...map, package: { ...map.package, aid: 'F000000001' } }
    expect(findDebugMap(beside(JSON.stringify(other)), cap)).toBeUndefined()
  })

  test('says where the sources are', () => {
    const found = findDebugMap(beside(JSON.stringify({ ...map, sourceRoot: '../src' })), cap)
    expect(found?.sourceFolder).toBe(join(folder, '..', 'src'))
  })

  test('may be missing: then the Debug component tells, if it can be read', () => {
    const path = join(folder, 'none.cap')
    expect(findDebugMap(path, cap)).toBeUndefined()
    expect(findDebugMap(path, { ...cap, debug: Uint8Array.of(0, 9) })).toBeUndefined()
    expect(findDebugMap(path, { ...cap, debug: emitDebugComponent(map) })?.map.package.name).toBe('a.b')
  })
})
