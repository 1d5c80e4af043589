import { expect, it } from 'vitest'
import {
  IntegrityClient,
  inProcessLink,
  integrityAppletAid,
  integrityInstallData,
  integrityPackageAid,
} from '../../src/index.ts'
import { expectAbout, expectCovered, expectTold, recorded, runRows, withoutRefusals } from '../command-table.ts'
import { CuttingStore } from '../metering/operation-script.ts'
import { integrityRows } from './command-rows.ts'
import { blankCard, expectRefused, profile, reopen, require } from './integrity-bench.ts'

async function fresh(clearPersonalisation = true) {
  const store = new CuttingStore(new Uint8Array(profile.nvSizeBytes))
  const card = blankCard(store)
  const parameters = integrityInstallData({ clearPersonalisation })
  card.installApplet({ packageAid: integrityPackageAid, appletAid: integrityAppletAid, parameters })
  card.powerOn()
  const { link, seen } = recorded(inProcessLink(card))
  const client = new IntegrityClient(link)
  await client.select()
  const restart = async () => {
    card.powerOff()
    card.powerOn()
    await client.select()
    await client.status() // the boot is counted
  }
  return { card, store, link, seen, client, restart }
}

it('every command is allowed and refused, and every status word answered', async () => {
  const made = await fresh()
  await runRows(integrityRows(), made)
  expect(await made.client.status()).toMatchObject({ lifeCycle: 'operational', hasAlarm: false, lastOrder: 5n })
  const strict = await fresh(false)
  expectRefused(await strict.client.putData({ identifier: 0x0106, value: new Uint8Array(0) }), 0x6982)
  // 6A84 comes after 2^32 events: their number stands behind their register in memory, and is set there from outside.
  const register = require(await made.client.readRegister(8))
  const image = made.card.image()
  const at = Buffer.from(image).indexOf(register) + register.length
  expect(new DataView(image.buffer).getUint32(at)).toBe((await made.client.status()).events)
  image.fill(0xff, at, at + 4)
  const worn = await reopen(new CuttingStore(image))
  expectRefused(await worn.client.measure(8, register), 0x6a84)
  expectCovered('integrity', [...made.seen, ...strict.seen, { ins: 0x40, sw: 0x6a84 }])
})

it('the README tells what each takes of memory and writes', async () => {
  const made = await fresh()
  const { card, store } = made
  const { packages, applets, memory } = card.report()
  expectAbout('integrity', 'package', packages[0]!.sizeBytes)
  expectAbout('integrity', 'instance, persistent', applets[0]!.persistentBytes)
  expectAbout('integrity', 'instance, transient', applets[0]!.transientBytes)
  expectAbout('integrity', 'image in use', memory.nvUsedBytes)
  const counts = () => ({ writes: store.writes, bytes: store.bytesWritten })
  expectTold('integrity', await runRows(withoutRefusals(integrityRows()), made, counts))
})
