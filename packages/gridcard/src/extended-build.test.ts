import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import { parseCapFile, parseExportFile } from '@gridcard/cap'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../test/run-command.ts'
import { buildApplet, buildAppletFolder } from './applet-build.ts'
import { parseBuildConfig } from './applet-config.ts'
import { findJavac } from './javac.ts'
import { loadAndInstall, WorkbenchCard } from './workbench/workbench-card.ts'

const javac = await findJavac()

const CONFIG = {
  cap: { name: 'shop', aid: 'F04752494445580101', version: '1.2' },
  level: '3.1',
  contents: [
    { package: 'shop.api', packageAid: 'F04752494445580102', version: '1.3' },
    { package: 'shop.core' },
    { package: 'shop.card', applets: [{ class: 'shop.card.Shop', aid: 'F0475249444558010101' }] },
  ],
  resources: [{ id: 5, file: 'res/hello.txt' }],
}

const SOURCES = {
  'src/shop/api/Counter.java': `package shop.api;
    public class Counter {
      short value; static short made; static final byte[] STEPS = { 1, 2, 3 };
      public Counter() { made++; }
      public short next() { step(); return value; }
      void step() { value += STEPS[1]; }
      public static short made() { return made; }
    }`,
  'src/shop/core/Twice.java': `package shop.core;
    public class Twice extends shop.api.Counter {
      public short next() { super.next(); return super.next(); }
      void step() { ISO.fail(); }
    }`,
  'src/shop/core/ISO.java': `package shop.core;
    class ISO { static void fail() { javacard.framework.ISOException.throwIt((short) 0x6F01); } }`,
  'src/shop/card/Shop.java': `package shop.card;
    import javacard.framework.*;
    import shop.api.Counter;
    public class Shop extends Applet {
      private final Counter one = new Counter();
      private final Counter two = new shop.core.Twice();
      public static void install(byte[] b, short o, byte l) { new Shop().register(); }
      public void process(APDU apdu) {
        if (selectingApplet()) return;
        byte[] buffer = apdu.getBuffer();
        short length = 2;
        switch (buffer[ISO7816.OFFSET_INS]) {
          case 1: Util.setShort(buffer, (short) 0, one.next()); break;
          case 2: Util.setShort(buffer, (short) 0, two.next()); break;
          case 3: Util.setShort(buffer, (short) 0, Counter.made()); break;
          case 4:
            try {
              Resources resources = Resources.getResources();
              length = resources.getSize((short) 5);
              Util.arrayCopyNonAtomic(resources.getView((short) 5), (short) 0, buffer, (short) 0, length);
            } catch (java.io.IOException e) {
              ISOException.throwIt(ISO7816.SW_FILE_NOT_FOUND);
            }
            break;
          default: ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        apdu.setOutgoingAndSend((short) 0, length);
      }
    }`,
  'res/hello.txt': 'Hello',
}

const USER = `package user;
  import javacard.framework.*;
  public class Hello extends Applet {
    public static void install(byte[] b, short o, byte l) { new Hello().register(); }
    public void process(APDU apdu) {
      if (selectingApplet()) return;
      new shop.api.Counter();
      ISOException.throwIt(shop.api.Counter.made());
    }
  }`

async function writeProject(folder: string, config: object): Promise<void> {
  for (const [name, text] of Object.entries({ ...SOURCES, 'applet.json': JSON.stringify(config) })) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

describe('applet.json of an extended CAP file', () => {
  const { cap, contents, level } = CONFIG
  test.for<[object, RegExp]>([
    [{ ...CONFIG, package: 'shop' }, /package stands beside cap/],
    [{ ...CONFIG, cap: 'shop' }, /cap is not an object/],
    [{ ...CONFIG, cap: { ...cap, version: '1' } }, /version is not of the form/],
    [{ cap, level }, /contents is not a list/],
    [{ ...CONFIG, contents: [{ package: 'a', version: '1.0' }] }, /packageAid is missing/],
    [{ ...CONFIG, contents: ['a'] }, /a package of contents is not an object/],
    [{ ...CONFIG, resources: [{ id: '5', file: 'a' }] }, /id of a resource is not a number/],
    [{ ...CONFIG, resources: 'a' }, /resources is not a list/],
    [{ contents, level }, /contents needs an extended CAP file/],
    [{ level, resources: [] }, /resources needs an extended CAP file/],
  ])('is refused: %o', ([config, message]) => {
    expect(() => parseBuildConfig(JSON.stringify(config))).toThrowError(message)
  })
})

describe.skipIf(!javac)('three packages and a resource', { timeout: 120_000 }, () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gridcard-extended-'))
    await writeProject(folder, CONFIG)
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('are not for a level without extended CAP files, and a resource must be there', async () => {
    const refusal = await buildAppletFolder(folder, { level: '3.0.5' }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ message: expect.stringContaining('level 3.0.5 has no extended CAP files') })
    const elsewhere = join(folder, 'elsewhere')
    await writeProject(elsewhere, { ...CONFIG, resources: [{ id: 5, file: 'missing.bin' }] })
    const missing = await buildAppletFolder(elsewhere).catch((error: unknown) => error)
    expect(missing).toMatchObject({ code: 'GRIDCARD_APPLET_CONFIG', message: expect.stringContaining('missing.bin') })
    await rm(elsewhere, { recursive: true })
  })

  test('build to one CAP file that runs, with the export file of the public package', async () => {
    const out = join(folder, 'out', 'shop.cap')
    const built = await runCommand(['applet', 'build', folder, '--out', out, '--json'])
    expect(built.code, built.stderr).toBe(0)
    const exp = join(folder, 'out', 'shop.shop.api.exp')
    expect(JSON.parse(built.stdout)).toMatchObject({ cap: out, exps: [exp] })
    const shop = { path: out, cap: parseCapFile(new Uint8Array(await readFile(out))) }
    const answers = (card: WorkbenchCard, aid: string, commands: readonly string[]) =>
      [`00A40400${(aid.length / 2).toString(16).padStart(2, '0')}${aid}`, ...commands].map((command) => {
        const answer = card.transmit(fromHex(command))
        return answer.kind === 'done' ? toHex(answer.value) : answer.kind
      })
    const card = new WorkbenchCard()
    loadAndInstall(card, [shop], new Map())
    const commands = ['80010000', '80010000', '80020000', '80030000', '80040000', '80050000']
    expect(answers(card, 'F0475249444558010101', commands)).toEqual([
      '9000',
      '00029000',
      '00049000',
      '00049000',
      '00029000',
      '48656C6C6F9000',
      '6D00',
    ])

    // The first import of another CAP file names the package, not the file that brings it.
    const userFolder = join(folder, 'user')
    await mkdir(userFolder)
    await writeFile(join(userFolder, 'Hello.java'), USER)
    const user = await buildApplet({
      sourceDir: userFolder,
      config: {
        package: 'user',
        packageAid: 'F04752494445580201',
        version: '1.0',
        level: '3.1.0',
        applets: [{ class: 'user.Hello', aid: 'F0475249444558020101' }],
      },
      libraries: [parseExportFile(new Uint8Array(await readFile(exp)))],
    })
    const both = new WorkbenchCard()
    loadAndInstall(both, [{ path: 'user.cap', cap: parseCapFile(user.cap) }, shop], new Map())
    expect(answers(both, 'F0475249444558020101', ['80000000'])).toEqual(['9000', '0003'])
  })

  test('give the same bytes in another folder', async () => {
    const out = join(folder, 'out', 'shop.cap')
    const elsewhere = await mkdtemp(join(tmpdir(), 'gridcard-other place '))
    await writeProject(elsewhere, CONFIG)
    const there = await buildAppletFolder(elsewhere)
    await rm(elsewhere, { recursive: true })
    expect(toHex(there.cap)).toBe(toHex(new Uint8Array(await readFile(out))))
    const { sourceRoot: _, ...debug } = JSON.parse(await readFile(out.replace('.cap', '.debug.json'), 'utf8'))
    expect(there.debug).toEqual(debug)
  })
})
