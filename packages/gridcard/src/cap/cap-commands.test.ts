import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assemble, emitComponents, parseCapFile, verifyRules } from '@gridcard/cap'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { runCommand } from '../../test/run-command.ts'
import { diffCaps } from './cap-diff.ts'
import { dumpCap } from './cap-dump.ts'
import { assembleCap, disassembleCap } from './cap-text.ts'
import { listRules, verifyCaps } from './cap-verify.ts'
import { listDifference } from './text-difference.ts'

const METER_SECURITY = join(import.meta.dirname, '../../../../applets/prebuilt/meter-security.cap')
const folder = mkdtempSync(join(tmpdir(), 'gridcard-cap-'))
afterAll(() => rmSync(folder, { recursive: true }))

let [printed, complaints] = ['', '']
const io = {
  out: (text: string) => {
    printed += text
  },
  err: (text: string) => {
    complaints += text
  },
}
beforeEach(() => {
  printed = ''
  complaints = ''
})

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))

/** A package with one method that nothing but its class names. */
function textOf(code: string, more = ''): string {
  return `.package F054455354 1.0
.class c extends java/lang/Object
.public 1 m
.end
${more}
.method m stack 2 args 1 locals 1
${code}
.end`
}
const capOf = (name: string, code: string, more = '') => fileOf(name, emitComponents(assemble(textOf(code, more))))

describe('gridcard cap verify', () => {
  test('ends with 2 when a file cannot be read, and looks at the others', () => {
    const good = capOf('good.ijc', 'return')
    expect(verifyCaps(io, [join(folder, 'none.cap'), fileOf('text.cap', 'no CAP file'), good])).toBe(2)
    expect(complaints).toBe(
      `gridcard: there is no file ${join(folder, 'none.cap')} (GRIDCARD_BAD_OPTION)\n` +
        `gridcard: ${join(folder, 'text.cap')}: not a ZIP archive: no end of central directory (CAP_NOT_A_ZIP)\n`,
    )
    expect(printed).toContain('good.ijc: ok')
  })

  test('ends with 1 and shows method, offset, rule and clause of a violation', () => {
    const bad = capOf('bad.ijc', 'sconst_0 aconst_null sadd sreturn')
    expect(verifyCaps(io, [bad])).toBe(1)
    expect(printed.slice(printed.indexOf(':') + 2)).toBe(
      'REFUSED, 1 violation\n' +
        '  method0 (class0.1) +2: stack-type (JCVM 3.1 §7.5 sadd)\n' +
        '    expected a short, found null\n',
    )
  })

  test('shows the Java line of a violation, of the debug map beside the file', () => {
    const bad = capOf('lined.ijc', 'sconst_0 aconst_null sadd sreturn')
    fileOf(
      'lined.ijc.debug.json',
      JSON.stringify({
        format: 'gridcard-debug-map',
        version: 1,
        package: { name: 'purse', aid: 'F054455354', version: '1.0' },
        sources: ['purse/Purse.java'],
        classes: [{ name: 'purse/Purse', source: 0, interfaces: [], accessFlags: 1, offset: 0, fields: [] }],
        methods: [
          {
            class: 0,
            name: 'debit',
            descriptor: '(S[B)S',
            accessFlags: 1,
            offset: 1,
            codeOffset: 3,
            codeSizeBytes: 4,
            variables: [],
            lines: [
              { offset: 0, line: 17 },
              { offset: 2, line: 18 },
            ],
          },
        ],
      }),
    )
    expect(verifyCaps(io, [bad])).toBe(1)
    expect(printed).toContain(
      '  purse/Purse.java:18: purse.Purse.debit(short, byte[])\n' +
        '  method0 (class0.1) +2: stack-type (JCVM 3.1 §7.5 sadd)\n',
    )
    printed = ''
    verifyCaps(io, [bad], { json: true })
    expect(JSON.parse(printed).files[0].findings[0].java).toEqual({
      className: 'purse.Purse',
      method: 'debit(S[B)S',
      source: 'purse/Purse.java',
      line: 18,
    })
  })

  test('takes faults of the format for findings', () => {
    const bytes = emitComponents(assemble(textOf('return')))
    bytes[bytes.length - 1]! ^= 0xff
    expect(verifyCaps(io, [fileOf('broken.ijc', bytes)], { json: true })).toBe(1)
    const { files } = JSON.parse(printed) as { files: { passed: boolean; findings: { rule: string }[] }[] }
    expect(files.map(({ passed, findings }) => [passed, findings.map(({ rule }) => rule)])).toEqual([
      [false, ['structure']],
    ])
  })

  test('says what it could not check, and refuses that only when it is told to be strict', () => {
    const foreign = capOf('foreign.ijc', 'aconst_null checkcast class %0.3 pop return', '.import F0FFFFFFFFFF 1.0')
    expect(verifyCaps(io, [foreign])).toBe(0)
    expect(printed).toContain('ok, 1 not checked')
    expect(printed).toContain('not checked: package F0FFFFFFFFFF is not known here: one use')
    expect(verifyCaps(io, [foreign], { strict: true })).toBe(1)
  })

  test('accepts our applets, as CAP file and as load file', () => {
    const loadFile = fileOf('ms.ijc', emitComponents(parseCapFile(new Uint8Array(readFileSync(METER_SECURITY)))))
    expect(verifyCaps(io, [METER_SECURITY, loadFile])).toBe(0)
    expect(printed.match(/: ok/g)).toHaveLength(2)
    expect(complaints).toBe('')
  })

  test('lists its rules within 80 columns', () => {
    expect(listRules(io)).toBe(0)
    for (const rule of Object.keys(verifyRules)) expect(printed).toContain(rule)
    expect(widest(printed)).toBeLessThanOrEqual(80)
  })
})

describe('gridcard cap dump', () => {
  test('refuses what is no CAP file in one line', () => {
    expect(() => dumpCap(io, fileOf('text.cap', 'no CAP file'))).toThrowError(/text\.cap cannot be read: not a ZIP/)
  })

  test('shows components, imports and applets within 80 columns', () => {
    expect(dumpCap(io, METER_SECURITY)).toBe(0)
    expect(printed).toContain('Import 1       A0000000620101 1.6 javacard.framework')
    expect(printed).toContain('Applet         F047524944434152440101 install at ')
    expect(printed).toMatch(/ {2}Method +\d+ bytes/)
    const [, ...lines] = printed.split('\n') // the first holds the path
    expect(widest(lines.join('\n'))).toBeLessThanOrEqual(80)
  })

  test('gives the same as JSON', () => {
    expect(dumpCap(io, METER_SECURITY, { json: true })).toBe(0)
    expect(JSON.parse(printed)).toMatchObject({
      format: '2.1',
      package: { aid: 'F0475249444341524401', path: 'org/gridcard/metersecurity' },
      flags: ['ACC_APPLET'],
      hasDescriptor: true,
    })
  })
})

describe('gridcard cap disasm and asm', () => {
  test('refuse a place that cannot be written', () => {
    const nowhere = join(folder, 'no/such/folder')
    expect(() => disassembleCap(io, METER_SECURITY, { out: nowhere })).toThrowError(/cannot write/)
  })

  test('name the line of a fault in the text', () => {
    const text = fileOf('fault.jca', textOf('sadd\nsaddd'))
    expect(assembleCap(io, text, { out: join(folder, 'fault.cap') })).toBe(1)
    expect(complaints).toBe(`gridcard: ${text}:8: no instruction saddd (CAP_ASM_UNKNOWN_NAME)\n`)
    expect(assembleCap(io, text, { out: join(folder, 'fault.cap'), json: true })).toBe(1)
    expect(JSON.parse(printed)).toMatchObject({ error: { code: 'CAP_ASM_UNKNOWN_NAME', line: 8 } })
  })

  test('write a load file when the name asks for one, and a CAP file only with a Descriptor', () => {
    const text = fileOf('small.jca', textOf('return'))
    expect(assembleCap(io, text, { out: join(folder, 'small.cap') })).toBe(1)
    expect(complaints).toContain('small.jca: a CAP file needs a Descriptor component (CAP_COMPONENT_MISSING)')
    expect(assembleCap(io, text, { out: join(folder, 'small.ijc') })).toBe(0)
    expect(verifyCaps(io, [join(folder, 'small.ijc')])).toBe(0)
  })

  test('give back the components of a CAP file', () => {
    const [text, cap] = [join(folder, 'ms.jca'), join(folder, 'ms.cap')]
    expect(disassembleCap(io, METER_SECURITY, { out: text })).toBe(0)
    expect(assembleCap(io, text, { out: cap })).toBe(0)
    expect(diffCaps(io, METER_SECURITY, cap)).toBe(0)
    expect(printed).toContain('the components are the same')
    printed = ''
    disassembleCap(io, cap)
    expect(printed).toBe(readFileSync(text, 'utf8'))
  })
})

describe('gridcard cap diff', () => {
  test('shows the components and the lines of methods that differ', () => {
    const [a, b] = [capOf('a.ijc', 'sconst_0 sstore_1 return'), capOf('b.ijc', 'sconst_1 sstore_1 nop return')]
    expect(diffCaps(io, a, b)).toBe(1)
    expect(printed).toMatch(/ {2}Method +\d+ -> \d+ bytes/)
    expect(printed).toContain('  ~ method0 (class0.1)\n      -    sconst_0\n      +    sconst_1\n      +    nop\n')
  })

  test('shows a method that was put before others as the only difference', () => {
    const other = '.method other stack 1 args 0\nsconst_5 sreturn\n.end\n'
    const use = 'invokestatic other pop invokestatic last pop return'
    const last = '.method last stack 1\nsconst_4 sreturn\n.end'
    const [a, b] = [
      capOf('c.ijc', use, `${other}${last}`),
      capOf(
        'd.ijc',
        use,
        `.method more stack 1\nsconst_2 sreturn\n.end\n.constants\nstaticMethod more\n.end\n${other}${last}`,
      ),
    ]
    expect(diffCaps(io, a, b, { json: true })).toBe(1)
    expect(JSON.parse(printed)).toMatchObject({
      same: false,
      methods: [{ kind: 'added', lines: ['+.method stack 1 args 0 locals 0', '+    sconst_2', '+    sreturn'] }],
    })
  })

  test('finds the shortest way between two lists', () => {
    const text = (a: string, b: string) =>
      listDifference([...a], [...b])
        .map(({ kind, index }) => {
          return kind === 'same' ? a[index] : kind === 'removed' ? `-${a[index]}` : `+${b[index]}`
        })
        .join('')
    expect(text('', '')).toBe('')
    expect(text('abc', 'abc')).toBe('abc')
    expect(text('abc', 'axc')).toBe('a-b+xc')
    expect(text('abcd', 'bd')).toBe('-ab-cd')
    expect(text('bd', 'abcd')).toBe('+ab+cd')
  })
})

describe('gridcard cap on the command line', () => {
  const gridcard = (...args: readonly string[]) => runCommand(['cap', ...args])

  test('ends with 2 for a missing file and without files', async () => {
    expect(await gridcard('dump', 'none.cap')).toMatchObject({
      code: 2,
      stderr: 'gridcard: there is no file none.cap (GRIDCARD_BAD_OPTION)\n',
    })
    expect(await gridcard('verify')).toMatchObject({
      code: 2,
      stderr: "gridcard: missing required argument 'files'\n",
    })
  })

  test('ends with 1 for findings and with 0 without', async () => {
    expect(await gridcard('verify', capOf('bad.ijc', 'sadd pop return'))).toMatchObject({ code: 1, stderr: '' })
    expect(await gridcard('verify', METER_SECURITY)).toMatchObject({ code: 0, stderr: '' })
  })

  test('explains every command with examples', async () => {
    for (const command of ['verify', 'dump', 'disasm', 'asm', 'diff']) {
      const { stdout } = await gridcard(command, '--help')
      expect(stdout).toMatch(new RegExp(`Exit codes: 0[^]*gridcard cap ${command} `))
    }
  })

  test('is a process that passes its exit code on', () => {
    const cli = join(import.meta.dirname, '../cli.ts')
    const bad = capOf('bad-too.ijc', 'sadd pop return')
    const ended = spawnSync(process.execPath, [cli, 'cap', 'verify', bad], { encoding: 'utf8' })
    expect(ended).toMatchObject({ status: 1, stderr: '' })
    expect(ended.stdout).toContain('REFUSED, 1 violation')
  })
})
