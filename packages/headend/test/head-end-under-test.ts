import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Headend, type HeadendOptions, startHeadend } from '../src/index.ts'
import { openMemoryDatabase } from '../src/store/database.ts'
import { headendTitle, type PeerMeter } from './meter-peer.ts'

/** A clock that stands until it is set. */
export interface SettableClock {
  nowMs(): number
  setMs(atMs: number): void
}

export function clockAt(startMs: number): SettableClock {
  let nowMs = startMs
  return {
    nowMs: () => nowMs,
    setMs: (atMs) => {
      nowMs = atMs
    },
  }
}

export const silent = pino({ level: 'silent' })

export interface HeadendUnderTest {
  readonly headend: Headend
  readonly dataDir: string
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; headers: Headers; body: never }>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<{ status: number; body: never }>
  register(meter: PeerMeter, port?: number): Promise<void>
  close(): Promise<void>
}

/** A head-end as it runs, on a database in memory and a folder of its own; nothing is read unless asked for. */
export async function headendUnderTest(options: Partial<HeadendOptions> = {}): Promise<HeadendUnderTest> {
  const dataDir = options.dataDir ?? (await temporaryDirectory())
  const headend = await startHeadend({
    dataDir,
    port: 0,
    systemTitle: headendTitle,
    clock: { nowMs: () => Date.now() },
    logger: silent,
    isScheduled: false,
    // A machine at work takes ten times as long as an idle one.
    answerTimeoutMs: 30_000,
    openDatabase: () => openMemoryDatabase(),
    ...options,
  })
  const call = async (path: string, init: RequestInit) => {
    const response = await fetch(headend.url + path, init)
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    // What the API answers is judged by the test that asked.
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as never }
  }
  return {
    headend,
    dataDir,
    get: (path, headers = {}) => call(path, { headers }),
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    register: ({ serial, systemTitle, host, keys, ...meter }, port = meter.port) =>
      headend.registerMeter({ serial, systemTitle, host, port, keys }),
    async close() {
      await headend.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'gridcard-headend-'))
}
