import { fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../errors.ts'
import { parseApdutoolScript } from './parse-apdutool.ts'
import { parseScript } from './parse-script.ts'
import { matches, parseResponsePattern } from './response-pattern.ts'
import type { Script } from './script.ts'

const message = (parse: (text: string) => Script, text: string): string => {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof WorkbenchError) return error.message
    throw error
  }
  return 'understood'
}

const commands = ({ steps }: Script) =>
  steps.map(({ action }) => (action.kind === 'command' ? toHex(action.bytes) : action.kind))

describe('our script language', () => {
  test.for([
    ['jump 3', 'line 1: "jump" is no directive, and the line is not hex digits in pairs'],
    ['\n\n80 10 00', 'line 3: a command APDU has 4 to 65544 bytes, not 3'],
    ['80 10 00 0', 'line 1: "80" is no directive, and the line is not hex digits in pairs'],
    ['> 9000', 'line 1: nothing before it gives an answer'],
    ['load x.cap\n> 9000', 'line 2: nothing before it gives an answer'],
    ['80100000\n> 9000\n> 9000', 'line 3: a second expectation for one answer'],
    [
      '80100000\n>',
      'line 2: an expectation is hex digits in pairs, "." for any digit, one "*" for any bytes; or "power-cut"',
    ],
    [
      '80100000\n> 9',
      'line 2: an expectation is hex digits in pairs, "." for any digit, one "*" for any bytes; or "power-cut"',
    ],
    [
      '80100000\n> * 00 *',
      'line 2: an expectation is hex digits in pairs, "." for any digit, one "*" for any bytes; or "power-cut"',
    ],
    ['load', 'line 1: load FILE.cap'],
    ['install F047', 'line 1: "F047" is no AID: 5 to 16 bytes in hex'],
    ['install F047524944 0', 'line 1: install AID [PARAMETERS] [as AID], all in hex'],
    ['install F047524944 as', 'line 1: install AID [PARAMETERS] [as AID], all in hex'],
    ['install F047524944 as F0', 'line 1: "F0" is no AID: 5 to 16 bytes in hex'],
    ['select', 'line 1: select AID'],
    ['reset now', 'line 1: reset stands alone'],
    ['power-cut-after', 'line 1: power-cut-after NUMBER-OF-WRITES'],
    ['power-cut-after -1', 'line 1: power-cut-after NUMBER-OF-WRITES'],
    ['80100000 \\', 'line 1: the last line is continued by nothing'],
    ['\x1b[2J', 'line 1: "?[2J" is no directive, and the line is not hex digits in pairs'],
  ] as const)('refuses %j', ([text, why]) => {
    expect(message(parseScript, text)).toBe(why)
  })

  test('takes commands with or without spaces, over several lines, with comments', () => {
    expect(commands(parseScript('80100000 # one\r\n#\n  80 20 00 00 02 \\ # and\n  AA \\\n bb\n'))).toEqual([
      '80100000',
      '8020000002AABB',
    ])
  })

  test('takes directives, and expectations for what answers', () => {
    const { steps } = parseScript(`load my wallet.cap
      install F047524944 01 02 as F047524945
      > 9000
      select F047524945
      power-cut-after 0
      80 10 00 00
      > power-cut
      power-off
      reset
      > 3B *`)
    expect(steps.map(({ line, action, expected }) => [line, action.kind, expected?.kind])).toEqual([
      [1, 'load', undefined],
      [2, 'install', 'response'],
      [4, 'select', undefined],
      [5, 'power-cut-after', undefined],
      [6, 'command', 'power-cut'],
      [8, 'power-off', undefined],
      [9, 'reset', 'response'],
    ])
    expect(steps[0]).toMatchObject({ action: { path: 'my wallet.cap' } })
    expect(steps[1]).toMatchObject({
      action: { parameters: fromHex('0102'), instanceAid: fromHex('F047524945') },
    })
  })
})

describe('the language of apdutool', () => {
  test.for([
    ['powerup', 'line 1: the statement does not end with ";"'],
    ['powerup now;', 'line 1: powerup stands alone'],
    ['\n80 10 00 00 00 00;', 'line 2: "80" is neither a command of apdutool nor a byte like 0x1F'],
    ['#include "x";', 'line 1: "#include" is neither a command of apdutool nor a byte like 0x1F'],
    ['0x80 0x10 0x00;', 'line 1: a command APDU has 4 to 65544 bytes, not 3'],
    ['0x80 0x10 0x00 0x00 0x02 0x01;', 'line 1: Lc is 2, but 1 bytes follow it'],
    ['0x80 0x10 0x00 0x00 0x00 0x01 0x02;', 'line 1: Lc is 0, but 2 bytes follow it'],
    ['extended maybe;', 'line 1: extended on; or extended off;'],
    ['output;', 'line 1: output on; or output off;'],
    ['delay soon;', 'line 1: delay MILLISECONDS;'],
    ['echo hello;', 'line 1: echo "text";'],
    ['echo "hello;', 'line 1: echo "text";'],
    ['/* no end', 'line 1: a comment that does not end'],
    ['//> 9000', 'line 1: nothing before it gives an answer'],
    [
      'powerup;\n//> 9',
      'line 2: an expectation is hex digits in pairs, "." for any digit, one "*" for any bytes; or "power-cut"',
    ],
    [
      'extended on; 0x80 0x10 0x00 0x00 0x01 0x02;',
      'line 1: an extended command has 00 and two bytes of Lc, the data, and two bytes of Le or none',
    ],
  ] as const)('refuses %j', ([text, why]) => {
    expect(message(parseApdutoolScript, text)).toBe(why)
  })

  test('is understood with comments, several lines to a command, and what it says beside commands', () => {
    const script = parseApdutoolScript(`// SELECT
      powerup; /* two
      lines */ contacted; echo "a; // b"; delay 10;
      0x00 0xA4 0x04 0x00 0x05 // AID
        0xF0 0x47 0x52 0x49 0x44
        0x7F; //> * 90 00
      output off; powerdown;`)
    expect(commands(script)).toEqual(['reset', 'echo', '00A4040005F0475249447F', 'output', 'power-off'])
    expect(script.steps[1]).toMatchObject({ line: 3, action: { text: 'a; // b' } })
    expect(script.steps[2]).toMatchObject({ line: 4, expected: { kind: 'response' } })
  })

  test('leaves out an Lc of 0, which ISO/IEC 7816-4 does not have', () => {
    expect(commands(parseApdutoolScript('0x80 0x10 0x01 0x02 0x00 0x7F;'))).toEqual(['801001027F'])
  })

  test('takes extended commands after "extended on;" as ISO/IEC 7816-4 encodes them', () => {
    const script = parseApdutoolScript('extended on; 0x80 0x10 0 0;'.replaceAll(' 0', ' 0x0').replaceAll('0x0x', '0x'))
    expect(commands(script)).toEqual(['80100000'])
    const long = 'extended on; 0x80 0x10 0x00 0x00 0x00 0x00 0x01 0xAA 0x00 0x00;'
    expect(commands(parseApdutoolScript(long))).toEqual(['80100000000001AA0000'])
  })
})

describe.for([
  ['ours', parseScript],
  ['of apdutool', parseApdutoolScript],
] as const)('any text as a script %s', ([, parse]) => {
  test('is understood, or refused with its line', () => {
    const words = [
      '80',
      '0x80',
      '>',
      '//>',
      '/*',
      '*/',
      '"',
      ';',
      '\\',
      '#',
      '\n',
      ' ',
      'install',
      'as',
      'extended on',
      '*',
      '.',
    ]
    const text = fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary' })))
      .map((all) => all.join(' '))
    fc.assert(fc.property(text, (one) => /^(understood|line \d+: )/.test(message(parse, one))))
  })
})

describe('an expected response', () => {
  test.for([
    ['90 00', '9001', false],
    ['90 00', '', false],
    ['90 00', '009000', false],
    ['63 C.', '63D2', false],
    ['01 * 90 00', '029000', false],
    ['01 * 90 00', '9000', false],
    ['01 90 * 90 00', '019000', false],
    ['9000', '9000', true],
    ['63 c.', '63C2', true],
    ['.. 90 00', 'AA9000', true],
    ['01 * 90 00', '019000', true],
    ['* 90 00', '010203049000', true],
    ['*', '', true],
  ] as const)('%s of %s: %s', ([pattern, response, isMet]) => {
    expect(matches(parseResponsePattern(pattern)!, fromHex(response))).toBe(isMet)
  })
})
