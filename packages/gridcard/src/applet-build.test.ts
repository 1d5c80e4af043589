import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@gridcard/bytes'
import { assemble, parseCapFile, parseExportFile } from '@gridcard/cap'
import { describe, expect, test } from 'vitest'
import { buildApplet, buildAppletFolder, requireVerified } from './applet-build.ts'
import { type AppletConfig, parseAppletConfig } from './applet-config.ts'
import { findJavac } from './javac.ts'

const APPLETS = join(import.meta.dirname, '../../../applets')
const javac = await findJavac()

const HELLO: AppletConfig = {
  package: 'hello',
  packageAid: 'F04752494401',
  version: '1.2',
  level: '3.0.5',
  applets: [{ class: 'hello.Hello', aid: 'F0475249440101' }],
}

const MINIMAL = `package hello;
  public class Hello extends javacard.framework.Applet {
    public static void install(byte[] b, short o, byte l) { new Hello().register(); }
    public void process(javacard.framework.APDU apdu) { }
  }`

async function withSource<T>(source: string, act: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'gridcard-applet-'))
  try {
    await writeFile(join(folder, 'Hello.java'), source)
    return await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function restore(variable: string, value: string | undefined): void {
  if (value === undefined) delete process.env[variable]
  else process.env[variable] = value
}

describe('applet.json', () => {
  test('is refused with the name of what is missing', () => {
    expect(() => parseAppletConfig('{')).toThrowError(/no JSON/)
    expect(() => parseAppletConfig('[]')).toThrowError(/no JSON object/)
    expect(() => parseAppletConfig('{"level":"3.0.5"}')).toThrowError(/version is missing/)
    expect(() => parseAppletConfig(JSON.stringify({ ...HELLO, level: '9' }))).toThrowError(/level is 9/)
    expect(() => parseAppletConfig(JSON.stringify({ ...HELLO, applets: [{}] }))).toThrowError(/class is missing/)
  })

  test.for([
    [{ imports: 'a.exp' }, /imports is not a list/],
    [{ packages: ['org.globalplatform'] }, /packages is not an object/],
    [{ packages: { 'org.globalplatform': 1 } }, /packages is not an object/],
    [{ olderExport: 1 }, /olderExport is not a file/],
    [{ int: 'yes' }, /int is neither true nor false/],
  ] as const)('is refused with %o', ([more, message]) => {
    expect(() => parseAppletConfig(JSON.stringify({ ...HELLO, ...more }))).toThrowError(message)
  })

  test('keeps what it says', () => {
    expect(parseAppletConfig(JSON.stringify(HELLO))).toEqual(HELLO)
    const all = {
      ...HELLO,
      imports: ['a.exp'],
      packages: { 'org.globalplatform': '1.5' },
      int: true,
      olderExport: 'b.exp',
    }
    expect(parseAppletConfig(JSON.stringify({ ...all, level: '3.1' }))).toEqual({ ...all, level: '3.1.0' })
  })
})

describe('a package that our converter made wrong', () => {
  test('is refused with what the verifier found', () => {
    const cap = assemble(`
      .package F04752494401 1.0
      .class c extends java/lang/Object
        .public 1 m
      .end
      .method m stack 2 args 1
        sconst_0 aconst_null sadd sreturn
      .end`)
    expect(() => requireVerified(cap)).toThrowError(
      expect.objectContaining({
        code: 'GRIDCARD_APPLET_UNVERIFIED',
        message: expect.stringContaining('method0 (class0.1) +2 [stack-type] expected a short, found null'),
      }),
    )
  })
})

describe.skipIf(!javac)('building an applet', { timeout: 120_000 }, () => {
  test('refuses a folder without sources', async () => {
    const refusal = await withSource('', async (folder) => {
      await rm(join(folder, 'Hello.java'))
      return buildApplet({ sourceDir: folder, config: HELLO }).catch((error: unknown) => error)
    })
    expect(refusal).toMatchObject({ code: 'GRIDCARD_APPLET_NO_SOURCES' })
  })

  test('hands on what the compiler says', async () => {
    const refusal = await withSource('package hello; class Hello { int x = y; }', (sourceDir) =>
      buildApplet({ sourceDir, config: HELLO }).catch((error: unknown) => error),
    )
    expect(refusal).toMatchObject({ code: 'GRIDCARD_COMPILE_FAILED', message: expect.stringContaining('Hello.java:1') })
  })

  test('names file and line of what a card cannot run', async () => {
    const source = `package hello;
      public class Hello extends javacard.framework.Applet {
        public static void install(byte[] b, short o, byte l) { new Hello().register(); }
        public void process(javacard.framework.APDU apdu) {
          if (apdu.getBuffer()[0] * 300 > 7) apdu.setOutgoing();
        }
      }`
    const refusal = await withSource(source, (sourceDir) =>
      buildApplet({ sourceDir, config: HELLO }).catch((error: unknown) => error),
    )
    expect(refusal).toMatchObject({ code: 'CAP_CONVERT_UNSUPPORTED' })
    expect(String(refusal)).toContain(
      'Hello.java:5: hello.Hello.process(Ljavacard/framework/APDU;)V: the multiplication',
    )
  })

  test('puts name, version and applet into the CAP file', async () => {
    const built = await withSource(MINIMAL, (sourceDir) => buildApplet({ sourceDir, config: HELLO }))
    const cap = parseCapFile(built.cap)
    expect(cap.packagePath).toBe('hello')
    expect(cap.header.package).toEqual({
      aid: Uint8Array.of(0xf0, 0x47, 0x52, 0x49, 0x44, 1),
      version: { major: 1, minor: 2 },
    })
    expect(cap.applet?.applets.map((one) => toHex(one.aid))).toEqual(['F0475249440101'])
  })

  test.for([
    ['2.2.2', '2.1', '1.3'],
    ['3.0.4', '2.1', '1.5'],
    ['3.1.0', '2.3', '1.8'],
    ['3.2.0', '2.3', '1.9'],
  ] as const)('for level %s writes format %s and imports javacard.framework %s', async ([level, format, version]) => {
    const built = await withSource(MINIMAL, (sourceDir) => buildApplet({ sourceDir, config: { ...HELLO, level } }))
    const { header, imports } = parseCapFile(built.cap)
    const text = ({ major, minor }: { major: number; minor: number }) => `${major}.${minor}`
    expect([text(header.formatVersion), text(imports[0]!.version)]).toEqual([format, version])
    expect(built.exp).toBeUndefined()
  })

  test('uses a library by its export file, and one package of GlobalPlatform in the version asked for', async () => {
    const library = await withSource(
      'package lib; public class Hello { public static short of(short a) { return a; } }',
      (sourceDir) =>
        buildApplet({ sourceDir, config: { ...HELLO, package: 'lib', packageAid: 'F04752494409', applets: [] } }),
    )
    const source = MINIMAL.replace(
      '{ }',
      '{ org.globalplatform.GPSystem.setATRHistBytes(null, lib.Hello.of((short) 1), (byte) 0); }',
    )
    const config = { ...HELLO, packages: { 'org.globalplatform': '1.1' } }
    const built = await withSource(source, (sourceDir) =>
      buildApplet({ sourceDir, config, libraries: [parseExportFile(library.exp!)] }),
    )
    const imports = parseCapFile(built.cap).imports.map(
      ({ aid, version }) => `${toHex(aid)} ${version.major}.${version.minor}`,
    )
    expect(imports).toEqual(expect.arrayContaining(['F04752494409 1.2', 'A00000015100 1.1']))
  })

  test('refuses a package version that was never published', async () => {
    const config = { ...HELLO, packages: { 'org.globalplatform': '1.99' } }
    const refusal = await withSource(MINIMAL, (sourceDir) =>
      buildApplet({ sourceDir, config }).catch((error: unknown) => error),
    )
    expect(refusal).toMatchObject({ message: 'applet.json: package org.globalplatform 1.99 is not known' })
  })

  test('the same sources give the same bytes and the same debug map in another folder, language and time zone', async () => {
    const [language, zone] = [process.env['LC_ALL'], process.env['TZ']]
    const elsewhere = await mkdtemp(join(tmpdir(), 'gridcard-elsewhere '))
    try {
      const here = await buildAppletFolder(join(APPLETS, 'bench'))
      expect(toHex(here.cap)).toBe(toHex(await readFile(join(APPLETS, 'prebuilt', 'bench.cap'))))
      await cp(join(APPLETS, 'bench'), join(elsewhere, 'bench'), { recursive: true })
      process.env['LC_ALL'] = 'tr_TR.UTF-8' // its i is not the i of others
      process.env['TZ'] = 'Pacific/Kiritimati'
      const there = await buildAppletFolder(join(elsewhere, 'bench'))
      expect(toHex(there.cap)).toBe(toHex(here.cap))
      expect(JSON.stringify(there.debug)).toBe(JSON.stringify(here.debug))
    } finally {
      restore('LC_ALL', language)
      restore('TZ', zone)
      await rm(elsewhere, { recursive: true })
    }
  })

  test.for(['crypto-probe', 'iot-safe', 'meter-security', 'metering', 'metering-304'])(
    '%s gives the bytes of the prebuilt CAP file',
    async (name) => {
      const { cap } = await buildAppletFolder(join(APPLETS, name))
      const prebuilt = new Uint8Array(await readFile(join(APPLETS, 'prebuilt', `${name}.cap`)))
      expect(
        toHex(cap) === toHex(prebuilt),
        `applets/prebuilt/${name}.cap is not what its sources give. If they changed on purpose, refresh it:\n` +
          `  node packages/gridcard/src/cli.ts applet build applets/${name}`,
      ).toBe(true)
    },
  )
})
