import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { MeterDetail, StreetEvent } from '@gridcard/headend/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson, postJson, startTestStreet, type TestStreet } from './support/street.ts'

// Somebody has a meter's disk: what he takes out of its log, or writes into it, its card does not know.

type Logs = Record<'standard' | 'fraud' | 'disconnector', [atMs: number, code: number, number?: number][]>

let street: TestStreet
let dataDirectory: string
let serial: string
beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'gridcard-log-'))
  street = await startTestStreet({ meters: 1, dataDirectory })
  serial = street.street.meters[0]!.identity.serial
  for (const to of ['disconnected', 'connected']) {
    await postJson(street, `/api/meters/${serial}/switch`, { to, confirmSerial: serial })
  }
}, 240_000)
afterAll(async () => {
  await street?.close()
  rmSync(dataDirectory, { recursive: true, force: true })
}, 120_000)

const log = async () => (await getJson<MeterDetail>(street, `/api/meters/${serial}`)).log
const alarms = async () =>
  (await getJson<StreetEvent[]>(street, `/api/meters/${serial}/events?limit=50`)).filter(
    ({ kind }) => kind === 'log.broken',
  )
const readAnHourLater = async () => {
  street.clock.moveBy(3_600_000)
  const now = new Date(street.clock.nowMs()).toISOString()
  // a reading that was under way already is joined, and asks for nothing more
  for (let tries = 0; tries < 5 && (await log())?.checkedAt !== now; tries++) {
    await postJson(street, `/api/meters/${serial}/read`, {})
  }
}

/** As the meter's own code writes it: one line with a checksum, then JSON. */
async function changeDisk(change: (logs: Logs) => void): Promise<void> {
  await street.close()
  const path = join(dataDirectory, 'meters', `${serial}.state`)
  const [head, body] = readFileSync(path, 'latin1').split('\n') as [string, string]
  const state = JSON.parse(body) as { logs: Logs }
  change(state.logs)
  const changed = JSON.stringify(state)
  const checksum = crc32(changed).toString(16).padStart(8, '0')
  writeFileSync(path, `${head.split(' ').slice(0, 2).join(' ')} ${checksum}\n${changed}\n`)
  street = await startTestStreet({ meters: 1, dataDirectory })
}

describe('the log of a meter', { timeout: 240_000 }, () => {
  test('is what its card has sealed', async () => {
    await readAnHourLater()
    const known = await log()
    expect(known).toMatchObject({ state: 'verified', reason: null })
    expect(known!.entries).toBeGreaterThanOrEqual(3) // power up, disconnected, connected
    expect(await alarms()).toEqual([])
  })

  test.each<[string, (logs: Logs) => void]>([
    ['with an entry taken out', ({ disconnector }) => void disconnector.shift()],
    [
      'with an entry of another time',
      ({ disconnector }) => {
        disconnector[0]![0] -= 60_000
      },
    ],
    [
      'with another event in an entry',
      ({ disconnector }) => {
        disconnector[0]![1] = 62
      },
    ],
    ['with an entry put in', ({ fraud }) => void fraud.push([street.clock.nowMs(), 46])],
  ])('%s on its disk is found, and good again when all is as it was', async (_, change) => {
    const known = (await alarms()).length
    let whole: Logs | undefined
    await changeDisk((logs) => {
      whole = structuredClone(logs)
      change(logs)
    })
    await readAnHourLater()
    expect(await log()).toMatchObject({ state: 'broken', reason: 'its log is not what its card was given' })
    expect(await alarms()).toHaveLength(known + 1)
    await changeDisk((logs) => Object.assign(logs, whole))
    await readAnHourLater()
    expect(await log()).toMatchObject({ state: 'verified', reason: null })
  })
})
