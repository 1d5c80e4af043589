import { readdirSync, readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card, type CardReport } from '../src/index.ts'
import { selectCommand } from './applet-card.ts'
import { CuttingStore } from './cutting-store.ts'
import { TEST_PROFILE } from './vm-fixture.ts'

// Every applet that is shipped: its loading, its installation and a walk through its instructions, with the power cut
// at every single write. The card starts again, with what is on it and in use as before or after the step that was cut; an
// applet that makes objects in a command may have made some of them.

const PREBUILT = new URL('../../../applets/prebuilt/', import.meta.url)
const PROFILE = { ...TEST_PROFILE, nvSizeBytes: 1 << 17, ramSizeBytes: 1 << 15, commitCapacityBytes: 2048 }
/** Applet data, where install wants some. */
const PARAMETERS: Readonly<Record<string, string>> = { 'metering.cap': '01000102' }
const files = readdirSync(PREBUILT).filter((name) => name.endsWith('.cap'))
const open = (store: CuttingStore) =>
  Card.open({ profile: PROFILE, crypto: nodeCrypto, store, instructionBudget: 200_000 })

type Step = (card: Card) => void

/** What is on a card and in use; how often it was powered does not count. */
const state = ({ packages, applets, memory }: CardReport) =>
  JSON.stringify([packages, applets.map(({ lifeCycle: _, ...rest }) => rest), memory])

/** @returns how many cuts were made */
function cutEachWrite(image: Uint8Array, steps: readonly Step[], between: 'before or after' | 'no more than'): number {
  const whole = new CuttingStore(image)
  const card = open(whole)
  const states = new Set([state(card.report())])
  let most = card.report().memory.nvUsedBytes
  for (const step of steps) {
    step(card)
    states.add(state(card.report()))
    most = Math.max(most, card.report().memory.nvUsedBytes)
  }
  const writes = whole.writes
  // Long walks are sampled evenly: every applet gets some eighty cuts.
  const stride = Math.max(1, Math.floor(writes / 80))
  let cuts = 0
  for (let cutAt = 0; cutAt < writes; cutAt += stride) {
    const store = new CuttingStore(image, cutAt, (cutAt * 7) % (whole.sizes[cutAt]! + 1))
    expect(() => {
      const one = open(store)
      for (const step of steps) step(one)
    }, `write ${cutAt}`).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    const again = Card.open({ profile: PROFILE, crypto: nodeCrypto, image: store.read()! })
    if (between === 'before or after') expect(states, `write ${cutAt}`).toContain(state(again.report()))
    else expect(again.report().memory.nvUsedBytes, `write ${cutAt}`).toBeLessThanOrEqual(most)
    again.powerOn()
    cuts++
  }
  return cuts
}

describe.each(files)('%s', (name) => {
  const bytes = new Uint8Array(readFileSync(new URL(name, PREBUILT)))
  const cap = parseCapFile(bytes)
  const [applet] = cap.applet!.applets
  const load: Step = (card) => card.loadPackage(cap)
  const install: Step = (card) => {
    const parameters = fromHex(PARAMETERS[name] ?? '')
    card.installApplet({ packageAid: cap.header.package.aid, appletAid: applet!.aid, parameters })
  }
  const blank = Card.create({ profile: PROFILE, crypto: nodeCrypto }).image()

  it('is loaded, installed and deleted', { timeout: 120_000 }, () => {
    const remove: Step = (card) => card.deletePackage(cap.header.package.aid, { withApplets: true })
    expect(cutEachWrite(blank, [load, install, remove], 'before or after')).toBeGreaterThan(20)
  })

  it('answers its instructions', { timeout: 120_000 }, () => {
    const card = Card.open({ profile: PROFILE, crypto: nodeCrypto, image: blank })
    load(card)
    install(card)
    const walk: Step[] = [(one) => one.powerOn(), (one) => one.transmit(fromHex(selectCommand(applet!.aid)))]
    for (let ins = 0; ins < 0x40; ins++) {
      for (const data of ['', '18'.padEnd(50, '5A')]) {
        const command = fromHex(`80${toHex(Uint8Array.of(ins))}0000${data}`)
        walk.push((one) => one.transmit(command))
      }
    }
    expect(cutEachWrite(card.image(), walk, 'no more than')).toBeGreaterThan(0)
  })
})
