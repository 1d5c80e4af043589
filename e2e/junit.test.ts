import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// A JUnit test of an applet, as docs/testing.md shows it: compiled by javac, run by JUnit's own runner behind
// `gridcard reader`, its card reached through javax.smartcardio.

const cli = new URL('../packages/gridcard/src/cli.ts', import.meta.url).pathname
const JARS = ['junit4.jar', 'hamcrest-core.jar'].map((name) => join('/usr/share/java', name))
const javacVersion = Number(
  /javac (?:1\.)?(\d+)/.exec(spawnSync('javac', ['-version'], { encoding: 'utf8' }).stdout ?? '')?.[1],
)
const hasLibrary = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libpcsclite.so.1') === true
const isThere = JARS.every((path) => existsSync(path)) && javacVersion >= 8 && hasLibrary
if (!isThere)
  console.warn('Left out, for it is not installed: JUnit 4 (Debian: junit4 default-jdk-headless libpcsclite1)')

const testClass = (aid: string) => `
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;

import javax.smartcardio.Card;
import javax.smartcardio.CardChannel;
import javax.smartcardio.CardException;
import javax.smartcardio.CommandAPDU;
import javax.smartcardio.ResponseAPDU;
import javax.smartcardio.TerminalFactory;
import org.junit.After;
import org.junit.Before;
import org.junit.FixMethodOrder;
import org.junit.Test;
import org.junit.runners.MethodSorters;

@FixMethodOrder(MethodSorters.NAME_ASCENDING)
public class PurseTest {
  private static final byte[] AID = new java.math.BigInteger("${aid}", 16).toByteArray();
  private Card card;
  private CardChannel channel;

  @Before
  public void connect() throws Exception {
    card = TerminalFactory.getDefault().terminals().list().get(0).connect("*");
    channel = card.getBasicChannel();
    // toByteArray puts a 0 before a number whose highest bit is set.
    byte[] aid = java.util.Arrays.copyOfRange(AID, 1, AID.length);
    assertEquals(0x9000, channel.transmit(new CommandAPDU(0x00, 0xA4, 0x04, 0x00, aid)).getSW());
  }

  @After
  public void disconnect() throws CardException {
    card.disconnect(true);
  }

  @Test
  public void a_saysHello() throws CardException {
    ResponseAPDU answer = channel.transmit(new CommandAPDU(0x80, 0x10, 0, 0, 256));
    assertEquals(0x9000, answer.getSW());
    assertArrayEquals("Hello".getBytes(), answer.getData());
  }

  @Test
  public void b_counts() throws CardException {
    int first = count();
    assertEquals(first + 1, count());
  }

  @Test
  public void c_refusesWhatItDoesNotKnow() throws CardException {
    assertEquals(0x6D00, channel.transmit(new CommandAPDU(0x80, 0x99, 0, 0)).getSW());
  }

  @Test
  public void d_keepsItsCountOverAReset() throws Exception {
    int before = count();
    disconnect();
    connect();
    assertEquals(before + Integer.getInteger("step", 1), count());
  }

  private int count() throws CardException {
    byte[] data = channel.transmit(new CommandAPDU(0x80, 0x20, 0, 0, 256)).getData();
    return (data[0] & 0xff) << 8 | data[1] & 0xff;
  }
}
`

/** Four programs that start a virtual machine each: on a machine at work they take their time. */
const PATIENCE_MS = 600_000

describe.skipIf(!isThere)('JUnit', { timeout: PATIENCE_MS }, () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gridcard-junit-'))
    const ran = (args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' })
      expect(status, stderr).toBe(0)
      return stdout
    }
    const { appletAid } = JSON.parse(ran(['applet', 'new', 'purse', '--json'])) as { readonly appletAid: string }
    ran(['applet', 'build', 'purse', '--out', 'purse.cap'])
    writeFileSync(join(folder, 'PurseTest.java'), testClass(appletAid))
    const classPath = JARS.join(delimiter)
    const compiled = spawnSync('javac', ['-cp', classPath, 'PurseTest.java'], { cwd: folder, encoding: 'utf8' })
    expect(compiled.status, compiled.stderr).toBe(0)
  }, PATIENCE_MS)
  afterAll(() => rmSync(folder, { recursive: true }))

  async function junit(...options: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
    const java = ['java', ...options, '-cp', [...JARS, '.'].join(delimiter), 'org.junit.runner.JUnitCore', 'PurseTest']
    const child = spawn(process.execPath, [cli, 'reader', '--applet', 'purse.cap', '--', ...java], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (part: Buffer) => (out += part.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, out }
  }

  test('passes on the card of "gridcard reader"', async () => {
    const { code, out } = await junit()
    expect(out).toContain('OK (4 tests)')
    expect(code).toBe(0)
  })

  test('that fails says where, and the command ends as JUnit does', async () => {
    const { code, out } = await junit('-Dstep=2')
    expect(out).toContain('Tests run: 4,  Failures: 1')
    expect(out).toMatch(
      /d_keepsItsCountOverAReset\(PurseTest\)\s+java\.lang\.AssertionError: expected:<\d+> but was:<\d+>/,
    )
    expect(code).toBe(1)
  })
})
