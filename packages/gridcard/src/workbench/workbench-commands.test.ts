import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../test/run-command.ts'
import { findJavac } from '../javac.ts'

const javac = await findJavac()
const CLI = join(import.meta.dirname, '../cli.ts')
const METER_SECURITY = join(import.meta.dirname, '../../../../applets/prebuilt/meter-security.cap')
const temporary = mkdtempSync(join(tmpdir(), 'gridcard-workbench-'))
/** Its name could name a project, so that `applet new ''` must not take it. */
const folder = join(temporary, 'workbench')
mkdirSync(folder)
afterAll(() => rmSync(temporary, { recursive: true }))

const gridcard = (args: readonly string[], stdin = '') => runCommand(args, { cwd: folder, stdin })

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

describe('gridcard card try', () => {
  test('ends with 2 when a file or an applet to install is not there', async () => {
    expect(await gridcard(['card', 'try'])).toMatchObject({ code: 2 })
    expect(await gridcard(['card', 'try', 'nothing.cap'])).toMatchObject({
      code: 2,
      stderr: 'gridcard: there is no file nothing.cap (GRIDCARD_BAD_OPTION)\n',
    })
    expect(await gridcard(['card', 'try', METER_SECURITY, '--install', 'F000000000'])).toMatchObject({ code: 2 })
    expect(await gridcard(['card', 'try', METER_SECURITY, '--install', 'F0'])).toMatchObject({ code: 2 })
  })

  test('ends with 1 when a file was refused', async () => {
    const { code, stdout } = await gridcard(['card', 'try', fileOf('noise.cap', 'noise'), METER_SECURITY])
    expect(code).toBe(1)
    expect(stdout).toContain('1 installed, 0 loaded, 1 refused')
  })

  test('ends with 0 when all were installed, as JSON if asked', async () => {
    const { code, stdout } = await gridcard(['card', 'try', '--json', METER_SECURITY])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      files: [{ result: 'installed', applets: ['F047524944434152440101'] }],
      counts: { installed: 1, refused: 0 },
    })
  })
})

describe('gridcard script', () => {
  test('ends with 2 and the line when a script is not understood, before any is run', async () => {
    const good = fileOf('good.apdu', 'reset\n')
    const { code, stdout, stderr } = await gridcard(['script', good, fileOf('bad.apdu', '\n\njump\n')])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('bad.apdu: line 3: "jump" is no directive')
    expect(await gridcard(['script', 'nothing.apdu'])).toMatchObject({ code: 2 })
    expect(await gridcard(['script', good, '--format', 'other'])).toMatchObject({ code: 2 })
    expect(await gridcard(['script', good, '--applet', fileOf('noise.cap', 'noise')])).toMatchObject({ code: 2 })
  })

  test('ends with 1 when a response is another', async () => {
    const { code, stdout } = await gridcard(['script', fileOf('fails.apdu', '00A40400\n> 9000\n')])
    expect(code).toBe(1)
    expect(stdout).toMatch(/0 passed, 1 failed\n$/)
  })

  test('ends with 0 when all passed, for scripts of apdutool too, as JSON if asked', async () => {
    const script = fileOf('passes.scr', 'powerup; //> 3B *\n0x80 0x02 0x00 0x00 0x00 0x00; //> 69 ..\n')
    expect(await gridcard(['script', script, '--applet', METER_SECURITY])).toMatchObject({ code: 0, stderr: '' })
    const { code, stdout } = await gridcard(['script', '--json', script])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      scripts: [
        {
          steps: [
            { line: 1, step: 'reset', result: 'passed' },
            { line: 2, expected: '69..' },
          ],
        },
      ],
      passed: 2,
      failed: 0,
    })
  })
})

test('a reader of the output that has seen enough is no fault to report', async () => {
  const child = execFile(process.execPath, [CLI, 'card', 'try', METER_SECURITY])
  let said = ''
  child.stderr?.on('data', (text) => {
    said += text
  })
  child.stdout?.destroy()
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect({ code, said }).toEqual({ code: 1, said: '' })
})

describe('gridcard run', () => {
  test('ends with 2 when a file is not there or is no applet', async () => {
    expect(await gridcard(['run', 'nothing.cap'])).toMatchObject({ code: 2, stdout: '' })
    expect(await gridcard(['run', fileOf('noise.cap', 'noise')])).toMatchObject({ code: 2, stdout: '' })
    expect(await gridcard(['run', METER_SECURITY, '--install', 'F000000000:00'])).toMatchObject({ code: 2 })
  })

  test('ends with 1 when a piped line was not understood, and obeys the others', async () => {
    const { code, stdout } = await gridcard(['run', METER_SECURITY], 'jump\nselect meter-security\n')
    expect(code).toBe(1)
    expect(stdout).toContain('> jump\n  "jump" is no command, type help\n> select meter-security\n  9000 done\n')
  })

  test('ends with 0 at quit or the end of input, a line of JSON for each line if asked', async () => {
    const { code, stdout } = await gridcard(['run', '--json', METER_SECURITY], 'select meter-security\n\nquit\nreset\n')
    expect(code).toBe(0)
    expect(stdout).toBe('{"data":"","sw":"9000","text":"done"}\n{"ended":true}\n')
    expect(await gridcard(['run'], 'reset\n')).toMatchObject({ code: 0 })
  })
})

describe('gridcard applet new', () => {
  test.for(['', '..', 'My-Wallet', 'wallet-', '1wallet', 'class', 'new', 'w'.repeat(41)])(
    'ends with 2 for the name "%s"',
    async (name) => {
      expect(await gridcard(['applet', 'new', name])).toMatchObject({ code: 2, stdout: '' })
    },
  )

  test('ends with 2 and changes nothing when something is there', async () => {
    mkdirSync(join(folder, 'taken'))
    fileOf('taken/mine.txt', 'mine')
    fileOf('a-file', '')
    expect(await gridcard(['applet', 'new', 'taken'])).toMatchObject({ code: 2 })
    expect(readdirSync(join(folder, 'taken'))).toEqual(['mine.txt'])
    expect(await gridcard(['applet', 'new', 'a-file'])).toMatchObject({ code: 2 })
    expect(await gridcard(['applet', 'new', 'a-file/wallet'])).toMatchObject({ code: 2 })
  })

  test('tells a program what it made', async () => {
    const { code, stdout } = await gridcard(['applet', 'new', 'for-programs', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      packageName: 'forprograms',
      className: 'ForPrograms',
      files: [
        'applet.json',
        'src/forprograms/ForPrograms.java',
        'test.apdu',
        'package.json',
        'test/card.test.mjs',
        '.vscode/launch.json',
        '.vscode/extensions/gridcard-debug/package.json',
        '.vscode/extensions/gridcard-debug/adapter.cjs',
        'README.md',
        '.gitignore',
      ],
    })
  })

  test.skipIf(!javac)('makes a project that builds and whose script passes at once', { timeout: 60_000 }, async () => {
    expect(await gridcard(['applet', 'new', 'my-wallet'])).toMatchObject({ code: 0, stderr: '' })
    const cap = join('my-wallet', 'my-wallet.cap')
    expect(await gridcard(['applet', 'build', 'my-wallet', '--out', cap])).toMatchObject({ code: 0, stderr: '' })
    const { code, stdout } = await gridcard(['script', 'my-wallet/test.apdu'])
    expect(stdout).toMatch(/12 passed, 0 failed\n$/)
    expect(code).toBe(0)
    const talk = await gridcard(['run', cap], 'select my-wallet\n80 10 00 00 00\n')
    expect(talk.stdout).toContain('  48 65 6C 6C 6F\n  9000 done\n')
  })
})

describe('the help of', () => {
  test.for([['card', 'try'], ['script'], ['run'], ['applet', 'new']])(
    '%s fits 80 columns and shows examples',
    async (command) => {
      const { code, stdout } = await gridcard([...command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toContain('Examples:')
      expect(widest(stdout)).toBeLessThanOrEqual(80)
    },
  )
})
