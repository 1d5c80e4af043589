import { describe, expect, it } from 'vitest'
import { MeteringClient } from '../../src/index.ts'
import { connectPcscReader } from '../../src/node.ts'
import { deviceId, giveKeys, require } from './metering-bench.ts'
import { operationScript } from './operation-script.ts'

/**
 * The commands of this folder's tests on a card in a reader of this system: GRIDCARD_PCSC_READER names it, or a part of its name. The
 * Metering applet is installed on it with C9 01 2D 02 00 01 02 (personalisation in clear), and not personalised. It is then
 * personalised, used and zeroised: the instance is of no use afterwards.
 */
const reader = process.env['GRIDCARD_PCSC_READER']

describe.skipIf(reader === undefined)('a card in a reader', () => {
  it(`${reader}: personalised, every command of operation, zeroised`, { timeout: 120_000 }, async () => {
    const link = await connectPcscReader(reader!)
    try {
      await link.powerOn()
      const client = new MeteringClient(link)
      await client.select()
      await giveKeys(client)
      await client.activate()
      require(await client.bindDevice(deviceId))
      for (const [, act] of operationScript) await act(client)
      expect((await client.status()).lifeCycle).toBe('zeroised')
    } finally {
      await link.close()
    }
  })
})

it.runIf(reader === undefined)('no card in a reader is tested: GRIDCARD_PCSC_READER names none', (context) => {
  context.skip('GRIDCARD_PCSC_READER names no reader')
})
