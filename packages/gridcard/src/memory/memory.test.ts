import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import { MemoryCard } from '@gridcard/card'
import { inProcessLink } from '@gridcard/terminal'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { runCommand } from '../../test/run-command.ts'
import { FileNvStore } from '../start/file-nv-store.ts'
import { hexDump } from './hex-dump.ts'
import {
  dumpMemoryCard,
  type MemoryConsole,
  newMemoryCard,
  presentMemoryCode,
  readMemoryCard,
  writeMemoryCard,
} from './memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'gridcard-memory-'))
const path = (name: string) => join(folder, name)
const CARD = path('card.img')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A console that keeps what was printed and gives one answer to every question. */
class Notebook implements MemoryConsole {
  text = ''
  readonly questions: string[] = []
  readonly #answer: boolean | undefined

  constructor(answer?: boolean) {
    this.#answer = answer
  }

  print(text: string): void {
    this.text += text
  }

  async confirm(question: string): Promise<boolean | undefined> {
    this.questions.push(question)
    return this.#answer
  }

  json(): unknown {
    return JSON.parse(this.text)
  }
}

function blank(chip = 'sle4442', code?: string): Notebook {
  rmSync(CARD, { force: true })
  const io = new Notebook()
  newMemoryCard(io, CARD, { chip, ...(code !== undefined && { code }) })
  return io
}

const image = () => toHex(readFileSync(CARD))
const withCode = (code: string) => expect.objectContaining({ code })

beforeEach(() => {
  blank()
})

describe('what cannot be done changes nothing', () => {
  test.each([
    ['no content', {}, 'GRIDCARD_BAD_OPTION'],
    ['two contents', { hex: '55', text: 'x' }, 'GRIDCARD_BAD_OPTION'],
    ['an empty content', { text: '' }, 'GRIDCARD_BAD_OPTION'],
    ['half a byte', { hex: '5' }, 'GRIDCARD_BAD_OPTION'],
    ['an input that is not there', { input: path('nothing') }, 'GRIDCARD_BAD_OPTION'],
    ['no code', { hex: '55', code: undefined }, 'GRIDCARD_BAD_OPTION'],
    ['a code of another length', { hex: '55', code: 'FFFF' }, 'GRIDCARD_BAD_OPTION'],
    ['an address behind the card', { hex: '55', at: '256' }, 'GRIDCARD_BAD_OPTION'],
    ['an address that is no number', { hex: '55', at: '0xGG' }, 'GRIDCARD_BAD_OPTION'],
    ['more than fits', { hex: '5555', at: '255' }, 'GRIDCARD_BAD_OPTION'],
    ['protection of bytes that cannot be', { hex: '55', protect: true }, 'GRIDCARD_BAD_OPTION'],
    ['protection, and nobody to ask', { hex: '55', at: '8', protect: true }, 'GRIDCARD_BAD_OPTION'],
    ['a byte that is protected', { hex: '55', at: '0x19' }, 'GRIDCARD_MEMORY_REFUSED'],
  ] as const)('write with %s', async (_, options, code) => {
    const before = image()
    const { code: secret, ...rest } = { at: '64', code: 'FFFFFF', ...options }
    const call = writeMemoryCard(new Notebook(), CARD, { ...rest, ...(secret !== undefined && { code: secret }) })
    await expect(call).rejects.toEqual(withCode(code))
    expect(image()).toBe(before)
  })

  test('write with protection, and the answer no', async () => {
    const before = image()
    const io = new Notebook(false)
    const call = writeMemoryCard(io, CARD, { at: '8', hex: '55', code: 'FFFFFF', protect: true })
    await expect(call).rejects.toEqual(withCode('GRIDCARD_MEMORY_DECLINED'))
    expect(io.questions).toEqual([`Protect byte 8 of ${CARD} for good?`])
    expect(image()).toBe(before)
  })

  test('write over counter and code of an SLE 4428', async () => {
    blank('sle4428')
    const call = writeMemoryCard(new Notebook(), CARD, { at: '1020', hex: '5555', code: 'FFFF' })
    await expect(call).rejects.toThrow(/present-code --change/)
  })

  test('codes and protection of a chip that has none', async () => {
    blank('at24c02')
    const write = { at: '0', hex: '55' }
    await expect(writeMemoryCard(new Notebook(), CARD, { ...write, code: 'FF' })).rejects.toThrow(/has no code/)
    await expect(writeMemoryCard(new Notebook(), CARD, { ...write, protect: true })).rejects.toThrow(/no protection/)
    await expect(presentMemoryCode(new Notebook(), CARD, 'FFFFFF', {})).rejects.toThrow(/has no code/)
  })

  test('new over something, of an unknown chip, with a code that does not fit, in no folder', () => {
    const io = new Notebook()
    expect(() => newMemoryCard(io, CARD, { chip: 'sle4442' })).toThrow(/there already/)
    expect(() => newMemoryCard(io, path('x'), { chip: 'sle9' })).toThrow(withCode('GRIDCARD_BAD_OPTION'))
    expect(() => newMemoryCard(io, path('x'), { chip: 'sle4442', code: 'FF' })).toThrow(withCode('GRIDCARD_BAD_OPTION'))
    expect(() => newMemoryCard(io, path('no/x'), { chip: 'sle4442' })).toThrow(withCode('GRIDCARD_BAD_OPTION'))
  })

  test('a file that is missing, a folder, or no card', () => {
    mkdirSync(path('folder'), { recursive: true })
    writeFileSync(path('text'), 'not a card, but long enough for a header')
    for (const [name, code] of [
      ['missing', 'GRIDCARD_BAD_OPTION'],
      ['folder', 'GRIDCARD_BAD_OPTION'],
      ['text', 'GRIDCARD_CARD_DAMAGED'],
    ] as const) {
      expect(() => dumpMemoryCard(new Notebook(), path(name), {}), name).toThrow(withCode(code))
    }
  })
})

describe('the secret code', () => {
  test('a wrong one costs a try, before and after a right one', async () => {
    await expect(presentMemoryCode(new Notebook(), CARD, '000000', {})).rejects.toThrow(/wrong, 2 tries left/)
    const io = new Notebook()
    await presentMemoryCode(io, CARD, 'FFFFFF', {})
    expect(io.text).toBe('the code is right; 3 tries left\n')
  })

  test('a wrong one with a write costs a try and writes nothing', async () => {
    const call = writeMemoryCard(new Notebook(), CARD, { at: '64', hex: '55', code: '000000' })
    await expect(call).rejects.toEqual(withCode('GRIDCARD_MEMORY_REFUSED'))
    expect(MemoryCard.open({ image: readFileSync(CARD) }).report().triesLeft).toBe(2)
    expect(readFileSync(CARD)[16 + 64]).toBe(0xff)
  })

  test('the last try is asked for', async () => {
    for (const left of [2, 1]) {
      const io = new Notebook()
      await expect(presentMemoryCode(io, CARD, '000000', { json: true })).rejects.toThrow()
      expect(io.json()).toEqual({ isAccepted: false, triesLeft: left, isChanged: false })
    }
    const before = image()
    await expect(presentMemoryCode(new Notebook(), CARD, '000000', {})).rejects.toThrow(/--yes/)
    await expect(presentMemoryCode(new Notebook(false), CARD, '000000', {})).rejects.toThrow(/nothing was changed/)
    expect(image()).toBe(before)
    await expect(presentMemoryCode(new Notebook(true), CARD, '000000', {})).rejects.toThrow(/locked for good/)
    await expect(presentMemoryCode(new Notebook(), CARD, 'FFFFFF', { yes: true })).rejects.toThrow(/locked for good/)
  })

  test('can be changed', async () => {
    const io = new Notebook()
    await presentMemoryCode(io, CARD, 'FFFFFF', { change: '123456' })
    expect(io.text).toBe('the code is right, and changed; 3 tries left\n')
    await expect(presentMemoryCode(new Notebook(), CARD, 'FFFFFF', {})).rejects.toThrow(/wrong/)
    await presentMemoryCode(new Notebook(), CARD, '123456', {})
  })

  test('does not stand in a dump', () => {
    blank('sle4428', 'C0DE')
    const io = new Notebook()
    dumpMemoryCard(io, CARD, { json: true })
    expect(io.text).not.toContain('C0DE')
  })
})

describe('reading and writing', () => {
  test('what was written is read', async () => {
    const io = new Notebook()
    await writeMemoryCard(io, CARD, { at: '0x40', text: 'meter 17', code: 'FFFFFF' })
    expect(io.text).toBe('bytes 64 to 71 written\n')
    const read = new Notebook()
    readMemoryCard(read, CARD, { from: '0x3f', length: '10' })
    expect(read.text).toBe('003F  FF 6D 65 74 65 72 20 31 37 FF                    .meter 17.\n')
  })

  test('a whole card of several commands, and to a file', async () => {
    for (const [chip, size] of [
      ['sle4428', 1021],
      ['at24c1024', 131072],
    ] as const) {
      blank(chip)
      const content = Uint8Array.from({ length: size }, (_, i) => (i * 7) >> 3)
      const protectedBytes = MemoryCard.open({ image: readFileSync(CARD) }).report().protectedRanges
      for (const [first, last] of protectedBytes) content.set(readFileSync(CARD).subarray(16 + first, 17 + last), first)
      writeFileSync(path('content'), content)
      const code = chip === 'sle4428' ? { code: 'FFFF' } : {}
      await writeMemoryCard(new Notebook(), CARD, { at: '0', input: path('content'), ...code })
      readMemoryCard(new Notebook(), CARD, { from: '0', length: String(size), out: path('copy') })
      expect(readFileSync(path('copy')).equals(content), chip).toBe(true)
    }
  })

  test('protected for good', async () => {
    const io = new Notebook(true)
    await writeMemoryCard(io, CARD, { at: '8', hex: 'CAFE', code: 'FFFFFF', protect: true, json: true })
    expect(io.json()).toEqual({ chip: 'sle4442', at: 8, length: 2, isProtected: true })
    const again = writeMemoryCard(new Notebook(), CARD, { at: '7', hex: '112233', code: 'FFFFFF' })
    await expect(again).rejects.toThrow('bytes 8 to 9 are protected for good; nothing was written')
  })

  test('a dump shows the state of the card', () => {
    const io = new Notebook()
    dumpMemoryCard(io, CARD, {})
    expect(io.text.split('\n').slice(0, 6)).toEqual([
      'chip      SLE 4442, 256 bytes',
      'ATR       3B04A2131091',
      'code      3 tries left',
      'protected 0-3, 21-26',
      '',
      '0000  A2 13 10 91 FF FF 81 15 FF FF FF FF FF FF FF FF  ................',
    ])
    expect(io.text.split('\n')).toHaveLength(5 + 16 + 1)
  })

  test('an image is its owner’s only', () => {
    expect(statSync(CARD).mode & 0o777).toBe(0o600)
  })

  test('a dump of addresses above 64 KiB keeps its columns', () => {
    expect(hexDump(fromHex('41'), 0x1_0000)).toBe(`10000  41${' '.repeat(45)}  A\n`)
  })
})

test('a memory card is a card to whatever takes a link', async () => {
  const link = inProcessLink(MemoryCard.create({ chip: 'sle4442' }))
  expect(toHex(await link.powerOn())).toBe('3B04A2131091')
  expect(toHex(await link.transmit(fromHex('FF A4 00 00 01 06')))).toBe('9000')
  expect(toHex(await link.transmit(fromHex('FF B0 00 00 04')))).toBe('A21310919000')
  await link.powerOff()
})

/** A file whose power fails in the first write: before it, or when `isLate` right after it. */
function failing(file: FileNvStore, isLate: boolean) {
  return {
    read: () => file.read(),
    write(offset: number, bytes: Uint8Array) {
      if (isLate) file.write(offset, bytes)
      throw new Error('no power')
    },
  }
}

describe.each([
  ['sle4442', 3, 'FFFFFF', '000000'],
  ['sle4428', 8, 'FFFF', '0000'],
])('an image of an %s that lost power', (chip, allTries, right, wrong) => {
  test.each([false, true])(
    'has a try less as soon as one was written, and opens (after the write: %s)',
    async (isLate) => {
      blank(chip)
      for (let tries = allTries; tries > 0; ) {
        const store = new FileNvStore(CARD)
        const card = MemoryCard.open({ store: failing(store, isLate) })
        card.powerOn()
        const present = fromHex(`FF2000000${right.length / 2}${wrong}`)
        expect(() => card.transmit(present)).toThrow('no power')
        store.close()
        if (isLate) tries--
        const io = new Notebook()
        dumpMemoryCard(io, CARD, { json: true })
        expect(io.json()).toMatchObject({ triesLeft: tries, isLocked: tries === 0 })
        if (!isLate) break
      }
      const last = presentMemoryCode(new Notebook(), CARD, right, { yes: true })
      await (isLate ? expect(last).rejects.toThrow(/locked for good/) : expect(last).resolves.toBeUndefined())
    },
  )
})

describe('gridcard memory on the command line', () => {
  const run = (...args: string[]) => runCommand(['memory', ...args])

  test.each([
    [['new', '--chip', 'sle4442'], 'missing required argument'],
    [['new', CARD], "required option '--chip"],
    [['dump', path('missing')], 'no such file'],
    [['write', CARD, '--at', '8', '--hex', '55', '--code', 'FFFFFF', '--protect'], 'say --yes'],
  ])('%j could not begin: one line, exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await run(...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^gridcard: .*\n$/)
    expect(stderr).toContain(message)
  })

  test('a refusal of the card has exit code 1, success 0', async () => {
    expect(await run('present-code', CARD, '000000')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'gridcard: the code is wrong, 2 tries left (GRIDCARD_MEMORY_REFUSED)\n',
    })
    expect(await run('present-code', CARD, 'FFFFFF', '--json')).toEqual({
      code: 0,
      stdout: '{"isAccepted":true,"triesLeft":3,"isChanged":false}\n',
      stderr: '',
    })
  })

  test('each command with --json is one line of JSON and exit code 0', async () => {
    rmSync(CARD)
    for (const [args, value] of [
      [['new', CARD, '--chip', 'sle4442'], { file: CARD, chip: 'sle4442', sizeBytes: 256 }],
      [
        ['write', CARD, '--at', '8', '--hex', 'CAFE', '--code', 'FFFFFF', '--protect', '--yes'],
        { chip: 'sle4442', at: 8, length: 2, isProtected: true },
      ],
      [['present-code', CARD, 'FFFFFF', '--change', '123456'], { isAccepted: true, triesLeft: 3, isChanged: true }],
      [['read', CARD, '--from', '0x07', '--length', '4'], { chip: 'sle4442', from: 7, length: 4, hex: '15CAFEFF' }],
      [
        ['read', CARD, '--length', '4', '--out', path('bytes')],
        { chip: 'sle4442', from: 0, length: 4, out: path('bytes') },
      ],
      [
        ['dump', CARD],
        {
          chip: 'sle4442',
          title: 'SLE 4442',
          sizeBytes: 256,
          codeBytes: 3,
          triesLeft: 3,
          isLocked: false,
          protectedRanges: [
            [0, 3],
            [8, 9],
            [21, 26],
          ],
          atr: '3B04A2131091',
          hex: expect.stringMatching(/^A2131091FFFF8115CAFE(FF)+D27600000400(FF)+$/),
        },
      ],
    ] as const) {
      const { code, stdout, stderr } = await run(...args, '--json')
      expect([code, stderr], args[0]).toEqual([0, ''])
      expect(stdout.indexOf('\n'), args[0]).toBe(stdout.length - 1)
      expect(JSON.parse(stdout), args[0]).toEqual(value)
    }
  })

  test.each([
    ['write', CARD, '--at', '64', '--hex', '55', '--code', '000000'],
    ['write', CARD, '--at', '21', '--hex', '55', '--code', 'FFFFFF'],
    ['present-code', CARD, '000000', '--change', '123456'],
  ])('what the card refuses has exit code 1, with --json too: %s', async (...args) => {
    for (const options of [[], ['--json']]) {
      const { code, stderr } = await run(...args, ...options)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^gridcard: .*\(GRIDCARD_MEMORY_REFUSED\)\n$/)
    }
  })

  test.each([['read'], ['write', '--at', '8', '--hex', '55'], ['present-code'], ['dump']])(
    '%s of an image that is damaged could not begin: exit code 2',
    async (name, ...options) => {
      writeFileSync(path('damaged'), readFileSync(CARD).fill(0, 0, 1))
      const { code, stdout, stderr } = await run(
        name!,
        path('damaged'),
        ...(name === 'present-code' ? ['FF'] : []),
        ...options,
      )
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^gridcard: .*not the image of a memory card.*\n$/)
    },
  )

  test('each command has help with an example', async () => {
    for (const name of ['new', 'read', 'write', 'present-code', 'dump']) {
      const { code, stdout } = await run(name, '--help')
      expect(code).toBe(0)
      expect(stdout).toContain(`gridcard memory ${name} card.img`)
      expect(stdout).toContain('Exit codes: 0 done')
    }
  })

  test('is a process that passes its exit code on', () => {
    const cli = new URL('../cli.ts', import.meta.url).pathname
    const { status, stderr } = spawnSync(process.execPath, [cli, 'memory', 'dump', path('missing')], {
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toContain('no such file')
  })
})
