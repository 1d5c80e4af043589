import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileDeviceStore } from './file-device-store.ts'

const failed = expect.objectContaining({ code: 'DEVICES_STORE_FAILED' })
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-devices-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('a store whose file is a directory says so, reading and writing', () => {
  mkdirSync(join(directory, 'state'))
  const store = fileDeviceStore(join(directory, 'state'))
  expect(() => store.load()).toThrow(failed)
  expect(() => store.save(new Uint8Array(3))).toThrow(failed)
})

test('a store whose folder cannot be made says so, and nothing is written', () => {
  writeFileSync(join(directory, 'file'), '')
  const store = fileDeviceStore(join(directory, 'file', 'state'))
  expect(() => store.save(new Uint8Array(3))).toThrow(failed)
})

test('a store that was never saved to has nothing', () => {
  expect(fileDeviceStore(join(directory, 'state')).load()).toBeUndefined()
})

test('a store gives back what was saved last, and leaves one file', () => {
  const path = join(directory, 'deep', 'state')
  fileDeviceStore(path).save(Uint8Array.of(1, 2, 3))
  fileDeviceStore(path).save(Uint8Array.of(4))
  expect(fileDeviceStore(path).load()).toEqual(Uint8Array.of(4))
  expect(readdirSync(join(directory, 'deep'))).toEqual(['state'])
})

test('what a power cut left of a save is ignored and overwritten', () => {
  const path = join(directory, 'state')
  const store = fileDeviceStore(path)
  store.save(Uint8Array.of(1, 2, 3))
  writeFileSync(`${path}.new`, 'half of so')
  expect(store.load()).toEqual(Uint8Array.of(1, 2, 3))
  store.save(Uint8Array.of(9))
  expect(new Uint8Array(readFileSync(path))).toEqual(Uint8Array.of(9))
})
