import { describe, expect, it } from 'vitest'
import { convertClasses } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass, type MethodText } from '../../test/java-assembler.ts'
import { structureFaults } from '../../test/structure.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { ConvertError } from '../errors.ts'
import { emitExportFile } from '../exportfile/emit-export-file.ts'
import { parseExportFile } from '../exportfile/parse-export-file.ts'

const method = (name: string, flags = 'public'): MethodText => ({
  name,
  descriptor: '()V',
  flags: flagsOf(flags),
  code: 'return',
})
const libraryOf = (methods: readonly MethodText[], fields: readonly string[] = []) =>
  javaClass({ name: 'p/Lib', fields, methods: [constructorOf(), ...methods] })
const interfaceOf = (name: string, ...methods: readonly string[]) =>
  javaClass({
    name,
    flags: flagsOf('public interface abstract'),
    methods: methods.map((one) => ({ name: one, descriptor: '()V', flags: flagsOf('public abstract') })),
  })

const OLD = [
  libraryOf(
    [method('a'), method('b'), method('s', 'public static'), method('t', 'public static')],
    ['public x S', 'public y S', 'public static v S', 'public static w S'],
  ),
  interfaceOf('p/Zeta', 'm', 'n'),
]
const olderExport = parseExportFile(emitExportFile(convertClasses(OLD).exported))

/** `name token` of everything others can name. */
function tokens(classFiles: readonly Uint8Array[], options: object = {}): string[] {
  const { cap, exported } = convertClasses(classFiles, options)
  expect(structureFaults(emitCapFile(cap))).toEqual([])
  return exported.classes.flatMap((one) => [
    `${one.name} ${one.token}`,
    ...[...one.fields, ...one.methods].map(({ name, token }) => `${name} ${token}`),
  ])
}

function findings(...classFiles: readonly Uint8Array[]): string[] {
  try {
    convertClasses(classFiles, { olderExport })
    return []
  } catch (error) {
    return error instanceof ConvertError ? error.findings.map((one) => one.message) : [String(error)]
  }
}

describe('against an older export file', () => {
  const changed = [
    libraryOf(
      [
        method('c'),
        method('b'),
        method('a'),
        method('r', 'public static'),
        method('t', 'public static'),
        method('s', 'public static'),
      ],
      ['public static u S', 'public static w S', 'public y S', 'public x S', 'public static v S'],
    ),
    interfaceOf('p/Alpha', 'z'),
    interfaceOf('p/Zeta', 'n', 'm'),
  ]

  it.each([
    ['a class that is gone', [OLD[0]!], 'is no longer there for others since version 1.0'],
    ['a method that is gone', [libraryOf([method('a')]), OLD[1]!], 'is no longer there for others since version 1.0'],
    ['a new method in an interface', [OLD[0]!, interfaceOf('p/Zeta', 'm', 'n', 'o')], /has more methods/],
    [
      'a method that became static',
      [
        libraryOf([
          method('a', 'public static'),
          method('b'),
          method('s', 'public static'),
          method('t', 'public static'),
        ]),
        OLD[1]!,
      ],
      /is static method/,
    ],
  ])('%s is refused', (_, classFiles, message) => {
    expect(findings(...classFiles)).toContainEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    )
  })

  it('what was there keeps its token, what is new comes behind', () => {
    const kept = tokens(changed, { olderExport })
    for (const one of tokens(OLD)) expect(kept).toContain(one)
    expect(kept).toEqual(expect.arrayContaining(['p/Alpha 2', 'c 3', 'r 3', 'u 2']))
  })

  it('without it, tokens follow the source', () => {
    expect(tokens(changed)).toEqual(expect.arrayContaining(['p/Zeta 1', 'c 1', 'b 2', 'a 3']))
  })
})
