import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CuttingStore } from '../metering/operation-script.ts'
import { ready, reopen } from './iot-safe-bench.ts'
import { operationScript } from './operation-script.ts'

const readme = readFileSync(new URL('../../../../applets/iot-safe/README.md', import.meta.url), 'utf8')

/** A number in the row of the README that begins so. */
function told(row: string, column: number): number {
  const cells = readme
    .split('\n')
    .find((line) => line.startsWith(`| ${row} |`))
    ?.split('|')
  const digits = (cells?.[column + 1] ?? '').replaceAll(/[^0-9]/g, '')
  return digits === '' ? Number.NaN : Number(digits)
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
  const { client } = await reopen(store)
  for (const [name, act] of operationScript) {
    const before = store.writes
    const bytesBefore = store.bytesWritten
    await act(client)
    expectAbout(name, 1, store.writes - before)
    expectAbout(name, 2, store.bytesWritten - bytesBefore)
  }
})
