import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCapFile } from '@gridcard/cap'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../errors.ts'
import { parseScript } from '../script/parse-script.ts'
import { runScript } from '../script/run-script.ts'
import type { GivenCap } from '../try/cap-library.ts'
import { loadAndInstall, WorkbenchCard } from '../workbench-card.ts'
import { nameApplets } from './applet-names.ts'
import { CardSession, commands, complete, failureReply } from './card-session.ts'

const METER_SECURITY = join(import.meta.dirname, '../../../../../applets/prebuilt/meter-security.cap')
const given: readonly GivenCap[] = [
  { path: METER_SECURITY, cap: parseCapFile(new Uint8Array(readFileSync(METER_SECURITY))) },
]
const IDENTITY = '80 10 00 00 18 4752430102030405 000102030405060708090A0B0C0D0E0F'

function sessionWith(caps: readonly GivenCap[] = given): CardSession {
  const card = new WorkbenchCard()
  loadAndInstall(card, caps, new Map())
  const preparation = [`load ${METER_SECURITY}`, 'install F047524944434152440101']
  return new CardSession(card, nameApplets(caps), preparation)
}

function type(session: CardSession, line: string): string | undefined {
  try {
    return session.execute(line)?.text
  } catch (error) {
    return failureReply(error).text
  }
}

describe('a typed line is refused', () => {
  test.for([
    ['jump', '  "jump" is no command, type help\n'],
    ['constructor', '  "constructor" is no command, type help\n'],
    ['80 10', '  a command APDU has 4 bytes or more, not 2\n'],
    ['80 10 00 0', '  "80" is no command, type help\n'],
    ['select', '  select takes an AID in hex, or a name: meter-security\n'],
    ['select wallet', '  select takes an AID in hex, or a name: meter-security\n'],
    ['reset now', '  it is written: reset\n'],
    ['save', '  it is written: save NAME\n'],
    ['back then', '  no state is saved as "then"; none is\n'],
    ['power-cut-after many', '  it is written: power-cut-after N\n'],
    ['!7', '  the history has no line 7\n'],
    ['!!', '  the history has no line !\n'],
    ['\x1b[2J', '  "?[2J" is no command, type help\n'],
  ] as const)('%j', ([line, text]) => {
    expect(type(sessionWith(), line)).toBe(text)
  })

  test('or understood, whatever it is, and the card goes on', () => {
    const session = sessionWith()
    const word = fc.constantFrom(...Object.keys(commands), '80 02 00 00', '!1', '!!', '#')
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(word, fc.string()).map((words) => words.join(' ')),
    )
    fc.assert(
      fc.property(line, (typed) => {
        try {
          session.execute(typed)
        } catch (error) {
          if (!(error instanceof WorkbenchError)) throw error
        }
      }),
    )
    expect(type(session, 'select meter-security')).toBe('  9000 done\n')
  })
})

describe('a session', () => {
  test('answers a command with data and status word in words', () => {
    const session = sessionWith([])
    expect(type(session, '00 A4 04 00')).toMatch(/^ {2}[0-9A-F]{4} \S/)
    expect(type(sessionWith(), 'select F047524944434152440101')).toBe('  9000 done\n')
  })

  test('says nothing to an empty line and to a comment', () => {
    expect(type(sessionWith(), '  ')).toBeUndefined()
    expect(type(sessionWith(), '# later')).toBeUndefined()
  })

  test('goes back to a saved card, again and again, and its states do not change', () => {
    const session = sessionWith()
    const status = () => session.execute('80 02 00 00')?.json['data']
    session.execute('select meter-security')
    const fresh = status()
    session.execute('save fresh')
    for (let round = 0; round < 2; round++) {
      session.execute('select meter-security')
      session.execute(IDENTITY)
      expect(status()).not.toBe(fresh)
      expect(type(session, 'back fresh')).toBe('  back at fresh, as after a reset\n')
      session.execute('select meter-security')
      expect(status()).toBe(fresh)
    }
  })

  test('loses power where it was told to', () => {
    const session = sessionWith()
    session.execute('select meter-security')
    session.execute('power-cut-after 1')
    expect(type(session, IDENTITY)).toContain('power was cut')
    expect(type(session, IDENTITY)).toBe('  6999 applet selection failed\n')
  })

  test('gives what was exchanged as a script that passes', () => {
    const session = sessionWith()
    for (const line of ['select meter-security', IDENTITY, '80 02 00 00', 'power-cut-after 0', IDENTITY, 'reset']) {
      session.execute(line)
    }
    const text = type(session, 'apdus')!
    const ran = [...runScript(parseScript(text), { card: new WorkbenchCard(), scriptPath: METER_SECURITY })]
    expect(ran.filter(({ result }) => result === 'failed')).toEqual([])
    expect(ran.filter(({ step }) => step.expected !== undefined)).toHaveLength(5)
  })

  test('repeats lines of its history', () => {
    const session = sessionWith()
    session.execute('select meter-security')
    session.execute('reset')
    expect(type(session, '!1')).toBe('  9000 done\n')
    expect(type(session, '!!')).toBe('  9000 done\n')
    expect(type(session, 'history')).toBe(
      '   1  select meter-security\n   2  reset\n   3  select meter-security\n   4  select meter-security\n   5  history\n',
    )
  })

  test('completes commands, names of applets, and names of states', () => {
    const session = sessionWith()
    session.execute('save before')
    expect(complete(session, 'se')).toEqual([['select'], 'se'])
    expect(complete(session, 'select m')).toEqual([['meter-security'], 'm'])
    expect(complete(session, 'back ')).toEqual([['before'], ''])
    expect(complete(session, '80 1')).toEqual([[], '1'])
  })

  test('tells where the memory went', () => {
    expect(type(sessionWith(), 'memory')).toMatch(/applet F047524944434152440101 meter-security +\d+ bytes, \d+ in RAM/)
  })
})

describe('applets are named', () => {
  test('after their files, with a number where a file has several or two are called alike', () => {
    const twice = [given[0]!, { ...given[0]!, path: 'other/meter-security.cap' }]
    expect(nameApplets(twice).map(({ name }) => name)).toEqual(['meter-security', 'meter-security-2'])
  })
})
