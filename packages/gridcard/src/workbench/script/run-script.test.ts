import { join } from 'node:path'
import { fromHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { WorkbenchCard } from '../workbench-card.ts'
import { parseScript } from './parse-script.ts'
import { type RanStep, runScript } from './run-script.ts'
import { describeStep } from './script-report.ts'

const PREBUILT = join(import.meta.dirname, '../../../../../applets/prebuilt')
const SELECTED = `load meter-security.cap
install F047524944434152440101
select F047524944434152440101
`
const IDENTITY = '80 10 00 00 18 4752430102030405 000102030405060708090A0B0C0D0E0F'

function run(text: string): RanStep[] {
  return [...runScript(parseScript(text), { card: new WorkbenchCard(), scriptPath: join(PREBUILT, 'test.apdu') })]
}

const results = (text: string) => run(text).map(({ result }) => result)

describe('a script fails', () => {
  test('at a file that is not there, and goes on', () => {
    const ran = run('load nothing.cap\n00A40400\n> 6...')
    expect(ran.map(({ result }) => result)).toEqual(['failed', 'passed'])
    expect(describeStep(ran[0]!)).toContain('there is no file')
  })

  test('at an applet that is not on the card', () => {
    expect(results('install F000000000')).toEqual(['failed'])
    expect(results('install F000000000\n> 6A88')).toEqual(['passed'])
  })

  test('at a select that is refused, unless that was expected', () => {
    expect(results('select F000000000')).toEqual(['failed'])
    expect(results('select F000000000\n> 69 99')).toEqual(['passed'])
  })

  test('at a command without power', () => {
    expect(results('power-off\n80020000\n> 9000')).toEqual(['told', 'failed'])
  })

  test('at a power cut that did not happen', () => {
    expect(results(`${SELECTED}power-cut-after 5\n80 02 00 00\n> power-cut`).at(-1)).toBe('failed')
  })

  test('showing the bytes that differ, and the status word in words', () => {
    const step = run(`${SELECTED}80 99 00 00\n> 01 .. 90 00`).at(-1)!
    expect(describeStep(step)).toBe(`  FAILED   4  80 99 00 00
              expected  01 .. 90 00
              received  6D 00
                        ^^    ^^ ^^
                        6D00 instruction not supported
`)
  })

  test('showing only those rows of a long answer that differ', () => {
    const expected = `${'..'.repeat(20)} FF ${'..'.repeat(10)} 90 00`
    const text = describeStep(run(`${SELECTED}80 02 00 00\n> ${expected}`).at(-1)!)
    expect(text).toContain('from byte 16')
    expect(text.match(/expected/g)).toHaveLength(2)
  })
})

describe('a script passes', () => {
  test('when all that was expected came', () => {
    expect(results(`${SELECTED}80 02 00 00 00\n> 01 01 * 90 00\nreset\n> 3B *`)).toEqual([
      'passed',
      'passed',
      'passed',
      'passed',
      'passed',
    ])
  })

  test('with the state before or after, wherever power was cut', () => {
    let cuts = 0
    for (let writes = 0; ; writes++) {
      const ran = run(`${SELECTED}power-cut-after ${writes}\n${IDENTITY}\nselect F047524944434152440101\n80 02 00 00`)
      expect(ran.slice(5).map(({ result }) => result)).toEqual(['passed', 'sent'])
      const title = ran.at(-1)!.response!.slice(5, 13)
      if (!ran[4]!.powerWasCut) {
        expect(title).toEqual(fromHex('4752430102030405'))
        break
      }
      expect([new Uint8Array(8), fromHex('4752430102030405')]).toContainEqual(title)
      cuts++
    }
    expect(cuts).toBeGreaterThan(0)
  })
})
