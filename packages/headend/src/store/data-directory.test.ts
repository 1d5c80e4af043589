import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replaceFile } from './atomic-file.ts'
import { openDataDirectory } from './data-directory.ts'
import { lockDirectory } from './directory-lock.ts'

let parent: string
let path: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'gridcard-data-'))
  path = join(parent, 'headend')
})
afterEach(() => rm(parent, { recursive: true }))

const lockFile = () => join(path, 'headend.lock')

describe('a data folder is refused', () => {
  test('while this or another process has it', async () => {
    const held = await openDataDirectory(path)
    await expect(openDataDirectory(path)).rejects.toMatchObject({
      code: 'HEADEND_DATA_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
      place: { pid: process.pid },
    })
    held.release()
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    try {
      writeFileSync(lockFile(), JSON.stringify({ pid: other.pid, started: '', id: 'theirs' }))
      await expect(openDataDirectory(path)).rejects.toMatchObject({ place: { pid: other.pid } })
    } finally {
      other.kill()
    }
  })
  test('when it holds something else', async () => {
    await mkdir(path)
    writeFileSync(join(path, 'holiday.jpg'), 'x')
    await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
    expect(readdirSync(path)).toEqual(['holiday.jpg'])
  })
  test('when it is a file', async () => {
    writeFileSync(path, 'x')
    await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
  })
  test.each(['', '{', 'null', '[]', '{"format":"other"}', '{"format":"gridcard-headend","version":2}'])(
    'when its marker says %j',
    async (text) => {
      await mkdir(path)
      writeFileSync(join(path, 'headend.json'), text)
      const refusal = await openDataDirectory(path).catch((error: Error & { code: string }) => error)
      expect(refusal).toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
      expect((refusal as Error).message).not.toContain('\n')
      expect(existsSync(lockFile())).toBe(false)
    },
  )
})

describe('a data folder is taken', () => {
  test('again after it was released, with all that is in it', async () => {
    const first = await openDataDirectory(path)
    writeFileSync(first.counters, '{}')
    first.release()
    const second = await openDataDirectory(path)
    expect(readFileSync(second.counters, 'utf8')).toBe('{}')
    second.release()
    expect(existsSync(lockFile())).toBe(false)
  })
  test('from a process that is gone', async () => {
    const gone = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => gone.on('exit', resolve))
    ;(await openDataDirectory(path)).release()
    writeFileSync(lockFile(), JSON.stringify({ pid: gone.pid, started: '', id: 'theirs' }))
    const taken = await openDataDirectory(path)
    expect(JSON.parse(readFileSync(lockFile(), 'utf8')).pid).toBe(process.pid)
    taken.release()
  })
  test.runIf(process.platform === 'linux')('from a process whose number another one has now', async () => {
    ;(await openDataDirectory(path)).release()
    writeFileSync(lockFile(), JSON.stringify({ pid: process.pid, started: 'boot/1', id: 'theirs' }))
    ;(await openDataDirectory(path)).release()
  })
  test.each(['', '{"pid":', '{"pid":-1,"started":"","id":"x"}'])('from a lock cut off as %j', async (text) => {
    ;(await openDataDirectory(path)).release()
    writeFileSync(lockFile(), text)
    ;(await openDataDirectory(path)).release()
  })
  test('by one of many who find a lock left behind', async () => {
    await mkdir(path)
    writeFileSync(lockFile(), '')
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(path)))
    const winners = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(winners).toHaveLength(1)
    expect(readdirSync(path)).toEqual(['headend.lock'])
  })
  test('after a first start that was cut off, without what it left', async () => {
    await mkdir(path)
    writeFileSync(join(path, 'headend.json.0000.new'), '{"form')
    const directory = await openDataDirectory(path)
    await mkdir(`${directory.database}.new`)
    directory.release()
    const again = await openDataDirectory(path)
    expect(readdirSync(path).sort()).toEqual(['headend.json', 'headend.lock'])
    again.release()
  })
})

test('a file is replaced whole and leaves nothing beside it', async () => {
  const file = join(parent, 'file.json')
  await replaceFile(file, 'one')
  await Promise.all([replaceFile(file, 'two'), replaceFile(file, 'three')])
  expect(['two', 'three']).toContain(readFileSync(file, 'utf8'))
  expect(readdirSync(parent)).toEqual(['file.json'])
})
