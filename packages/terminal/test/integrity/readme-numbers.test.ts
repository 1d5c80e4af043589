import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CuttingStore } from '../metering/operation-script.ts'
import { ready, reopen } from './integrity-bench.ts'
import { integrityScript } from './integrity-script.ts'

const readme = readFileSync(new URL('../../../../applets/integrity/README.md', import.meta.url), 'utf8')

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
  expect(Math.abs(told(row, column) - measured), `${row}: ${measured}`).toBeLessThanOrEqual(measured / 10)
}

it('what the README says of memory and writes is what a card measures', async () => {
  const { card } = await ready()
  const { packages, applets, memory } = card.report()
  expectAbout('package', 1, packages[0]!.sizeBytes)
  expectAbout('instance, persistent', 1, applets[0]!.persistentBytes)
  expectAbout('instance, transient', 1, applets[0]!.transientBytes)
  expectAbout('image in use', 1, memory.nvUsedBytes)

  const store = new CuttingStore(card.image())
  for (const { name, before, act } of integrityScript) {
    const { client } = await reopen(store)
    await client.status() // the boot is counted
    await before?.(client)
    const writes = store.writes
    const bytes = store.bytesWritten
    await act(client)
    expectAbout(name, 1, store.writes - writes)
    expectAbout(name, 2, store.bytesWritten - bytes)
  }
})
