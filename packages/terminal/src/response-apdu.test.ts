import { fromHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { TerminalError } from './errors.ts'
import { parseResponse } from './response-apdu.ts'
import { describeStatusWord } from './status-words.ts'

describe('a response APDU', () => {
  test.each(['', '90'])('without a whole status word is refused: "%s"', (hex) => {
    expect(() => parseResponse(fromHex(hex))).toThrow(TerminalError)
  })

  test('is data and status word', () => {
    expect(parseResponse(fromHex('CAFE9000'))).toEqual({ data: fromHex('CAFE'), sw: 0x9000 })
    expect(parseResponse(fromHex('6A82'))).toEqual({ data: new Uint8Array(), sw: 0x6a82 })
  })
})

describe('a status word in words', () => {
  test.each([
    [0x9000, '9000 done'],
    [0x6985, '6985 conditions of use not satisfied'],
    [0x6110, '6110 16 more bytes to fetch'],
    [0x6c00, '6C00 wrong Le, 256 bytes are there'],
    [0x63c2, '63C2 2 tries left'],
    [0x0001, '0001 unknown status word'],
  ])('%i reads "%s"', (sw, text) => {
    expect(describeStatusWord(sw)).toBe(text)
  })
})
