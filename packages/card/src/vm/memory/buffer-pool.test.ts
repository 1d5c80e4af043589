import { describe, expect, it } from 'vitest'
import { BufferPool } from './buffer-pool.ts'
import { CardMemory, CLEAR_ON_DESELECT, CLEAR_ON_RESET } from './card-memory.ts'
import { BYTE_ARRAY_TYPE, FIRST_FREE_OWNER } from './handle-entry.ts'

const SHAPE = {
  nvSizeBytes: 8192,
  ramSizeBytes: 1024,
  stackSizeBytes: 256,
  commitCapacityBytes: 256,
  profileHash: new Uint8Array(8),
}
const SIZE = SHAPE.nvSizeBytes + SHAPE.ramSizeBytes
const OWNER = FIRST_FREE_OWNER

/** One small thing after another that a card does with its memory. */
function work(memory: CardMemory, seed: number): void {
  const length = 10 + (seed % 7) * 9
  memory.begin()
  const array = memory.newPersistent(OWNER, BYTE_ARRAY_TYPE, length, length)
  memory.putBytes(memory.addressOf(array), new Uint8Array(length).fill(seed))
  if (seed % 3 === 0) memory.abort()
  else memory.commit()
  const event = seed % 2 === 0 ? CLEAR_ON_RESET : CLEAR_ON_DESELECT
  const transient = memory.newTransient(OWNER, BYTE_ARRAY_TYPE, 12, 12, event)
  if (transient !== 0) memory.u8.fill(seed, memory.addressOf(transient), memory.addressOf(transient) + 12)
  memory.i16.fill(seed, memory.stackStart >> 1, (memory.stackStart >> 1) + 20)
}

/** All but the stack, which is nothing between commands. */
const contents = (memory: CardMemory) => {
  memory.hold()
  const bytes = memory.u8.slice(0, memory.stackStart)
  memory.letGo()
  return bytes
}

describe('memories that share buffers', () => {
  it('hold what memories with a buffer of their own hold', () => {
    const pool = new BufferPool(2 * SIZE)
    const memories = Array.from({ length: 5 }, () => CardMemory.format(SHAPE, 0, undefined, pool))
    const twins = Array.from({ length: 5 }, () => CardMemory.format(SHAPE, 0, undefined))
    for (const one of memories) one.letGo()
    for (let round = 0; round < 40; round++) {
      const index = (round * 7) % 5
      for (const one of [memories[index]!, twins[index]!]) {
        one.hold()
        work(one, round)
        one.letGo()
      }
      const other = (round * 3) % 5
      expect(contents(memories[other]!), `round ${round}`).toEqual(contents(twins[other]!))
      for (const [i, one] of memories.entries()) expect(one.image(), `round ${round}`).toEqual(twins[i]!.image())
    }
  })

  it('never lose a buffer while they are held', () => {
    const pool = new BufferPool(2 * SIZE)
    const held = [1, 2, 3].map(() => CardMemory.format(SHAPE, 0, undefined, pool))
    for (const [i, one] of held.entries()) one.u8[one.nvSizeBytes] = i + 1
    expect(held.map((one) => one.u8[one.nvSizeBytes])).toEqual([1, 2, 3])
  })

  it('keep their buffer for good when somebody looks at them', () => {
    const pool = new BufferPool(SIZE)
    const first = CardMemory.format(SHAPE, 0, undefined, pool)
    first.letGo()
    first.keep()
    const { u8 } = first
    for (let i = 0; i < 3; i++) CardMemory.format(SHAPE, 0, undefined, pool).letGo()
    expect(first.u8).toBe(u8)
  })

  it('give a clean buffer on', () => {
    const pool = new BufferPool(SIZE)
    const first = CardMemory.format(SHAPE, 0, undefined, pool)
    for (let seed = 1; seed < 9; seed++) work(first, seed)
    first.letGo()
    first.wasUsed = false
    const views = pool.take({ sizeBytes: SIZE, isHeld: true, wasUsed: true, park: () => expect.fail('is held') })
    expect(views.u8.every((byte) => byte === 0)).toBe(true)
    expect(first.u8).toHaveLength(0)
  })

  it('of other sizes take their turn, too', () => {
    const pool = new BufferPool(2 * SIZE)
    const small = [1, 2].map(() => CardMemory.format(SHAPE, 0, undefined, pool))
    for (const one of small) one.letGo()
    const large = CardMemory.format({ ...SHAPE, nvSizeBytes: 8192 + 512 }, 0, undefined, pool)
    expect(large.u8).toHaveLength(SIZE + 512)
    expect(small.filter((one) => one.u8.length === 0)).toHaveLength(1)
  })
})

describe('a clone', () => {
  it('has the persistent contents, and goes its own way', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    for (let seed = 1; seed < 9; seed++) work(memory, seed)
    const clone = memory.clone(SHAPE, undefined)
    expect(clone.image()).toEqual(memory.image())
    clone.hold()
    expect(clone.u8.subarray(clone.nvSizeBytes).every((byte) => byte === 0)).toBe(true)
    const before = memory.image()
    work(clone, 10)
    work(clone, 12)
    expect(memory.image()).toEqual(before)
    const opened = CardMemory.open(SHAPE, memory.image(), undefined)
    work(opened, 10)
    work(opened, 12)
    expect(clone.image()).toEqual(opened.image())
  })
})

describe('an image', () => {
  it('is all of the memory, whatever was aborted in it', () => {
    const memory = CardMemory.format(SHAPE, 0, undefined)
    for (let seed = 0; seed < 30; seed++) {
      work(memory, seed)
      expect(memory.clone(SHAPE, undefined).image()).toEqual(memory.u8.slice(0, memory.nvSizeBytes))
    }
    const opened = CardMemory.open(SHAPE, memory.image(), undefined)
    expect(opened.image()).toEqual(memory.image())
  })
})
