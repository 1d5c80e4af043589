import { toHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect } from 'vitest'
import { Card, type CardProfile, type NvStore } from '../src/index.ts'
import { crc32 } from '../src/vm/memory/crc32.ts'
import { HANDLE_ENTRY_BYTES, HEADER, JOURNAL_OFFSET, ROOT, ROOT_SLOT_OFFSETS } from '../src/vm/memory/layout.ts'
import { CuttingStore } from './cutting-store.ts'

/** Every write of every step, torn everywhere: GRIDCARD_CUTS=all, by night. Else a sample, always the same. */
export const IS_EXHAUSTIVE = process.env['GRIDCARD_CUTS'] === 'all'
export const CUTS_TIMEOUT_MS = IS_EXHAUSTIVE ? 4 * 3_600_000 : 120_000
const SAMPLE = 24
/** A write of more bytes is torn in its first and last ones and in a few places between. */
const TORN_IN_EVERY_PLACE_BYTES = 40
const BUDGET = 400_000

/** What a card draws is the same in each run: states can be compared. */
export const sameEveryTime: CryptoProvider = {
  ...nodeCrypto,
  randomBytes: (length) => new Uint8Array(length).fill(0x5a),
  generateEcPrivateKey: (domain) => new Uint8Array(domain.order.length).fill(0x5a),
}

export interface CutStep {
  readonly name: string
  readonly act: (card: Card) => void
}

export interface CutReport {
  cuts: number
  /** Names of steps that are several atomic ones: after some cut the card was neither as before nor as after. */
  readonly between: string[]
  /** Names of steps that write without the journal, by a protocol of their own that the card's other tests look at. */
  readonly unjournalled: string[]
}

/**
 * All that persists and means something: heap and handles as far as they are in use, and the tops. How often the card was
 * powered and how many transactions there were does not count, nor what lies in memory that was never given out.
 */
export function persistentState(profile: CardProfile, image: Uint8Array): string {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const sound = ROOT_SLOT_OFFSETS.filter(
    (at) => view.getInt32(at + ROOT.check, true) === crc32(image, at, at + ROOT.check),
  )
  const sequence = (at: number) => view.getUint32(at + ROOT.sequence, true)
  const root = sound.reduce((a, b) => (((sequence(a) - sequence(b)) | 0) > 0 ? a : b))
  const heapTop = view.getUint32(root + ROOT.heapTop, true)
  const table = profile.nvSizeBytes - view.getUint16(root + ROOT.handleCount, true) * HANDLE_ENTRY_BYTES
  const parts = [
    image.subarray(root + ROOT.heapTop, root + ROOT.bootCount),
    image.subarray(root + ROOT.nextOwner, root + ROOT.check),
    image.subarray(JOURNAL_OFFSET + profile.commitCapacityBytes, heapTop),
    image.subarray(table, profile.nvSizeBytes),
  ]
  return parts.map((part) => toHex(nodeCrypto.sha256(part))).join(' ')
}

/**
 * Does the steps on the card of an image, over and over, with the power cut at one write after the other. Afterwards the
 * card opens and powers up, and what persists is as the last atomic step before the cut or the next one left it: atomic
 * steps are told by the writes of an uncut run, those of a root and those of a single byte.
 */
export function cutEachWrite(profile: CardProfile, image: Uint8Array, steps: readonly CutStep[]): CutReport {
  const open = (store: NvStore) => Card.open({ profile, crypto: sameEveryTime, store, instructionBudget: BUDGET })
  const stateOf = (stored: Uint8Array) => {
    const card = Card.open({ profile, crypto: sameEveryTime, image: stored })
    const state = persistentState(profile, card.image())
    card.powerOn()
    return state
  }
  const whole = new CuttingStore(image)
  const card = open(whole)
  const isRoot = (offsetBytes: number) => offsetBytes >= HEADER.sizeBytes && offsetBytes < JOURNAL_OFFSET
  /** For each write: the state that the last atomic step up to it left, and the step of ours that it belongs to. */
  const states: string[] = []
  const stepOf: number[] = []
  const first = stateOf(image)
  let state = first
  whole.onWrite = (offsetBytes, length) => {
    if (isRoot(offsetBytes) || length === 1) state = stateOf(whole.read()!)
    states.push(state)
  }
  const around = [state]
  for (const [index, step] of steps.entries()) {
    step.act(card)
    while (stepOf.length < whole.writes) stepOf.push(index)
    expect(stateOf(whole.read()!), step.name).toBe(persistentState(profile, card.image()))
    around.push(state)
  }
  const between = new Set<string>()
  const unjournalled = new Set<string>()
  let cuts = 0
  for (const { cutAt, tornBytes } of cutsOf(whole.sizes)) {
    const store = new CuttingStore(image, cutAt, tornBytes)
    expect(() => {
      const one = open(store)
      for (const step of steps) step.act(one)
    }, `write ${cutAt}`).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    const index = stepOf[cutAt]!
    const { name } = steps[index]!
    const found = stateOf(store.read()!)
    const isStep = found === (states[cutAt - 1] ?? first) || found === states[cutAt]
    if (!isStep) unjournalled.add(name)
    else if (found !== around[index] && found !== around[index + 1]) between.add(name)
    cuts++
  }
  if (IS_EXHAUSTIVE) console.log(`${cuts} power cuts in ${whole.writes} writes of ${steps.length} steps`)
  return { cuts, between: [...between], unjournalled: [...unjournalled] }
}

function* cutsOf(sizes: readonly number[]): Generator<{ cutAt: number; tornBytes: number }> {
  if (!IS_EXHAUSTIVE) {
    const stride = Math.max(1, Math.floor(sizes.length / SAMPLE))
    for (let cutAt = 0; cutAt < sizes.length; cutAt += stride) {
      yield { cutAt, tornBytes: (cutAt * 7) % (sizes[cutAt]! + 1) }
    }
    return
  }
  for (const [cutAt, size] of sizes.entries()) {
    for (let tornBytes = 0; tornBytes <= size; tornBytes++) {
      const isEdge = tornBytes < 8 || tornBytes > size - 8
      if (size <= TORN_IN_EVERY_PLACE_BYTES || isEdge || tornBytes % 61 === 0) yield { cutAt, tornBytes }
    }
  }
}
