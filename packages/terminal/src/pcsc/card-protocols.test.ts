import { fromHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { cardProtocols, chooseProtocol } from './card-protocols.ts'

describe('protocols in an answer to reset', () => {
  test.each([
    ['no TD1: T=0', '3B00', 1, 1, false],
    ['TD1 says T=1', '3B8A01806847524944434152446F', 2, 2, false],
    ['T=0, then T=1', '3B8080 01 01', 1, 3, false],
    ['TA2 fixes the protocol', '3B80 11 01', 2, 2, true],
    ['T=15 after T=0 is no protocol', '3B80 80 1F 05', 1, 1, false],
    ['cut off after T0', '3BF0', 1, 1, false],
    ['empty', '', 1, 1, false],
    ['only T=14', '3B800E', 1, 1, false],
  ])('%s', (_, atr, first, offered, isSpecific) => {
    expect(cardProtocols(fromHex(atr))).toEqual({ first, offered, isSpecific })
  })
})

describe('the protocol of a connection', () => {
  const both = { first: 1, offered: 3, isSpecific: false }
  test.each([
    ['none that the card has', 2, { first: 1, offered: 1, isSpecific: false }, undefined],
    ["the card's first", 3, both, 1],
    ['the other', 2, both, 2],
    ['raw before all', 7, both, 4],
    ['any, as old programs say it', 0x1000, both, 1],
  ])('%s', (_, preferred, card, chosen) => {
    expect(chooseProtocol(card, preferred)).toBe(chosen)
  })
})
