import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countPackages, isInstalled } from './lockfile.mjs'

const LOCKED = {
  '': { workspaces: ['packages/*'] },
  'packages/bytes': { version: '0.1.0' },
  'node_modules/@gridcard/bytes': { link: true },
  'node_modules/vite': { version: '8.3.8', integrity: 'sha512-a' },
  'node_modules/binding-here': { version: '1.0.0', optional: true, os: [process.platform], cpu: process.arch },
  'node_modules/binding-elsewhere': { version: '1.0.0', optional: true, os: ['!linux', '!darwin', '!win32'] },
  'node_modules/fallback': { version: '1.0.0', optional: true },
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-lockfile-'))
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: LOCKED }))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** npm's own record of what it put there: all of the above but `left out`, with `changes`. */
function writeRecord(leftOut: readonly (keyof typeof LOCKED)[], changes: object = {}): void {
  const present = Object.entries(LOCKED).filter(([place]) => !leftOut.includes(place as keyof typeof LOCKED))
  const packages = { ...Object.fromEntries(present), ...changes }
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
}

test('without a record nothing counts as installed', () => {
  expect(isInstalled(folder)).toBe(false)
})

test('a record cut off in the middle counts as nothing', () => {
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), '{"packages": {')
  expect(isInstalled(folder)).toBe(false)
})

test('a package that is missing', () => {
  writeRecord(['node_modules/vite'])
  expect(isInstalled(folder)).toBe(false)
})

test('another version', () => {
  writeRecord([], { 'node_modules/vite': { version: '7.0.0', integrity: 'sha512-a' } })
  expect(isInstalled(folder)).toBe(false)
})

test('the same version with other contents', () => {
  writeRecord([], { 'node_modules/vite': { version: '8.3.8', integrity: 'sha512-b' } })
  expect(isInstalled(folder)).toBe(false)
})

test("this platform's optional package, left out by an older Node", () => {
  writeRecord(['node_modules/binding-here'])
  expect(isInstalled(folder)).toBe(false)
})

test('optional packages of other platforms, and for none, may be missing', () => {
  writeRecord(['', 'packages/bytes', 'node_modules/binding-elsewhere', 'node_modules/fallback'])
  expect(isInstalled(folder)).toBe(true)
})

test('the count leaves out workspaces and other platforms', () => {
  expect(countPackages(folder)).toBe(3)
})
