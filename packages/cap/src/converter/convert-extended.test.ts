import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'
import { disassemble } from '../assembler/disassemble.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { exportedPackages } from '../capfile/export-component.ts'
import { parseCapFile } from '../capfile/parse-cap-file.ts'
import { parseDebugComponent } from '../debug/debug-component.ts'
import { ConvertError } from '../errors.ts'
import { emitExportFile } from '../exportfile/emit-export-file.ts'
import { parseExportFile } from '../exportfile/parse-export-file.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'
import { type ConvertExtendedOptions, convert, convertExtended } from './convert.ts'

// Three packages as those that the vendor's converter 24.1 was given, too; where tokens and components are compared with
// what it made of them, a comment says so.

const VERSION = { major: 1, minor: 3 }
const LIBRARY_AID = fromHex('F04752494445580102')
const CALL = 'aload_0; invokevirtual lib/Counter.step:()V; return'

/** Package-visible `step`, which no class of another package overrides. */
const counter = javaClass({
  name: 'lib/Counter',
  sourceFile: 'Counter.java',
  fields: ['value S', 'public static made S'],
  methods: [
    constructorOf(),
    { name: 'step', descriptor: '()V', flags: 0, code: 'L: return', lines: ['L 5'] },
    { name: 'next', descriptor: '()V', flags: flagsOf('public'), code: CALL },
    { name: 'of', descriptor: '(S)S', flags: flagsOf('public static'), code: 'iload_0; ireturn' },
  ],
})
const twice = javaClass({
  name: 'hid/Twice',
  superName: 'lib/Counter',
  methods: [
    constructorOf('lib/Counter'),
    { name: 'step', descriptor: '()V', flags: 0, code: 'return' },
    { name: 'own', descriptor: '()V', flags: flagsOf('public'), code: CALL.replace('lib/Counter', 'hid/Twice') },
  ],
})
/** Of the package of Counter again: overrides its `step`, across the class between. */
const thrice = javaClass({
  name: 'lib/Thrice',
  flags: flagsOf('super'),
  superName: 'hid/Twice',
  methods: [constructorOf('hid/Twice', 0), { name: 'step', descriptor: '()V', flags: 0, code: 'return' }],
})
const applet = javaClass({
  name: 'app/App',
  superName: 'javacard/framework/Applet',
  methods: [
    constructorOf('javacard/framework/Applet'),
    {
      name: 'install',
      descriptor: '([BSB)V',
      flags: flagsOf('public static'),
      code: 'new app/App; dup; invokespecial app/App.<init>:()V; invokevirtual app/App.register:()V; return',
    },
    {
      name: 'process',
      descriptor: '(Ljavacard/framework/APDU;)V',
      flags: flagsOf('public'),
      code: 'new hid/Twice; dup; invokespecial hid/Twice.<init>:()V; invokevirtual hid/Twice.next:()V; return',
    },
  ],
})

const LIBRARY = { packageName: 'lib', packageAid: LIBRARY_AID, packageVersion: VERSION }
const APP = { packageName: 'app', applets: [{ className: 'app.App', aid: fromHex('F0475249444558010101') }] }
const PACKAGES = [{ packageName: 'hid' }, APP, LIBRARY]

const extended = (more: Partial<ConvertExtendedOptions> = {}) =>
  convertExtended({
    classFiles: [applet, thrice, twice, counter],
    level: '3.1.0',
    capName: 'meter.card',
    capAid: fromHex('F04752494445580101'),
    capVersion: { major: 1, minor: 2 },
    packages: PACKAGES,
    ...more,
  })

const refusals = (more: Partial<ConvertExtendedOptions>): string[] => {
  try {
    extended(more)
    return []
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error
    return error.findings.map(({ className, message }) => `${className} ${message}`)
  }
}

describe('an extended CAP file is refused', () => {
  const bytes = (count: number) => new Uint8Array(count)
  const resource = (resourceId: number, size = 1) => ({ resourceId, content: bytes(size) })
  test.for<[string, Partial<ConvertExtendedOptions>, string]>([
    [
      'before level 3.1',
      { level: '3.0.5' },
      'meter.card level 3.0.5 has no extended CAP files, static resources and private packages',
    ],
    ['without packages', { packages: [] }, 'meter.card the CAP file has no packages'],
    ['with a package twice', { packages: [...PACKAGES, { packageName: 'hid' }] }, 'hid the package is named twice'],
    [
      'with the AID of the file for a package',
      { capAid: LIBRARY_AID },
      'lib the AID is that of the CAP file or of another package',
    ],
    [
      'with an AID but no version',
      { packages: [{ packageName: 'hid', packageAid: fromHex('F04752494455') }, APP, LIBRARY] },
      'hid the package has only one of AID and version',
    ],
    ['without the package of a class', { packages: [APP, LIBRARY] }, 'hid.Twice is in no package of the CAP file'],
    [
      'with a package without classes',
      { packages: [...PACKAGES, { packageName: 'none' }] },
      'none the package has no classes',
    ],
    [
      'with an applet in another package',
      { packages: [{ packageName: 'app' }, { ...APP, packageName: 'hid' }, LIBRARY] },
      'app.App the applet class is not in package hid',
    ],
    [
      'with an applet of another owner',
      { capAid: fromHex('F000000001') },
      'app.App the applet AID does not begin with the first five bytes of the CAP file AID',
    ],
    ['with a resource twice', { resources: [resource(5), resource(5)] }, 'meter.card static resource 5 is there twice'],
    [
      'with a resource number below 0',
      { resources: [resource(-1)] },
      'meter.card static resource -1 has no valid number',
    ],
    [
      'with a resource that no array can show',
      { resources: [resource(1, 0x8000)] },
      'meter.card static resource 1 has 32768 bytes, at most 32767 are possible',
    ],
    [
      'with an older export file of a private package',
      { packages: [{ packageName: 'hid', olderExport: convertedAlone() }, APP, LIBRARY] },
      'hid the package is private and has an older export file',
    ],
  ])('%s', ([, more, message]) => {
    expect(refusals(more)).toEqual([message])
  })

  test('with a visible class that extends one of a private package, as by the vendor', () => {
    const visible = javaClass({ name: 'lib/Thrice', superName: 'hid/Twice', methods: [constructorOf('hid/Twice')] })
    expect(refusals({ classFiles: [applet, visible, twice, counter] })).toEqual([
      'lib.Thrice is visible to other CAP files, but extends or implements hid.Twice, which is not',
    ])
    expect(refusals({ classFiles: [applet, thrice, twice, counter] })).toEqual([])
  })

  test('with a visible member that names a class of a private package', () => {
    const leaking = javaClass({ name: 'lib/Leak', fields: ['public twice Lhid/Twice;', 'own Lhid/Twice;'] })
    expect(refusals({ classFiles: [applet, thrice, twice, counter, leaking] })).toEqual([
      'lib.Leak twice is visible to other CAP files, but names hid.Twice, which is not',
    ])
  })

  test('when another version of a public package needs tokens that are gone', () => {
    const older = convertedAlone(javaClass({ name: 'lib/Gone' }))
    const [message] = refusals({ packages: [{ packageName: 'hid' }, APP, { ...LIBRARY, olderExport: older }] })
    expect(message).toBe('lib.Gone is no longer there for others since version 1.3')
  })
})

/** The library as a compact CAP file of its own. */
function convertedAlone(...more: Uint8Array[]) {
  return convert({ ...LIBRARY, classFiles: [counter, ...more], applets: [], level: '3.1.0' }).exported
}

describe('an extended CAP file of three packages', () => {
  const { cap, exported, debug } = extended({ resources: [{ resourceId: 5, content: fromAscii('Hello') }] })
  const text = disassemble(cap)

  test('passes the verifier, and comes through file and parser', () => {
    expect(verifyCapFile(cap)).toEqual([])
    const file = emitCapFile(cap)
    expect(toHex(emitCapFile(parseCapFile(file)))).toBe(toHex(file))
    expect(new TextDecoder('latin1').decode(file)).toContain('meter/card/javacard/StaticResources.capx')
  })

  test('names its public packages, public ones first in Descriptor', () => {
    expect(exportedPackages(cap).map((one) => toHex(one.package.aid))).toEqual([toHex(LIBRARY_AID)])
    expect(cap.descriptor?.packageClassCounts).toEqual([2, 1, 1])
    expect(cap.staticResources?.resources).toEqual([{ resourceId: 5, content: fromAscii('Hello') }])
  })

  test('numbers package-visible methods of two packages apart, as the vendor does', () => {
    const packageTables = [...text.matchAll(/^ {2}\.package (\d.*)$/gm)].map(([, table]) => table)
    expect(packageTables.filter((table) => table?.includes(' '))).toEqual([
      '0 method4',
      '1 method8',
      '0 method11 method8',
    ])
  })

  test('has the export file of the public package, which refers to what it mentions', () => {
    expect(exported.map((one) => [one.name, one.classes.map(({ name }) => name)])).toEqual([['lib', ['lib/Counter']]])
    expect(exported[0]!.references).toEqual([{ name: 'java.lang', aid: 'A0000000620001', version: '1.0' }])
    expect(parseExportFile(emitExportFile(exported[0]!))).toEqual(exported[0])
  })

  test('is the same whatever the order of class files and resources', () => {
    const resources = [2, 1].map((resourceId) => ({ resourceId, content: Uint8Array.of(resourceId) }))
    const one = extended({ resources })
    const other = extended({ resources: resources.toReversed(), classFiles: [counter, twice, thrice, applet] })
    expect(toHex(emitCapFile(other.cap))).toBe(toHex(emitCapFile(one.cap)))
    expect(one.cap.staticResources?.resources.map(({ resourceId }) => resourceId)).toEqual([1, 2])
  })

  test('has lines in its debug map and in its Debug component', () => {
    const step = debug.methods.find(({ name, lines }) => name === 'step' && lines.length > 0)!
    expect([debug.package.name, debug.sources, step.lines]).toEqual([
      'meter.card',
      ['lib/Counter.java'],
      [{ offset: 0, line: 5 }],
    ])
    const info = extended({ debugComponent: true }).cap.debug!
    const read = parseDebugComponent(info, 'extended')
    expect(read.package.name).toBe('app, lib, hid')
    const places = ({ methods }: typeof debug) => methods.map(({ name, offset, lines }) => [name, offset, lines])
    expect(places(read)).toEqual(places(debug))
  })

  test('that shows nothing exports nothing', () => {
    const shareless = extended({ packages: [{ packageName: 'hid' }, { packageName: 'lib' }, APP] })
    expect([shareless.exported, shareless.cap.export, shareless.cap.header.packages]).toEqual([[], undefined, []])
    expect(verifyCapFile(shareless.cap)).toEqual([])
  })
})

describe('methods of more than 64 KiB', () => {
  /** A switch of 12,000 cases: 24 kB in one instruction. */
  const large = (name: string) => ({
    name,
    descriptor: '(S)S',
    flags: flagsOf('public static'),
    code: `iload_0; tableswitch 0 ${'A '.repeat(12_000)} B; A: iconst_1; ireturn; B: iload_0; invokestatic lib/Large.a:(S)S; ireturn`,
  })
  const caught = {
    ...large('e'),
    code: 'A: iload_0; ireturn; B: pop; iconst_0; ireturn',
    handlers: ['A B B java/lang/Exception'],
  }
  const classFiles = [javaClass({ name: 'lib/Large', methods: [...['a', 'b', 'c', 'd'].map(large), caught] })]

  test('do not fit a compact CAP file', () => {
    expect(() => convert({ ...LIBRARY, classFiles, applets: [], level: '3.1.0' })).toThrowError(
      /the package has 960\d\d bytes of methods, a CAP file holds 65535; split it, or build an extended CAP file/,
    )
  })

  test('take two blocks of an extended one', () => {
    const { cap, debug } = extended({ classFiles, packages: [LIBRARY] })
    expect(cap.methods.blockSizesBytes?.length).toBe(2)
    expect(cap.methods.handlers.map((one) => one.startOffset > 0x10000)).toEqual([true])
    expect(cap.referenceLocation.byte2IndexOffsets.some((at) => at > 0x10000)).toBe(true)
    expect(verifyCapFile(cap)).toEqual([])
    const file = emitCapFile(cap)
    expect(toHex(emitCapFile(parseCapFile(file)))).toBe(toHex(file))
    expect(debug.methods.map(({ offset }) => offset >>> 16)).toEqual([0, 0, 1, 1, 1])
  })
})
