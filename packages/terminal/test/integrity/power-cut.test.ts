import { toHex } from '@gridcard/bytes'
import { expect, it } from 'vitest'
import { type IntegrityClient, integrityDataGroups, isCardRefusal } from '../../src/index.ts'
import { CuttingStore } from '../metering/operation-script.ts'
import { first, image, installed, personalisation, ready, reopen, require, restart } from './integrity-bench.ts'
import { integrityScript, second } from './integrity-script.ts'

/** Power cuts at every write; without GRIDCARD_EVERY_CUT=1 at every third one, which ends at another place each time. */
const STRIDE = process.env['GRIDCARD_EVERY_CUT'] === undefined ? 3 : 1

/** What lasts of a card. The boots are left out: each time it is opened makes one more. */
async function stateOf(client: IntegrityClient): Promise<string> {
  const { boots: _, checks: __, isStarted: ___, isOnTrial: ____, hasMismatch: _____, ...status } = await client.status()
  const parts: unknown[] = [status, await client.readRegister(8)]
  for (let target = 0; target < 4; target++) parts.push(await client.releases(target))
  for (const key of ['attestation', 'manufacturer', 'responsible'] as const) parts.push(await client.publicKey(key))
  return JSON.stringify(parts, (key, value) =>
    key === 'started'
      ? undefined
      : value instanceof Uint8Array
        ? toHex(value)
        : typeof value === 'bigint'
          ? `${value}`
          : value,
  )
}

it('cut at any write of any command the card has the state before or after, and boots what it may', {
  timeout: 300_000,
}, async () => {
  let image_ = (await ready()).card.image()
  let cuts = 0
  for (const { name, before, act } of integrityScript) {
    const whole = new CuttingStore(image_)
    const { client } = await reopen(whole)
    await before?.(client)
    const base = whole.bytes.slice()
    const old = await stateOf(client)
    const already = whole.writes
    await act(client)
    const writes = whole.writes - already
    const next = await stateOf((await reopen(new CuttingStore(whole.bytes))).client)
    expect(writes, name).toBeGreaterThan(0)
    for (let n = cuts % STRIDE; n < writes; n += STRIDE) {
      const store = new CuttingStore(before === undefined ? base : image_)
      const opened = await reopen(store)
      await before?.(opened.client)
      store.cutAt = store.writes + n
      store.torn = n % 2 === 1
      await expect(act(opened.client), `${name} write ${n}`).rejects.toThrow()
      store.cutAt = Number.POSITIVE_INFINITY
      const again = await reopen(new CuttingStore(store.bytes))
      const state = await stateOf(again.client)
      expect([old, next], `${name}, cut at write ${n} of ${writes}`).toContain(state)
      cuts++
    }
    image_ = whole.bytes
  }
  expect(cuts).toBeGreaterThan(10)
})

it('cut at any write of an update the device starts the old or the new image, never none', {
  timeout: 300_000,
}, async () => {
  const base = (await ready()).card.image()
  const steps = integrityScript.slice(1, 4)
  const run = async (store: CuttingStore) => {
    for (const { before, act } of steps) {
      const { client } = await reopen(store)
      await before?.(client)
      await act(client)
    }
  }
  const whole = new CuttingStore(base)
  await run(whole)
  for (let n = 0; n < whole.writes; n += STRIDE) {
    const store = new CuttingStore(base)
    store.cutAt = n
    store.torn = n % 2 === 0
    await expect(run(store)).rejects.toThrow()
    store.cutAt = Number.POSITIVE_INFINITY
    const made = await reopen(store)
    let started = 0
    for (const one of [second, first]) {
      const verified = await made.client.verifyWholeImage(one, 'start')
      if (!isCardRefusal(verified) && !isCardRefusal(await made.client.startImage(0))) started++
      await restart(made)
    }
    expect(started, `cut at write ${n}`).toBeGreaterThan(0)
  }
})

it('a floor is stored before the answer, and a try before the image starts', async () => {
  const { card, client } = await ready()
  require(await client.verifyWholeImage(second, 'update'))
  await integrityScript[1]!.act(client)
  const base = card.image()
  for (let start = 0; start < 3; start++) {
    const store = new CuttingStore(base)
    const made = await reopen(store)
    for (let n = 0; n <= start; n++) {
      require(await made.client.verifyWholeImage(second, 'start'))
      require(await made.client.startImage(0))
      const { client: fresh } = await reopen(new CuttingStore(store.bytes))
      expect(require(await fresh.releases(0)).triesUsed).toBe(n + 1)
      await restart(made)
    }
  }
})

it('personalisation that is cut goes on where it was', { timeout: 120_000 }, async () => {
  const groups = integrityDataGroups(personalisation)
  const made = installed()
  made.card.powerOn()
  await made.client.select()
  const base = made.card.image()
  const run = async (client: IntegrityClient) => {
    for (const one of groups) {
      const answer = await client.putData(one)
      if (isCardRefusal(answer) && answer.sw !== 0x6985) throw new Error(`${answer.sw.toString(16)}`)
    }
  }
  const whole = new CuttingStore(base)
  await run((await reopen(whole)).client)
  for (let n = 1; n < whole.writes; n += STRIDE) {
    const store = new CuttingStore(base)
    store.cutAt = n
    await expect(reopen(store).then(({ client }) => run(client))).rejects.toThrow()
    store.cutAt = Number.POSITIVE_INFINITY
    const { client } = await reopen(store)
    await run(client)
    expect(await client.status()).toMatchObject({ lifeCycle: 'operational', systemTitle: personalisation.systemTitle })
    require(await client.verifyWholeImage(first, 'start'))
    require(await client.startImage(0))
  }
  expect(image().header.version).toBe(1)
})
