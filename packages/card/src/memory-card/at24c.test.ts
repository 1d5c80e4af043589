import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { At24c } from './at24c.ts'
import { ChipMemory } from './chip-memory.ts'

function chip(sizeBytes: number, pageBytes: number) {
  const cells = new Uint8Array(sizeBytes).fill(0xff)
  return { cells, one: new At24c(new ChipMemory(cells, undefined, 0), pageBytes) }
}

describe('an I2C memory', () => {
  it('writes over the beginning of the page when it comes to its end', () => {
    const { cells, one } = chip(16, 8)
    one.pageWrite(6, fromHex('01020304'))
    expect(toHex(cells)).toBe('0304FFFFFFFF0102FFFFFFFFFFFFFFFF')
  })

  it('keeps the last bytes of more than a page', () => {
    const { cells, one } = chip(16, 8)
    one.pageWrite(8, fromHex('0102030405060708 090A'))
    expect(toHex(cells)).toBe('FFFFFFFFFFFFFFFF090A030405060708')
  })

  it('writes within a page what it is given, and nothing of nothing', () => {
    const { cells, one } = chip(16, 8)
    one.pageWrite(2, fromHex('AABB'))
    one.pageWrite(4, new Uint8Array())
    expect(toHex(cells)).toBe('FFFFAABBFFFFFFFFFFFFFFFFFFFFFFFF')
  })

  it('reads on from the beginning when it comes to the end', () => {
    const { cells, one } = chip(16, 8)
    cells[0] = 1
    cells[15] = 15
    expect(toHex(one.sequentialRead(15, 3))).toBe('0F01FF')
  })
})
