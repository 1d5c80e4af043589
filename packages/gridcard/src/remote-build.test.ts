import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { parseCapFile } from '@gridcard/cap'
import { expect, test } from 'vitest'
import { buildApplet } from './applet-build.ts'
import { findJavac } from './javac.ts'
import { WorkbenchCard } from './workbench/workbench-card.ts'

// What the RMI client of the 2.2.2 kit sends and takes: it names methods by digests of their names, so an applet that our
// converter made must have them where one of the vendor's converter has. Commands and answers are those of an applet of
// the same shape that the vendor's converter made.

const javac = await findJavac()
const AID = 'F0475249440201'

const SOURCES = {
  Counter: `interface Counter extends java.rmi.Remote {
    short get() throws java.rmi.RemoteException;
    short add(short n) throws java.rmi.RemoteException, javacard.framework.UserException;
    byte[] echo(byte[] b) throws java.rmi.RemoteException;
  }`,
  CounterImpl: `class CounterImpl extends javacard.framework.service.CardRemoteObject implements Counter {
    short value;
    public short get() { return value; }
    public short add(short n) throws javacard.framework.UserException {
      if (n < 0) javacard.framework.UserException.throwIt((short) 0x1234);
      value = (short) (value + n);
      return value;
    }
    public byte[] echo(byte[] b) { b[0]++; return b; }
  }`,
  CounterApplet: `import javacard.framework.*;
  import javacard.framework.service.*;
  public class CounterApplet extends Applet {
    private final Dispatcher dispatcher = new Dispatcher((short) 1);
    CounterApplet() { dispatcher.addService(new RMIService(new CounterImpl()), Dispatcher.PROCESS_COMMAND); }
    public static void install(byte[] b, short o, byte l) { new CounterApplet().register(); }
    public void process(APDU apdu) { dispatcher.process(apdu); }
  }`,
}

test.skipIf(!javac)('a remote object answers as one of the vendor’s converter', { timeout: 120_000 }, async () => {
  const sourceDir = await mkdtemp(join(tmpdir(), 'gridcard-remote-'))
  for (const [name, text] of Object.entries(SOURCES)) {
    await writeFile(join(sourceDir, `${name}.java`), `package rmi;\n${text}`)
  }
  const { cap } = await buildApplet({
    sourceDir,
    config: {
      package: 'rmi',
      packageAid: 'F04752494402',
      version: '1.0',
      level: '2.2.2',
      applets: [{ class: 'rmi.CounterApplet', aid: AID }],
    },
  })
  await rm(sourceDir, { recursive: true })
  const card = new WorkbenchCard()
  card.load(parseCapFile(cap))
  card.install({ packageAid: fromHex('F04752494402'), appletAid: fromHex(AID) })
  const send = (command: string): string => {
    const answer = card.transmit(fromHex(command))
    return answer.kind === 'done' ? toHex(answer.value) : answer.kind
  }
  // The reference with interface names: object, no modifier, how many, package, interface.
  const names = `000103${toHex(fromAscii('rmi'))}07${toHex(fromAscii('Counter'))}9000`
  const [, object] = new RegExp(`^6F..6E..5E..02023881(....)${names}$`).exec(send(`00A4041007${AID}7F`)) ?? []
  expect(object).toBeDefined()
  expect(send(`8038020204${object}05CF7F`), 'get').toBe('8100009000')
  expect(send(`8038020206${object}7C3800057F`), 'add 5').toBe('8100059000')
  expect(send(`8038020206${object}7C38FFFF7F`), 'add -1').toBe('822712349000')
  expect(send(`8038020208${object}E155030102037F`), 'echo').toBe('81030202039000')
})
