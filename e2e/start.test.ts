import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// `gridcard start` as a program: what a user sees of it, and what a script relies on.

const cli = new URL('../packages/gridcard/src/cli.ts', import.meta.url).pathname

interface Run {
  readonly child: ChildProcess
  stdout: string
  stderr: string
}

function start(...args: string[]): Run {
  const child = spawn(process.execPath, [cli, 'start', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const run: Run = { child, stdout: '', stderr: '' }
  child.stdout?.on('data', (part: Buffer) => {
    run.stdout += part.toString()
  })
  child.stderr?.on('data', (part: Buffer) => {
    run.stderr += part.toString()
  })
  return run
}

async function exit(run: Run): Promise<number | null> {
  if (run.child.exitCode === null && run.child.signalCode === null) await once(run.child, 'exit')
  return run.child.exitCode
}

interface Ready {
  readonly url: string
  readonly meters: number
  readonly dataDirectory: string
}

async function ready(run: Run): Promise<Ready> {
  while (!run.stdout.includes('\n')) {
    if (run.child.exitCode !== null) throw new Error(`ended with ${run.child.exitCode}: ${run.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return JSON.parse(run.stdout) as Ready
}

const getJson = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-start-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('gridcard start refuses, with one line and exit code 2,', () => {
  test.each([
    [['--meters', 'many'], '--meters takes'],
    [['--speed', '0'], '--speed takes'],
    [['--port', '123456'], '--port takes'],
    [['--colour'], '--colour'],
    [['surplus'], 'too many arguments'],
  ])('%j', async (args, message) => {
    const run = start(...args)
    expect(await exit(run)).toBe(2)
    expect(run.stderr).toContain(message)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
    expect(run.stdout).toBe('')
  })

  test('a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const run = start('--data', join(directory, 'port'), '--port', String(port), '--meters', '1')
    expect(await exit(run)).toBe(2)
    expect(run.stderr).toContain(String(port))
    expect(run.stderr).toContain('--port')
    taken.close()
  })

  test('a folder of somebody else', async () => {
    const data = join(directory, 'foreign')
    mkdirSync(data)
    writeFileSync(join(data, 'thesis.txt'), 'years of work')
    const run = start('--data', data, '--port', '0')
    expect(await exit(run)).toBe(2)
    expect(run.stderr).toContain('thesis.txt')
    expect(readdirSync(data)).toEqual(['thesis.txt'])
  })

  test('a damaged record of the street', async () => {
    const data = join(directory, 'damaged')
    mkdirSync(data)
    writeFileSync(join(data, 'street.json'), '{')
    const run = start('--data', data, '--port', '0')
    expect(await exit(run)).toBe(2)
    expect(run.stderr).toContain('damaged')
  })
})

describe('gridcard start', () => {
  const data = () => join(directory, 'street')

  test('explains itself', async () => {
    const run = start('--help')
    expect(await exit(run)).toBe(0)
    for (const option of ['--meters', '--speed', '--data', '--port', '--json', 'Examples:']) {
      expect(run.stdout).toContain(option)
    }
  })

  test('says one line of JSON when ready, holds its folder, stops cleanly and goes on where it was', async () => {
    const first = start('--data', data(), '--port', '0', '--meters', '3', '--json')
    const { url, meters } = await ready(first)
    expect(meters).toBe(3)
    expect(first.stdout.trim().split('\n')).toHaveLength(1)
    const before = await getJson<{ serial: string; importWh: number; lastReadAt: string }[]>(`${url}api/meters`)
    expect(before).toHaveLength(3)
    expect(before.every(({ importWh }) => importWh > 0)).toBe(true)

    const second = start('--data', data(), '--port', '0')
    expect(await exit(second)).toBe(2)
    expect(second.stderr).toContain(`in use by process ${first.child.pid}`)

    first.child.kill('SIGINT')
    expect(await exit(first)).toBe(0)

    const again = start('--data', data(), '--port', '0', '--json')
    const after = await getJson<typeof before>(`${(await ready(again)).url}api/meters`)
    expect(after.map(({ serial }) => serial)).toEqual(before.map(({ serial }) => serial))
    for (const [i, meter] of after.entries()) {
      expect(meter.importWh).toBeGreaterThanOrEqual(before[i]!.importWh)
      expect(Date.parse(meter.lastReadAt)).toBeGreaterThanOrEqual(Date.parse(before[i]!.lastReadAt))
    }
    again.child.kill('SIGTERM')
    expect(await exit(again)).toBe(0)
  })

  test('starts again after a kill', async () => {
    const killed = start('--data', data(), '--port', '0', '--json')
    await ready(killed)
    killed.child.kill('SIGKILL')
    await exit(killed)
    const again = start('--data', data(), '--port', '0', '--json')
    const { url } = await ready(again)
    const meters = await getJson<{ state: string }[]>(`${url}api/meters`)
    expect(meters.map(({ state }) => state)).toEqual(['online', 'online', 'online'])
    again.child.kill('SIGTERM')
    expect(await exit(again)).toBe(0)
  })

  test('refuses fewer meters than the street has', async () => {
    const run = start('--data', data(), '--port', '0', '--meters', '2')
    expect(await exit(run)).toBe(2)
    expect(run.stderr).toContain('has 3 meters')
  })
})
