import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { ChipMemory } from './chip-memory.ts'
import { factoryCells, requireChipType } from './chip-types.ts'
import { Sle4428 } from './sle4428.ts'

function chip(code = 'FFFF') {
  const cells = factoryCells(requireChipType('sle4428'), fromHex(code))
  const one = new Sle4428(new ChipMemory(cells, undefined, 0))
  one.powerOn()
  return {
    cells,
    powerOn: () => one.powerOn(),
    reset: () => toHex(one.reset()),
    send(command: string): string {
      const [control, address, data] = fromHex(command) as unknown as [number, number, number]
      return toHex(one.send(control, address, data))
    },
    run(...commands: readonly string[]) {
      for (const command of commands) this.send(command)
      return this
    },
    counter: () => cells[1021],
  }
}

/** F2 FD: write error counter; CD FE, CD FF: verify the bytes of the code; F3 FD FF: erase the counter. */
const VERIFY_FFFF = ['F2 FD 7F', 'CD FE FF', 'CD FF FF', 'F3 FD FF']

describe('without the code nothing changes but the counter', () => {
  it.each([
    ['write', '33 40 55'],
    ['write with protect bit', '31 40 55'],
    ['write protect bit with comparison', '30 40 FF'],
    ['write the code', 'F3 FE 00'],
    ['erase the counter by a write', 'F3 FD FF'],
    ['the counter command at another address', 'F2 FC 00'],
    ['verify without a spent try', 'CD FE FF'],
    ['an unknown command', '3F 00 00'],
  ])('%s', (_, command) => {
    const card = chip()
    const before = toHex(card.cells)
    expect(card.send(command)).toBe('')
    expect(toHex(card.cells)).toBe(before)
  })

  it('bits of the counter go from 1 to 0 and never back', () => {
    const card = chip().run('F2 FD 7F', 'F2 FD BF', 'F2 FD FF')
    expect(card.counter()).toBe(0x3f)
  })

  it('the code reads as zeros', () => {
    const card = chip('1234')
    expect(card.send('CE FD 00')).toBe('FF0000')
    expect(card.send('CC FD 00')).toBe('FF0100010001')
  })
})

describe('the procedure fails on any variation', () => {
  it.each([
    ['no try spent', ['CD FE FF', 'CD FF FF']],
    ['bytes in another order', ['F2 FD 7F', 'CD FF FF', 'CD FE FF']],
    ['begun with the second', ['F2 FD 7F', 'CD FF FF']],
    ['a read between', ['F2 FD 7F', 'CD FE FF', '0E 00 00', 'CD FF FF']],
    ['the first byte wrong', ['F2 FD 7F', 'CD FE 00', 'CD FF FF']],
    ['the second byte wrong', ['F2 FD 7F', 'CD FE FF', 'CD FF 00']],
    ['another address', ['F2 FD 7F', '0D FE FF', '0D FF FF']],
  ])('%s', (_, commands) => {
    const card = chip().run(...commands, 'F3 FD FF', '33 40 55')
    expect(card.cells[0x40]).toBe(0xff)
    expect(card.send('CE FE 00')).toBe('0000')
  })

  it('eight times, and the card is locked for good', () => {
    const card = chip()
    for (let left = 0x7f; ; left >>= 1) {
      card.run(`F2 FD ${left.toString(16).padStart(2, '0')}`, 'CD FE 00', 'CD FF 00', 'F3 FD FF')
      expect(card.counter()).toBe(left)
      if (left === 0) break
    }
    card.powerOn()
    card.run(...VERIFY_FFFF, '33 40 55')
    expect(card.counter()).toBe(0)
    expect(card.cells[0x40]).toBe(0xff)
  })
})

describe('with the code', () => {
  it('the counter can be erased and the code reads', () => {
    expect(chip('1234').run('F2 FD 7F', 'CD FE 12', 'CD FF 34', 'F3 FD FF').send('CE FD 00')).toBe('FF1234')
  })

  it('every byte can be written, until the power goes', () => {
    const card = chip().run(...VERIFY_FFFF, '33 40 55', 'B3 40 66')
    expect([card.cells[0x40], card.cells[0x240]]).toEqual([0x55, 0x66])
    card.powerOn()
    card.run('33 40 AA')
    expect(card.cells[0x40]).toBe(0x55)
  })

  it('a wrong code afterwards closes the card', () => {
    const card = chip().run(...VERIFY_FFFF, 'F2 FD 7F', 'CD FE 00', 'CD FF FF', 'F3 FD FF', '33 40 55')
    expect([card.counter(), card.cells[0x40]]).toEqual([0x7f, 0xff])
  })

  it('a procedure begun and not ended closes it too', () => {
    const card = chip().run(...VERIFY_FFFF, 'F2 FD 7F', 'CD FE FF', '33 40 55')
    expect([card.counter(), card.cells[0x40]]).toEqual([0x7f, 0xff])
  })

  it('a byte is protected for good, by a write or by comparison with what it is', () => {
    const card = chip().run(...VERIFY_FFFF, '31 40 55', '30 41 00', '30 42 FF')
    card.run('33 40 AA', '33 41 AA', '33 42 AA', '31 40 AA')
    expect(card.send('0C 40 00').slice(0, 12)).toBe('5500AA01FF00')
  })

  it('the counter is not protected: it could never be erased again', () => {
    const card = chip().run(...VERIFY_FFFF, 'F0 FD FF')
    expect(card.send('CC FD 00').slice(0, 4)).toBe('FF01')
  })

  it('factory bytes are protected', () => {
    const card = chip().run(...VERIFY_FFFF, '33 00 00')
    expect(card.reset()).toBe('92231091')
  })
})
