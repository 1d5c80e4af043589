import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hashOf, readStamp, removeStamp, writeStamp } from './stamp.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-stamp-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

test('the hash follows the contents', () => {
  write('lock', 'a')
  const before = hashOf([join(folder, 'lock')])
  write('lock', 'b')
  expect(hashOf([join(folder, 'lock')])).not.toBe(before)
})

test('the hash does not follow the time of the file', () => {
  write('lock', 'a')
  const before = hashOf([join(folder, 'lock')])
  utimesSync(join(folder, 'lock'), 1, 1)
  expect(hashOf([join(folder, 'lock')])).toBe(before)
})

test('a folder counts with the names in it, at any depth, but not with what was built or installed there', () => {
  mkdirSync(join(folder, 'src', 'deep'), { recursive: true })
  write('src/deep/a.ts', 'x')
  const hashes = [hashOf([folder])]
  write('src/deep/b.ts', 'x')
  hashes.push(hashOf([folder]))
  rmSync(join(folder, 'src', 'deep', 'a.ts'))
  hashes.push(hashOf([folder]))
  mkdirSync(join(folder, 'src', 'dist'))
  write('src/dist/page.js', 'x')
  hashes.push(hashOf([folder]))

  expect(new Set(hashes.slice(0, 3)).size).toBe(3)
  expect(hashes[3]).toBe(hashes[2])
})

test('a path that is not there is a hash too', () => {
  expect(hashOf([join(folder, 'none')])).toMatch(/^[0-9a-f]{64}$/)
})

test('there is no stamp until it is written, and none after it is removed', () => {
  const stamp = join(folder, 'node_modules', '.stamp')
  expect(readStamp(stamp)).toBeUndefined()
  writeStamp(stamp, 'abc')
  expect(readStamp(stamp)).toBe('abc')
  removeStamp(stamp)
  removeStamp(stamp)
  expect(readStamp(stamp)).toBeUndefined()
})
