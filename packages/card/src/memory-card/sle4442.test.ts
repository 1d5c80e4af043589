import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { ChipMemory } from './chip-memory.ts'
import { factoryCells, requireChipType } from './chip-types.ts'
import { SLE4442_CELLS, Sle4442 } from './sle4442.ts'

function chip(code = 'FFFFFF') {
  const cells = factoryCells(requireChipType('sle4442'), fromHex(code))
  const one = new Sle4442(new ChipMemory(cells, undefined, 0))
  one.powerOn()
  return {
    cells,
    powerOn: () => one.powerOn(),
    reset: () => toHex(one.reset()),
    /** Three bytes as on the line; gives what the chip sends. */
    send(command: string): string {
      const [control, address, data] = fromHex(command) as unknown as [number, number, number]
      return toHex(one.send(control, address, data))
    },
    run(...commands: readonly string[]) {
      for (const command of commands) this.send(command)
      return this
    },
    counter: () => cells[SLE4442_CELLS.errorCounter],
  }
}

const VERIFY_FFFFFF = ['39 00 03', '33 01 FF', '33 02 FF', '33 03 FF', '39 00 FF']
const DUMMY = '55'

describe('captures of a real SLE 4442 (sigrok-dumps, sle44xx/sle4442): the chip answers what the card answered', () => {
  const BLANK = `A2131091FFFF8115${'FF'.repeat(13)}D27600000400${'FF'.repeat(229)}`
  const WRITTEN = `${BLANK.slice(0, 0x60)}CAFE1337${BLANK.slice(0x68)}`

  it('answer to reset', () => {
    expect(chip().reset()).toBe('A2131091')
  })

  it.each([
    ['a wrong code', ['33 01 01', '33 02 23', '33 03 45'], '03000000'],
    ['the right code', ['33 01 FF', '33 02 FF', '33 03 FF'], '07FFFFFF'],
  ])('%s', (_, compares, security) => {
    const card = chip()
    expect(card.send('31 00 00')).toBe('07000000')
    for (const command of ['39 00 03', ...compares, '39 00 FF']) expect(card.send(command)).toBe('')
    expect(card.send('31 00 00')).toBe(security)
  })

  it('reading and writing', () => {
    const card = chip()
    expect(card.send('30 00 00')).toBe(BLANK)
    card.run(...VERIFY_FFFFFF, '38 30 CA', '38 31 FE', '38 32 13', '38 33 37')
    expect(card.send('30 2F 00')).toBe(WRITTEN.slice(2 * 0x2f))
    expect(card.send('30 00 00')).toBe(WRITTEN)
  })
})

describe('without the code nothing changes but the counter', () => {
  it.each([
    ['update main memory', `38 40 ${DUMMY}`],
    ['write protection memory', '3C 06 81'],
    ['update the code', '39 01 00'],
    ['erase the counter', '39 00 FF'],
    ['compare without a spent try', '33 01 FF'],
    ['an unknown command', '3F 00 00'],
    ['update security memory beyond its end', '39 04 00'],
  ])('%s', (_, command) => {
    const card = chip()
    const before = toHex(card.cells)
    expect(card.send(command)).toBe('')
    expect(toHex(card.cells)).toBe(before)
  })

  it('bits of the counter go from 1 to 0 and never back', () => {
    const card = chip().run('39 00 05')
    expect(card.counter()).toBe(0b101)
    card.run('39 00 03')
    expect(card.counter()).toBe(0b001)
    card.run('39 00 07', '39 00 FF')
    expect(card.counter()).toBe(0b001)
  })

  it('the code reads as zeros', () => {
    expect(chip('123456').send('31 00 00')).toBe('07000000')
  })
})

describe('the procedure fails on any variation', () => {
  it.each([
    ['no try spent', ['33 01 FF', '33 02 FF', '33 03 FF']],
    ['a counter written as it was', ['39 00 07', '33 01 FF', '33 02 FF', '33 03 FF']],
    ['bytes in another order', ['39 00 03', '33 02 FF', '33 01 FF', '33 03 FF']],
    ['a byte left out', ['39 00 03', '33 01 FF', '33 03 FF']],
    ['a byte twice', ['39 00 03', '33 01 FF', '33 01 FF', '33 02 FF', '33 03 FF']],
    ['begun with the second', ['39 00 03', '33 02 FF', '33 03 FF']],
    ['a read between', ['39 00 03', '33 01 FF', '31 00 00', '33 02 FF', '33 03 FF']],
    ['the first byte wrong', ['39 00 03', '33 01 FE', '33 02 FF', '33 03 FF']],
    ['the second byte wrong', ['39 00 03', '33 01 FF', '33 02 FE', '33 03 FF']],
    ['the third byte wrong', ['39 00 03', '33 01 FF', '33 02 FF', '33 03 FE']],
    ['an address of no reference byte', ['39 00 03', '33 00 FF', '33 01 FF', '33 02 FF', '33 03 FF']],
  ])('%s', (_, commands) => {
    const card = chip().run(...commands, '39 00 FF', `38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0xff)
    expect(card.send('31 00 00').slice(2)).toBe('000000')
  })

  it('a reset between', () => {
    const card = chip().run('39 00 03', '33 01 FF')
    card.reset()
    card.run('33 02 FF', '33 03 FF', `38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0xff)
  })

  it('power lost between', () => {
    const card = chip().run('39 00 03', '33 01 FF', '33 02 FF')
    card.powerOn()
    card.run('33 03 FF', `38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0xff)
  })

  it('three times, and the card is locked for good', () => {
    const card = chip()
    for (const counter of ['03', '01', '00'])
      card.run(`39 00 ${counter}`, '33 01 00', '33 02 00', '33 03 00', '39 00 FF')
    expect(card.counter()).toBe(0)
    card.powerOn()
    card.run(...VERIFY_FFFFFF, `38 40 ${DUMMY}`)
    expect(card.counter()).toBe(0)
    expect(card.cells[0x40]).toBe(0xff)
  })

  it('counter bits that no chip has are no tries', () => {
    const card = chip()
    card.cells[SLE4442_CELLS.errorCounter] = 0xf8
    card.run('39 00 00', '33 01 FF', '33 02 FF', '33 03 FF', `38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0xff)
    expect(card.send('31 00 00').slice(0, 2)).toBe('00')
  })
})

describe('with the code', () => {
  it('the last try is a try', () => {
    const card = chip().run('39 00 01', '39 00 00', '33 01 FF', '33 02 FF', '33 03 FF', '39 00 FF')
    expect(card.counter()).toBe(7)
  })

  it('writing goes on after a reset, and ends with the power', () => {
    const card = chip().run(...VERIFY_FFFFFF)
    card.reset()
    card.run(`38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0x55)
    card.powerOn()
    card.run('38 40 AA')
    expect(card.cells[0x40]).toBe(0x55)
  })

  it('a wrong code afterwards closes the card', () => {
    const card = chip().run(...VERIFY_FFFFFF, '39 00 03', '33 01 00', '33 02 00', '33 03 00', '39 00 FF')
    expect(card.counter()).toBe(3)
    card.run(`38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0xff)
  })

  it('a procedure begun and not ended closes it too', () => {
    const card = chip().run(...VERIFY_FFFFFF, '39 00 03', '33 01 FF', `38 40 ${DUMMY}`)
    expect(card.cells[0x40]).toBe(0xff)
    expect(card.send('31 00 00')).toBe('03000000')
  })

  it('the code can be changed', () => {
    const card = chip().run(...VERIFY_FFFFFF, '39 01 12', '39 02 34', '39 03 56')
    card.powerOn()
    card.run('39 00 03', '33 01 12', '33 02 34', '33 03 56', '39 00 FF')
    expect(card.send('31 00 00')).toBe('07123456')
  })

  it('a protected byte does not change', () => {
    const card = chip().run(...VERIFY_FFFFFF, '38 00 00')
    expect(card.cells[0]).toBe(0xa2)
  })

  it('a byte is protected only if it is compared with what it is, and only among the first 32', () => {
    const card = chip().run(...VERIFY_FFFFFF, '3C 08 00', '3C 20 FF')
    expect(card.send('34 00 00')).toBe('F0FF1FF8')
    card.run('3C 08 FF')
    expect(card.send('34 00 00')).toBe('F0FE1FF8')
    card.run('38 08 00')
    expect(card.cells[8]).toBe(0xff)
  })
})
