import { expect, it } from 'vitest'
import {
  inProcessLink,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  partyCells,
} from '../../src/index.ts'
import { expectAbout, expectCovered, expectTold, recorded, runRows, withoutRefusals } from '../command-table.ts'
import { operationRows, personalisationRows } from './command-rows.ts'
import { blankCard, capName } from './metering-bench.ts'
import { CuttingStore } from './operation-script.ts'

const rows = () => [...personalisationRows, ...operationRows()]
const { root, supplier, networkOperator, changeOfSupplier } = partyCells

async function fresh() {
  const store = new CuttingStore(new Uint8Array(48 * 1024))
  const card = blankCard({ store })
  const parameters = meteringInstallData({
    suites: [0, 1, 2],
    cells: [root, supplier, networkOperator, changeOfSupplier],
    quotas: 2,
    clearPersonalisation: true,
  })
  card.installApplet({ packageAid: meteringPackageAid, appletAid: meteringAppletAid, parameters })
  card.powerOn()
  const { link, seen } = recorded(inProcessLink(card))
  const client = new MeteringClient(link)
  await client.select()
  return { card, store, link, seen, client }
}

it('every command is allowed and refused, and every status word answered', async () => {
  const made = await fresh()
  await runRows(rows(), made)
  expect((await made.client.status()).lifeCycle).toBe('zeroised')
  expectCovered('metering', made.seen)
})

it.skipIf(capName !== 'metering')('the README tells what each takes of memory and writes', async () => {
  const made = await fresh()
  const { card, store } = made
  const { packages, applets, memory } = card.report()
  expectAbout('metering', 'package', packages[0]!.sizeBytes)
  expectAbout('metering', 'instance, persistent', applets[0]!.persistentBytes)
  expectAbout('metering', 'instance, transient', applets[0]!.transientBytes)
  expectAbout('metering', 'image in use', memory.nvUsedBytes)
  const counts = () => ({ writes: store.writes, bytes: store.bytesWritten })
  expectTold('metering', await runRows(withoutRefusals(rows()), made, counts))
})
