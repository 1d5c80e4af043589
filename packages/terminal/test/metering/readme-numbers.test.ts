import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { blankCard, deviceId, ready, reopen, require } from './metering-bench.ts'
import { CuttingStore, operationScript } from './operation-script.ts'

const readme = readFileSync(new URL('../../../../applets/metering/README.md', import.meta.url), 'utf8')

/** A number in the row of the README that begins so. */
function told(row: string, column: number): number {
  const cells = readme
    .split('\n')
    .find((line) => line.startsWith(`| ${row} |`))
    ?.split('|')
  return Number((cells?.[column + 1] ?? '').replace(/[^0-9]/g, ''))
}

/** What a card of today measures lies within a tenth of what the README says. */
function expectAbout(row: string, column: number, measured: number): void {
  expect.soft(Math.abs(told(row, column) - measured), `${row}: ${measured}`).toBeLessThanOrEqual(measured / 10)
}

it('what the README says of memory and writes is what a card measures', async () => {
  const { card } = await ready({ into: blankCard() })
  const { packages, applets, memory } = card.report()
  expectAbout('package', 1, packages[0]!.sizeBytes)
  expectAbout('instance, persistent', 1, applets[0]!.persistentBytes)
  expectAbout('instance, transient', 1, applets[0]!.transientBytes)
  expectAbout('image in use', 1, memory.nvUsedBytes)

  const store = new CuttingStore(card.image())
  const { client } = await reopen(store)
  require(await client.bindDevice(deviceId))
  for (const [name, act] of operationScript) {
    const before = store.writes
    const bytesBefore = store.bytesWritten
    await act(client)
    expectAbout(name, 1, store.writes - before)
    expectAbout(name, 2, store.bytesWritten - bytesBefore)
  }
})
