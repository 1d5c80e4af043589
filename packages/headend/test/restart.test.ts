import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HeadendOptions, type StartStep, startHeadend } from '../src/index.ts'
import { openDatabase } from '../src/store/database.ts'
import { clockAt, headendUnderTest, silent, temporaryDirectory } from './head-end-under-test.ts'
import { headendTitle, type PeerMeter, quarterRows, startPeerMeter } from './meter-peer.ts'

const start = Date.UTC(2026, 5, 15, 12, 0, 20)
const lastQuarter = start - 20_000
const serial = 'GC00000001'

let dataDir: string
let meter: PeerMeter
beforeAll(async () => {
  dataDir = await temporaryDirectory()
  meter = await startPeerMeter({ serial, nowMs: () => start })
  meter.rows = quarterRows(lastQuarter - 86_400_000, lastQuarter)
})
afterAll(async () => {
  await meter.close()
  await rm(dataDir, { recursive: true })
})

const open = (options: Partial<HeadendOptions> = {}) =>
  headendUnderTest({ dataDir, openDatabase, clock: clockAt(start), ...options })

// One folder through its life: each test goes on where the one before ended.
describe('a head-end in its folder', () => {
  test('starts with progress, reads a meter and keeps what it read', async () => {
    const steps: StartStep[] = []
    const under = await open({ onStep: (step) => steps.push(step), streetId: 'elm' })
    expect(steps).toEqual(['creating-database', 'opening-database', 'opening-keys', 'listening'])
    await under.register(meter)
    expect((await under.post(`/api/meters/${serial}/read`)).body).toMatchObject({ done: true, intervalsStored: 96 })
    await expect(open()).rejects.toMatchObject({ code: 'HEADEND_DATA_LOCKED', place: { pid: process.pid } })
    await under.headend.close()
    expect(readdirSync(dataDir)).not.toContain('headend.lock')
  }, 240_000)

  test('goes on after a restart, without being given the keys again', async () => {
    const steps: StartStep[] = []
    let last: number | undefined
    const clock = (lastMs: number | undefined) => {
      last = lastMs
      return clockAt(start)
    }
    const under = await open({ onStep: (step) => steps.push(step), streetId: 'elm', clock })
    expect(steps).toEqual(['opening-database', 'opening-keys', 'listening'])
    expect(last).toBe(start)
    const { systemTitle, host, port } = meter
    await under.headend.registerMeter({ serial, systemTitle, host, port })
    const progress: unknown[] = []
    const outcomes = await under.headend.readAll(({ done, total }) => progress.push([done, total]))
    expect([outcomes, progress]).toMatchObject([[{ done: true, intervalsStored: 0 }], [[1, 1]]])
    expect((await under.get(`/api/meters/${serial}`)).body).toMatchObject({ intervalsStored: 96, state: 'online' })
    const kinds = (await under.headend.events.recent(20)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'headend.started')).toHaveLength(2)
    expect(kinds.filter((kind) => kind === 'meter.registered')).toHaveLength(1)
    await under.headend.close()
  }, 240_000)

  test('refuses to serve another street', async () => {
    await expect(open({ streetId: 'oak' })).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
  }, 240_000)

  test('killed in the middle of readings opens again, and repeats no counter', async () => {
    const script = join(import.meta.dirname, 'run-head-end.ts')
    const limitBefore = JSON.parse(readFileSync(join(dataDir, 'counters.json'), 'utf8')).meters[serial].sendLimit
    for (let round = 0; round < 2; round++) {
      const child = spawn(process.execPath, [script, dataDir, String(start)], { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = new Promise((resolve) => child.on('exit', resolve))
      const url = await new Promise<string>((resolve) =>
        child.stdout.once('data', (chunk) => resolve(String(chunk).trim())),
      )
      const read = () => fetch(`${url}/api/meters/${serial}/read`, { method: 'POST' })
      await (await read()).json()
      read().catch(() => {})
      child.kill('SIGKILL')
      await ended
      expect(readdirSync(dataDir)).toContain('headend.lock')
    }
    const under = await open()
    // The meter refuses every counter it has seen before, so an accepted session proves that none was repeated.
    expect((await under.post(`/api/meters/${serial}/read`)).body).toMatchObject({ done: true })
    expect((await under.get(`/api/meters/${serial}`)).body).toMatchObject({ intervalsStored: 96 })
    const { sendLimit } = JSON.parse(readFileSync(join(dataDir, 'counters.json'), 'utf8')).meters[serial]
    expect(sendLimit).toBeGreaterThanOrEqual(limitBefore + 3 * 256)
    await under.headend.close()
    expect(meter.security.map(({ kind }) => kind)).not.toContain('counter-replayed')
  }, 240_000)

  test('does not use keys whose counters are lost', async () => {
    const counters = readFileSync(join(dataDir, 'counters.json'))
    rmSync(join(dataDir, 'counters.json'))
    await expect(open()).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
    writeFileSync(join(dataDir, 'counters.json'), counters)
  }, 240_000)

  test('says that a damaged database is damaged, in one line, and lets the folder go', async () => {
    const control = join(dataDir, 'db', 'global', 'pg_control')
    const whole = readFileSync(control)
    writeFileSync(control, whole.subarray(0, 100))
    const refusal = await open().catch((error: Error & { code: string }) => error)
    expect(refusal).toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
    expect((refusal as Error).message).not.toContain('\n')
    expect(readdirSync(dataDir)).not.toContain('headend.lock')
    expect(process.exitCode ?? 0).toBe(0)
    rmSync(join(dataDir, 'db', 'PG_VERSION'))
    await expect(open()).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
  }, 240_000)
})

describe('a head-end does not start', () => {
  test('on a port that is taken, before it makes anything', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const directory = join(dataDir, 'never')
    const options = { dataDir: directory, port, systemTitle: headendTitle, clock: clockAt(start), logger: silent }
    await expect(startHeadend(options)).rejects.toMatchObject({ code: 'HEADEND_PORT_TAKEN', place: { port } })
    expect(readdirSync(dataDir)).not.toContain('never')
    taken.close()
  })
  test('at an address that is not its own, or with a title that is none', async () => {
    const options = { dataDir: join(dataDir, 'never'), port: 8080, systemTitle: headendTitle, clock: clockAt(start) }
    await expect(startHeadend({ ...options, logger: silent, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'HEADEND_BAD_OPTION',
    })
    const systemTitle = new Uint8Array(7)
    await expect(startHeadend({ ...options, logger: silent, systemTitle })).rejects.toMatchObject({
      code: 'HEADEND_BAD_OPTION',
    })
  })
})
