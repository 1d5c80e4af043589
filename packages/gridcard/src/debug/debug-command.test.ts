import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DapClient } from '../../test/dap-client.ts'
import { runCommand } from '../../test/run-command.ts'

// `gridcard debug` on the command line: --trace, and --port with a shop that calls an applet of another package.

const temporary = mkdtempSync(join(tmpdir(), 'gridcard-debug-command-'))
const CLI = join(import.meta.dirname, '../cli.ts')
const COUPONS = 'F0475249444341524430'
const SHOP = 'F0475249444341524431'

const SOURCES = {
  coupons: `package coupons;
import javacard.framework.*;
public final class Coupons extends Applet implements Giver {
    private final byte[] given = new byte[4];
    public static void install(byte[] parameters, short offset, byte length) { new Coupons().register(); }
    public void process(APDU apdu) { ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED); }
    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        given[0]++;
        return this;
    }
    public short give(short value) {
        return (short) (value + given[0]);
    }
}
`,
  shop: `package shop;
import coupons.Giver;
import javacard.framework.*;
public final class Shop extends Applet {
    private static final byte[] GIVER = {${[...Buffer.from(`${COUPONS}01`, 'hex')].map((b) => `(byte) ${b}`).join(', ')}};
    private final short[] sold = new short[8];
    public static void install(byte[] parameters, short offset, byte length) { new Shop().register(); }
    public void process(APDU apdu) {
        if (selectingApplet()) return;
        AID aid = JCSystem.lookupAID(GIVER, (short) 0, (byte) GIVER.length);
        Giver giver = (Giver) JCSystem.getAppletShareableInterfaceObject(aid, (byte) 0);
        sold[2] = giver.give((short) 5);
        ISOException.throwIt((short) (0x6300 + sold[2]));
    }
}
`,
} as const
const lineIn = (name: keyof typeof SOURCES, text: string) =>
  SOURCES[name].split('\n').findIndex((line) => line.includes(text)) + 1
const pathOf = (name: keyof typeof SOURCES, file: string) => join(temporary, name, 'src', name, file)

// Sources are compiled, and threads and a process started: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

async function build(name: keyof typeof SOURCES, className: string, packageAid: string, ...more: readonly string[]) {
  mkdirSync(join(temporary, name, 'src', name), { recursive: true })
  writeFileSync(pathOf(name, `${className}.java`), SOURCES[name])
  const applets = [{ class: `${name}.${className}`, aid: `${packageAid}01` }]
  const config = { package: name, packageAid, version: '1.0', level: '3.0.5', applets }
  writeFileSync(join(temporary, name, 'applet.json'), JSON.stringify(config))
  const built = await runCommand(['applet', 'build', name, '--out', `${name}.cap`, ...more], { cwd: temporary })
  expect(built).toMatchObject({ code: 0, stderr: '' })
}

beforeAll(async () => {
  mkdirSync(join(temporary, 'coupons/src/coupons'), { recursive: true })
  const giver =
    'package coupons;\npublic interface Giver extends javacard.framework.Shareable { short give(short v); }\n'
  writeFileSync(pathOf('coupons', 'Giver.java'), giver)
  await build('coupons', 'Coupons', COUPONS)
  await build('shop', 'Shop', SHOP, '--exp', 'coupons.exp')
  writeFileSync(
    join(temporary, 'sell.apdu'),
    `load coupons.cap\ninstall ${COUPONS}01\nload shop.cap\ninstall ${SHOP}01\nselect ${SHOP}01\n80 10 00 00\n> 6306\n`,
  )
})
afterAll(() => rmSync(temporary, { recursive: true }))

const gridcardDebug = (...args: readonly string[]) => runCommand(['debug', ...args], { cwd: temporary })

describe('ends with 2', () => {
  test.for<[string, readonly string[], string]>([
    ['without --port, when something is given that an editor has to say', ['--applet', 'shop.cap'], '"launch"'],
    ['for a reader without --port', ['--reader'], '"launch"'],
    ['for a port that is none', ['--port', '65536'], '--port takes 0 to 65535, not "65536"'],
    ['for a port that is no number', ['--port', 'x'], '--port takes 0 to 65535, not "x"'],
    ['for an applet that is not there', ['--port', '0', '--applet', 'none.cap'], 'there is no'],
    ['for a trace without a script', ['--trace', '--applet', 'shop.cap'], '--trace needs --script'],
    ['for a trace of a script that is not there', ['--trace', '--script', 'none.apdu'], 'none.apdu'],
    ['for a trace of an applet that is not there', ['--trace', '--script', 'sell.apdu', '--applet', 'x.cap'], 'x.cap'],
  ])('%s', async ([, args, message]) => {
    const { code, stdout, stderr } = await gridcardDebug(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^gridcard: .*\n$/)
    expect(stderr).toContain(message)
  })

  test('for a port that another program has', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { code, stderr } = await gridcardDebug('--port', `${port}`)
    other.close()
    expect(code).toBe(2)
    expect(stderr).toContain(`port ${port} cannot be taken`)
  })
})

describe('--trace', () => {
  test('ends with 1 when a step failed', async () => {
    writeFileSync(join(temporary, 'fails.apdu'), '00 A4 04 00\n> 6A 82\n')
    const { code, stdout } = await gridcardDebug('--trace', '--script', 'fails.apdu')
    expect(code).toBe(1)
    expect(stdout).toContain('FAILED')
  })

  test('prints each byte code with method, line, names and operand stack, and exceptions', async () => {
    const { code, stdout } = await gridcardDebug('--trace', '--script', 'sell.apdu')
    expect(code).toBe(0)
    const column = (text: string) => text.trim().replace(/ {2,}/g, '  ')
    const lines = stdout.split('\n').map(column)
    const from = lines.findLastIndex((line) => line.includes('getAppletShareableInterfaceObject'))
    expect(lines.slice(from, from + 13)).toEqual([
      'Shop.process (Shop.java:11)  0034  invokestatic javacard/framework/JCSystem.getAppletShareableInterfaceObject(Ljavacard/framework/AID;B)Ljavacard/framework/Shareable;  [0 40]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  0026  getfield_a_this Coupons.given  []',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  0028  sconst_0  [39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  0029  dup2  [0 39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  002a  baload  [0 39 0 39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  002b  sconst_1  [0 0 39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  002c  sadd  [1 0 0 39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  002d  s2b  [1 0 39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:8)  002e  bastore  [1 0 39]',
      'Coupons.getShareableInterfaceObject (Coupons.java:9)  002f  aload_0  []',
      'Coupons.getShareableInterfaceObject (Coupons.java:9)  0030  areturn  [38]',
      'Shop.process (Shop.java:11)  0037  checkcast class coupons/Giver  [38]',
      'Shop.process (Shop.java:11)  003b  astore_3  [38]',
    ])
    expect(stdout).toContain('invokeinterface 2 coupons/Giver.give(S)S')
    expect(lines.slice(-4)).toEqual([
      'Shop.process (Shop.java:13)  004f  invokestatic javacard/framework/ISOException.throwIt(S)V  [25350]',
      'throws ISOException 6306',
      'ok  6  80 10 00 00  63 06',
      '',
    ])
  })
})

describe('--port', () => {
  let server: ChildProcess
  let port: number
  const clients: ReturnType<typeof connect>[] = []
  beforeAll(async () => {
    const applets = ['--applet', 'coupons.cap', '--applet', 'shop.cap']
    server = spawn(process.execPath, [CLI, 'debug', '--port', '0', '--json', ...applets], {
      cwd: temporary,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [ready] = (await once(server.stdout!, 'data')) as [Buffer]
    port = JSON.parse(`${ready}`).port
  })
  afterEach(() => {
    for (const socket of clients.splice(0)) socket.destroy()
  })
  afterAll(() => server.kill('SIGKILL'))

  function editor(): DapClient {
    const socket = connect(port, '127.0.0.1')
    clients.push(socket)
    return new DapClient({ input: socket, output: socket })
  }

  const stops = { path: pathOf('coupons', 'Coupons.java') }
  const breakpoints = [lineIn('coupons', 'given[0]++'), lineIn('coupons', 'value + given[0]')].map((line) => ({ line }))

  test('speaks with one editor at a time', async () => {
    const one = editor()
    await one.begin({}, undefined, 'attach')
    const other = connect(port, '127.0.0.1')
    clients.push(other)
    await once(other, 'close')
    expect(await one.value('1 + 1')).toBe('2 (0x00000002)')
    await one.request('disconnect')
  })

  test('hangs up on what is not the protocol, and takes the next editor', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.on('error', () => {}) // a reset, when more was sent than was read
    await new Promise((resolve) => socket.resume().once('close', resolve))
    const one = editor()
    await one.begin({}, undefined, 'attach')
    await one.request('disconnect')
  })

  test('shows who called whom, across contexts and through methods of the API', async () => {
    const one = editor()
    await one.begin({}, () => one.request('setBreakpoints', { source: stops, breakpoints }), 'attach')
    await one.request('evaluate', { expression: 'select shop', context: 'repl' })
    void one.request('evaluate', { expression: '80 10 00 00', context: 'repl' })
    const stack = async () => (await one.frames()).map(({ name, line }) => (line === 0 ? name : `${name}:${line}`))
    await one.event('stopped')
    const [coupons, shop] = [`context coupons (${COUPONS}), as ${COUPONS}01`, `context shop (${SHOP}), as ${SHOP}01`]
    expect(await stack()).toEqual([
      'Coupons.getShareableInterfaceObject(AID, byte):8',
      coupons,
      'JCSystem.getAppletShareableInterfaceObject',
      'Shop.process(APDU):11',
      shop,
    ])
    const [, , native, caller] = await one.frames()
    expect(native!.presentationHint).toBe('subtle')
    expect(await one.request('scopes', { frameId: native!.id })).toEqual({ scopes: [] })
    expect([...(await one.scope('Locals', caller!.id)).keys()]).toEqual(['this', 'apdu', 'aid'])
    await one.request('continue', { threadId: 1 })
    await one.event('stopped')
    expect(await stack()).toEqual(['Coupons.give(short):12', coupons, 'Shop.process(APDU):12', shop])
    await one.request('disconnect')
  })

  test('stops at an instruction by its address, and refuses addresses without code', async () => {
    const one = editor()
    const lines = {
      source: { path: pathOf('shop', 'Shop.java') },
      breakpoints: [{ line: lineIn('shop', 'lookupAID') }],
    }
    await one.begin({}, () => one.request('setBreakpoints', lines), 'attach')
    await one.request('evaluate', { expression: 'select shop', context: 'repl' })
    void one.request('evaluate', { expression: '80 10 00 00', context: 'repl' })
    expect(await one.event('stopped')).toMatchObject({ reason: 'breakpoint' })

    const setAt = (...references: readonly string[]) => {
      const breakpoints = references.map((instructionReference) => ({ instructionReference }))
      return one.respond('setInstructionBreakpoints', { breakpoints })
    }
    expect((await setAt('here')).message).toContain('here')
    expect((await setAt('0x1', '0x900000000')).body).toEqual({
      breakpoints: [{ verified: false }, { verified: false }],
    })

    const from = (await one.frames()).find(({ name }) => name.startsWith('Shop'))!.instructionPointerReference
    const { instructions } = await one.request<DebugProtocol.DisassembleResponse['body'] & object>('disassemble', {
      memoryReference: from,
      instructionCount: 40,
    })
    const call = instructions.find(({ instruction }) => instruction === 'invokeinterface 2 coupons/Giver.give(S)S')!
    expect((await setAt(call.address)).body).toMatchObject({ breakpoints: [{ verified: true }] })
    await one.request('continue', { threadId: 1 })
    expect(await one.event('stopped')).toMatchObject({ reason: 'instruction breakpoint' })
    expect((await one.frames())[0]).toMatchObject({
      name: 'Shop.process(APDU)',
      line: lineIn('shop', 'giver.give'),
      instructionPointerReference: call.address,
    })
    expect((await setAt()).body).toEqual({ breakpoints: [] })
    await one.request('disconnect')
  })

  test('watches an element of an array, and refuses what cannot be watched', async () => {
    const one = editor()
    const lines = {
      source: { path: pathOf('shop', 'Shop.java') },
      breakpoints: [{ line: lineIn('shop', 'lookupAID') }],
    }
    await one.begin({}, () => one.request('setBreakpoints', lines), 'attach')
    await one.request('evaluate', { expression: 'reset', context: 'repl' })
    await one.request('evaluate', { expression: 'select shop', context: 'repl' })
    void one.request('evaluate', { expression: '80 10 00 00', context: 'repl' })
    await one.event('stopped')

    const watch = (dataId: string) =>
      one.respond('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] })
    const infoOf = (asked: object) => one.request<{ dataId: string }>('dataBreakpointInfo', asked)
    expect((await watch('nonsense')).success).toBe(false)
    expect(await infoOf({ name: 'nobody', frameId: 1 })).toMatchObject({ dataId: null })
    expect(await infoOf({ name: 'apdu', frameId: 1 })).toMatchObject({ dataId: null })

    const self = (await one.scope('Locals')).get('this')!
    const sold = (await one.variables(self.variablesReference)).get('sold')!
    const { dataId } = await infoOf({ variablesReference: sold.variablesReference, name: '[2]' })
    const before = await one.value('sold[2]')
    expect((await watch(dataId)).body).toMatchObject({ breakpoints: [{ verified: true }] })
    await one.request('continue', { threadId: 1 })
    expect(await one.event('stopped')).toMatchObject({ reason: 'data breakpoint', text: '[2] has changed' })
    expect((await one.frames())[0]).toMatchObject({ name: 'Shop.process(APDU)', line: lineIn('shop', '0x6300') })
    const after = await one.value('sold[2]')
    expect(after).not.toBe(before)
    const { data } = await one.request<{ data: string }>('readMemory', {
      memoryReference: sold.memoryReference,
      offset: 4,
      count: 2,
    })
    expect(Buffer.from(data, 'base64').readInt16LE()).toBe(Number.parseInt(after, 10))
    await one.request('disconnect')
  })

  test('ends when it is told to', async () => {
    const exited = once(server, 'exit')
    server.kill('SIGTERM')
    expect((await exited)[0]).toBe(0)
  })
})
