import { toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { CuttingStore, everyCut } from '../../../test/cutting-store.ts'
import { CardMemory, CLEAR_ON_DESELECT, CLEAR_ON_RESET, type MemoryShape } from './card-memory.ts'
import { BYTE_ARRAY_TYPE, DESELECT_OWNER } from './handle-entry.ts'
import { memoryStore } from './nv-store.ts'
import { JOURNAL_ENTRY_OVERHEAD_BYTES } from './undo-journal.ts'

const SHAPE: MemoryShape = {
  nvSizeBytes: 1024,
  ramSizeBytes: 256,
  stackSizeBytes: 64,
  commitCapacityBytes: 128,
  profileHash: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
}
const OWNER = 5

function newArray(memory: CardMemory, length: number): number {
  return memory.newPersistent(OWNER, BYTE_ARRAY_TYPE, length, length)
}

/** Everything an applet could see: allocation tops and the contents of all objects. */
function visible(memory: CardMemory): string {
  const { heapTop, handleCount } = memory.root
  const heap = memory.u8.slice(96 + SHAPE.commitCapacityBytes, heapTop)
  const table = memory.u8.slice(SHAPE.nvSizeBytes - handleCount * 8, SHAPE.nvSizeBytes)
  return JSON.stringify({ heapTop, handleCount, heap: [...heap], table: [...table] })
}

describe('a write of what is there already', () => {
  const written = (act: (memory: CardMemory, address: number) => unknown) => {
    const store = new CuttingStore()
    const memory = CardMemory.format(SHAPE, 0, store)
    const address = memory.addressOf(newArray(memory, 8))
    memory.putBytes(address, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    const before = store.writes
    act(memory, address)
    return store.writes - before
  }

  it('does not reach the store, each other one does', () => {
    expect(written((memory, at) => memory.putByte(at, 1))).toBe(0)
    expect(written((memory, at) => memory.putByte(at, -1))).toBe(1)
    expect(written((memory, at) => memory.putShort(at, 0x0201))).toBe(0)
    expect(written((memory, at) => memory.putShort(at, 0x0202))).toBe(4)
    expect(written((memory, at) => memory.putInt(at, 0x0201, 0x0403))).toBe(0)
    expect(written((memory, at) => memory.putInt(at, 0x0201, 0x0404))).toBe(4)
    expect(written((memory, at) => memory.putBytes(at + 2, Uint8Array.of(3, 4, 5)))).toBe(0)
    expect(written((memory, at) => memory.putBytes(at + 2, Uint8Array.of(3, 4, 6)))).toBe(4)
    expect(written((memory, at) => memory.copy(at, at, 8))).toBe(0)
    expect(written((memory, at) => memory.copy(at, at + 1, 4))).toBe(4)
  })

  it('takes its room in the commit buffer all the same while a transaction runs', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const address = memory.addressOf(newArray(memory, 100))
    memory.begin()
    expect(memory.putBytes(address, new Uint8Array(100))).toBe(true)
    expect(memory.putBytes(address, new Uint8Array(100))).toBe(false)
    memory.abort()
  })
})

describe('an image', () => {
  it.each([
    ['nothing', () => new Uint8Array(), 'CARD_IMAGE_CORRUPT'],
    ['bytes that are no image', (image: Uint8Array) => image.fill(7), 'CARD_IMAGE_CORRUPT'],
    ['a cut image', (image: Uint8Array) => image.slice(0, 1000), 'CARD_IMAGE_CORRUPT'],
    ['both roots damaged', (image: Uint8Array) => image.fill(0, 32, 96), 'CARD_IMAGE_CORRUPT'],
    ['another format', (image: Uint8Array) => image.fill(9, 4, 5), 'CARD_IMAGE_VERSION'],
    ['another profile', (image: Uint8Array) => image.fill(0, 16, 17), 'CARD_IMAGE_OTHER_PROFILE'],
    ['another size', (image: Uint8Array) => image.fill(0, 8, 9).fill(9, 9, 10), 'CARD_IMAGE_OTHER_PROFILE'],
  ])('is refused when it is %s', (_, damage, code) => {
    const image = CardMemory.format(SHAPE, 0, undefined).image()
    expect(() => CardMemory.open(SHAPE, damage(image), undefined)).toThrow(expect.objectContaining({ code }))
  })

  it('is refused, or opens, for every bit that flips in header and roots', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    newArray(memory, 10)
    const image = memory.image()
    for (let bit = 0; bit < 96 * 8; bit++) {
      const damaged = image.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      try {
        CardMemory.open(SHAPE, damaged, undefined)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^CARD_IMAGE_/) })
      }
    }
  })

  it('is refused when a handle entry points out of its memory', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const handle = newArray(memory, 10)
    const at = SHAPE.nvSizeBytes - (handle + 1) * 8
    for (const [offset, value] of [
      [1, 0xff],
      [5, 0x7f],
      [2, 0x10],
    ] as const) {
      const image = memory.image()
      image[at + offset] = value
      expect(() => CardMemory.open(SHAPE, image, undefined), `byte ${offset}`).toThrow(
        expect.objectContaining({ code: 'CARD_IMAGE_CORRUPT' }),
      )
    }
  })

  it('restores what was written', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const handle = newArray(memory, 10)
    memory.putByte(memory.addressOf(handle) + 3, 0x55)
    const again = CardMemory.open(SHAPE, memory.image(), undefined)
    expect(again.u8[again.addressOf(handle) + 3]).toBe(0x55)
    expect(visible(again)).toBe(visible(memory))
  })

  it('reaches a store write by write', () => {
    const store = memoryStore()
    const memory = CardMemory.format(SHAPE, 0, store)
    const at = memory.addressOf(newArray(memory, 20))
    memory.putByte(at, 1)
    memory.putShort(at + 2, 0x1234)
    memory.begin()
    memory.putInt(at + 4, 7, 8)
    memory.fill(at + 8, 4, 9)
    memory.commit()
    memory.copyNonAtomic(at, at + 12, 4)
    expect(store.read()).toEqual(memory.image())
  })
})

describe('allocation', () => {
  it('ends with 0 when memory is used up, and changes nothing then', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const before = visible(memory)
    expect(newArray(memory, 2000)).toBe(0)
    expect(memory.newTransient(OWNER, BYTE_ARRAY_TYPE, 300, 300, CLEAR_ON_RESET)).toBe(0)
    expect(visible(memory)).toBe(before)
  })

  it('accounts for every byte', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const free = memory.freePersistentBytes
    newArray(memory, 11)
    expect(free - memory.freePersistentBytes).toBe(8 + 12)
    const ram = memory.freeTransientBytes
    memory.newTransient(OWNER, BYTE_ARRAY_TYPE, 7, 7, CLEAR_ON_DESELECT)
    expect(ram - memory.freeTransientBytes).toBe(8)
  })

  it('marks the owner of CLEAR_ON_DESELECT arrays', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const reset = memory.newTransient(OWNER, BYTE_ARRAY_TYPE, 4, 4, CLEAR_ON_RESET)
    const deselect = memory.newTransient(OWNER, BYTE_ARRAY_TYPE, 4, 4, CLEAR_ON_DESELECT)
    expect(memory.word0(reset) >>> 24).toBe(OWNER)
    expect(memory.word0(deselect) >>> 24).toBe(OWNER | DESELECT_OWNER)
    expect(memory.addressOf(reset)).toBeGreaterThanOrEqual(SHAPE.nvSizeBytes)
  })

  it('gives zeros where an aborted transaction has written', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    memory.begin()
    const gone = newArray(memory, 10)
    memory.fill(memory.addressOf(gone), 10, 0xff)
    memory.abort()
    const handle = newArray(memory, 10)
    expect(handle).toBe(gone)
    expect(memory.u8.slice(memory.addressOf(handle), memory.addressOf(handle) + 10)).toEqual(new Uint8Array(10))
  })
})

describe('a transaction', () => {
  it('puts the first old value back on abort', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const at = memory.addressOf(newArray(memory, 10))
    memory.fill(at, 10, 1)
    const before = visible(memory)
    memory.begin()
    memory.putByte(at, 2)
    memory.putByte(at, 3)
    memory.putShort(at + 2, 4)
    memory.copy(at, at + 5, 3)
    memory.copy(at + 1, at + 4, 3)
    memory.abort()
    expect(visible(memory)).toBe(before)
  })

  it('journals one place of one size once, blocks each time, and fresh objects not at all', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const at = memory.addressOf(newArray(memory, 40))
    const cost = (write: () => void) => {
      const before = memory.unusedCommitBytes
      write()
      return before - memory.unusedCommitBytes
    }
    memory.begin()
    expect(cost(() => memory.putByte(at, 1))).toBe(1 + JOURNAL_ENTRY_OVERHEAD_BYTES)
    expect(cost(() => memory.putByte(at, 2))).toBe(0)
    expect(cost(() => memory.putShort(at, 2))).toBe(2 + JOURNAL_ENTRY_OVERHEAD_BYTES)
    expect(cost(() => memory.fill(at + 8, 20, 0))).toBe(20 + JOURNAL_ENTRY_OVERHEAD_BYTES)
    expect(cost(() => memory.fill(at + 8, 20, 0))).toBe(20 + JOURNAL_ENTRY_OVERHEAD_BYTES)
    const fresh = newArray(memory, 10)
    expect(cost(() => memory.fill(memory.addressOf(fresh), 10, 5))).toBe(0)
    memory.commit()
    expect(memory.unusedCommitBytes).toBe(SHAPE.commitCapacityBytes)
  })

  it.each(['commit', 'abort'] as const)('leaves none of the old bytes behind after %s', (end) => {
    const store = memoryStore()
    const memory = CardMemory.format(SHAPE, 0, store)
    const at = memory.addressOf(newArray(memory, 8))
    const secret = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4)
    const holdsSecret = () => toHex(store.read()!).includes(toHex(secret))
    memory.putBytes(at, secret)
    memory.begin()
    memory.fill(at, 8, 0)
    expect(holdsSecret()).toBe(true)
    memory[end]()
    expect(holdsSecret()).toBe(end === 'abort')
    memory.fill(at, 8, 0)
    expect(holdsSecret()).toBe(false)
  })

  it('refuses a write that the commit buffer has no room for, and has written nothing', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const at = memory.addressOf(newArray(memory, 200))
    memory.begin()
    expect(memory.fill(at, 150, 7)).toBe(false)
    expect(memory.u8[at]).toBe(0)
    for (let i = 0; i < 11; i++) expect(memory.putByte(at + i, 7)).toBe(true)
    expect(memory.putByte(at + 11, 7)).toBe(false)
    expect(memory.putByte(at, 8)).toBe(true)
    memory.abort()
    expect(memory.u8[at]).toBe(0)
  })
})

describe('a power cut', () => {
  /** Prepares a memory, then runs `act` over a store that fails at each write and place; the state must be old or new. */
  function cutEverywhere(act: (memory: CardMemory, at: number) => void): number {
    const image = (() => {
      const memory = CardMemory.format(SHAPE, 0, undefined)
      const at = memory.addressOf(newArray(memory, 60))
      for (let i = 0; i < 60; i++) memory.putByte(at + i, i)
      return memory.image()
    })()
    const run = (cutAt: number, tornBytes: number) => {
      const store = new CuttingStore(image, cutAt, tornBytes)
      const memory = CardMemory.open(SHAPE, image, store)
      let isCut = false
      try {
        act(memory, memory.addressOf(1))
      } catch (error) {
        expect(error).toMatchObject({ code: 'CARD_POWER_CUT' })
        isCut = true
      }
      return { store, isCut, memory }
    }
    const whole = run(Number.POSITIVE_INFINITY, 0)
    const before = visible(CardMemory.open(SHAPE, image, undefined))
    const after = visible(whole.memory)
    expect(visible(CardMemory.open(SHAPE, whole.store.read()!, undefined))).toBe(after)
    let cuts = 0
    for (const { cutAt, tornBytes } of everyCut(whole.store.sizes)) {
      const { store, isCut } = run(cutAt, tornBytes)
      expect(isCut).toBe(true)
      const stored = store.read()!
      const recovered = CardMemory.open(SHAPE, stored, undefined)
      expect([before, after], `cut in write ${cutAt} after ${tornBytes} bytes`).toContain(visible(recovered))
      // Recovery itself may be cut, too, and is finished by the next one.
      const recovery = new CuttingStore(stored)
      CardMemory.open(SHAPE, stored, recovery)
      for (const second of everyCut(recovery.sizes)) {
        const again = new CuttingStore(stored, second.cutAt, second.tornBytes)
        expect(() => CardMemory.open(SHAPE, stored, again)).toThrow()
        expect(visible(CardMemory.open(SHAPE, again.read()!, undefined))).toBe(visible(recovered))
      }
      cuts++
    }
    return cuts
  }

  it.each<[string, (memory: CardMemory, at: number) => void]>([
    ['a byte', (memory, at) => memory.putByte(at, 0xff)],
    ['a short', (memory, at) => memory.putShort(at + 2, 0x7f80)],
    ['a short of a static field', (memory, at) => memory.putStaticShort(at + 3, 0x7f80)],
    ['an int', (memory, at) => memory.putInt(at + 4, 0x0102, 0x0304)],
    ['an int of a static field', (memory, at) => memory.putStaticInt(at + 5, 0x0102, 0x0304)],
    ['a block', (memory, at) => memory.copy(at, at + 20, 32)],
    ['a filled block', (memory, at) => memory.fill(at, 40, 0xaa)],
    ['bytes from outside', (memory, at) => memory.putBytes(at, Uint8Array.of(9, 8, 7, 6, 5))],
    ['a new object', (memory) => newArray(memory, 12)],
    [
      'a transaction',
      (memory, at) => {
        memory.begin()
        memory.putByte(at, 0xee)
        memory.putShort(at + 2, 0x7777)
        memory.putByte(at, 0xdd)
        memory.fill(at + 10, 20, 0x99)
        memory.copy(at + 12, at + 20, 10)
        memory.putBytes(memory.addressOf(newArray(memory, 8)), Uint8Array.of(1, 2, 3, 4))
        memory.commit()
      },
    ],
    [
      'a transaction that is aborted',
      (memory, at) => {
        memory.begin()
        memory.putShort(at, 0x7777)
        newArray(memory, 8)
        memory.fill(at + 10, 20, 0x99)
        memory.abort()
      },
    ],
  ])('leaves %s as it was or as it should be', (_, act) => {
    expect(cutEverywhere(act)).toBeGreaterThan(1)
  })

  it('leaves each of several transactions whole', () => {
    // Between two commits the state is neither the first nor the last: compare with every commit point instead.
    const memory = CardMemory.format(SHAPE, 0, undefined)
    const start = memory.addressOf(newArray(memory, 16))
    const image = memory.image()
    const act = (one: CardMemory, seen?: Set<string>) => {
      for (let round = 1; round <= 4; round++) {
        one.begin()
        one.putShort(start, round)
        one.putShort(start + 8, round)
        one.commit()
        seen?.add(visible(one))
      }
    }
    const store = new CuttingStore(image)
    const states = new Set([visible(memory)])
    act(CardMemory.open(SHAPE, image, store), states)
    for (const { cutAt, tornBytes } of everyCut(store.sizes)) {
      const cut = new CuttingStore(image, cutAt, tornBytes)
      expect(() => act(CardMemory.open(SHAPE, image, cut))).toThrow()
      const recovered = CardMemory.open(SHAPE, cut.read()!, undefined)
      expect(states, `cut in write ${cutAt} after ${tornBytes} bytes`).toContain(visible(recovered))
    }
  })
})
