import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Card, MemoryCard } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../test/run-command.ts'
import { findJavac } from '../javac.ts'
import { FileNvStore } from '../start/file-nv-store.ts'
import { meterSecurityCardProfile } from '../start/meter-security-profile.ts'
import { reader } from './reader.ts'
import { parseReaderOptions, type RawReaderOptions } from './reader-options.ts'

// `gridcard reader` as a program. Real PC/SC programs take part where they are installed; elsewhere those tests are skipped.

const cli = new URL('../cli.ts', import.meta.url).pathname
const benchCap = new URL('../../../../applets/prebuilt/bench.cap', import.meta.url).pathname
const SELECT_ECHO = '00A404000BF047524944434152440201'
const ECHO = '80010000100102030405060708090A0B0C0D0E0F10'

let directory: string
let meterImage: string
let memoryImage: string
/** Sockets are made here, so that what is left over would be seen. */
let runtime: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gc-'))
  runtime = join(directory, 'run')
  mkdirSync(runtime)
  process.env['XDG_RUNTIME_DIR'] = runtime
  meterImage = join(directory, 'meter.img')
  const store = new FileNvStore(meterImage)
  Card.create({ profile: meterSecurityCardProfile, crypto: nodeCrypto, store })
  store.close()
  memoryImage = join(directory, 'memory.img')
  writeFileSync(memoryImage, MemoryCard.create({ chip: 'sle4442' }).image())
})
afterAll(() => rmSync(directory, { recursive: true }))

/** In this process; what its program prints goes to a file, for `reader` hands its own standard output down. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const at = args.indexOf('--') + 1
  const printed = join(directory, 'printed')
  writeFileSync(printed, '')
  const program = at === 0 ? [] : ['sh', '-c', 'file=$1; shift; exec "$@" >"$file"', 'sh', printed, ...args.slice(at)]
  const ended = await runCommand(['reader', ...args.slice(0, at), ...program])
  return { ...ended, stdout: ended.stdout + readFileSync(printed, 'utf8') }
}

/** Starts without a program and waits for the line of JSON. */
async function serve(...args: string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  const child = spawn(process.execPath, [cli, 'reader', '--json', ...args])
  let text = ''
  let errors = ''
  child.stderr.on('data', (part) => {
    errors += part
  })
  for await (const part of child.stdout) {
    text += part
    if (text.includes('\n')) return { child, ready: JSON.parse(text) as Ready }
  }
  throw new Error(`ended: ${errors}`)
}

interface Ready {
  readonly variable: string
  readonly socketPath: string
  readonly readers: readonly { readonly name: string; readonly card: string; readonly applets: readonly string[] }[]
}

async function stop(child: ChildProcess): Promise<number | null> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
  return child.exitCode
}

/** A client that only greets and asks for the readers' states: 4:4, then 0x12. */
const GREET_AND_LIST = '0c0000001100000004000000040000000000000000000000' + '12000000'

async function readerStates(socketPath: string): Promise<Buffer> {
  const socket: Socket = connect(socketPath)
  socket.write(Buffer.from(GREET_AND_LIST, 'hex'))
  const parts: Buffer[] = []
  for await (const part of socket) {
    parts.push(part as Buffer)
    if (Buffer.concat(parts).length === 12 + 16 * 184) break
  }
  return Buffer.concat(parts).subarray(12)
}

const bitsOf = (states: Buffer, index: number) => states.readUInt32LE(index * 184 + 132)
const nameOf = (states: Buffer, index: number) =>
  states
    .subarray(index * 184, index * 184 + 128)
    .toString()
    .replaceAll('\0', '')

describe('refused, before anything is served:', () => {
  test.each<[string, () => Partial<RawReaderOptions>, string, string]>([
    [
      'an image that is not there',
      () => ({ card: [join(directory, 'none.img')] }),
      'GRIDCARD_BAD_OPTION',
      'there is no',
    ],
    ['an image that is none', () => ({ card: [benchCap] }), 'GRIDCARD_CARD_DAMAGED', 'cannot be used'],
    [
      'a CAP file that is not there',
      () => ({ applet: [join(directory, 'none.cap')] }),
      'GRIDCARD_BAD_OPTION',
      'no such',
    ],
    ['a CAP file that is none', () => ({ applet: [meterImage] }), 'GRIDCARD_BAD_OPTION', 'ZIP'],
    ['the same applet twice', () => ({ applet: [benchCap, benchCap] }), 'GRIDCARD_BAD_OPTION', '--applet'],
    ['no vpcd', () => ({ vpcd: '127.0.0.1:1' }), 'GRIDCARD_BAD_OPTION', 'no vpcd at 127.0.0.1:1'],
  ])('%s', async (_, raw, code, message) => {
    const serving = reader(parseReaderOptions({ name: 'Gridcard', ...raw() }, []))
    await expect(serving).rejects.toMatchObject({ code, message: expect.stringContaining(message) })
  })

  test('an unknown option, with one line and exit code 2', async () => {
    const { code, stdout, stderr } = await runCommand(['reader', '--colour'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toBe("gridcard: unknown option '--colour'\n")
  })
})

describe('with a program', () => {
  test('one that is not there is 127', async () => {
    const { code, stderr } = await runCommand(['reader', '--', 'no-such-program'])
    expect([code, stderr]).toEqual([127, 'gridcard: there is no program no-such-program\n'])
  })

  test.each([
    ['its exit code is passed on', 'process.exit(7)', 7],
    ['a signal that ended it is 128 and its number', "process.kill(process.pid, 'SIGKILL')", 137],
  ])('%s', async (_, script, expected) => {
    expect((await run('--', process.execPath, '-e', script)).code).toBe(expected)
    expect(readdirSync(runtime)).toEqual([])
  })

  test('as a process of its own it hands down its outputs and passes the exit code on', () => {
    const script = 'console.log(6 * 7); process.exit(7)'
    const ended = spawnSync(process.execPath, [cli, 'reader', '--', process.execPath, '-e', script], {
      encoding: 'utf8',
    })
    expect(ended).toMatchObject({ status: 7, stdout: '42\n', stderr: '' })
    expect(readdirSync(runtime)).toEqual([])
  })

  test('it finds readers at the socket that the variable names, and the socket is private', async () => {
    const script = `
      const { dirname } = require('node:path')
      const path = process.env.PCSCLITE_CSOCK_NAME
      console.log(require('node:fs').statSync(dirname(path)).mode.toString(8))
      const socket = require('node:net').connect(path)
      socket.write(Buffer.from('${GREET_AND_LIST}', 'hex'))
      let bytes = Buffer.alloc(0)
      socket.on('data', (part) => {
        bytes = Buffer.concat([bytes, part])
        if (bytes.length === 12 + 16 * 184) { console.log(bytes.toString('latin1', 12, 30)); process.exit() }
      })`
    const { code, stdout } = await run('--applet', benchCap, '--', process.execPath, '-e', script)
    expect([code, stdout.replaceAll('\0', '')]).toEqual([0, '40700\nGridcard 00 00\n'])
    expect(readdirSync(runtime)).toEqual([])
  })

  test('--json goes to standard error, for standard output is the program’s', async () => {
    const { stdout, stderr } = await run('--json', '--name', 'Mine', '--', process.execPath, '-p', '6 * 7')
    expect(stdout).toBe('42\n')
    expect(JSON.parse(stderr)).toMatchObject({ readers: [{ name: 'Mine 00 00', card: 'blank developer card' }] })
  })
})

describe('without a program', () => {
  test('it says what to export and stays until it is stopped; then nothing is left', async () => {
    const { child, ready } = await serve('--card', meterImage, '--card', memoryImage, '--applet', benchCap)
    expect(ready.variable).toBe('PCSCLITE_CSOCK_NAME')
    expect(ready.readers.map(({ card }) => card)).toEqual([
      'meter.img',
      'memory.img, a memory card',
      'developer card with bench',
    ])
    const states = await readerStates(ready.socketPath)
    expect([0, 1, 2, 3].map((i) => nameOf(states, i))).toEqual([
      'Gridcard 00 00',
      'Gridcard 01 00',
      'Gridcard 02 00',
      '',
    ])
    expect(await stop(child)).toBe(0)
    expect(existsSync(dirname(ready.socketPath))).toBe(false)
  })

  test('cards are moved by lines on standard input', async () => {
    const { child, ready } = await serve('--card', meterImage, '--applet', benchCap)
    const untilBits = async (index: number, bits: number) => {
      while (bitsOf(await readerStates(ready.socketPath), index) !== bits) await new Promise((r) => setTimeout(r, 10))
    }
    await untilBits(1, 0x34)
    child.stdin?.write('remove 7\nremove 1\n')
    await untilBits(1, 0x02)
    expect(bitsOf(await readerStates(ready.socketPath), 0)).toBe(0x34)
    child.stdin?.write('insert 1\ninsert 1\nremove\n')
    await untilBits(0, 0x02)
    await untilBits(1, 0x34)
    expect(await stop(child)).toBe(0)
  })

  test.runIf(existsSync('/proc/self/fd'))('an image that another process has in a reader is refused', async () => {
    const before = readFileSync(meterImage)
    const { child } = await serve('--card', meterImage)
    const { code, stderr } = await run('--card', meterImage, '--', process.execPath, '-e', '')
    expect([code, stderr]).toEqual([2, expect.stringContaining(`in use by process ${child.pid}`)])
    await stop(child)
    expect(readFileSync(meterImage).equals(before)).toBe(false) // its boot count
    expect((await run('--card', meterImage, '--', process.execPath, '-e', '')).code).toBe(0)
  })

  test('--vpcd leads the card to a vpcd, and ends when that goes', async () => {
    const vpcd = createServer().listen(0, '127.0.0.1')
    await once(vpcd, 'listening')
    const { port } = vpcd.address() as AddressInfo
    const connection = once(vpcd, 'connection')
    const { child } = await serve('--vpcd', `127.0.0.1:${port}`, '--applet', benchCap)
    const [socket] = (await connection) as [Socket]
    const exited = once(child, 'exit')
    socket.write(Buffer.from(`000104${'0010'}${SELECT_ECHO}`, 'hex'))
    let received = ''
    while (received.length < 40) received += ((await once(socket, 'data')) as [Buffer])[0].toString('hex')
    expect(received).toBe('000e3b8a018068475249444445563' + '11d00029000')
    socket.destroy()
    vpcd.close()
    await exited
    expect(child.exitCode).toBe(1)
  })
})

const has = (program: string, ...args: string[]) => spawnSync(program, args).error === undefined

describe.skipIf(!has('opensc-tool', '--version'))('opensc-tool', () => {
  const openscTool = (...args: string[]) => run('--applet', benchCap, '--', 'opensc-tool', ...args)

  test('lists the reader', async () => {
    expect((await openscTool('-l')).stdout).toMatch(/^0\s+Yes\s+Gridcard 00 00$/m)
  })

  test('reads the ATR', async () => {
    expect((await openscTool('-a')).stdout).toBe('3b:8a:01:80:68:47:52:49:44:44:45:56:31:1d\n')
  })

  test('an applet answers', async () => {
    const { stdout } = await openscTool('-c', 'default', '-s', SELECT_ECHO, '-s', ECHO)
    expect(stdout).toContain('01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10')
    expect(stdout.match(/SW1=0x90, SW2=0x00/g)).toHaveLength(2)
  })
})

describe.skipIf(!has('scriptor', '-h'))('scriptor', () => {
  test('presents the code of a memory card, writes and reads it by pseudo-APDUs', async () => {
    const script = join(directory, 'memory.scriptor')
    const commands = [
      'FF A4 00 00 01 06',
      'FF D0 00 40 02 CA FE',
      'FF 20 00 00 03 FF FF FF',
      'FF D0 00 40 02 CA FE',
      'FF B0 00 40 02',
      'FF B1 00 00 04',
    ]
    writeFileSync(script, `reset\n${commands.join('\n')}\n`)
    const { code, stdout } = await run('--card', memoryImage, '--', 'scriptor', script)
    expect(code).toBe(0)
    expect(stdout.match(/(?<=^< (OK: )?)([0-9A-F]{2} )+/gm)?.map((line) => line.trim())).toEqual([
      '3B 04 A2 13 10 91',
      '90 00',
      '69 82',
      '90 07',
      '90 00',
      'CA FE 90 00',
      '07 FF FF FF 90 00',
    ])
  })
})

const canSmartcardio =
  (await findJavac()) !== undefined && spawnSync('ldconfig', ['-p']).stdout?.includes('libpcsclite.so.1') === true

describe.skipIf(!canSmartcardio)('javax.smartcardio (needs a JDK and libpcsclite)', () => {
  const source = `
    import javax.smartcardio.*;
    public class Echo {
      static byte[] hex(String text) { return new java.math.BigInteger("01" + text, 16).toByteArray(); }
      static CommandAPDU apdu(String text) { byte[] b = hex(text); return new CommandAPDU(b, 1, b.length - 1); }
      public static void main(String[] args) throws Exception {
        CardTerminal terminal = TerminalFactory.getDefault().terminals().list().get(0);
        Card card = terminal.connect("*");
        card.beginExclusive();
        System.out.println(terminal.getName() + " " + card.getProtocol());
        for (String text : args) System.out.println(card.getBasicChannel().transmit(apdu(text)));
        card.endExclusive();
        card.disconnect(true);
      }
    }`

  test('an applet answers', { timeout: 60_000 }, async () => {
    const file = join(directory, 'Echo.java')
    writeFileSync(file, source)
    const { code, stdout, stderr } = await run('--applet', benchCap, '--', 'java', file, SELECT_ECHO, ECHO)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.trim().split('\n')).toEqual([
      'Gridcard 00 00 T=1',
      'ResponseAPDU: 2 bytes, SW=9000',
      'ResponseAPDU: 18 bytes, SW=9000',
    ])
  })
})
