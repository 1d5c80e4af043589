import { fromHex, GridcardError } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card, memoryStore } from '../src/index.ts'
import { AppletCard, addApplet } from './applet-card.ts'
import { METER_PROFILE, METER_SECURITY_CAP, MeterCard, SELECT } from './meter-security.ts'

/** Opens an image that was damaged; whatever it says, the host sees a card or a typed error. */
function open(image: Uint8Array): Card | undefined {
  try {
    return Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, image, instructionBudget: 10_000 })
  } catch (error) {
    if (error instanceof GridcardError) return undefined
    throw error
  }
}

/** In the middle of 64 bytes of zeros. */
function isFree(image: Uint8Array, at: number): boolean {
  return at > 700 && image.subarray(at - 32, at + 32).every((byte) => byte === 0)
}

describe('a damaged image', () => {
  it('is refused cut at any length', () => {
    const image = MeterCard.ready().card.image()
    for (let length = 0; length < image.length; length += 37) expect(open(image.slice(0, length))).toBeUndefined()
  })

  it('is refused, or is a card that answers, whichever byte is wrong', () => {
    const image = MeterCard.ready().card.image()
    // Heap and handle table lie at the two ends; what is free between them is zero and means nothing.
    const last = image.length - 1 - [...image].reverse().findIndex((_, i) => isFree(image, image.length - 1 - i))
    const first = image.findIndex((_, at) => isFree(image, at))
    const used = [...image.keys()].filter((at) => at < first || at > last)
    let opened = 0
    for (const [i, at] of used.entries()) {
      if (i % 3 !== 0) continue
      const damaged = image.slice()
      damaged[at]! ^= 1 << (i & 7)
      const card = open(damaged)
      if (card === undefined) continue
      opened++
      card.powerOn()
      expect(card.transmit(fromHex(SELECT)).length).toBeGreaterThanOrEqual(2)
      expect(card.transmit(fromHex('8002000000')).length).toBeGreaterThanOrEqual(2)
    }
    expect(opened).toBeGreaterThan(100)
  }, 240_000)
})

describe('a profile', () => {
  it.each([
    ['sizes that are no multiples of 8', { nvSizeBytes: 16380 }],
    ['too little NV', { nvSizeBytes: 2048 }],
    ['too little RAM', { ramSizeBytes: 512 }],
    ['more than handles can address', { nvSizeBytes: 1 << 24 }],
    ['a stack larger than half of RAM', { stackSizeBytes: 8000 }],
    ['hardly a commit buffer', { commitCapacityBytes: 10 }],
    ['a commit buffer that leaves no room', { commitCapacityBytes: 9000 }],
    ['no ATR', { atr: new Uint8Array() }],
  ])('is refused with %s', (_, wrong) => {
    const create = () => Card.create({ profile: { ...METER_PROFILE, ...wrong }, crypto: nodeCrypto })
    expect(create).toThrow(expect.objectContaining({ code: 'CARD_BAD_PROFILE' }))
  })

  it('belongs to the image', () => {
    const image = Card.create({ profile: METER_PROFILE, crypto: nodeCrypto }).image()
    const profile = { ...METER_PROFILE, name: 'another' }
    expect(() => Card.open({ profile, crypto: nodeCrypto, image })).toThrow(
      expect.objectContaining({ code: 'CARD_IMAGE_OTHER_PROFILE' }),
    )
  })
})

describe('a card that is full', () => {
  it('refuses a package, and is as before', () => {
    const profile = { ...METER_PROFILE, nvSizeBytes: 4096, commitCapacityBytes: 1024 }
    const card = Card.create({ profile, crypto: nodeCrypto })
    const before = card.image()
    expect(() => card.loadPackage(METER_SECURITY_CAP)).toThrow(expect.objectContaining({ code: 'CARD_MEMORY_FULL' }))
    expect(card.image()).toEqual(before)
  })
})

describe('a clone', () => {
  it('answers as the card of the same image does', () => {
    const meter = MeterCard.ready()
    const clone = new MeterCard(meter.card.clone())
    const opened = MeterCard.open(meter.card.image())
    expect(clone.card.image()).toEqual(meter.card.image())
    expect(() => clone.send(SELECT)).toThrow(expect.objectContaining({ code: 'CARD_NOT_POWERED' }))
    for (const one of [clone, opened]) one.counters()
    expect(clone.send('80300030')).toBe(opened.send('80300030'))
    expect(clone.card.report()).toEqual(opened.card.report())
    expect(meter.counters(), 'the first card').toMatch(/^00000000/)
  })

  it('of a clone, with another applet, over a store', () => {
    const store = memoryStore()
    const first = MeterCard.ready().card.clone()
    addApplet(first, 1, 'return')
    const second = first.clone({ store })
    expect(store.read()).toEqual(first.image())
    expect(second.report()).toEqual(first.report())
    second.powerOn()
    expect(store.read()).toEqual(second.image())
    expect(Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, store }).report()).toEqual(second.report())
  })

  it('is refused in the middle of a command', () => {
    const card: { card?: Card } = {}
    const seen: unknown[] = []
    const applet = new AppletCard('invokestatic javacard/framework/JCSystem.beginTransaction()V return', {
      onLog: () => {
        try {
          card.card?.clone()
        } catch (error) {
          seen.push(error)
        }
      },
    })
    card.card = applet.card
    applet.select()
    expect(seen[0]).toMatchObject({ code: 'CARD_BUSY' })
  })
})
