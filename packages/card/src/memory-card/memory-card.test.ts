import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { CuttingStore, everyCut, PowerLost } from '../../test/cutting-store.ts'
import { memoryStore } from '../vm/memory/nv-store.ts'
import { chipTypes, requireChipType } from './chip-types.ts'
import { MemoryCard } from './memory-card.ts'

const HEADER = 16

describe('an image', () => {
  const image = MemoryCard.create({ chip: 'sle4442' }).image()
  const changed = (at: number, value: number) => {
    const copy = image.slice()
    copy[at] = value
    return copy
  }

  it.each([
    ['nothing', new Uint8Array(), 'CARD_IMAGE_CORRUPT'],
    ['a cut header', image.slice(0, 15), 'CARD_IMAGE_CORRUPT'],
    ['the image of something else', changed(0, 0), 'CARD_IMAGE_CORRUPT'],
    ['a later format', changed(4, 2), 'CARD_IMAGE_VERSION'],
    ['another chip than the header was made for', changed(5, 2), 'CARD_IMAGE_CORRUPT'],
    ['missing cells', image.slice(0, -1), 'CARD_IMAGE_CORRUPT'],
    ['too many cells', Uint8Array.of(...image, 0), 'CARD_IMAGE_CORRUPT'],
  ])('is refused when it is %s', (_, bytes, code) => {
    expect(() => MemoryCard.open({ image: bytes })).toThrow(expect.objectContaining({ code }))
  })

  it('is refused when it is missing, and at every length but its own', () => {
    expect(() => MemoryCard.open({ store: memoryStore() })).toThrow(
      expect.objectContaining({ code: 'CARD_IMAGE_MISSING' }),
    )
    for (let length = 0; length < image.length; length++) {
      expect(() => MemoryCard.open({ image: image.slice(0, length) })).toThrow(/not the image/)
    }
  })

  it('is refused for every bit that flips in its header', () => {
    for (let bit = 0; bit < HEADER * 8; bit++) {
      const damaged = changed(bit >> 3, image[bit >> 3]! ^ (1 << (bit & 7)))
      expect(() => MemoryCard.open({ image: damaged })).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^CARD_IMAGE_/) }),
      )
    }
  })

  it('of every chip opens to what it was', () => {
    for (const { name } of chipTypes) {
      const card = MemoryCard.create({ chip: name })
      expect(MemoryCard.open({ image: card.image() }).report()).toEqual(card.report())
    }
  })
})

describe('a card', () => {
  it.each([
    [{ chip: 'sle4443' }, 'CARD_MEMORY_CHIP_UNKNOWN'],
    [{ chip: 'sle4442', code: fromHex('FFFF') }, 'CARD_MEMORY_BAD_CODE'],
    [{ chip: 'sle4428', code: fromHex('FFFFFF') }, 'CARD_MEMORY_BAD_CODE'],
    [{ chip: 'at24c02', code: fromHex('FFFF') }, 'CARD_MEMORY_BAD_CODE'],
  ])('that cannot be is refused: %o', (options, code) => {
    expect(() => MemoryCard.create(options)).toThrow(expect.objectContaining({ code }))
  })

  it('without power takes no command', () => {
    const card = MemoryCard.create({ chip: 'sle4442' })
    const read = fromHex('FF B0 00 00 01')
    expect(() => card.transmit(read)).toThrow(expect.objectContaining({ code: 'CARD_NOT_POWERED' }))
    card.powerOn()
    expect(toHex(card.transmit(read))).toBe('A29000')
    card.powerOff()
    expect(() => card.transmit(read)).toThrow(expect.objectContaining({ code: 'CARD_NOT_POWERED' }))
  })

  it('reports tries and protected ranges, and no code', () => {
    const card = MemoryCard.create({ chip: 'sle4442' })
    card.powerOn()
    card.transmit(fromHex('FF 20 00 00 03 00 00 00'))
    expect(card.report()).toEqual({
      chip: 'sle4442',
      title: 'SLE 4442',
      sizeBytes: 256,
      codeBytes: 3,
      triesLeft: 2,
      isLocked: false,
      protectedRanges: [
        [0, 3],
        [21, 26],
      ],
    })
  })

  it('is dead once its store refused a write, and its store is not', () => {
    const store = new CuttingStore(MemoryCard.create({ chip: 'at24c02' }).image(), 0)
    const card = MemoryCard.open({ store })
    card.powerOn()
    expect(() => card.transmit(fromHex('FF D0 00 00 01 55'))).toThrow(PowerLost)
    expect(() => card.powerOn()).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    expect(() => card.transmit(fromHex('FF B0 00 00 01'))).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    expect(MemoryCard.open({ image: store.read()! }).report().chip).toBe('at24c02')
  })
})

/** Runs commands until the power goes. */
function run(store: CuttingStore, script: readonly string[]): void {
  const card = MemoryCard.open({ store })
  card.powerOn()
  for (const command of script) card.transmit(fromHex(command))
}

const popCount = (value: number) => value.toString(2).replaceAll('0', '').length

describe('power cuts', () => {
  const SCRIPTS = {
    sle4442: {
      right: 'FF 20 00 00 03 12 34 56',
      script: [
        'FF A4 00 00 01 06',
        'FF 20 00 00 03 00 00 00',
        'FF 20 00 00 03 12 34 56',
        'FF D0 00 10 04 CA FE 13 37',
        'FF D1 00 10 03 CA FE 13',
        'FF 20 00 00 03 12 34 55',
        'FF 20 00 00 03 12 34 56',
        'FF D2 00 01 03 65 43 21',
        'FF 20 00 00 03 12 34 56',
        'FF 20 00 00 03 65 43 21',
        'FF D0 00 80 02 01 02',
      ],
    },
    sle4428: {
      right: 'FF 20 00 00 02 12 34',
      script: [
        'FF 20 00 00 02 00 00',
        'FF 20 00 00 02 12 34',
        'FF D0 02 10 04 CA FE 13 37',
        'FF D1 02 10 03 CA FE 13',
        'FF 20 00 00 02 12 33',
        'FF 21 00 00 04 12 34 65 43',
        'FF 20 00 00 02 12 34',
        'FF 20 00 00 02 65 43',
        'FF D0 03 00 02 01 02',
      ],
    },
  } as const

  it.each(Object.entries(SCRIPTS))(
    '%s: after a cut in any write each cell is before or after, and no try comes back',
    (chip, { right, script }) => {
      const type = requireChipType(chip)
      if (type.family === 'at24c') throw new Error('a chip with a code')
      const blank = MemoryCard.create({ chip, code: fromHex(right).slice(5) }).image()
      const whole = new CuttingStore(blank)
      run(whole, script)
      const states = [toHex(blank)]
      for (let cutAt = 0; cutAt < whole.writes; cutAt++) {
        const store = new CuttingStore(blank, cutAt, 1)
        expect(() => run(store, script)).toThrow(PowerLost)
        states.push(toHex(store.read()!))
      }
      expect(states.at(-1)).toBe(toHex(whole.read()!))
      expect(states.length).toBeGreaterThan(20)

      for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
        const store = new CuttingStore(blank, cutAt, tornBytes)
        expect(() => run(store, script)).toThrow(PowerLost)
        const image = store.read()!
        expect(toHex(image), `write ${cutAt} torn at ${tornBytes}`).toBe(states[tornBytes === 0 ? cutAt : cutAt + 1])
        const revived = MemoryCard.open({ image })
        revived.powerOn()
        const tries = revived.report().triesLeft!
        const wrong = fromHex(right).fill(0xee, 5)
        revived.transmit(wrong)
        expect(revived.report().triesLeft).toBe(tries - 1)
        expect(toHex(revived.transmit(fromHex('FF D0 00 80 01 99'))), 'the code is not verified any more').toBe('6982')
      }

      // Protect bits: once 0, 0 in every later state.
      const protection = (hex: string) =>
        fromHex(hex)
          .slice(HEADER + type.cells.protection)
          .slice(0, type.protectableBytes / 8)
      for (let i = 1; i < states.length; i++) {
        const before = protection(states[i - 1]!)
        protection(states[i]!).forEach((byte, at) => {
          expect(byte & ~before[at]!).toBe(0)
        })
      }
    },
  )

  it.each(Object.entries(SCRIPTS))(
    '%s: cutting the power in every presentation of a wrong code buys no try',
    (chip, { right }) => {
      const type = requireChipType(chip)
      if (type.family === 'at24c') throw new Error('a chip with a code')
      const wrong = toHex(fromHex(right).fill(0xee, 5))
      let image = MemoryCard.create({ chip, code: fromHex(right).slice(5) }).image()
      for (let tries = popCount(type.fullCounter); tries > 0; tries--) {
        const early = new CuttingStore(image, 0, 0)
        expect(() => run(early, [wrong]), 'cut before the try is spent: nothing was compared').toThrow(PowerLost)
        expect(early.read()).toEqual(image)
        const late = new CuttingStore(image, 0, 1)
        expect(() => run(late, [wrong])).toThrow(PowerLost)
        image = late.read()!
        expect(MemoryCard.open({ image }).report().triesLeft).toBe(tries - 1)
      }
      const locked = MemoryCard.open({ image })
      locked.powerOn()
      expect(toHex(locked.transmit(fromHex(right)))).toBe('6983')
      expect(locked.report().isLocked).toBe(true)
    },
  )

  it('at24c02: a torn page is a prefix of the new bytes, and other pages are whole', () => {
    const blank = MemoryCard.create({ chip: 'at24c02' }).image()
    const script = ['FF D0 00 04 10 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F']
    const whole = new CuttingStore(blank)
    run(whole, script)
    expect(whole.sizes).toEqual([4, 8, 4])
    for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
      const store = new CuttingStore(blank, cutAt, tornBytes)
      expect(() => run(store, script)).toThrow(PowerLost)
      const written = [0, 4, 12][cutAt]! + tornBytes
      const bytes = store.read()!.slice(HEADER + 4, HEADER + 20)
      expect([...bytes]).toEqual(Array.from({ length: 16 }, (_, i) => (i < written ? i : 0xff)))
    }
  })

  it.each([
    ['an empty store', 0],
    ['a store that has its size already', 4096],
  ])('while a card is made in %s: there is a card, or none', (_, sizeBytes) => {
    for (const type of chipTypes.filter((one) => ['sle4442', 'sle4428', 'at24c02'].includes(one.name))) {
      const chip = type.name
      const room = new Uint8Array(Math.min(sizeBytes, HEADER + type.cellsBytes))
      const whole = new CuttingStore(room)
      MemoryCard.create({ chip, store: whole })
      for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
        const store = new CuttingStore(room, cutAt, tornBytes)
        expect(() => MemoryCard.create({ chip, store })).toThrow(PowerLost)
        if (toHex(store.read() ?? new Uint8Array()) === toHex(whole.read()!)) continue
        expect(() => MemoryCard.open({ store })).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^CARD_IMAGE_/) }),
        )
      }
    }
  })
})

/** Numbers that look random and are the same every time (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** A night takes a million: GRIDCARD_FUZZ=1000000. */
const HOSTILE = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)
const HOSTILE_TIMEOUT_MS = 10_000 + HOSTILE * 2
const INSTRUCTIONS = fromHex('01 20 21 30 3A A4 B0 B1 B2 B3 D0 D1 D2 D6 D7 CA')

/** One in four is noise; the others are framed well and mean ill. */
function hostileCommand(next: (below: number) => number): Uint8Array {
  const any = (length: number) => Array.from({ length }, () => next(256))
  if (next(4) === 0) return Uint8Array.from(any(next(2) === 0 ? next(300) : next(12)))
  const data = any(next(9))
  const head = [
    0xff,
    INSTRUCTIONS[next(INSTRUCTIONS.length)]!,
    next(3) === 0 ? next(5) : 0,
    next(2) === 0 ? next(256) : 0,
  ]
  if (data.length === 0) return Uint8Array.from([...head, next(256)])
  return Uint8Array.from([...head, data.length, ...data, ...any(next(8) === 0 ? 1 : 0)])
}

describe(`${HOSTILE} hostile commands`, { timeout: HOSTILE_TIMEOUT_MS }, () => {
  it.each([
    ['sle4442', 'C0FFEE'],
    ['sle4428', 'C0DE'],
  ])('%s: without the code nothing changes but the counter, which only falls', (chip, code) => {
    const type = requireChipType(chip)
    if (type.family === 'at24c') throw new Error('a chip with a code')
    const next = seeded(4442)
    const card = MemoryCard.create({ chip, code: fromHex(code) })
    card.powerOn()
    const withoutCounter = () =>
      toHex(card.image().fill(0, HEADER + type.cells.errorCounter, HEADER + type.cells.errorCounter + 1))
    const before = withoutCounter()
    let tries = card.report().triesLeft!
    for (let i = 0; i < HOSTILE; i++) {
      const command = hostileCommand(next)
      const response = card.transmit(command)
      expect(response.length).toBeGreaterThanOrEqual(2)
      expect(response.length).toBeLessThanOrEqual(258)
      const left = card.report().triesLeft!
      expect(left, toHex(command)).toBeLessThanOrEqual(tries)
      tries = left
    }
    expect(withoutCounter()).toBe(before)
    expect(tries).toBe(0)
  })

  it.each(['sle4442', 'sle4428', 'at24c02', 'at24c1024'])(
    '%s: with the code, an answer each time and protection only grows',
    (chip) => {
      const type = requireChipType(chip)
      const next = seeded(1608)
      const card = MemoryCard.create({ chip })
      card.powerOn()
      const right =
        type.family === 'at24c'
          ? fromHex('FF B0 00 00 01')
          : Uint8Array.of(0xff, 0x20, 0, 0, type.codeBytes, 0xff, 0xff, 0xff).slice(0, 5 + type.codeBytes)
      let protectedBytes = 0
      for (let i = 0; i < HOSTILE; i++) {
        const response = card.transmit(i % 3 === 0 ? right : hostileCommand(next))
        expect(response.length).toBeGreaterThanOrEqual(2)
        expect(response.length).toBeLessThanOrEqual(258)
        if (i % 100 !== 0) continue
        const count = card.report().protectedRanges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
        expect(count).toBeGreaterThanOrEqual(protectedBytes)
        protectedBytes = count
      }
      expect(MemoryCard.open({ image: card.image() }).report()).toEqual(card.report())
    },
  )
})
