import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { AppletCard, SW_OK, selectCommand } from '../../test/applet-card.ts'
import { CuttingStore, everyCut } from '../../test/cutting-store.ts'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card } from '../index.ts'

const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const ISO = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const DELETE = `${SYSTEM}.requestObjectDeletion()V`
const makeTransient = (length: number, event: number) =>
  `bspush ${length} sconst_${event} ${SYSTEM}.makeTransientByteArray(SB)[B`
const array = (value: number) => `sconst_4 newarray byte dup sconst_0 bspush ${value} bastore`

/** What INS n does, n from 1; fields 0 to 2 are references, static@0 is one. Two-digit INS answer memory. */
const commands = [
  // 1: a cycle of two arrays, with a byte array and a transient one in it
  `sconst_3 anewarray java/lang/Object astore_2 sconst_2 anewarray java/lang/Object astore_3
    aload_2 sconst_0 aload_3 aastore aload_3 sconst_0 aload_2 aastore
    aload_2 sconst_1 bspush 100 newarray byte aastore aload_3 sconst_1 ${makeTransient(50, 1)} aastore
    aload_2 sconst_2 ${makeTransient(30, 2)} aastore
    aload_0 aload_2 putfield_a main.0 return`,
  // 2: the only way into the cycle goes
  'aload_0 aconst_null putfield_a main.0 return',
  // 3
  `${DELETE} return`,
  // 4: things that stay, made behind the cycle
  `aload_0 ${array(0x41)} putfield_a main.1 ${array(0x42)} putstatic_a static@0
    sconst_1 sconst_1 ${SYSTEM}.makeTransientObjectArray(SB)[Ljava/lang/Object; astore_2
    aload_2 sconst_0 ${array(0x43)} aastore aload_0 aload_2 putfield_a main.2 return`,
  // 5: their contents, as the status word of their differences to what they were; 6100 if all are right
  `sspush 24832 aload_0 getfield_a main.1 sconst_0 baload sadd getstatic_a static@0 sconst_0 baload sadd
    aload_0 getfield_a main.2 sconst_0 aaload sconst_0 baload sadd sspush 198 ssub ${ISO}`,
  // 6: dropped and asked for in a transaction that stays open
  `${SYSTEM}.beginTransaction()V aload_0 aconst_null putfield_a main.0 ${DELETE} return`,
  // 7: as 6, committed
  `${SYSTEM}.beginTransaction()V aload_0 aconst_null putfield_a main.0 ${DELETE} ${SYSTEM}.commitTransaction()V return`,
  // 8 to 10: free memory
  `sconst_0 ${SYSTEM}.getAvailableMemory(B)S ${ISO}`,
  `sconst_1 ${SYSTEM}.getAvailableMemory(B)S ${ISO}`,
  // 10: an array that takes all memory there is said to be, but for its entry
  `sconst_0 ${SYSTEM}.getAvailableMemory(B)S bspush 8 ssub newarray byte pop ${DELETE} return`,
  // 11: new objects in a transaction that is rolled back by the end of the command
  `${SYSTEM}.beginTransaction()V aload_0 ${array(1)} putfield_a main.0 return`,
  // 12: a new object in a transaction
  `${SYSTEM}.beginTransaction()V aload_0 ${array(1)} putfield_a main.0 ${SYSTEM}.commitTransaction()V return`,
]
const PROCESS = `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq GO return
  GO: aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B sconst_1 baload
  stableswitch { 1: ${commands.map((_, i) => `C${i + 1}`).join(' ')} default: DEFAULT }
  DEFAULT: return ${commands.map((code, i) => `C${i + 1}: ${code}`).join('\n')}`
const OPTIONS = { instance: { cells: 3, firstReferenceToken: 0, referenceCount: 3 }, text: '.statics references 1' }

const hex = (ins: number) => `80${ins.toString(16).padStart(2, '0')}0000`
const openCard = (image: Uint8Array) => Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, image })
function run(card: Card, ...instructions: number[]): string[] {
  return instructions.map((ins) => toHex(card.transmit(fromHex(hex(ins)))))
}
function fresh(): AppletCard {
  const one = new AppletCard(PROCESS, OPTIONS)
  expect(one.select()).toBe(SW_OK)
  return one
}
const OK = (count: number) => Array.from({ length: count }, () => SW_OK)

describe('requestObjectDeletion', () => {
  it('keeps what is referred to: by fields, static fields, and arrays in RAM', () => {
    const { card } = fresh()
    expect(run(card, 1, 4)).toEqual(OK(2))
    const { memory } = card.report()
    expect(run(card, 3, 5)).toEqual([SW_OK, '6100'])
    expect(card.report().memory).toEqual(memory)
  })

  it('gives back a cycle, persistent and transient; what stays is as it was', () => {
    const { card } = fresh()
    run(card, 4)
    const { memory } = card.report()
    const before = run(card, 8, 9)
    expect(run(card, 1, 2)).toEqual(OK(2))
    expect(run(card, 8, 9)).not.toEqual(before)
    expect(run(card, 3)).toEqual(OK(1))
    expect(run(card, 8, 9)).toEqual(before)
    expect(card.report().memory).toEqual(memory)
    expect(run(card, 5)).toEqual(['6100'])
  })

  it('moves what stays into the place of what goes', () => {
    const { card } = fresh()
    expect(run(card, 4, 3)).toEqual(OK(2))
    const { nvUsedBytes, ramUsedBytes, handleCount } = card.report().memory
    const other = fresh().card
    expect(run(other, 1, 4, 2, 3, 5)).toEqual([...OK(4), '6100'])
    expect(other.report().memory).toMatchObject({ ramUsedBytes })
    // Entries in front of one that is in use stay in the table, free to be given out again.
    expect(other.report().memory.nvUsedBytes - nvUsedBytes).toBe(8 * (other.report().memory.handleCount - handleCount))
    expect(run(other, 1)).toEqual(OK(1))
    expect(other.report().memory.handleCount).toBe(handleCount + 5)
  })

  it('waits for the end of the command, and for nothing more', () => {
    const { card } = fresh()
    expect(run(card, 10, 10, 10)).toEqual(OK(3))
  })

  it('belongs to no transaction: one that is rolled back brings its reference back', () => {
    const { card } = fresh()
    run(card, 1)
    const { memory } = card.report()
    expect(run(card, 6)).toEqual(['6F00'])
    expect(card.report().memory).toEqual(memory)
    expect(run(card, 7)).toEqual(OK(1))
    expect(card.report().memory.nvUsedBytes).toBeLessThan(memory.nvUsedBytes)
  })

  it('leaves no memory behind, however often objects come and go, in transactions or not', () => {
    const { card } = fresh()
    run(card, 1, 4, 2, 3)
    run(card, 1, 12, 11, 2, 3)
    const { memory } = card.report()
    for (let i = 0; i < 20; i++) run(card, 1, 12, 11, 2, 3)
    expect(card.report().memory).toEqual(memory)
    expect(run(card, 5)).toEqual(['6100'])
  })

  it('wipes what it frees', () => {
    const { card } = fresh()
    run(card, 4)
    expect(toHex(card.image())).toContain('41000000')
    const before = card.image()
    run(card, 1, 2, 3)
    expect(card.image().slice(100)).toEqual(before.slice(100))
  })
})

describe('a power cut in any write of a collection', () => {
  const select = (card: Card, aid: Uint8Array) => {
    card.powerOn()
    card.transmit(fromHex(selectCommand(aid)))
  }

  it('leaves a card that has all that is referred to, and the rest of the work is done when it is opened', () => {
    const one = fresh()
    run(one.card, 1, 4, 2)
    const image = one.card.image()
    const act = (card: Card) => {
      select(card, one.aid)
      run(card, 3)
    }
    const whole = new CuttingStore(image)
    act(Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store: whole }))
    const look = (card: Card) => {
      const { memory } = card.report()
      select(card, one.aid)
      // The transient array is empty after reset; the two others count.
      return { memory, free: run(card, 8, 9) }
    }
    const states = [look(openCard(image)), look(openCard(whole.read()!))]
    expect(states[0]).not.toEqual(states[1])
    let cuts = 0
    for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
      const store = new CuttingStore(image, cutAt, tornBytes)
      const card = Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store })
      expect(() => act(card)).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
      const stored = store.read()!
      expect(states, `write ${cutAt} after ${tornBytes} bytes`).toContainEqual(look(openCard(stored)))
      expect(toHex(openCard(stored).image())).toContain('41000000')
      cuts++
    }
    expect(cuts).toBeGreaterThan(100)
  })

  it('of making objects in freed handles loses no memory', () => {
    const one = fresh()
    run(one.card, 1, 4, 2, 3)
    const image = one.card.image()
    const make = (card: Card) => {
      select(card, one.aid)
      return run(card, 1)
    }
    const cleaned = (stored: Uint8Array) => {
      const card = openCard(stored)
      select(card, one.aid)
      expect(run(card, 2, 3)).toEqual(OK(2))
      return card.report().memory
    }
    const before = cleaned(image)
    const whole = new CuttingStore(image)
    expect(make(Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store: whole }))).toEqual(OK(1))
    for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
      const store = new CuttingStore(image, cutAt, tornBytes)
      const card = Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store })
      expect(() => make(card)).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
      expect(cleaned(store.read()!), `write ${cutAt} after ${tornBytes} bytes`).toEqual(before)
    }
  })
})
