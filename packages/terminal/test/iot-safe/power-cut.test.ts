import { toHex } from '@gridcard/bytes'
import { expect, it } from 'vitest'
import { type IotSafeClient, isCardRefusal } from '../../src/index.ts'
import { CuttingStore } from '../metering/operation-script.ts'
import { blank, byId, done, plan, ready, reopen } from './iot-safe-bench.ts'
import { operationScript, personalisationScript } from './operation-script.ts'

/** Every write of every command: GRIDCARD_CUTS=all, by night. Else a sample, always the same. */
const IS_EXHAUSTIVE = process.env['GRIDCARD_CUTS'] === 'all'
const SAMPLE = 3

/** Everything that may be seen of a card without changing it. */
async function stateOf(client: IotSafeClient): Promise<string> {
  const shown: unknown[] = [done(await client.objects())]
  for (const { id } of plan.publicKeys!) shown.push(await client.readPublicKey({ id }))
  const content = await client.readFilePart(byId(2), 0)
  shown.push(content, isCardRefusal(await client.generateKeyPair(byId(99))))
  return JSON.stringify(shown, (_, value) => (value instanceof Uint8Array ? toHex(value) : value))
}

it.each([
  ['personalisation', personalisationScript, async () => (await blank()).card.image()],
  // COMPUTE DH works on keys that a cut takes away before it begins.
  ['use', operationScript.filter(([name]) => name !== 'COMPUTE DH'), async () => (await ready()).card.image()],
] as const)(
  'power cut at every write in %s: the store is as before the command or as after it',
  {
    timeout: 3_600_000,
  },
  async (_, script, begin) => {
    let image = await begin()
    let cuts = 0
    for (const [name, act] of script) {
      const whole = new CuttingStore(image)
      const opened = await reopen(whole)
      const before = await stateOf(opened.client)
      const base = whole.bytes.slice()
      const already = whole.writes
      await act(opened.client)
      const writes = whole.writes - already
      opened.card.powerOff()
      const after = await stateOf((await reopen(new CuttingStore(whole.bytes))).client)
      const stride = IS_EXHAUSTIVE ? 1 : Math.max(1, Math.ceil(writes / SAMPLE))
      for (let n = 0; n < writes; n += stride) {
        for (const torn of IS_EXHAUSTIVE ? [false, true] : [n % 2 === 1]) {
          const store = new CuttingStore(base)
          const { client } = await reopen(store)
          store.cutAt = store.writes + n
          store.torn = torn
          await expect(act(client), `${name} write ${n}`).rejects.toThrow()
          store.cutAt = Number.POSITIVE_INFINITY
          const state = await stateOf((await reopen(new CuttingStore(store.bytes))).client)
          // New pairs are other ones each time: their points may differ, their states not.
          const comparable = (one: string) =>
            name.includes('GENERATE') || name.includes('b9') ? one.replaceAll(/04[0-9A-F]{128}/g, 'point') : one
          const isKnown = [before, after].map(comparable).includes(comparable(state))
          expect(isKnown, `${name}, cut at write ${n} of ${writes}:\n${state}\n${before}\n${after}`).toBe(true)
          cuts++
        }
      }
      image = whole.bytes
    }
    expect(cuts).toBeGreaterThan(10)
  },
)
