import { readFileSync } from 'node:fs'
import { fromHex, GridcardError } from '@gridcard/bytes'
import { createMethodPackage, emitComponents, parseCapFile, parseComponents } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../src/index.ts'
import { APPLET_AID, METER_PROFILE, METER_SECURITY_CAP, MeterCard, PACKAGE_AID, SELECT } from './meter-security.ts'

// Packages and commands that nobody meant. Each is answered with a status word or a typed error, in bounded time, and
// costs the card nothing. A night takes a million of each: GRIDCARD_FUZZ=1000000.

const RUNS = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)
/** Of all, packages are the slow half. */
const PACKAGES = Math.ceil(RUNS / 4)
const BUDGET = 3000
const TIMEOUT_MS = Math.max(120_000, RUNS * 40)

/** mulberry32: the same bytes every time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

type Random = ReturnType<typeof randomFrom>

/** Cut, bits turned over, bytes set, a part doubled or left out. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice()
  switch (random(6)) {
    case 0:
      return copy.subarray(0, random(copy.length))
    case 1: {
      const at = random(copy.length)
      return Uint8Array.of(...copy.subarray(0, at), ...copy.subarray(Math.max(0, at - random(9))))
    }
    default:
      for (let i = 0; i <= random(4); i++) {
        const at = random(copy.length)
        copy[at] = random(2) === 0 ? copy[at]! ^ (1 << random(8)) : random(256)
      }
      return copy
  }
}

const SMALL_AID = fromHex('F0475249440000F1')
const small = createMethodPackage({
  packageAid: SMALL_AID,
  text: `.statics references 1 default 4
    .class derived extends java/lang/Object
      .instance 2 references 1 from 0
      .public 1 derived_get
    .end
    .method derived_get stack 2 args 1
      getfield_a_this derived.0 pop getfield_s_this derived.1 sreturn
    .end`,
  methods: {
    run: {
      code: `A: new derived invokevirtual derived.1 sconst_0 sdiv sreturn B: C: pop
        bspush 4 newarray byte dup sconst_0 sconst_5 bastore sconst_0 baload sreturn
.catch A B C java/lang/ArithmeticException`,
      maxStack: 4,
    },
  },
  applet: { process: { code: 'invokestatic run pop return', maxStack: 4 } },
}).cap

describe('packages that nobody meant', () => {
  const profile = { ...METER_PROFILE, nvSizeBytes: 65_536 }
  const base = Card.create({ profile, crypto: nodeCrypto, instructionBudget: BUDGET })
  const shipped = ['meter-security.cap', 'bench.cap', 'crypto-probe.cap', 'metering.cap'].map((name) => {
    return parseCapFile(new Uint8Array(readFileSync(new URL(`../../../applets/prebuilt/${name}`, import.meta.url))))
  })
  const sources = [small, ...shipped].map((cap) => emitComponents(cap))
  /** Of the others one in eight: they are long. */
  const sourceOf = (seed: number) => sources[seed % 8 === 0 ? 1 + ((seed >> 3) % shipped.length) : 0]!

  it(`are refused or run, ${PACKAGES} of them`, { timeout: TIMEOUT_MS }, () => {
    const blank = base.report()
    let taken = 0
    for (let seed = 1; seed <= PACKAGES; seed++) {
      const random = randomFrom(seed)
      const bytes = mutated(sourceOf(seed), random)
      const card = base.clone({ instructionBudget: BUDGET })
      try {
        const cap = parseComponents(bytes)
        card.loadPackage(cap)
        taken++
        for (const { aid: appletAid } of cap.applet?.applets ?? []) {
          card.installApplet({ packageAid: cap.header.package.aid, appletAid, parameters: fromHex('01FF0000') })
          card.powerOn()
          card.transmit(Uint8Array.of(0x00, 0xa4, 0x04, 0x00, appletAid.length, ...appletAid))
          expect(card.transmit(fromHex('80010000')).length, `package ${seed}`).toBeGreaterThanOrEqual(2)
        }
      } catch (error) {
        if (!(error instanceof GridcardError)) throw new Error(`package ${seed}`, { cause: error })
        if (card.report().packages.length === 0) expect(card.report().memory, `package ${seed}`).toEqual(blank.memory)
      }
    }
    expect(taken).toBeGreaterThan(PACKAGES / 50)
    expect(base.report()).toEqual(blank)
  })
})

describe('commands that nobody meant', () => {
  const meter = MeterCard.ready()
  const SEEDS = [
    SELECT,
    '0070000001',
    '00708001',
    '8002000000',
    '80300030',
    '8010000018',
    '00C0000000',
    '00A4040000',
    '00C20000FF',
  ].map((hex) => fromHex(hex))

  it.each([
    ['T=1', '3B8001'],
    ['T=0', '3B00'],
  ])(`are answered in %s, ${RUNS / 2} of them`, { timeout: TIMEOUT_MS }, (_, atr) => {
    const profile = { ...METER_PROFILE, atr: fromHex(atr) }
    const first = Card.create({ profile, crypto: nodeCrypto, instructionBudget: BUDGET * 10 })
    first.loadPackage(METER_SECURITY_CAP)
    first.installApplet({ packageAid: PACKAGE_AID, appletAid: APPLET_AID })
    let card = first.clone({ instructionBudget: BUDGET * 10 })
    const ofClone = (one: Card) => ({ ...one.report().memory })
    const before = ofClone(first)
    for (let seed = 1; seed <= RUNS / 2; seed++) {
      const random = randomFrom(seed)
      if (seed % 500 === 1) {
        card = first.clone({ instructionBudget: BUDGET * 10 })
        card.powerOn()
      }
      const command =
        random(3) === 0
          ? Uint8Array.from({ length: random(40) }, () => random(256))
          : mutated(SEEDS[random(SEEDS.length)]!, random)
      const answer = card.transmit(command)
      const isWhole = answer.length >= 2 && answer.length <= 65538
      const status = (answer.at(-2)! << 8) | answer.at(-1)!
      expect(isWhole && (status >> 12 === 6 || status >> 12 === 9), `command ${seed}`).toBe(true)
    }
    expect(ofClone(card)).toEqual(before)
    expect(meter.counters(), 'another card').toMatch(/9000$/)
  })
})
