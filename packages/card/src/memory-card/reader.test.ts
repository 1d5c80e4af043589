import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { chipTypes } from './chip-types.ts'
import { MemoryCard } from './memory-card.ts'

function inserted(chip: string, code?: string) {
  const card = MemoryCard.create({ chip, ...(code !== undefined && { code: fromHex(code) }) })
  const atr = toHex(card.powerOn())
  const send = (command: string) => toHex(card.transmit(fromHex(command)))
  return { card, atr, send, image: () => toHex(card.image()) }
}

describe('the ATR that the reader composes', () => {
  it.each([
    ['sle4442', '3B04A2131091'],
    ['sle4428', '3B0492231091'],
    ['at24c02', '3B044932432E'],
  ])('%s', (chip, atr) => {
    expect(inserted(chip).atr).toBe(atr)
  })
})

const SELECT_4442 = 'FF A4 00 00 01 06'
const RIGHT_4442 = 'FF 20 00 00 03 FF FF FF'
const RIGHT_4428 = 'FF 20 00 00 02 FF FF'

describe('what is refused changes nothing', () => {
  it.each([
    ['sle4442', 'less than a header', 'FF B0 00', '6700'],
    ['sle4442', 'lengths that disagree', 'FF D0 00 40 03 01 02', '6700'],
    ['sle4442', 'an extended length', 'FF B0 00 00 00 00 10', '6700'],
    ['sle4442', 'another class', '00 A4 04 00 01 06', '6E00'],
    ['sle4442', 'an unknown instruction', 'FF 70 00 00 01', '6D00'],
    ['sle4442', 'another card type', 'FF A4 00 00 01 05', '6A81'],
    ['sle4442', 'a card type of two bytes', 'FF A4 00 00 02 06 06', '6700'],
    ['sle4442', 'a card type with parameters', 'FF A4 01 00 01 06', '6B00'],
    ['sle4442', 'a read without a length', 'FF B0 00 00', '6700'],
    ['sle4442', 'a read with data', 'FF B0 00 00 01 00', '6700'],
    ['sle4442', 'a read behind the memory', 'FF B0 01 00 01', '6A82'],
    ['sle4442', 'a write without the code', 'FF D0 00 40 01 55', '6982'],
    ['sle4442', 'an update without the code', 'FF D6 00 40 01 55', '6982'],
    ['sle4442', 'a write of nothing', 'FF D0 00 40', '6700'],
    ['sle4442', 'a write over the end', 'FF D0 00 FF 02 00 00', '6A82'],
    ['sle4442', 'protection without the code', 'FF D1 00 08 01 FF', '6982'],
    ['sle4442', 'protection behind the first 32', 'FF D1 00 20 01 FF', '6A82'],
    ['sle4442', 'a new code without the code', 'FF D2 00 01 03 00 00 00', '6982'],
    ['sle4442', 'a new code elsewhere', 'FF D2 00 00 03 00 00 00', '6B00'],
    ['sle4442', 'a code of two bytes', 'FF 20 00 00 02 FF FF', '6700'],
    ['sle4442', 'a code with parameters', 'FF 20 00 01 03 FF FF FF', '6B00'],
    ['sle4442', 'an old code without a new one', 'FF 21 00 00 03 FF FF FF', '6700'],
    ['sle4442', 'the counter with another length', 'FF B1 00 00 05', '6C04'],
    ['sle4442', 'more protection bits than there are', 'FF B2 00 00 05', '6C04'],
    ['sle4442', 'protection bits behind the end', 'FF B2 00 20 01', '6A82'],
    ['sle4442', 'a page size', 'FF 01 00 00 01 03', '6D00'],
    ['sle4428', 'a new code by a command for two-wire cards', 'FF D2 00 01 02 00 00', '6D00'],
    ['sle4428', 'a read behind the memory', 'FF B0 04 00 01', '6A82'],
    ['sle4428', 'protection of the counter', 'FF D1 03 FC 02 FF FF', '6A82'],
    ['at24c02', 'a code', RIGHT_4442, '6D00'],
    ['at24c02', 'protection', 'FF D1 00 00 01 FF', '6D00'],
    ['at24c02', 'a write over the end', 'FF D0 00 FF 02 00 00', '6A82'],
    ['at24c02', 'the 17th address bit', 'FF D1 00 00 01 00', '6D00'],
    ['at24c02', 'a page size that is none', 'FF 01 00 00 01 08', '6A80'],
  ])('%s: %s', (chip, _, command, sw) => {
    const { send, image } = inserted(chip)
    const before = image()
    expect(send(command)).toBe(sw)
    expect(image()).toBe(before)
  })

  it.each([
    ['sle4442', 'a protected byte', 'FF D0 00 1A 02 55 55', '6581'],
    ['sle4442', 'comparison with something else', 'FF D1 00 08 02 FF 00', '6A80'],
    ['sle4428', 'a protected byte', 'FF D0 00 06 03 55 55 55', '6581'],
    ['sle4428', 'compare and protect of another form', 'FF 30 00 03 06 02 00 00 00 40 FF', '6A80'],
    ['sle4428', 'compare and protect with other parameters', 'FF 30 00 04 06 01 00 00 00 40 FF', '6B00'],
  ])('%s, also with the code: %s', (chip, _, command, sw) => {
    const { send, image } = inserted(chip)
    expect(send(chip === 'sle4442' ? RIGHT_4442 : RIGHT_4428)).toBe('9000')
    const before = image()
    expect(send(command)).toBe(sw)
    expect(image()).toBe(before)
  })
})

describe('presenting the code', () => {
  it('in the words of ACS readers after SELECT CARD TYPE: 90 and the counter, right or wrong', () => {
    const { send } = inserted('sle4442')
    expect(send(SELECT_4442)).toBe('9000')
    expect(send('FF 20 00 00 03 00 00 00')).toBe('9003')
    expect(send('FF 20 00 00 03 00 00 00')).toBe('9001')
    expect(send(RIGHT_4442)).toBe('9007')
    for (const answer of ['9003', '9001', '9000']) expect(send('FF 20 00 00 03 00 00 00')).toBe(answer)
    expect(send(RIGHT_4442)).toBe('9000')
    expect(send('FF D0 00 40 01 55')).toBe('6982')
  })

  it('in the words of PC/SC part 3 without it: 9000, 63Cx, 6983', () => {
    const { send } = inserted('sle4428')
    expect(send('FF 20 00 00 02 00 00')).toBe('63C7')
    expect(send(RIGHT_4428)).toBe('9000')
    for (let tries = 7; tries >= 0; tries--) expect(send('FF 20 00 00 02 00 00')).toBe(`63C${tries}`)
    expect(send(RIGHT_4428)).toBe('6983')
  })

  it('ends with SELECT CARD TYPE, which powers the card down and up', () => {
    const { send } = inserted('sle4442')
    expect(send(RIGHT_4442)).toBe('9000')
    expect(send(SELECT_4442)).toBe('9000')
    expect(send('FF D0 00 40 01 55')).toBe('6982')
  })

  it('of a card whose tries were written away while it was open is refused: a wrong code is not taken for right', () => {
    const { send } = inserted('sle4428')
    send(RIGHT_4428)
    expect(send('FF D0 03 FD 01 00')).toBe('9000')
    expect(send('FF 20 00 00 02 00 00')).toBe('6983')
    expect(send('FF D0 00 40 01 55')).toBe('6982')
  })

  it('shows the code only when it is known', () => {
    const { send } = inserted('sle4442', '123456')
    expect(send('FF B1 00 00 04')).toBe('070000009000')
    send('FF 20 00 00 03 12 34 56')
    expect(send('FF B1 00 00 00')).toBe('071234569000')
  })
})

describe('reading', () => {
  it('Le 00 gives up to 256 bytes or up to the end, more than there is gives what there is and 6282', () => {
    const { send } = inserted('sle4442')
    expect(send('FF B0 00 00 00')).toHaveLength(2 * 258)
    expect(send('FF B0 00 FE 00')).toBe('FFFF9000')
    expect(send('FF B0 00 FE 03')).toBe('FFFF6282')
    expect(send('FF B0 00 00 04')).toBe('A21310919000')
  })

  it('protection as bits (ACS) and as bytes (HID)', () => {
    const { send } = inserted('sle4442')
    expect(send('FF B2 00 00 04')).toBe('F0FF1FF89000')
    expect(send('FF 3A 00 02 03')).toBe('0101009000')
    const bigger = inserted('sle4428')
    expect(bigger.send('FF B2 00 10 01')).toBe('1F9000')
    expect(bigger.send('FF B2 03 F8 00')).toBe('FF9000')
    expect(bigger.send('FF 3A 00 07 02')).toBe('01009000')
  })
})

describe('writing', () => {
  it.each(['D0', 'D6'])('FF %s writes what reads back', (ins) => {
    const { send } = inserted('sle4442')
    send(RIGHT_4442)
    expect(send(`FF ${ins} 00 40 04 CA FE 13 37`)).toBe('9000')
    expect(send('FF B0 00 3F 06')).toBe('FFCAFE1337FF9000')
  })

  it('of protected bytes as they are is no change', () => {
    const { send } = inserted('sle4442')
    send(RIGHT_4442)
    expect(send('FF D0 00 03 02 91 55')).toBe('9000')
    expect(send('FF B0 00 03 02')).toBe('91559000')
  })

  it.each([
    ['sle4442', RIGHT_4442, 'FF D1 00 08 02 FF FF', 'FF D0 00 09 01 00'],
    ['sle4428', RIGHT_4428, 'FF D1 02 00 02 FF FF', 'FF D0 02 01 01 00'],
    ['sle4428', RIGHT_4428, 'FF 30 00 03 07 01 00 00 02 00 FF FF', 'FF D0 02 01 01 00'],
  ])('%s: a protected byte stays, after every power-up', (chip, right, protect, write) => {
    const { card, send } = inserted(chip)
    send(right)
    expect(send(protect)).toBe('9000')
    expect(send(protect), 'protecting again is no change').toBe('9000')
    card.powerOn()
    send(right)
    expect(send(write)).toBe('6581')
  })

  it('of a new code', () => {
    const { card, send } = inserted('sle4442')
    send(RIGHT_4442)
    expect(send('FF D2 00 01 03 12 34 56')).toBe('9000')
    card.powerOn()
    expect(send(RIGHT_4442)).toBe('63C2')
    expect(send('FF 21 00 00 06 12 34 56 AB CD EF')).toBe('9000')
    card.powerOn()
    expect(send('FF 20 00 00 03 AB CD EF')).toBe('9000')
    expect(send('FF 21 00 00 06 12 34 56 00 00 00')).toBe('63C2')
  })

  it('of a new code on a three-wire card, at its addresses or by FF 21', () => {
    const { card, send } = inserted('sle4428')
    send(RIGHT_4428)
    expect(send('FF D0 03 FE 02 12 34')).toBe('9000')
    card.powerOn()
    expect(send('FF 21 00 00 04 12 34 56 78')).toBe('9000')
    expect(send('FF B1 00 00 03')).toBe('FF56789000')
  })

  it('of a new code over a protected one is refused whole', () => {
    const { send } = inserted('sle4428')
    send(RIGHT_4428)
    send('FF D1 03 FF 01 FF')
    expect(send('FF 21 00 00 04 FF FF 12 34')).toBe('6581')
    expect(send('FF B1 00 00 03')).toBe('FFFFFF9000')
  })
})

describe('I2C memories', () => {
  it('a write across pages lands where it should with the page size of the chip or less', () => {
    const { send } = inserted('at24c02')
    expect(send('FF D0 00 06 04 01 02 03 04')).toBe('9000')
    expect(send('FF B0 00 05 06')).toBe('FF01020304FF9000')
  })

  it('a page size larger than the chip has makes it wrap in its page, as on the line', () => {
    const { send } = inserted('at24c02')
    expect(send('FF 01 00 00 01 04')).toBe('9000')
    expect(send('FF D0 00 06 04 01 02 03 04')).toBe('9000')
    expect(send('FF B0 00 00 08')).toBe('0304FFFFFFFF01029000')
    expect(send('FF A4 00 00 01 01'), 'a power-up takes the page size back').toBe('9000')
    send('FF D0 00 16 04 01 02 03 04')
    expect(send('FF B0 00 16 04')).toBe('010203049000')
  })

  it('the 17th address bit of the largest stands in the instruction', () => {
    const { send } = inserted('at24c1024')
    expect(send('FF D1 FF FF 01 55')).toBe('9000')
    expect(send('FF D6 00 00 01 66')).toBe('9000')
    expect(send('FF B1 FF FF 00')).toBe('559000')
    expect(send('FF B0 00 00 01')).toBe('669000')
    expect(send('FF B0 FF FF 01')).toBe('FF9000')
  })

  it('each has its size', () => {
    for (const type of chipTypes.filter((one) => one.family === 'at24c')) {
      const { send, card } = inserted(type.name)
      expect(card.image().length, type.name).toBe(16 + type.sizeBytes)
      const last = type.sizeBytes - 1
      const at = (last & 0xffff).toString(16).padStart(4, '0')
      const ins = last > 0xffff ? ['D1', 'B1'] : ['D0', 'B0']
      expect(send(`FF ${ins[0]} ${at} 01 5A`), type.name).toBe('9000')
      expect(send(`FF ${ins[1]} ${at} 02`), type.name).toBe('5A6282')
    }
  })
})
