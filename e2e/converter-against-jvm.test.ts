import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { type CapFile, type Conversion, ConvertError, type ConvertFinding, convert } from '@gridcard/cap'
import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { findJavac, writeStubs } from 'gridcard'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RandomJava, seededRandom } from './support/random-java.ts'

// One Java source, two machines: a JVM runs the class files, the card runs the CAP file converted from them. Any
// difference is a fault of the converter or of the interpreter.

const run = promisify(execFile)
const javac = await findJavac()
const JAVA = javac ? join(javac.path, '../java').replace(/^\.\.\//, '') : 'java'
const SOURCES = join(import.meta.dirname, '../packages/cap/test/java')

const PACKAGE_AID = fromHex('F04752494401')
const APPLET_AID = fromHex('F0475249440101')

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'gridcard-jvm-'))
  await writeStubs(join(work, 'stubs'), '3.0.5')
})
afterAll(() => rm(work, { recursive: true, force: true }))

async function compile(sourceDir: string, outDir: string): Promise<void> {
  const sources = (await readdir(sourceDir, { recursive: true })).filter((name) => name.endsWith('.java')).sort()
  await mkdir(outDir, { recursive: true })
  const release = javac!.majorVersion >= 9 ? ['--release', '8'] : []
  const paths = sources.map((name) => join(sourceDir, name))
  await run(javac!.path, [
    ...release,
    '-g',
    '-nowarn',
    '-Xlint:none',
    '-cp',
    join(work, 'stubs'),
    '-d',
    outDir,
    ...paths,
  ])
}

async function classFilesOf(outDir: string): Promise<Uint8Array[]> {
  const folder = join(outDir, 'difftest')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.class'))
  return Promise.all(names.map(async (name) => new Uint8Array(await readFile(join(folder, name)))))
}

function convertClasses(classFiles: readonly Uint8Array[], applets: readonly string[]): Conversion {
  return convert({
    classFiles,
    packageName: 'difftest',
    packageAid: PACKAGE_AID,
    packageVersion: { major: 1, minor: 0 },
    applets: applets.map((className) => ({ className, aid: APPLET_AID })),
    level: '3.0.5',
  })
}

function cardWith(cap: CapFile): Card {
  const profile = {
    name: 'difference test',
    nvSizeBytes: 12 * 1024 * 1024, // nobody collects what 40000 commands create
    ramSizeBytes: 32 * 1024,
    commitCapacityBytes: 1024,
    atr: fromHex('3B8001'),
  }
  const card = Card.create({ profile, crypto: nodeCrypto })
  card.powerOn()
  card.loadPackage(cap)
  card.installApplet({ packageAid: PACKAGE_AID, appletAid: APPLET_AID })
  const selected = card.transmit(concatBytes(fromHex('00A4040007'), APPLET_AID))
  expect(toHex(selected)).toBe('9000')
  return card
}

function word(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff)
}

/** Lines `number a b outcome result` of the JVM that the card answers otherwise, with what it answers. */
function differences(card: Card, jvmLines: readonly string[]): string[] {
  return jvmLines.flatMap((line) => {
    const [number, a, b, outcome, result] = line.split(' ').map(Number)
    const command = concatBytes(fromHex('0000000006'), word(number!), word(a!), word(b!), Uint8Array.of(0))
    const expected = concatBytes(Uint8Array.of(outcome!), word(result!), fromHex('9000'))
    const answer = toHex(card.transmit(command))
    return answer === toHex(expected) ? [] : [`${line}: card ${answer}, JVM ${toHex(expected)}`]
  })
}

async function jvmLines(outDir: string, cases: number, operands: readonly number[]): Promise<string[]> {
  const args = ['-cp', outDir, 'Main', String(cases), ...operands.map(String)]
  const { stdout } = await run(JAVA, args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim().split('\n')
}

describe.skipIf(!javac)('converted code does what the JVM does', () => {
  test('on every hand-written case with edge operands', async () => {
    const out = join(work, 'written')
    await compile(SOURCES, out)
    const edges = [0, 1, -1, 2, 3, 5, 7, -3, 31, 127, 128, 255, 256, -128, -129, 1000, 32767, -32768, -32767]
    const lines = await jvmLines(out, 108, edges)
    const card = cardWith(convertClasses(await classFilesOf(out), ['difftest.CasesApplet']).cap)
    expect(lines).toHaveLength(108 * edges.length ** 2)
    expect(differences(card, lines)).toEqual([])
  })

  test.for([1, 2, 3, 4, 5])('on random programs, seed %i', async (seed) => {
    const { out, count, refused } = await randomPrograms(seed)
    // About half leave out a cast that Java Card wants; accepting those is what makes this test fail.
    expect(refused).toBeGreaterThan(5)
    expect(count).toBeGreaterThan(10)
    const random = seededRandom(seed)
    const operands = [
      0,
      1,
      -1,
      127,
      -128,
      32767,
      -32768,
      ...Array.from({ length: 5 }, () => Math.floor(random() * 65536) - 32768),
    ]
    const lines = await jvmLines(out, count, operands)
    const card = cardWith(convertClasses(await classFilesOf(out), ['difftest.CasesApplet']).cap)
    expect(differences(card, lines)).toEqual([])
  })
})

/** All that are accepted together have at most 255 exception handlers. */
const PROGRAMS = 40

/** Writes and compiles random classes, keeps those the converter takes, and puts a dispatcher over them. */
async function randomPrograms(seed: number): Promise<{ out: string; count: number; refused: number }> {
  const source = join(work, `random-${seed}`)
  const out = join(work, `random-${seed}-classes`)
  const generator = new RandomJava(seed)
  const programs = new Map(
    Array.from(
      { length: PROGRAMS },
      (_, i) => [`Random${i}`, generator.classSource('difftest', `Random${i}`)] as const,
    ),
  )
  await mkdir(join(source, 'difftest'), { recursive: true })
  for (const [name, text] of programs) await writeFile(join(source, 'difftest', `${name}.java`), text)
  await compile(source, join(out, 'all'))
  const refused = await refusedClasses(join(out, 'all'))
  for (const name of refused) await rm(join(source, 'difftest', `${name}.java`))
  const accepted = [...programs.keys()].filter((name) => !refused.has(name))
  await writeFile(join(source, 'difftest', 'Cases.java'), dispatcherSource(accepted))
  await cp(join(SOURCES, 'difftest/CasesApplet.java'), join(source, 'difftest/CasesApplet.java'))
  await cp(join(SOURCES, 'jvm/Main.java'), join(source, 'Main.java'))
  await compile(source, join(out, 'accepted'))
  return { out: join(out, 'accepted'), count: accepted.length, refused: refused.size }
}

/** Those with findings or warnings. Each is converted alone: together they would break the limits of a package. */
async function refusedClasses(out: string): Promise<ReadonlySet<string>> {
  const refused = new Set<string>()
  for (const classFile of await classFilesOf(out)) {
    for (const finding of findingsOf(classFile)) refused.add(finding.className.replace('difftest.', ''))
  }
  return refused
}

function findingsOf(classFile: Uint8Array): readonly ConvertFinding[] {
  try {
    return convertClasses([classFile], []).warnings
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error
    return error.findings
  }
}

function dispatcherSource(classes: readonly string[]): string {
  const cases = classes.map((name, number) => `        case ${number}: return ${name}.run(a, b, (byte) (a ^ b));`)
  return `package difftest;
public final class Cases {
  public static byte outcome;
  public static short run(short number, short a, short b) {
    outcome = 0;
    try {
      switch (number) {
${cases.join('\n')}
        default: return 0;
      }
    } catch (ArithmeticException e) { outcome = 1;
    } catch (ArrayIndexOutOfBoundsException e) { outcome = 2;
    } catch (NegativeArraySizeException e) { outcome = 4;
    } catch (RuntimeException e) { outcome = 6; }
    return 0;
  }
}
`
}
