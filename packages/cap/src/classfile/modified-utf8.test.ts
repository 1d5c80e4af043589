import { describe, expect, test } from 'vitest'
import { decodeModifiedUtf8, encodeModifiedUtf8 } from './modified-utf8.ts'

describe('text in class files', () => {
  test.for([
    ['a lone continuation byte', [0x80]],
    ['a sequence cut short', [0x61, 0xc3]],
    ['a sequence with a wrong second byte', [0xc3, 0x41]],
    ['a three-byte sequence cut short', [0xe2, 0x82]],
    ['a zero byte', [0x00]],
    ['four-byte UTF-8', [0xf0, 0x9f, 0x98, 0x80]],
  ] as const)('%s is refused', ([, bytes]) => {
    expect(decodeModifiedUtf8(Uint8Array.from(bytes))).toBeUndefined()
  })

  test.for([
    ['', []],
    ['Az', [0x41, 0x7a]],
    ['\0', [0xc0, 0x80]],
    ['\u00e9', [0xc3, 0xa9]],
    ['\u20ac', [0xe2, 0x82, 0xac]],
    ['\u{1f600}', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]], // two surrogates of three bytes, JVMS 17 §4.4.7
  ] as const)('%j', ([text, bytes]) => {
    expect([...encodeModifiedUtf8(text)]).toEqual(bytes)
    expect(decodeModifiedUtf8(Uint8Array.from(bytes))).toBe(text)
  })
})
