import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { inProcessLink, type MeteringClient } from '../../src/index.ts'
import { operationRows, type RowCard } from './command-rows.ts'
import { blankCard, deviceId, kek, ready, reopen, require } from './metering-bench.ts'
import { CuttingStore } from './operation-script.ts'

/** Everything that may be seen of a card without changing it. */
async function stateOf(client: MeteringClient): Promise<string> {
  const parts: unknown[] = [await client.status()]
  for (let slot = 0; slot < 3; slot++) parts.push(await client.counters(slot))
  for (let cell = 0; cell < 8; cell++) {
    for (const one of [0, 2, 13, 14, 15]) parts.push(await client.credential(cell, one))
  }
  for (let index = 0; index < 8; index++) parts.push(await client.quota(index))
  for (const use of ['sign', 'agree'] as const) parts.push(await client.publicKey(1, use))
  return JSON.stringify(parts, (_key, value) =>
    value instanceof Uint8Array ? toHex(value) : typeof value === 'bigint' ? `${value}` : value,
  )
}

/** Each n-th write; a night takes all: GRIDCARD_CUTS=all. */
const EVERY = process.env['GRIDCARD_CUTS'] === 'all' ? 1 : 4

describe('power cut at every write of every command', () => {
  it('the card starts again with the state before or after, never between', { timeout: 120_000 }, async () => {
    const seen: Record<string, number> = {}
    let image = (await ready({ into: blankCard() })).card.image()
    /** Bound, and with what the command needs since the power came. */
    const opened = async (store: CuttingStore, prepare?: (card: RowCard) => Promise<unknown>) => {
      const { client, card } = await reopen(store)
      await client.bindDevice(deviceId)
      const made = { client, card, link: inProcessLink(card), seen: [] }
      await prepare?.(made)
      return made
    }
    for (const { command, prepare, allowed } of operationRows()) {
      if (allowed === undefined) continue
      const whole = new CuttingStore(image)
      const made = await opened(whole, prepare)
      const before = await stateOf(made.client)
      const already = whole.writes
      await allowed(made)
      const writes = whole.writes - already
      made.card.powerOff()
      const after = await stateOf((await opened(new CuttingStore(whole.bytes))).client)
      seen[command] = writes
      const first = EVERY === 1 ? 0 : Object.keys(seen).length % EVERY
      for (let n = first; n < writes; n += EVERY) {
        for (const torn of [false, true]) {
          const store = new CuttingStore(image)
          const again = await opened(store, prepare)
          store.cutAt = store.writes + n
          store.torn = torn
          await expect(allowed(again), `${command} write ${n}`).rejects.toThrow()
          store.cutAt = Number.POSITIVE_INFINITY
          const state = await stateOf((await opened(new CuttingStore(store.bytes))).client)
          const isRandom = command === 'GENERATE KEY PAIR' || command === 'TAMPER, zeroise'
          const known = isRandom || state === before || state === after
          expect(known, `${command}, cut at write ${n} of ${writes}: ${state}`).toBe(true)
        }
      }
      image = whole.bytes
    }
    expect(Object.values(seen).filter((writes) => writes > 0).length).toBeGreaterThan(20)
  })

  it('zeroising that was cut is finished at the next command: no key is left', { timeout: 60_000 }, async () => {
    const base = (await ready({ into: blankCard() })).card.image()
    const whole = new CuttingStore(base)
    const opened = await reopen(whole)
    require(await opened.client.bindDevice(deviceId))
    const already = whole.writes
    require(await opened.client.tamper(2))
    for (let n = 1; n < whole.writes - already; n++) {
      const store = new CuttingStore(base)
      const { client } = await reopen(store)
      require(await client.bindDevice(deviceId))
      store.cutAt = store.writes + n
      await expect(client.tamper(2)).rejects.toThrow()
      store.cutAt = Number.POSITIVE_INFINITY
      const again = await reopen(new CuttingStore(store.bytes))
      const { lifeCycle } = await again.client.status()
      if (lifeCycle !== 'zeroised') continue
      expect(toHex(again.card.image())).not.toContain(toHex(kek))
      expect(toHex(again.card.image())).not.toContain('000102030405060708090A0B0C0D0E0F')
    }
  })

  it('a token is not answered before a try is spent for it', async () => {
    const base = (await ready({ into: blankCard() })).card.image()
    const wrong = fromHex('0000800000000000')
    const whole = new CuttingStore(base)
    const opened = await reopen(whole)
    require(await opened.client.bindDevice(deviceId))
    const already = whole.writes
    expect(await opened.client.token(wrong)).toEqual({ sw: 0x6988 })
    expect(whole.writes).toBeGreaterThan(already)
    for (let n = 0; n < whole.writes - already; n++) {
      const store = new CuttingStore(base)
      const { client } = await reopen(store)
      require(await client.bindDevice(deviceId))
      store.cutAt = store.writes + n
      await expect(client.token(wrong)).rejects.toThrow()
    }
  })
})
