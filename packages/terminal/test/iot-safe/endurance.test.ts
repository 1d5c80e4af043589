import { readFileSync } from 'node:fs'
import { toHex } from '@gridcard/bytes'
import { expect, it } from 'vitest'
import {
  iotSafeInstructions as INS,
  type IotSafeClient,
  iotSafeKinds,
  iotSafeTags,
  isCardRefusal,
} from '../../src/index.ts'
import { readmeOf } from '../command-table.ts'
import { CuttingStore } from '../metering/operation-script.ts'
import { blank, byId, done, plan, profile, ready, reopen, text } from './iot-safe-bench.ts'
import { operationScript, personalisationScript } from './operation-script.ts'

// ---- random commands

/** Random commands; a night takes a million: GRIDCARD_FUZZ=1000000. */
const COUNT = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)

/** Small, repeatable, and no secret. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

const TAGS = [...Object.values(iotSafeTags), ...Object.values(iotSafeKinds).flatMap(({ id, label }) => [id, label])]
/** Of the basic channel. */
const CLASSES = [0x00, 0x04, 0x10, 0x84, 0x90, 0x9c]
/** What leaves something behind on purpose. */
const EXCEPT: readonly number[] = [INS.GENERATE_KEY_PAIR, INS.PUT_PUBLIC_KEY_UPDATE]

/** A command that is nearly right: instruction and tags that there are, lengths that mostly fit. */
function nearlyRight(random: (below: number) => number): Uint8Array {
  const instructions = Object.values(INS)
  const data: number[] = []
  const count = random(6)
  for (let i = 0; i < count; i++) {
    const length = random(8) === 0 ? random(70) : random(3) + 1
    data.push(TAGS[random(TAGS.length)]!, random(12) === 0 ? random(256) : length)
    for (let k = 0; k < length; k++) data.push(random(3) === 0 ? random(256) : random(10))
  }
  const p1 = [0, 0, 0, 1, 2, 0x80, 0xc1, 0xc2, 0xc3, 0xc4, random(256)][random(11)]!
  const p2 = random(4) === 0 ? random(256) : random(3)
  const ins = random(20) === 0 ? random(256) : instructions[random(instructions.length)]!
  const body = data.slice(0, 255)
  const head = [random(30) === 0 ? CLASSES[random(CLASSES.length)]! : 0x80, ins, p1, p2]
  return Uint8Array.from([...head, ...(body.length > 0 ? [body.length, ...body] : []), ...(random(2) ? [0] : [])])
}

/** Everything that may be seen of the store, but what random commands may change: volatile keys and replaceable ones. */
async function stateOf(client: IotSafeClient): Promise<string> {
  const objects = done(await client.objects()).filter((one) => one.keyType?.endsWith('Volatile') !== true)
  const shown = objects.map((one) => ({ ...one, id: toHex(one.id), label: one.label && toHex(one.label) }))
  return JSON.stringify([
    shown,
    toHex(done(await client.readPublicKey(byId(1)))),
    toHex(done(await client.readFile(byId(2)))),
  ])
}

it(`${COUNT} random commands: each has a status word of the list, none changes the store`, {
  timeout: 3_600_000,
}, async () => {
  const { client, link, card } = await ready()
  const before = await stateOf(client)
  const image = toHex(card.image().slice(-4096))
  const random = randomFrom(20261130)
  const seen = new Map<string, number>()
  for (let i = 0; i < COUNT; i++) {
    const command = nearlyRight(random)
    // Channels and other applets are the runtime environment's.
    if (command[1] === 0x70 || command[1] === 0xa4 || EXCEPT.includes(command[1]!)) continue
    const answer = await link.transmit(command)
    const sw = toHex(answer.slice(-2))
    seen.set(sw, (seen.get(sw) ?? 0) + 1)
    expect(sw, toHex(command)).toMatch(
      /^(9000|6300|6700|6881|6882|6884|6982|6985|6989|6A80|6A81|6A82|6A84|6A86|6D00|6D01|6E00|6C..)$/,
    )
  }
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['9000', '6985', '6A80', '6A82', '6A86', '6D00', '6E00']))
  expect(await stateOf(client)).toBe(before)
  expect(toHex(card.image().slice(-4096)), 'no object came or went').toBe(image)
  done(await client.sign(byId(1), { text: text('still there') }))
})

// ---- power cuts

/** Every write of every command: GRIDCARD_CUTS=all, by night. Else a sample, always the same. */
const IS_EXHAUSTIVE = process.env['GRIDCARD_CUTS'] === 'all'
const SAMPLE = 1

/** Everything that may be seen of a card without changing it. */
async function shownOf(client: IotSafeClient): Promise<string> {
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
      const before = await shownOf(opened.client)
      const base = whole.bytes.slice()
      const already = whole.writes
      await act(opened.client)
      const writes = whole.writes - already
      opened.card.powerOff()
      const after = await shownOf((await reopen(new CuttingStore(whole.bytes))).client)
      const stride = IS_EXHAUSTIVE ? 1 : Math.max(1, Math.ceil(writes / SAMPLE))
      for (let n = IS_EXHAUSTIVE ? 0 : stride >> 1; n < writes; n += stride) {
        for (const torn of IS_EXHAUSTIVE ? [false, true] : [n % 2 === 1]) {
          const store = new CuttingStore(base)
          const { client } = await reopen(store)
          store.cutAt = store.writes + n
          store.torn = torn
          await expect(act(client), `${name} write ${n}`).rejects.toThrow()
          store.cutAt = Number.POSITIVE_INFINITY
          const state = await shownOf((await reopen(new CuttingStore(store.bytes))).client)
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
    expect(cuts).toBeGreaterThan(5)
  },
)

// ---- writes

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
  expect.soft(Math.abs(told(row, column) - measured) <= measured / 10, `${row} ${column}: ${measured}`).toBe(true)
}

async function measure(
  client: IotSafeClient,
  store: CuttingStore,
  name: string | undefined,
  act: (client: IotSafeClient) => Promise<unknown>,
): Promise<void> {
  const { writes, bytesWritten } = store
  await act(client)
  if (name === undefined) return
  expectAbout(name, 1, store.writes - writes)
  expectAbout(name, 2, store.bytesWritten - bytesWritten)
}

it('what the README says of memory and writes is what a card measures', async () => {
  const { card } = await ready()
  const { packages, applets, memory } = card.report()
  expectAbout('package', 1, packages[0]!.sizeBytes)
  expectAbout('instance, persistent', 1, applets[0]!.persistentBytes)
  expectAbout('instance, transient', 1, applets[0]!.transientBytes)
  expectAbout('image in use', 1, memory.nvUsedBytes)
  const making = new CuttingStore(new Uint8Array(profile.nvSizeBytes))
  const seen = new Set<string>()
  const line = await blank({ store: making })
  for (const [name, act] of personalisationScript) {
    // The first of a kind: blocks are named by their tags.
    const tag = name === 'end' ? 'CF' : name.slice(-2).toUpperCase()
    await measure(line.client, making, seen.has(tag) ? undefined : `STORE DATA ${tag}`, act)
    seen.add(tag)
  }
  const store = new CuttingStore(card.image())
  const { client } = await reopen(store)
  for (const [name, act] of operationScript) await measure(client, store, name, act)
  // Every command of the README is among them; signatures and keys in pieces under one name.
  const told = [...operationScript.map(([name]) => name), ...readmeOf('iot-safe').silent]
  for (const [, command] of readmeOf('iot-safe').commands) {
    const name = command.replace(/ (INIT|UPDATE)$/, '')
    expect(
      told.some((one) => one.startsWith(name)),
      `${command} is measured`,
    ).toBe(true)
  }
})
