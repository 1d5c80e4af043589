import { meterLogicalNames } from '@gridcard/devices'
import { type CardLink, inProcessLink } from '@gridcard/terminal'
import { afterEach, expect, test } from 'vitest'
import { MeterBench, nowMs } from './support/meter-bench.ts'
import { makeMeterCard } from './support/meter-card.ts'
import { atMsOf, readLog, readNumber } from './support/reading.ts'

const bench = new MeterBench()
afterEach(() => bench.close())

test('a card pulled out of a running meter ends the ciphered part, is logged once, and serves again when it is back', async () => {
  const card = inProcessLink(await makeMeterCard(bench.identity, bench.keys))
  let isPresent = true
  const whilePresent = <T>(act: () => Promise<T>) => (isPresent ? act() : Promise.reject(new Error('no card')))
  const link: CardLink = {
    powerOn: () => whilePresent(() => card.powerOn()),
    transmit: (command) => whilePresent(() => card.transmit(command)),
    powerOff: () => whilePresent(() => card.powerOff()),
  }
  const meter = await bench.started({ link })
  const client = await bench.managementClient(meter)
  expect(await readNumber(client, 3, meterLogicalNames.importEnergy)).toBe(meter.truth.registers().importWh)

  isPresent = false
  await expect(readNumber(client, 3, meterLogicalNames.importEnergy)).rejects.toThrow()
  await expect(bench.managementClient(meter)).rejects.toThrow()
  expect(meter.state().card.ready).toBe(false)
  const publicClient = await bench.publicClient(meter)
  const clock = { classId: 8, logicalName: meterLogicalNames.clock, attributeIndex: 2 }
  expect(atMsOf(await publicClient.get(clock))).toBe(nowMs)

  isPresent = true
  const again = await bench.managementClient(meter)
  expect(await readLog(again, 'fraud')).toEqual([{ atMs: nowMs, code: 230 }])
  expect(bench.eventsOf('card-unavailable')).toHaveLength(1)
  expect(bench.eventsOf('card-ready')).toHaveLength(2)
})
