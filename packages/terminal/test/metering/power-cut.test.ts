import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import type { MeteringClient } from '../../src/index.ts'
import { blankCard, deviceId, kek, ready, reopen, require } from './metering-bench.ts'
import { CuttingStore, operationScript } from './operation-script.ts'

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

describe('power cut at every write of every command', () => {
  it('the card starts again with the state before or after, never between', { timeout: 120_000 }, async () => {
    const seen: Record<string, number> = {}
    let image = (await ready({ into: blankCard() })).card.image()
    for (const [name, act] of operationScript) {
      const bind = async (store: CuttingStore) => {
        const opened = await reopen(store)
        await opened.client.bindDevice(deviceId)
        return opened
      }
      const whole = new CuttingStore(image)
      const opened = await bind(whole)
      const before = await stateOf(opened.client)
      const base = whole.bytes.slice()
      const already = whole.writes
      await act(opened.client)
      const writes = whole.writes - already
      opened.card.powerOff()
      const after = await stateOf((await bind(new CuttingStore(whole.bytes))).client)
      seen[name] = writes
      for (let n = 0; n < writes; n++) {
        for (const torn of [false, true]) {
          const store = new CuttingStore(base)
          const { client } = await bind(store)
          store.cutAt = store.writes + n
          store.torn = torn
          await expect(act(client), `${name} write ${n}`).rejects.toThrow()
          store.cutAt = Number.POSITIVE_INFINITY
          const state = await stateOf((await bind(new CuttingStore(store.bytes))).client)
          const known =
            name === 'GENERATE KEY PAIR' || name === 'TAMPER, zeroise' || state === before || state === after
          expect(known, `${name}, cut at write ${n} of ${writes}: ${state}`).toBe(true)
        }
      }
      image = whole.bytes
    }
    expect(Object.values(seen).every((writes) => writes > 0)).toBe(true)
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
