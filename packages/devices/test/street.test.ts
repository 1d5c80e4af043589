import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Card } from '@gridcard/card'
import {
  cardStatusLogicalName,
  clientSaps,
  createStreet,
  type HomePlan,
  type Meter,
  managementSlot,
  meterLogicalNames,
  planStreet,
  SettableClock,
  type StreetOptions,
} from '@gridcard/devices'
import { fileDeviceStore, tcpListener } from '@gridcard/devices/node'
import { cosem, DlmsClient } from '@gridcard/dlms'
import { inProcessLink } from '@gridcard/terminal'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  dayMs,
  type FreshKeys,
  freshKeys,
  headendTitle,
  installedAtMs,
  nowMs,
  quarterMs,
  softwareModule,
  transportTo,
} from './support/meter-bench.ts'
import { makeMeterCard } from './support/meter-card.ts'
import { disconnectMethod, intervalsOf, loadProfile, readLog, readNumber } from './support/reading.ts'

const plan = planStreet({ seed: 'test street', meters: 5 })
let directory: string
let clock: SettableClock
let cards: Map<number, Card>
let keys: Map<number, FreshKeys>
let heads: Map<number, ReturnType<typeof softwareModule>>

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-street-'))
  clock = new SettableClock(nowMs)
  cards = new Map()
  keys = new Map()
  heads = new Map()
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

async function linkOf({ index, identity }: HomePlan) {
  if (!keys.has(index)) keys.set(index, freshKeys())
  if (!heads.has(index)) heads.set(index, softwareModule(headendTitle, identity.systemTitle, keys.get(index)!))
  if (!cards.has(index)) cards.set(index, await makeMeterCard(identity, keys.get(index)!))
  return inProcessLink(cards.get(index)!)
}

function streetOptions(change: Partial<StreetOptions> = {}): StreetOptions {
  return {
    plan,
    clock,
    scheduler: clock,
    clientSystemTitle: headendTitle,
    installedAtMs,
    linkOf,
    storeOf: ({ identity }) => fileDeviceStore(join(directory, identity.serial)),
    listenAt: () => tcpListener(),
    ...change,
  }
}

async function headendOf(meter: Meter, index: number): Promise<DlmsClient> {
  const client = new DlmsClient({
    transport: await transportTo(meter, clientSaps.management),
    mechanism: 'hls-gmac',
    security: heads.get(index)!,
    slot: managementSlot,
    serverSystemTitle: meter.identity.systemTitle,
  })
  await client.associate()
  return client
}

describe('a street with real cards', () => {
  test('stops what already runs when one meter cannot start', async () => {
    const meters: Meter[] = []
    const listenAt = ({ index }: HomePlan) =>
      index === 3
        ? async () => {
            throw new Error('port taken')
          }
        : tcpListener()
    const street = createStreet(streetOptions({ listenAt, onProgress: ({ meter }) => meters.push(meter) }))
    await expect(street).rejects.toThrow('port taken')
    expect(meters.every((meter) => !meter.state().isRunning)).toBe(true)
  })

  test('is read over a simulated day by its head-end, each meter with its own keys, and equals the truth', async () => {
    const progress: number[] = []
    const street = await createStreet(streetOptions({ onProgress: ({ started }) => progress.push(started) }))
    expect(progress).toEqual([1, 2, 3, 4, 5])
    const startMs = nowMs - (nowMs % quarterMs)
    clock.moveTo(startMs + dayMs)
    for (const [index, meter] of street.meters.entries()) {
      expect(meter.state().card).toEqual({ ready: true })
      const client = await headendOf(meter, index)
      const intervals = intervalsOf(await client.get(loadProfile)).filter((one) => one.startMs >= startMs)
      expect(intervals).toEqual(meter.truth.intervals(startMs, startMs + dayMs))
      expect(intervals).toHaveLength(96)
    }
    const strangers = await transportTo(street.meters[1]!, clientSaps.management)
    const wrong = new DlmsClient({
      transport: strangers,
      mechanism: 'hls-gmac',
      security: heads.get(0)!,
      slot: managementSlot,
      serverSystemTitle: street.meters[0]!.identity.systemTitle,
    })
    await expect(wrong.associate()).rejects.toThrow()
    await street.stop()
    expect(street.meters.some((meter) => meter.state().isRunning)).toBe(false)
  })

  test('goes on after all of it was stopped and built again: switch, logs and card counters are as they were', async () => {
    const first = await createStreet(streetOptions())
    const client = await headendOf(first.meters[2]!, 2)
    await client.action(disconnectMethod, cosem.integer(0))
    await first.stop()

    clock.moveBy(quarterMs)
    const second = await createStreet(streetOptions())
    const meter = second.meter(plan.homes[2]!.identity.serial)!
    expect(meter.state().switchState).toBe('disconnected')
    const again = await headendOf(meter, 2)
    expect(await readLog(again, 'disconnector')).toEqual([{ atMs: nowMs, code: 60 }])
    expect((await readLog(again, 'standard')).map(({ code }) => code)).toEqual([2, 1, 2])
    expect(await readNumber(again, 70, meterLogicalNames.disconnectControl, 3)).toBe(0)
    await second.stop()
  })

  test('shows each card to the head-end', async () => {
    const street = await createStreet(streetOptions())
    const client = await headendOf(street.meters[0]!, 0)
    const status = await client.get({ classId: 1, logicalName: cardStatusLogicalName, attributeIndex: 2 })
    expect(status).toMatchObject({
      type: 'structure',
      value: [
        { type: 'octet-string' },
        cosem.unsigned(1),
        cosem.enumeration(2),
        cosem.boolean(true),
        { type: 'double-long-unsigned' },
        { type: 'double-long-unsigned' },
        { type: 'double-long-unsigned' },
        { type: 'array', value: [{ type: 'structure', value: [cosem.unsigned(managementSlot), {}, {}, {}] }] },
      ],
    })
    await street.stop()
  })

  test('with the cards of two meters exchanged refuses the head-end in both, and says so', async () => {
    const swapped = async (home: HomePlan) => {
      await linkOf(home)
      return linkOf(plan.homes[home.index ^ 1] ?? home)
    }
    const street = await createStreet(
      streetOptions({ plan: { ...plan, homes: plan.homes.slice(0, 2) }, linkOf: swapped }),
    )
    for (const [index, meter] of street.meters.entries()) {
      expect(meter.state().card.ready).toBe(false)
      await expect(headendOf(meter, index)).rejects.toThrow()
    }
    await street.stop()
  })
})
