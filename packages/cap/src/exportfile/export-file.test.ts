import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { API_LEVELS } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { findKnownPackage } from '../api/known-packages.ts'
import { ExportFileError } from '../errors.ts'
import { emitApiExports } from './api-exports.ts'
import { emitExportFile } from './emit-export-file.ts'
import { parseExportFile } from './parse-export-file.ts'

/** A library p with `public class A { public static final byte K = -2; public static short f() }`, by JCVM 3.1 ch. 5. */
const HAND_WRITTEN = fromHex(
  `
  00FACADE 01 02
  000D
  01 0001 70 # 0 p
  0D 01 0000 01 02 05 F001020304 # 1 package p 2.1
  01 0003 70 2F 41 # 2 p/A
  07 0002 # 3 class p/A
  01 0010 6A6176612F6C616E672F4F626A656374 # 4 java/lang/Object
  07 0004 # 5 class java/lang/Object
  01 0001 4B # 6 K
  01 0001 42 # 7 B
  01 000D 436F6E7374616E7456616C7565 # 8 ConstantValue
  03 FFFFFFFE # 9 -2
  01 0001 66 # 10 f
  01 0003 282953 # 11 ()S
  01 0000 # 12 nothing
  0001 01
  00 0001 0003 0001 0005 00
    0001  FF 0019 0006 0007 0001 0008 00000002 0009
    0001  00 0009 000A 000B
`.replaceAll(/#.*$/gm, ''),
)

function refusal(bytes: Uint8Array): unknown {
  try {
    parseExportFile(bytes)
  } catch (error) {
    return error instanceof ExportFileError ? error.code : error
  }
  return 'taken'
}

describe('what is no export file is refused', () => {
  it('when it ends early, wherever', () => {
    for (let length = 0; length < HAND_WRITTEN.length; length++) {
      expect(refusal(HAND_WRITTEN.subarray(0, length))).toMatch(/^CAP_EXPORT_(TRUNCATED|MALFORMED)$/)
    }
  })

  it.each([
    ['another magic', 3, 0xdf, 'CAP_EXPORT_MALFORMED'],
    ['format 2.4', 4, 4, 'CAP_EXPORT_VERSION'],
    ['format 3.1', 5, 3, 'CAP_EXPORT_VERSION'],
    ['an unknown constant', 8, 2, 'CAP_EXPORT_MALFORMED'],
    ['a package that is no package', HAND_WRITTEN.length - 40, 0, 'CAP_EXPORT_MALFORMED'],
  ])('with %s', (_, at, value, code) => {
    expect(refusal(HAND_WRITTEN.with(at, value))).toBe(code)
  })

  it('with bytes behind it', () => {
    expect(refusal(Uint8Array.of(...HAND_WRITTEN, 0))).toBe('CAP_EXPORT_MALFORMED')
  })

  it('and whatever byte is changed, nothing but its own error comes out', () => {
    for (let at = 0; at < HAND_WRITTEN.length; at++) {
      for (const value of [0, 0x7f, 0xff]) {
        expect(refusal(HAND_WRITTEN.with(at, value))).toMatch(/^(taken|CAP_EXPORT_\w+)$/)
      }
    }
  })
})

describe('export files', () => {
  it('are read as the format says', () => {
    expect(parseExportFile(HAND_WRITTEN)).toEqual({
      name: 'p',
      aid: 'F001020304',
      version: '2.1',
      exportFileFormat: '2.1',
      library: true,
      classes: [
        {
          name: 'p/A',
          token: 0,
          access_flags: 1,
          super: 'java/lang/Object',
          supers: ['java/lang/Object'],
          interfaces: [],
          fields: [{ name: 'K', desc: 'B', flags: 0x19, token: 255, value: -2 }],
          methods: [{ name: 'f', desc: '()S', flags: 9, space: 'static', token: 0 }],
        },
      ],
    })
  })

  it.each(API_LEVELS)('of level %s come back as they were', (level) => {
    const files = [...emitApiExports(level)]
    expect(files.map(([path]) => path)).toContain('javacard/framework/javacard/framework.exp')
    expect(files.map(([, bytes]) => parseExportFile(bytes))).toEqual(apiPackages(level))
    expect([...emitApiExports(level)].map(([, bytes]) => toHex(bytes))).toEqual(files.map(([, bytes]) => toHex(bytes)))
  })
})

/** Export files of your own: `GRIDCARD_EXPORTS=<folder>`. Those of known packages must say what our tables say. */
const folder = process.env['GRIDCARD_EXPORTS']
describe.skipIf(!folder)('GRIDCARD_EXPORTS', () => {
  const paths = folder ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  it.each(paths.filter((one) => one.endsWith('.exp')))('%s', (path) => {
    const read = parseExportFile(new Uint8Array(readFileSync(join(folder!, path))))
    expect(parseExportFile(emitExportFile(read))).toEqual(read)
    const [major, minor] = read.version.split('.').map(Number)
    const known = findKnownPackage(fromHex(read.aid), { major: major!, minor: minor! })
    if (known?.version !== read.version) return
    const sorted = (one: typeof read) =>
      one.classes
        .map((c) => ({
          ...c,
          interfaces: c.interfaces.toSorted(),
          fields: byName(c.fields),
          methods: byName(c.methods),
        }))
        .toSorted((a, b) => a.token - b.token)
    expect(sorted(read)).toEqual(sorted(known))
  })
})

function byName<T extends { readonly name: string; readonly desc: string }>(members: readonly T[]): T[] {
  return members.toSorted((a, b) => (a.name + a.desc < b.name + b.desc ? -1 : 1))
}
