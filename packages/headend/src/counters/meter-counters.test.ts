import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CounterFile, openCounterFile, type SavedCounters } from './counter-file.ts'
import { MeterCounters } from './meter-counters.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gridcard-counters-'))
  path = join(directory, 'counters.json')
})
afterEach(() => rm(directory, { recursive: true }))

const serial = 'GC00000001'
const zero: SavedCounters = { sendLimit: 0, messageFloor: 0, tokenFloor: 0 }
const open = async () => {
  const file = await openCounterFile(path)
  return new MeterCounters(file, serial, file.find(serial) ?? zero)
}

describe('a send counter', () => {
  test('is not given when it cannot be saved', async () => {
    let saves = 0
    const full: CounterFile = {
      find: () => undefined,
      save: () => (++saves === 2 ? Promise.reject(new Error('disk full')) : Promise.resolve()),
      close: async () => {},
    }
    const counters = new MeterCounters(full, serial, zero)
    for (let i = 0; i < 256; i++) expect(await counters.takeSend()).toBe(i)
    await expect(counters.takeSend()).rejects.toThrow('disk full')
    expect(await counters.takeSend()).toBe(256)
  })

  test('never comes twice, however often the head-end is killed', async () => {
    const script = join(import.meta.dirname, '../../test/take-counters.ts')
    const given: number[] = []
    for (const afterLines of [1, 3, 256, 257, 700]) {
      const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
      let text = ''
      for await (const chunk of child.stdout) {
        text += String(chunk)
        if (text.split('\n').length > afterLines) child.kill('SIGKILL')
      }
      // The last line may be cut off; what was not said whole was not used.
      given.push(...text.split('\n').slice(0, -1).map(Number))
    }
    expect(given.length).toBeGreaterThan(1200)
    expect(new Set(given).size).toBe(given.length)
    const counters = await open()
    expect(await counters.takeSend()).toBeGreaterThan(Math.max(...given))
  })

  test('never comes twice when many ask at once', async () => {
    const counters = await open()
    const given = await Promise.all(Array.from({ length: 1000 }, () => counters.takeSend()))
    expect(new Set(given)).toEqual(new Set(Array.from({ length: 1000 }, (_unused, i) => i)))
  })

  test('is refused when only the last is left', async () => {
    const file = await openCounterFile(path)
    const counters = new MeterCounters(file, serial, { ...zero, sendLimit: 0xffff_fffd })
    expect(await counters.takeSend()).toBe(0xffff_fffd)
    expect(await counters.takeSend()).toBe(0xffff_fffe)
    expect(await counters.takeSend()).toBeUndefined()
    expect(await (await open()).takeSend()).toBeUndefined()
  })
})

describe('a floor', () => {
  test('refuses what is below it and rises above what it accepts', async () => {
    const counters = await open()
    expect(counters.accept(0, 'message', 5)).toBe(true)
    expect(counters.accept(0, 'message', 5)).toBe(false)
    expect(counters.accept(0, 'message', 4)).toBe(false)
    expect(counters.accept(0, 'token', 4)).toBe(true)
    expect(counters.read()).toEqual({ send: 0, messageFloor: 6, tokenFloor: 5 })
  })
  test('is there after a restart once it was saved, and only then', async () => {
    const counters = await open()
    await counters.takeSend()
    counters.accept(0, 'message', 9)
    expect((await open()).read().messageFloor).toBe(0)
    await counters.saveFloors()
    expect((await open()).read().messageFloor).toBe(10)
  })
  test('saved while a block is reserved takes nothing back', async () => {
    const counters = await open()
    counters.accept(0, 'message', 3)
    await Promise.all([counters.takeSend(), counters.saveFloors()])
    expect((await open()).read()).toEqual({ send: 256, messageFloor: 4, tokenFloor: 0 })
  })
  test('that could not be saved is saved the next time', async () => {
    const saved: SavedCounters[] = []
    const flaky: CounterFile = {
      find: () => undefined,
      save: async (_serial, counters) => {
        saved.push(counters)
        if (saved.length === 1) throw new Error('disk full')
      },
      close: async () => {},
    }
    const counters = new MeterCounters(flaky, serial, zero)
    counters.accept(0, 'token', 1)
    await expect(counters.saveFloors()).rejects.toThrow('disk full')
    await counters.saveFloors()
    await counters.saveFloors()
    expect(saved.map(({ tokenFloor }) => tokenFloor)).toEqual([2, 2])
  })
})

describe('the counter file', () => {
  test('that is cut off anywhere is refused', async () => {
    await (await openCounterFile(path)).save(serial, zero)
    const whole = await readFile(path, 'utf8')
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.slice(0, length))
      await expect(openCounterFile(path)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
    }
  })
  test.each([
    '{}',
    'null',
    '{"format":"gridcard-counters","version":2,"meters":{}}',
    '{"format":"gridcard-counters","version":1,"meters":{"GC00000001":{"sendLimit":-1,"messageFloor":0,"tokenFloor":0}}}',
    '{"format":"gridcard-counters","version":1,"meters":{"GC00000001":{"sendLimit":"7","messageFloor":0,"tokenFloor":0}}}',
    '{"format":"gridcard-counters","version":1,"meters":{"GC00000001":null}}',
  ])('%s is refused', async (text) => {
    await writeFile(path, text)
    await expect(openCounterFile(path)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
  })
  test('never lowers what it holds', async () => {
    const file = await openCounterFile(path)
    await file.save(serial, { sendLimit: 10, messageFloor: 5, tokenFloor: 5 })
    await file.save(serial, { sendLimit: 4, messageFloor: 9, tokenFloor: 1 })
    expect((await openCounterFile(path)).find(serial)).toEqual({ sendLimit: 10, messageFloor: 9, tokenFloor: 5 })
  })
  test('holds all that was saved at once', async () => {
    const file = await openCounterFile(path)
    const serials = Array.from({ length: 50 }, (_unused, i) => `GC${i}00000`)
    await Promise.all(serials.map((one, i) => file.save(one, { ...zero, sendLimit: i })))
    const again = await openCounterFile(path)
    expect(serials.map((one) => again.find(one)?.sendLimit)).toEqual(serials.map((_one, i) => i))
  })
})
