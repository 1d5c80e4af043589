import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SettableClock } from '@gridcard/devices'
import { launchStreet, type RunningStreet } from 'gridcard'
import { pino } from 'pino'

export interface TestStreet extends RunningStreet {
  readonly clock: SettableClock
  readonly dataDirectory: string
}

const silentProgress = { step: () => ({ update() {}, done() {} }) }

/** A noon on the quarter-hour grid, long enough ago for nobody to mind. */
export const testNoonMs = Date.UTC(2026, 4, 20, 12)

/**
 * A whole street as `gridcard start` makes it, real cards, real sockets, real store, but with a clock that stands until the
 * test moves it.
 */
export async function startTestStreet(options: {
  meters: number
  isScheduled?: boolean
  dataDirectory?: string
}): Promise<TestStreet> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'gridcard-e2e-'))
  let clock: SettableClock | undefined
  const running = await launchStreet({
    dataDirectory,
    meters: options.meters,
    port: 0,
    meterPort: 0,
    speed: 1,
    isScheduled: options.isScheduled ?? false,
    clockFrom: (earliestMs) => {
      clock = new SettableClock(Math.max(testNoonMs, earliestMs))
      return clock
    },
    progress: silentProgress,
    logger: pino({ level: 'silent' }),
  })
  return {
    ...running,
    clock: clock!,
    dataDirectory,
    async close() {
      await running.close()
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true })
    },
  }
}

export async function getJson<T>(street: RunningStreet, path: string): Promise<T> {
  const response = await fetch(`${street.url}${path}`)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

export async function postJson<T>(
  street: RunningStreet,
  path: string,
  body: unknown,
): Promise<{ status: number; body: T }> {
  const response = await fetch(`${street.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as T }
}
