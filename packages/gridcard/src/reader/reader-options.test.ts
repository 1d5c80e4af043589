import { resolve } from 'node:path'
import { cardProfileNames } from '@gridcard/card'
import { describe, expect, test } from 'vitest'
import { parseReaderOptions, profileNames, type RawReaderOptions } from './reader-options.ts'

const raw: RawReaderOptions = { name: 'Gridcard' }

describe('refused, naming the option:', () => {
  test.each<[string, RawReaderOptions, readonly string[]]>([
    ['--card', { ...raw, card: ['a.img', './a.img'] }, []],
    ['16 cards', { ...raw, card: Array.from({ length: 17 }, (_, i) => `${i}`) }, []],
    ['16 cards', { ...raw, card: Array.from({ length: 16 }, (_, i) => `${i}`), applet: ['a.cap'] }, []],
    ['--profile', { ...raw, profile: 'big' }, []],
    ['--name', { ...raw, name: '' }, []],
    ['--name', { ...raw, name: 'ä'.repeat(61) }, []],
    ['--name', { ...raw, name: 'two\nlines' }, []],
    ['--vpcd', { ...raw, vpcd: true }, ['opensc-tool']],
    ['--vpcd', { ...raw, vpcd: 'host:0' }, []],
    ['--vpcd', { ...raw, vpcd: 'host:65536' }, []],
    ['--vpcd', { ...raw, vpcd: '::1' }, []],
    ['--vpcd', { ...raw, vpcd: '' }, []],
  ])('%s in %j %j', (message, options, command) => {
    expect(() => parseReaderOptions(options, command)).toThrow(
      expect.objectContaining({ code: 'GRIDCARD_BAD_OPTION', message: expect.stringContaining(message) }),
    )
  })
})

test('nothing given: no card, no program, readers named Gridcard', () => {
  expect(parseReaderOptions(raw, [])).toEqual({
    cards: [],
    applets: [],
    name: 'Gridcard',
    vpcd: undefined,
    command: undefined,
    json: false,
  })
})

test('everything given', () => {
  const options = { card: ['a.img'], applet: ['b.cap', 'c.cap'], name: 'Leser ä', json: true } as const
  expect(parseReaderOptions(options, ['opensc-tool', '-a'])).toEqual({
    cards: [resolve('a.img')],
    applets: [resolve('b.cap'), resolve('c.cap')],
    name: 'Leser ä',
    vpcd: undefined,
    command: ['opensc-tool', '-a'],
    json: true,
  })
})

test.each([
  [true, '127.0.0.1', 35963],
  ['localhost', 'localhost', 35963],
  ['10.0.0.7:1234', '10.0.0.7', 1234],
  ['[::1]:1234', '::1', 1234],
] as const)('--vpcd %s is %s port %i', (vpcd, host, port) => {
  expect(parseReaderOptions({ ...raw, vpcd }, []).vpcd).toEqual({ host, port })
})

test('the names of profiles are those that there are', () => {
  expect(profileNames).toEqual(cardProfileNames)
})
