import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { acquireLock, workersOf } from './lock.mjs'

let folder: string
let lockFolder: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-lock-'))
  lockFolder = join(folder, 'the.lock')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** A process of its own that runs `body` with `acquireLock` and `lockFolder` in reach. */
function startProcess(body: string): ChildProcess {
  const program = `
    import { spawn } from 'node:child_process'
    import { appendFileSync } from 'node:fs'
    import { setTimeout as delay } from 'node:timers/promises'
    import { acquireLock } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'lock.mjs')).href)}
    const lockFolder = ${JSON.stringify(lockFolder)}
    const journal = ${JSON.stringify(join(folder, 'journal'))}
    ${body}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

async function firstWords(child: ChildProcess): Promise<string> {
  const [words] = await once(child.stdout!, 'data')
  return String(words).trim()
}

test('a lock that is held is waited for, and the waiter hears by whom', async () => {
  const first = await acquireLock(lockFolder)
  const heard: number[] = []
  const second = acquireLock(lockFolder, (pid) => {
    heard.push(pid)
    first.release()
  })
  ;(await second).release()

  expect(heard).toEqual([process.pid])
  expect(readdirSync(folder)).toEqual([])
})

test('a holder that was killed blocks nobody', async () => {
  const holder = startProcess(`await acquireLock(lockFolder); console.log('held'); await delay(60_000)`)
  expect(await firstWords(holder)).toBe('held')
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(existsSync(lockFolder)).toBe(true)

  const lock = await acquireLock(lockFolder)
  expect(workersOf(lockFolder)).toEqual([process.pid])
  lock.release()
})

test('a program that a killed holder left running is waited for', async () => {
  const holder = startProcess(`
    const lock = await acquireLock(lockFolder)
    const worker = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
    lock.addWorker(worker.pid)
    console.log(worker.pid)
    await delay(60_000)`)
  const workerPid = Number(await firstWords(holder))
  holder.kill('SIGKILL')
  await once(holder, 'exit')

  const heard: number[] = []
  const lock = await acquireLock(lockFolder, (pid) => {
    heard.push(pid)
    process.kill(workerPid, 'SIGKILL')
  })
  lock.release()
  expect(heard).toEqual([workerPid])
})

test.runIf(process.platform === 'linux')(
  'a later process with the number of a dead holder is not taken for it',
  async () => {
    mkdirSync(lockFolder)
    writeFileSync(join(lockFolder, String(process.pid)), '1') // started with the machine, which this one was not
    const lock = await acquireLock(lockFolder)
    lock.release()
  },
)

test('many at once over a stale lock hold it one after the other', async () => {
  mkdirSync(lockFolder)
  writeFileSync(join(lockFolder, '999999999'), '1')
  const body = `
    const lock = await acquireLock(lockFolder)
    appendFileSync(journal, 'in ')
    await delay(20)
    appendFileSync(journal, 'out ')
    lock.release()`
  const runs = Array.from({ length: 6 }, () => once(startProcess(body), 'exit'))
  const codes = (await Promise.all(runs)).map(([code]) => code)

  expect(codes).toEqual([0, 0, 0, 0, 0, 0])
  expect(readFileSync(join(folder, 'journal'), 'utf8')).toBe('in out '.repeat(6))
  expect(existsSync(lockFolder)).toBe(false)
})
