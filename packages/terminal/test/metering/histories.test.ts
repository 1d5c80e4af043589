import { fromHex, toHex } from '@gridcard/bytes'
import { Card, type NvStore } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { inProcessLink, isCardRefusal, keyIds, MeteringClient, nextGeneration } from '../../src/index.ts'
import { blankCard, deviceId, kek, keys, openBody, profile, ready, require, seal } from './metering-bench.ts'

/** Steps of random histories; a night takes a million: GRIDCARD_HISTORY_STEPS=1000000. */
const STEPS = Number(process.env['GRIDCARD_HISTORY_STEPS'] ?? 4000)
/** Random commands; a night takes a million: GRIDCARD_FUZZ=1000000. */
const FUZZ = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)

/** Small, repeatable, and no secret. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

class FallibleStore implements NvStore {
  bytes: Uint8Array
  left = Number.POSITIVE_INFINITY

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice()
  }

  read = () => this.bytes

  write(offsetBytes: number, part: Uint8Array): void {
    if (this.left-- <= 0) {
      this.bytes.set(part.subarray(0, part.length >> 1), offsetBytes)
      throw new Error('power cut')
    }
    this.bytes.set(part, offsetBytes)
  }
}

const text = fromHex('C0010000080000010000FF0200')

describe('random histories', () => {
  it('no key and counter ever protect twice, no accepted counter goes down, no key comes again', {
    timeout: 600_000 + 10 * STEPS,
  }, async () => {
    const random = randomFrom(20261130)
    const base = (await ready({ into: blankCard() })).card.image()
    let store = new FallibleStore(base)
    const start = async () => {
      store.left = Number.POSITIVE_INFINITY
      const card = Card.open({ profile, crypto: nodeCrypto, store })
      card.powerOn()
      const client = new MeteringClient(inProcessLink(card))
      await client.select()
      require(await client.bindDevice(deviceId))
      return client
    }
    let client = await start()
    let current = fromHex(keys[0].unicast)
    let waiting: Uint8Array | undefined
    let attempt: Uint8Array | undefined
    let keysHere = 1
    const used = new Set<string>()
    const accepted = new Map<string, number>()
    const count = { protect: 0, accepted: 0, refused: 0, cuts: 0, changes: 0 }
    const old: Uint8Array[] = [current]

    /** After a cut nobody knows which side of the change it was. */
    const settle = async () => {
      client = await start()
      count.cuts++
      const isChanging = ((await client.status()).changingSlots & 1) !== 0
      if (isChanging && waiting === undefined && attempt !== undefined) {
        waiting = attempt
        old.push(attempt)
        keysHere++
      }
      attempt = undefined
      if (waiting === undefined || isChanging) return
      // Confirmed or given up: a message tells which.
      const { invocationCounter: counter, body } = require(await client.protect(0, 0x30, text))
      note(counter)
      if (openBody({ slot: 0, control: 0x30, counter, body, key: waiting })) current = waiting
      waiting = undefined
    }
    const note = (counter: number) => {
      const pair = `${counter}`
      expect(used.has(pair), `counter ${counter} a second time`).toBe(false)
      used.add(pair)
      count.protect++
    }

    /** A slot takes 32 keys in its life; then the next card begins, with counters and keys of its own. */
    const nextCard = async () => {
      store = new FallibleStore(base)
      current = fromHex(keys[0].unicast)
      waiting = undefined
      attempt = undefined
      keysHere = 1
      used.clear()
      accepted.clear()
      old.splice(0, old.length, current)
      client = await start()
    }

    for (let step = 0; step < STEPS; step++) {
      if (keysHere === 32 && waiting === undefined && random(50) === 0) await nextCard()
      if (random(20) === 0) store.left = random(8)
      try {
        const what = random(100)
        if (what < 45) {
          note(require(await client.protect(0, 0x30, text)).invocationCounter)
        } else if (what < 90) {
          const key = waiting !== undefined && random(4) === 0 ? waiting : current
          const id = toHex(key)
          const counter = Math.max(0, (accepted.get(id) ?? -1) + random(7) - 2)
          const body = seal({ slot: 0, control: 0x30, counter, plaintext: text, key })
          const answer = await client.unprotect(key === current ? 0 : nextGeneration, 0x30, counter, body)
          if (isCardRefusal(answer)) {
            expect(answer.sw).toBe(0x6984)
            expect(counter).toBeLessThanOrEqual(accepted.get(id) ?? -1)
            count.refused++
          } else {
            expect(counter).toBeGreaterThan(accepted.get(id) ?? -1)
            accepted.set(id, counter)
            count.accepted++
            if (key === waiting) {
              current = waiting
              waiting = undefined
            }
          }
        } else if (what < 93 && keysHere < 32 && waiting === undefined) {
          const again = random(3) === 0
          const key = again ? old[random(old.length)]! : nodeCrypto.randomBytes(16)
          attempt = again ? undefined : key
          const answer = await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: nodeCrypto.aesKeyWrap(kek, key) }])
          if (again) expect(answer).toEqual({ sw: 0x6984 })
          else if (isCardRefusal(answer) && answer.sw === 0x6a84) keysHere = 32
          else if (!isCardRefusal(answer)) {
            waiting = key
            attempt = undefined
            old.push(key)
            keysHere++
            count.changes++
          }
        } else if (what < 95 && waiting !== undefined) {
          require(await client.abandonChange(0))
          waiting = undefined
        } else {
          store.left = 0
          await client.protect(0, 0x30, text).catch(() => {})
          await settle()
        }
      } catch (error) {
        if (!(error instanceof Error) || !/power/i.test(error.message)) throw error
        await settle()
        // An UNPROTECT that was cut may have raised the floor of the keys in use: what counts is that it never falls.
        const floor = require(await client.counters(0)).messageFloor
        expect(floor).toBeGreaterThanOrEqual((accepted.get(toHex(current)) ?? -1) + 1)
        accepted.set(toHex(current), floor - 1)
      }
    }
    expect(count.protect).toBeGreaterThan(STEPS / 4)
    expect(count.accepted).toBeGreaterThan(STEPS / 20)
    expect(count.refused).toBeGreaterThan(STEPS / 100)
    expect(count.cuts).toBeGreaterThan(STEPS / 100)
    expect(count.changes).toBeGreaterThan(3)
  })
})

describe('random commands', () => {
  it(`${FUZZ} of them: a status word, no key in any answer, and the card works afterwards`, {
    timeout: 3_600_000,
  }, async () => {
    const random = randomFrom(7)
    const { card, client } = await ready()
    const base = card.image()
    let current = card
    const instructions = Array.from({ length: 0x66 / 2 }, (_, i) => 2 * i).concat(0x84)
    const secrets = [...keys.flatMap(({ unicast, authentication }) => [unicast, authentication]), toHex(kek)]
    for (let i = 0; i < FUZZ; i++) {
      if (i % 500 === 499) {
        current = Card.open({ profile, crypto: nodeCrypto, image: base })
        current.powerOn()
        const again = new MeteringClient(inProcessLink(current))
        await again.select()
        require(await again.bindDevice(deviceId))
      }
      const ins = random(10) === 0 ? random(256) : instructions[random(instructions.length)]!
      // Zeroising is an answer, too, but then there is nothing left to ask.
      const p1 = ins === 0x64 ? 0 : random(3) === 0 ? random(256) : random(20)
      const length = random(5) === 0 ? random(255) : [0, 8, 16, 17, 24, 40, 74, 138][random(8)]!
      const data = Uint8Array.from({ length }, () => random(256))
      if (length >= 16 && random(2) === 0) data.set(fromHex('4752430000000001'), random(2) * 4)
      const command = Uint8Array.of(
        0x80,
        ins,
        p1,
        random(2) === 0 ? 0x30 : random(256),
        ...(length ? [length, ...data] : []),
        0,
      )
      const response = current.transmit(command)
      expect(response.length).toBeGreaterThanOrEqual(2)
      expect(response.at(-2)! === 0x6f, `6F00 for ${toHex(command)}`).toBe(false)
      const shown = toHex(response)
      for (const secret of secrets) expect(shown.includes(secret)).toBe(false)
    }
    const fresh = Card.open({ profile, crypto: nodeCrypto, image: base })
    fresh.powerOn()
    const last = new MeteringClient(inProcessLink(fresh))
    await last.select()
    require(await last.bindDevice(deviceId))
    require(await last.protect(0, 0x30, text))
    expect((await client.status()).version).toBe(1)
  })
})
