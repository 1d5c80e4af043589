import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { classWith, convertClasses, findingsOf } from '../../test/convert-method.ts'
import { flagsOf, javaClass } from '../../test/java-assembler.ts'
import { ConvertError, type ConvertFinding } from '../errors.ts'
import { MISSING_FEATURES, type MissingFeatureName, missingFeaturesText } from './java-subset.ts'

/** What current compilers do not make of Java 8 sources. */
type NotOfJavac = 'record' | 'jsr'

/**
 * One program for each row: the body of a class. `// <-` marks the lines where the finding is; `class` before the body
 * means the line of the class, for what has no line in a class file.
 */
const EXAMPLES: Readonly<Record<Exclude<MissingFeatureName, NotOfJavac>, string>> = {
  long: `short f(short a) {
    long b = a; // <-
    return (short) b; // <-
  }`,
  float: 'short f(float a) { return 1; } // <-',
  double: `double a = 1; // <-`,
  char: `short f() {
    return (short) new char[2].length; // <-
  }`,
  int: `class
  int[] a;`,
  'int-value': `short f(short a, short b) {
    return (short) (a * b / 3); // <-
  }`,
  string: `Object f() {
    return "text"; // <-
  }`,
  concatenation: `Object f(short a) {
    return "text" + a; // <-
  }`,
  'string-switch': `short f(Object a) {
    String text = (String) a; // <- string
    switch (text) { // <-
      case "one": return 1;
      default: return 2;
    }
  }`,
  boxing: `Object f(short a) {
    Short b = a; // <-
    return b;
  }`,
  enum: `enum Colour { RED, GREEN } // <-`,
  'enum-switch': `enum Shape { BOX, BALL } // <- enum
  short f(Shape a) {
    switch (a) { // <-
      case BOX: return 1;
      default: return 2;
    }
  }`,
  lambda: `interface Step { short of(short a); }
  static short next(short a) { return a; }
  short f(short a) {
    Step one = x -> (short) (x + 1); // <-
    Step two = ExampleLambda::next; // <-
    return one.of(two.of(a));
  }`,
  'interface-body': `interface Step {
    default short f() { return 1; } // <-
  }`,
  varargs: 'short f(byte... a) { return 1; } // <-',
  'class-literal': `Object f(Object a) {
    a.getClass(); // <-
    return ExampleLambda.class; // <-
  }`,
  threads: `void f(Object a) throws Exception {
    new Thread(); // <-
    a.notify(); // <-
  }`,
  synchronized: `synchronized void f() { } // <-
  void g(Object a) {
    synchronized (a) { // <-
      f();
    }
  }`,
  volatile: 'volatile short a = 1; // <-',
  transient: 'transient short a = 1; // <-',
  strictfp: 'strictfp short f() { return 1; } // <-',
  native: `class
  native short f();`,
  assert: `short f(short a) {
    assert a > 0 : "not positive"; // <-
    return a;
  }`,
  'try-with-resources': `void f(AutoCloseable a) throws Exception {
    try (AutoCloseable b = a) { // <-
      b.close(); // <-
    }
  }`,
  'array-of-arrays': `short f() {
    byte[][] a = new byte[2][3]; // <-
    return a[1][1];
  }
  byte[][] b = { { 1 } }; // <-`,
  'array-clone': `byte[] f(byte[] a) {
    return a.clone(); // <-
  }`,
  finalize: 'protected void finalize() { } // <-',
  'object-methods': `void f(Object a) {
    a.hashCode(); // <-
    a.toString(); // <-
  }`,
  'static-initialiser': `static short f() { return 1; }
  static short a = f(); // <-`,
  'library-array': 'static byte[] a = { 1, 2 }; // <-',
  collections: `void f() {
    new java.util.ArrayList<Object>(); // <-
  }`,
  system: `void f(byte[] a) {
    System.arraycopy(a, 0, a, 1, 2); // <-
  }`,
  math: `short f(short a) {
    return (short) Math.abs(a); // <-
  }`,
  'java-security': `void f() throws Exception {
    java.security.MessageDigest.getInstance(null); // <-
  }`,
}

/** What javac is told to make class files of Java 8 from Java 8; undefined without a compiler. JDK 8 knows no releases. */
const java8 = (() => {
  const { stdout, stderr, error } = spawnSync('javac', ['-version'], { encoding: 'utf8' })
  if (error) return undefined
  return /javac 1\./.test(stdout + stderr) ? ['-source', '8', '-target', '8'] : ['--release', '8']
})()

const classNameOf = (feature: string): string =>
  `Example${feature.replaceAll(/(^|-)(.)/g, (_match, _dash, letter: string) => letter.toUpperCase())}`

function sourceOf([feature, body]: readonly [string, string]): string {
  const isOfClass = body.startsWith('class\n')
  const code = isOfClass ? body.slice('class\n'.length).trim() : body
  return `package p;\n\nclass ${classNameOf(feature)} {${isOfClass ? ' // <-' : ''}\n  ${code}\n}\n`
}

/** `[feature, line]` as the marks of the source say. */
function expectedOf([feature, body]: readonly [string, string]): string[] {
  return sourceOf([feature, body])
    .split('\n')
    .flatMap((line, i) => {
      const mark = /\/\/ <-(?: ([a-z-]+))?$/.exec(line)
      return mark ? [`${mark[1] ?? feature} ${i + 1}`] : []
    })
}

describe.skipIf(!java8)(
  'what the Java Card language leaves out, all of it in one package',
  { timeout: 120_000 },
  () => {
    let found: readonly ConvertFinding[] = []
    let warned: readonly ConvertFinding[] = []

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gridcard-subset-'))
      afterAll(() => rm(folder, { recursive: true }))
      const sources = Object.entries(EXAMPLES).map((one) => [
        join(folder, `${classNameOf(one[0])}.java`),
        sourceOf(one),
      ])
      for (const [path, text] of sources) await writeFile(path!, text!)
      const out = join(folder, 'classes')
      await mkdir(out)
      const flags = ['-J-XX:TieredStopAtLevel=1', ...java8!, '-g', '-nowarn', '-Xlint:none', '-d', out]
      await promisify(execFile)('javac', [...flags, ...sources.map(([path]) => path!)])
      const files = (await readdir(join(out, 'p'))).map((name) => join(out, 'p', name))
      const read = await Promise.all(files.map(async (file) => ({ file, bytes: new Uint8Array(await readFile(file)) })))
      const finalizing = read.filter(({ file }) => file.endsWith('Finalize.class'))
      warned = convertClasses(finalizing.map(({ bytes }) => bytes)).warnings
      try {
        convertClasses(read.map(({ bytes }) => bytes))
      } catch (error) {
        if (!(error instanceof ConvertError)) throw error
        found = error.findings
      }
    }, 240_000)

    test.for(Object.entries(EXAMPLES).filter(([feature]) => feature !== 'finalize'))('%s', ([feature, body]) => {
      const own = found.filter((one) => one.file === `${classNameOf(feature)}.java`)
      const lines = own.map((one) => `${one.feature} ${one.line}`)
      // A type of the JDK may bring others of its own, which have their findings too.
      expect([...new Set(lines)]).toEqual(expect.arrayContaining(expectedOf([feature, body])))
      expect(own.filter((one) => one.feature === undefined || !lines.includes(`${one.feature} ${one.line}`))).toEqual(
        [],
      )
      const row = MISSING_FEATURES[feature as MissingFeatureName]
      expect(own.filter((one) => one.feature === feature).every((one) => one.advice === row.advice)).toBe(true)
    })

    test('finalize is a warning: other converters take it', () => {
      expect(warned).toMatchObject([{ feature: 'finalize', line: 4, message: 'is never called' }])
    })

    test('is told by file and line', () => {
      const places = found.map((one) => [one.file, one.line] as const)
      expect(places.every(([file, line]) => file !== undefined && line !== undefined)).toBe(true)
      const files = places.map(([file]) => file!)
      expect(files).toEqual(files.toSorted())
    })
  },
)

describe('what compilers of today do not make of Java 8', () => {
  const featuresOf = (...classFiles: Uint8Array[]) => {
    try {
      return convertClasses(classFiles).warnings.map((one) => one.feature)
    } catch (error) {
      if (!(error instanceof ConvertError)) throw error
      return error.findings.map((one) => one.feature)
    }
  }

  test('a record is one finding', () => {
    const method = { name: 'f', descriptor: '()S', code: 'iconst_0; ireturn' }
    expect(featuresOf(javaClass({ name: 'p/R', superName: 'java/lang/Record', methods: [method] }))).toEqual(['record'])
  })

  test('text joined by the class file of Java 9', () => {
    const code = 'iload_0; invokedynamic makeConcatWithConstants:(S)Ljava/lang/String;; pop; iconst_0; ireturn'
    expect(featuresOf(classWith(code))).toEqual(['concatenation'])
  })

  test('subroutines', () => {
    expect(featuresOf(classWith('jsr L; iconst_0; ireturn; L: astore_2; ret 2'))).toEqual(['jsr'])
  })
})

test('docs/java-subset.md has the table', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/java-subset.md'), 'utf8')
  expect(page).toContain(missingFeaturesText())
})

test('a switch on the ordinal itself, as compilers from JDK 21 on make it, is one on an enum', () => {
  const colour = javaClass({
    name: 'p/T$Colour',
    superName: 'java/lang/Enum',
    flags: flagsOf('public final super enum'),
  })
  const code =
    'N: aload_0; invokevirtual p/T$Colour.ordinal:()I; lookupswitch B 0:A; A: iconst_1; ireturn; B: iconst_2; ireturn'
  const user = classWith(code, '(Lp/T$Colour;)S', { lines: ['N 4'] })
  expect(findingsOf(colour, user)).toEqual(['switches on an enum', 'is an enum'])
})
