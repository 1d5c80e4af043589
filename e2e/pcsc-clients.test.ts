import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Other people's PC/SC programs on our endpoint, as one would use them: list readers, wait for a card, connect shared and
// exclusive, run an applet. Those that are not installed are left out, and named.

const cli = new URL('../packages/gridcard/src/cli.ts', import.meta.url).pathname
const benchCap = new URL('../applets/prebuilt/bench.cap', import.meta.url).pathname
const READER = 'Gridcard 00 00'
const SELECT_ECHO = '00A404000BF047524944434152440201'
const ECHO = '80010000100102030405060708090A0B0C0D0E0F10'

const isThere = (program: string) => spawnSync('which', [program]).status === 0
const javaVersion = Number(
  /version "(?:1\.)?(\d+)/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1],
)
const hasLibrary = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libpcsclite.so.1') === true

/** Debian's binding is for Debian's own Python, which need not be the first on the path. */
const python = ['python3', '/usr/bin/python3'].find((one) => spawnSync(one, ['-c', 'import smartcard']).status === 0)

/** What has to be there, and the Debian package that brings it. */
const programs = {
  'opensc-tool': [isThere('opensc-tool'), 'opensc'],
  scdaemon: [isThere('gpg-connect-agent') && isThere('/usr/lib/gnupg/scdaemon'), 'gpg-agent scdaemon'],
  pcsc_scan: [isThere('pcsc_scan'), 'pcsc-tools'],
  scriptor: [isThere('scriptor'), 'pcsc-tools'],
  pyscard: [python !== undefined, 'python3-pyscard'],
  'yubico-piv-tool': [isThere('yubico-piv-tool'), 'yubico-piv-tool'],
  // A source file can be run as it is since Java 11.
  'javax.smartcardio': [javaVersion >= 11 && hasLibrary, 'default-jre-headless libpcsclite1'],
  'pcsc-mini': [hasLibrary, 'libpcsclite1'],
} as const
type Program = keyof typeof programs

const missing = (Object.keys(programs) as Program[]).filter((name) => !programs[name][0])
if (missing.length > 0) {
  const packages = missing.map((name) => programs[name][1]).join(' ')
  console.warn(`Left out, for they are not installed: ${missing.join(', ')} (Debian: ${packages})`)
}
const withProgram = (name: Program) => describe.skipIf(!programs[name][0])

let directory: string
let server: ChildProcess
let environment: NodeJS.ProcessEnv
/** One reader with a card for all of them: each has to leave it as others need it. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gc-'))
  server = spawn(process.execPath, [cli, 'reader', '--json', '--applet', benchCap], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(server.stdout!, 'data')) as [Buffer]
  const { socketPath } = JSON.parse(line.toString()) as { readonly socketPath: string }
  environment = { ...process.env, PCSCLITE_CSOCK_NAME: socketPath, LC_ALL: 'C' }
})
afterAll(async () => {
  const ended = once(server, 'exit')
  server.kill()
  await ended
  rmSync(directory, { recursive: true })
})

interface Ended {
  readonly code: number | null
  readonly out: string
}

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(program, args, { env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (out += part.toString('latin1')))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out }
}

const moveCard = (what: 'insert' | 'remove') => server.stdin!.write(`${what}\n`)

withProgram('opensc-tool')('OpenSC', () => {
  test('lists the reader, reads the ATR, and an applet answers', async () => {
    expect((await run('opensc-tool', ['-l'])).out).toMatch(/^0\s+Yes\s+Gridcard 00 00$/m)
    expect((await run('opensc-tool', ['-a'])).out).toContain('3b:8a:01:80:68:47:52:49:44:44:45:56:31:1d\n')
    const { out } = await run('opensc-tool', ['-c', 'default', '-s', SELECT_ECHO, '-s', ECHO])
    expect(out).toContain('01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10')
    expect(out.match(/SW1=0x90, SW2=0x00/g)).toHaveLength(2)
  })

  test('waits for a card', async () => {
    moveCard('remove')
    const waiting = run('opensc-tool', ['-w', '-c', 'default', '-s', SELECT_ECHO])
    await new Promise((resolve) => setTimeout(resolve, 1000))
    moveCard('insert')
    expect((await waiting).out).toMatch(/Waiting for a card.*SW1=0x90, SW2=0x00/s)
  })
})

withProgram('pcsc_scan')('pcsc_scan', () => {
  test('sees the card go and come', async () => {
    const child = spawn('pcsc_scan', ['-n'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (part: Buffer) => (out += part.toString()))
    const until = async (pattern: RegExp) => {
      while (!pattern.test(out)) await once(child.stdout, 'data')
    }
    try {
      await until(/Card state: .*Card inserted/s)
      moveCard('remove')
      await until(/Card removed/)
      moveCard('insert')
      await until(/Card removed.*Card inserted/s)
    } finally {
      child.kill()
    }
    expect(out).toContain(READER)
    expect(out).toContain('3B 8A 01 80 68 47 52 49 44 44 45 56 31 1D')
  })
})

withProgram('scdaemon')('GnuPG scdaemon', () => {
  test('lists the reader, takes the card for itself, and an applet answers', async () => {
    const home = join(directory, 'gnupg')
    mkdirSync(home, { mode: 0o700 })
    writeFileSync(join(home, 'scdaemon.conf'), 'disable-ccid\n')
    const env = { GNUPGHOME: home }
    try {
      const asks = ['SCD SERIALNO undefined', `SCD APDU ${SELECT_ECHO}`, `SCD APDU ${ECHO}`, 'SCD GETINFO reader_list']
      const { out } = await run('gpg-connect-agent', [...asks, '/bye'], env)
      expect(out).toContain('S SERIALNO')
      expect(out).toContain('D \x90\0\n')
      // Assuan escapes a line feed and a carriage return.
      expect(out).toContain('D \x01\x02\x03\x04\x05\x06\x07\x08\t%0A\x0b\x0c%0D\x0e\x0f\x10\x90\0\n')
      expect(out).not.toContain('ERR')
      if (programs['opensc-tool'][0]) {
        const { code } = await run('opensc-tool', ['-c', 'default', '-s', SELECT_ECHO])
        expect(code).not.toBe(0) // scdaemon has it alone
      }
    } finally {
      await run('gpgconf', ['--kill', 'all'], env)
    }
  })
})

withProgram('yubico-piv-tool')('yubico-piv-tool', () => {
  test('connects, selects, and is told that there is no PIV application', async () => {
    const { code, out } = await run('yubico-piv-tool', ['-v2', '-r', 'Gridcard', '-a', 'status'])
    expect(code).toBe(1)
    expect(out).toContain(`Connect reader '${READER}'`)
    expect(out).toContain('> 00 a4 04 00 05 a0 00 00 03 08')
    expect(out).toContain('Failed selecting application')
  })
})

withProgram('scriptor')('scriptor', () => {
  test('resets the card and runs a script of APDUs', async () => {
    const file = join(directory, 'script.txt')
    writeFileSync(file, `reset\n${SELECT_ECHO}\n${ECHO}\n`)
    const { out } = await run('scriptor', ['-r', READER, file])
    expect(out).toContain('< OK: 3B 8A 01 80 68 47 52 49 44 44 45 56 31 1D')
    expect(out).toMatch(/< 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10\s+90 00 : Normal processing\./)
  })
})

const PYTHON = `
import subprocess, sys, threading, time
from smartcard.scard import *

SELECT = list(bytes.fromhex('${SELECT_ECHO}'))
def open_reader():
    context = SCardEstablishContext(SCARD_SCOPE_USER)[1]
    return context, SCardListReaders(context, [])[1][0]
def begin(card):
    while (status := SCardBeginTransaction(card) & 0xffffffff) == 0x80100068:
        SCardReconnect(card, SCARD_SHARE_SHARED, 3, SCARD_LEAVE_CARD)
    return status
def echo(card, data):
    SCardTransmit(card, SCARD_PCI_T1, SELECT)
    return SCardTransmit(card, SCARD_PCI_T1, [0x80, 1, 0, 0, len(data)] + data)[1] == data + [0x90, 0]

if len(sys.argv) > 1:
    context, reader = open_reader()
    for i in range(15):
        status, card, protocol = SCardConnect(context, reader, SCARD_SHARE_SHARED, 3)
        if status != 0 or begin(card) != 0 or not echo(card, [int(sys.argv[1]), i] * 8): sys.exit('trouble')
        if sys.argv[1] == '0' and i == 7: sys.exit(0) # dies in its transaction
        SCardEndTransaction(card, SCARD_LEAVE_CARD)
        SCardDisconnect(card, SCARD_RESET_CARD if i % 5 == 0 else SCARD_LEAVE_CARD)
    sys.exit(0)

context, reader = open_reader()
state = SCardGetStatusChange(context, 0, [(reader, SCARD_STATE_UNAWARE)])[1][0][1]
threading.Timer(0.5, lambda: SCardCancel(context)).start()
print('cancelled', hex(SCardGetStatusChange(context, 20000, [(reader, state)])[0] & 0xffffffff))
print('notification', hex(SCardGetStatusChange(context, 100, [('\\\\\\\\?PnP?\\\\Notification', 0x10000)])[0] & 0xffffffff))
status, card, protocol = SCardConnect(context, reader, SCARD_SHARE_SHARED, 3)
print('features', bytes(SCardControl(card, 0x42000d48, [])[1]).hex(), bytes(SCardControl(card, 0x42330012, [])[1]).hex())
print('extended', SCardTransmit(card, SCARD_PCI_T1, SELECT[:4] + [0, 1, 0] + [0] * 256)[1])
SCardDisconnect(card, SCARD_UNPOWER_CARD)
clients = [subprocess.Popen([sys.executable, sys.argv[0], str(i)]) for i in range(4)]
print('clients', [client.wait() for client in clients])
print('alone', SCardConnect(context, reader, SCARD_SHARE_EXCLUSIVE, 3)[0])
`

withProgram('pyscard')('pyscard', () => {
  test('waits and is cancelled, sends extended APDUs, and shares the card with others, one of which dies', async () => {
    const file = join(directory, 'clients.py')
    writeFileSync(file, PYTHON)
    const { out } = await run(python!, [file])
    expect(out.trim().split('\n')).toEqual([
      'cancelled 0x80100002',
      'notification 0x8010000a',
      'features 120442330012 010200000901000a0400000100',
      'extended [103, 0]', // one that the card takes apart, and its applet is not for
      'clients [0, 0, 0, 0]',
      'alone 0',
    ])
  })
})

const JAVA = `
import java.util.List;
import javax.smartcardio.*;

public class Clients {
  static CommandAPDU apdu(String text) {
    byte[] bytes = new java.math.BigInteger("01" + text, 16).toByteArray();
    return new CommandAPDU(bytes, 1, bytes.length - 1);
  }

  public static void main(String[] args) throws Exception {
    CardTerminals terminals = TerminalFactory.getDefault().terminals();
    List<CardTerminal> list = terminals.list();
    CardTerminal terminal = list.get(0);
    System.out.println("terminals " + list.size() + " " + terminal.getName());
    System.out.println("absent " + terminal.waitForCardAbsent(20000));
    System.out.println("remove seen");
    System.out.println("present " + terminal.waitForCardPresent(20000));
    Card shared = terminal.connect("*");
    Card second = terminal.connect("*");
    System.out.println("same card " + (shared == second) + " " + shared.getProtocol());
    shared.beginExclusive();
    for (String text : args) System.out.println(shared.getBasicChannel().transmit(apdu(text)));
    shared.endExclusive();
    shared.disconnect(true);
  }
}
`

withProgram('javax.smartcardio')('javax.smartcardio', () => {
  test('lists, waits for removal and insertion, connects, takes the card for itself, and an applet answers', async () => {
    const file = join(directory, 'Clients.java')
    writeFileSync(file, JAVA)
    const child = spawn('java', [file, SELECT_ECHO, ECHO], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    const moves = [
      [/terminals/, 'remove'],
      [/remove seen/, 'insert'],
    ] as const
    let moved = 0
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
      for (; moved < moves.length && moves[moved]![0].test(out); moved++) moveCard(moves[moved]![1])
    })
    child.stderr.on('data', (part: Buffer) => (out += part.toString()))
    await once(child, 'close')
    expect(out.trim().split('\n')).toEqual([
      `terminals 1 ${READER}`,
      'absent true',
      'remove seen',
      'present true',
      'same card true T=1',
      'ResponseAPDU: 2 bytes, SW=9000',
      'ResponseAPDU: 18 bytes, SW=9000',
    ])
  })
})

withProgram('pcsc-mini')('our own client, through pcsc-mini and libpcsclite', () => {
  test('the reader by a part of its name; no key in the trace', async () => {
    const key = join(directory, 'keys.json')
    writeFileSync(key, '{"key":"404142434445464748494A4B4C4D4E4F"}')
    chmodSync(key, 0o600)
    const gp = (...args: string[]) => run(process.execPath, [cli, 'gp', ...args])
    const list = await gp('list', '--reader', 'gridcard 00', '--key-file', key, '--trace')
    expect(list.out).toContain('* ATR 3B8A0180684752494444455631')
    expect(list.out).toContain('> 00A4040000')
    expect(list.out).toMatch(/^issuer domain +A000000151000000 +OP_READY$/m)
    expect(list.out).not.toContain('4041424344454647')
  })
})
