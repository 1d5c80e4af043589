import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeCrypto } from '@gridcard/crypto/node'
import { cardlessElement, createMeter, memoryDeviceStore, numberedIdentity, SettableClock } from '@gridcard/devices'
import { tcpListener } from '@gridcard/devices/node'
import {
  connectHdlcStream,
  cosem,
  DlmsClient,
  hdlcAddress,
  hdlcServerAddress,
  memoryCounterStore,
  SoftwareSecurityModule,
} from '@gridcard/dlms'
import { nodeTimer } from '@gridcard/dlms/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { discover } from '../../src/dlms/discover.ts'
import { profile } from '../../src/dlms/profile.ts'
import { read } from '../../src/dlms/read.ts'
import { runCommand } from '../run-command.ts'
import { Bench, refusalOf, TestIo } from './bench.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

let bench: Bench
let children: ChildProcess[]
beforeEach(() => {
  bench = new Bench()
  children = []
})
afterEach(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  await bench.close()
})

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [CLI, 'dlms', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  })
  children.push(child)
  const said = { child, stdout: '', stderr: '' }
  child.stdout.on('data', (part) => {
    said.stdout += part
  })
  child.stderr.on('data', (part) => {
    said.stderr += part
  })
  return said
}

const run = (...args: readonly string[]) => runCommand(['dlms', ...args])

async function serveProcess() {
  const said = start(['serve', bench.modelPath, '--key-file', bench.keyFile, '--json'])
  while (!said.stdout.includes('\n') && said.child.exitCode === null) {
    await Promise.race([once(said.child.stdout, 'data'), once(said.child, 'exit')])
  }
  return { ...said, target: `127.0.0.1:${JSON.parse(said.stdout).port}` }
}

describe('the command line', () => {
  test('says in one line why it could not begin, and with --json to programs too', async () => {
    const unreachable = await run('read', '127.0.0.1:1', 'clock/0.0.1.0.0.255/2', '--json')
    expect(unreachable.code).toBe(2)
    expect(unreachable.stderr).toMatch(/^gridcard: nothing answers at 127\.0\.0\.1 port 1 .*\n$/)
    expect(JSON.parse(unreachable.stdout).error.code).toBe('GRIDCARD_UNREACHABLE')
    expect((await run('read', '127.0.0.1:1')).code).toBe(2)
    expect((await run('serve', bench.path('none.json'))).code).toBe(2)
    expect(await run('translate', 'no-such-file')).toMatchObject({ code: 2, stdout: '' })
  })
  test('the list of commands stays within 80 columns', async () => {
    const { stdout } = await run('--help')
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
  test.each(['discover', 'read', 'write', 'action', 'profile', 'clock', 'translate', 'push-listen', 'serve'])(
    '%s --help has examples and stays within 80 columns',
    async (command) => {
      const { code, stdout } = await run(command, '--help')
      expect(code).toBe(0)
      expect(stdout).toContain(`gridcard dlms ${command} `)
      expect(stdout).toContain('Exit codes')
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    },
  )
  test('serves, is read, switched and stopped, and its counters go on after a crash', async () => {
    const first = await serveProcess()
    const keys = ['--key-file', bench.keyFile]
    expect(await run('read', first.target, 'register/1.0.1.8.0.255/value', ...keys)).toMatchObject({
      code: 0,
      stdout: 'register/1.0.1.8.0.255/value  4711230 Wh\n',
    })
    const refused = await run('action', first.target, '70/0.0.96.3.10.255/1', ...keys)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(await run('action', first.target, '70/0.0.96.3.10.255/1', '--yes', ...keys)).toMatchObject({ code: 0 })
    expect(first.child.exitCode).toBeNull()
    const limitOf = () => {
      const { send } = JSON.parse(readFileSync(`${bench.keyFile}.server-counters`, 'utf8'))
      return Object.values(send as Record<string, number>)[0]!
    }
    const limit = limitOf()
    first.child.kill('SIGKILL')
    await once(first.child, 'close')
    const second = await serveProcess()
    expect((await run('clock', second.target, ...keys)).code).toBe(0)
    expect(limitOf()).toBeGreaterThan(limit)
    second.child.kill('SIGTERM')
    expect((await once(second.child, 'close'))[0]).toBe(0)
  })
  test('translates from standard input and from a file, hex or octets', async () => {
    const hex = 'C0 01 C1 00 08 00 00 01 00 00 FF 02 00'
    const said = await runCommand(['dlms', 'translate', '-'], { stdin: hex })
    expect(said.code).toBe(0)
    expect(said.stdout).toContain('clock/0.0.1.0.0.255/time')
    expect((await run('translate', bench.write('frame.hex', hex))).stdout).toBe(said.stdout)
    const octets = await run('translate', bench.write('frame.bin', '\u0003\u00de\u00ad'), '--json')
    expect(octets.code).toBe(1)
    expect(JSON.parse(octets.stdout)[0].problem).toBeDefined()
  })
})

describe('a meter of the street', () => {
  const quarterMs = 900_000
  const atMs = Date.UTC(2026, 3, 20, 12)

  async function startMeter() {
    const identity = numberedIdentity(4711, nodeCrypto.randomBytes(16))
    const clientSystemTitle = Buffer.from(bench.keys.clientSystemTitle, 'hex')
    const keys = {
      blockCipherKey: Buffer.from(bench.keys.blockCipherKey, 'hex'),
      authenticationKey: Buffer.from(bench.keys.authenticationKey, 'hex'),
    }
    const security = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: identity.systemTitle,
      slots: () => ({ ...keys, peerSystemTitle: Uint8Array.from(clientSystemTitle) }),
      counters: memoryCounterStore(),
    })
    const meter = createMeter({
      identity,
      clientSystemTitle: Uint8Array.from(clientSystemTitle),
      element: cardlessElement(security),
      clock: new SettableClock(atMs),
      seed: 12,
      store: memoryDeviceStore(),
      listen: tcpListener(),
      installedAtMs: atMs - 10 * 86_400_000,
    })
    await meter.start()
    const keyFile = bench.writeKeys('street.keys', {
      ...bench.keys,
      serverSystemTitle: Buffer.from(identity.systemTitle).toString('hex'),
    })
    return { meter, keyFile, target: `127.0.0.1:${meter.address!.port}` }
  }

  test('shows strangers its name, clock, counter and SAPs, and refuses them a reading', async () => {
    const { meter, target } = await startMeter()
    const io = new TestIo()
    expect(await discover(target, { json: true }, io)).toBe(0)
    expect(io.json.public).toMatchObject({
      logicalDeviceName: meter.identity.logicalDeviceName,
      clock: '2026-04-20T12:00:00Z',
      logicalDevices: [{ sap: 1, name: meter.identity.logicalDeviceName }],
      invocationCounters: [{ logicalName: '0.0.43.1.2.255', counter: 0 }],
    })
    const refused = new TestIo()
    expect(await read(target, ['register/1.0.1.8.0.255/value'], {}, refused)).toBe(1)
    expect(refused.stdout).toContain('refused: read-write-denied')
    expect((await refusalOf(profile(target, undefined, {}, new TestIo())))?.code).toBe('DLMS_ACCESS_REFUSED')
    await meter.stop()
  })
  test('gives with keys the intervals that it holds for true', async () => {
    const { meter, target, keyFile } = await startMeter()
    const io = new TestIo()
    expect(
      await profile(target, undefined, { keyFile, json: true, from: '2026-04-20', to: '2026-04-20T12:00' }, io),
    ).toBe(0)
    expect(io.json.rows).toHaveLength(49)
    const import_ = (io.json.rows as { 'double-long-unsigned': number }[][]).map(
      (row) => row[2]!['double-long-unsigned'],
    )
    const truth = meter.truth.intervals(atMs - 48 * quarterMs, atMs)
    expect(import_.slice(1).map((value, i) => value - import_[i]!)).toEqual(truth.map(({ importWh }) => importWh))
    const all = new TestIo()
    expect(await profile(target, undefined, { keyFile, csv: true }, all)).toBe(0)
    const rows = all.stdout.trimEnd().split('\r\n').slice(1)
    expect(rows.length).toBeGreaterThan(900)
    expect(new Set(rows).size).toBe(rows.length)
    await meter.stop()
  })
})

/** What makes a pseudo-terminal around a program; part of every Debian. */
const hasScript = spawnSync('script', ['--version']).status === 0

describe.runIf(hasScript)('serve at a serial port', () => {
  test('is a meter on a pseudo-terminal', async () => {
    const out = bench.path('serve.out')
    const child = spawn(
      'script',
      ['-qefc', 'exec "$NODE" "$CLI" dlms serve "$MODEL" --serial /dev/tty >"$OUT"', '/dev/null'],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: {
          PATH: process.env['PATH'],
          SHELL: '/bin/sh',
          NODE: process.execPath,
          CLI,
          MODEL: bench.modelPath,
          OUT: out,
        },
      },
    )
    children.push(child)
    await expect.poll(() => existsSync(out) && readFileSync(out, 'utf8'), { timeout: 30_000 }).toContain('Ctrl-C')
    expect(readFileSync(out, 'utf8')).toContain('on /dev/tty, 9600 baud')
    const transport = await connectHdlcStream({
      stream: {
        write: (bytes) => void child.stdin.write(bytes),
        close: () => child.stdin.end(),
        onBytes: (listener) => void child.stdout.on('data', listener),
        onClose: (listener) => void child.stdout.once('close', () => listener(undefined)),
      },
      timer: nodeTimer,
      client: hdlcAddress(16),
      server: hdlcServerAddress(1),
      timeoutMs: 20_000,
    })
    const client = new DlmsClient({ transport, mechanism: 'none' })
    await client.associate()
    const name = { classId: 1, logicalName: '0.0.96.1.0.255', attributeIndex: 2 }
    expect(await client.get(name)).toEqual(cosem.octetString(new TextEncoder().encode('GC00004711')))
    await client.release()
    child.kill('SIGTERM')
    await once(child, 'exit')
  }, 60_000)
})
