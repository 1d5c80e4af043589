import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { action } from '../../src/dlms/action.ts'
import { clock } from '../../src/dlms/clock.ts'
import { discover } from '../../src/dlms/discover.ts'
import { profile } from '../../src/dlms/profile.ts'
import { read } from '../../src/dlms/read.ts'
import { serve } from '../../src/dlms/serve/serve.ts'
import { translate } from '../../src/dlms/translate/translate.ts'
import { write } from '../../src/dlms/write.ts'
import { Bench, model, refusalOf, TestIo } from './bench.ts'

let bench: Bench
let io: TestIo
beforeEach(() => {
  bench = new Bench()
  io = new TestIo()
})
afterEach(() => bench.close())

const energy = 'register/1.0.1.8.0.255/value'
const note = 'data/0.0.96.1.9.255/value'
const disconnect = 'disconnect-control/0.0.96.3.10.255/remote-disconnect'

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as { port: number }).port}`
}

describe('a client is refused', () => {
  test.each([0o644, 0o640, 0o604, 0o660])('keys in a file of mode %o, before anything is sent', async (mode) => {
    chmodSync(bench.keyFile, mode)
    const refusal = await refusalOf(read('127.0.0.1:1', [energy], { keyFile: bench.keyFile }, io))
    expect(refusal?.code).toBe('GRIDCARD_KEY_FILE_EXPOSED')
    expect(refusal?.message).toContain('chmod 600')
  })
  test.each([
    ['/dev/gridcard-no-such-port', {}, 'GRIDCARD_UNREACHABLE'],
    ['/dev/null', { modeE: true }, 'GRIDCARD_UNREACHABLE'],
    ['/dev/ttyUSB0', { udp: true }, 'GRIDCARD_BAD_OPTION'],
    ['/dev/ttyUSB0', { baud: '9' }, 'GRIDCARD_BAD_OPTION'],
    ['127.0.0.1:1', { modeE: true }, 'GRIDCARD_BAD_OPTION'],
    ['127.0.0.1:1', { udp: true, hdlc: true }, 'GRIDCARD_BAD_OPTION'],
  ] as const)('a line that is none: %s %j', async (target, raw, code) => {
    expect((await refusalOf(discover(target, raw, io)))?.code).toBe(code)
  })
  test('where nobody listens', async () => {
    const server = createServer()
    const target = await listening(server)
    server.close()
    expect(await refusalOf(discover(target, {}, io))).toMatchObject({
      code: 'GRIDCARD_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })
  test('by a peer that sends rubbish, and by one that says nothing', async () => {
    const rubbish = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect((await refusalOf(discover(await listening(rubbish), {}, io)))?.code).toBe('DLMS_MALFORMED')
    const silent = createServer(() => {})
    expect((await refusalOf(discover(await listening(silent), { timeout: '1' }, io)))?.code).toBe('DLMS_TIMEOUT')
    rubbish.close()
    silent.close()
  })
  test('with a wrong key, and nothing of it is told', async () => {
    const target = await bench.serve()
    const wrong = { ...bench.keys, blockCipherKey: '1F2E3D4C5B6A79880011223344556678' }
    const keyFile = bench.writeKeys('wrong.keys', wrong)
    const refusal = await refusalOf(read(target, [energy], { keyFile, trace: true }, io))
    expect(refusal?.code).toMatch(/^DLMS_(ASSOCIATION_REFUSED|EXCEPTION_RESPONSE|AUTHENTICATION_FAILED)$/)
    expect(bench.hasSecret(`${refusal?.message}${io.stderr}`)).toBe(false)
    expect(`${refusal?.message}${io.stderr}`).not.toMatch(/1F2E3D4C/i)
  })
  test('with another server title', async () => {
    const target = await bench.serve()
    const keyFile = bench.writeKeys('other.keys', { ...bench.keys, serverSystemTitle: '4752430000000099' })
    expect((await refusalOf(read(target, [energy], { keyFile }, io)))?.code).toMatch(/^DLMS_/)
  })
  test('writing and acting as the public client', async () => {
    const target = await bench.serve({})
    expect((await refusalOf(write(target, note, 'unsigned=1', {}, io)))?.code).toBe('DLMS_ACCESS_REFUSED')
    expect((await refusalOf(action(target, disconnect, undefined, { yes: true }, io)))?.code).toBe(
      'DLMS_ACTION_REFUSED',
    )
  })
  test('a second one with the same counters while the first runs', async () => {
    const target = await bench.serve()
    io.canAsk = true
    const asking = new TestIo()
    let second: Promise<unknown> = Promise.resolve()
    // While the first command has its association, a second one asks for the same counters.
    asking.err = () => {
      second = refusalOf(read(target, [energy], { keyFile: bench.keyFile }, io))
      asking.err = () => {}
    }
    await read(target, [energy], { keyFile: bench.keyFile, trace: true, counterStart: '1' }, asking)
    expect(await second).toMatchObject({ code: 'GRIDCARD_COUNTERS_LOCKED' })
    expect(existsSync(`${bench.keyFile}.counters.lock`)).toBe(false)
  })
  test.each([
    ['a target', 'nowhere:port', energy],
    ['a port', '127.0.0.1:70000', energy],
    ['a class', '127.0.0.1:1', 'registre/1.0.1.8.0.255/2'],
    ['a logical name', '127.0.0.1:1', 'register/1.0.1.8.0.256/2'],
    ['an attribute', '127.0.0.1:1', 'register/1.0.1.8.0.255/valeu'],
    ['an attribute of an unknown class', '127.0.0.1:1', '4711/1.0.1.8.0.255'],
  ])('%s that cannot be', async (_what, target, reference) => {
    expect((await refusalOf(read(target, [reference], {}, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
  })
})

describe('serve is refused', () => {
  test.each([
    [{ udp: true, hdlc: true }, 'GRIDCARD_BAD_OPTION'],
    [{ serial: '/dev/ttyUSB0', udp: true }, 'GRIDCARD_BAD_OPTION'],
    [{ serial: '/dev/ttyUSB0', port: '4059' }, 'GRIDCARD_BAD_OPTION'],
    [{ baud: '9600' }, 'GRIDCARD_BAD_OPTION'],
    [{ serial: '/dev/ttyUSB0', baud: '9' }, 'GRIDCARD_BAD_OPTION'],
    [{ serial: '/dev/gridcard-no-such-port' }, 'GRIDCARD_CANNOT_LISTEN'],
    [{ serial: '/dev/null' }, 'GRIDCARD_CANNOT_LISTEN'],
  ] as const)('a line that is none: %j', async (raw, code) => {
    const { signal } = new AbortController()
    expect((await refusalOf(serve(bench.modelPath, raw, io, { signal })))?.code).toBe(code)
  })
})

describe('reading', () => {
  test('tells which attribute is refused or not there, gives the others, and fails', async () => {
    const target = await bench.serve({})
    const references = ['data/0.0.96.1.0.255/value', energy, 'data/0.0.96.99.99.255/value']
    expect(await read(target, references, {}, io)).toBe(1)
    expect(io.stdout).toBe(
      'data/0.0.96.1.0.255/value  "GC00004711"\n' +
        'register/1.0.1.8.0.255/value  refused: read-write-denied\n' +
        'data/0.0.96.99.99.255/value  refused: object-undefined\n',
    )
  })
  test('gives values with scaler and unit, and times in the zone of the meter', async () => {
    const target = await bench.serve()
    const references = [energy, '3/1-0:32.7.0*255/2', 'clock/0.0.1.0.0.255/time', note]
    expect(await read(target, references, { keyFile: bench.keyFile }, io)).toBe(0)
    expect(io.lines[0]).toBe('register/1.0.1.8.0.255/value  4711230 Wh')
    expect(io.lines[1]).toBe('register/1.0.32.7.0.255/value  230.4 V')
    expect(io.lines[2]).toMatch(/^clock\/0\.0\.1\.0\.0\.255\/time {2}2026-01-31T13:07:\d\d(\.\d\d)?\+01:00$/)
    expect(io.lines[3]).toBe('data/0.0.96.1.9.255/value  7')
  })
  test('gives whole objects as JSON that can be written back', async () => {
    const target = await bench.serve()
    expect(await read(target, ['register/1.0.32.7.0.255', note], { keyFile: bench.keyFile, json: true }, io)).toBe(0)
    const [name, value, scaler, plain] = io.json
    expect(name.text).toBe('1.0.32.7.0.255')
    expect(value).toMatchObject({ ok: true, value: { 'long-unsigned': 2304 }, scaler: -1, unit: 'V', text: '230.4 V' })
    expect(scaler.value).toEqual({ structure: [{ integer: -1 }, { enum: 35 }] })
    const back = JSON.stringify(plain.value)
    expect(await write(target, note, back, { keyFile: bench.keyFile }, new TestIo())).toBe(0)
  })
})

describe('writing', () => {
  test('another type than the object has is refused by the meter', async () => {
    const target = await bench.serve()
    const refusal = await refusalOf(write(target, note, 'long=5', { keyFile: bench.keyFile }, io))
    expect(refusal).toMatchObject({ code: 'DLMS_ACCESS_REFUSED', message: expect.stringContaining('type-unmatched') })
  })
  test('is read back', async () => {
    const target = await bench.serve()
    const keys = { keyFile: bench.keyFile }
    expect(await write(target, note, 'unsigned=200', keys, io)).toBe(0)
    expect(await read(target, [note], keys, io)).toBe(0)
    expect(io.stdout).toBe('data/0.0.96.1.9.255/value  written\ndata/0.0.96.1.9.255/value  200\n')
  })
})

describe('a switch', () => {
  const state = 'disconnect-control/0.0.96.3.10.255/output-state'
  const isOn = async (target: string) => {
    const seen = new TestIo()
    await read(target, [state], { keyFile: bench.keyFile }, seen)
    return seen.stdout.endsWith('true\n')
  }
  test('does not move where nobody can be asked, nor when the answer is not yes', async () => {
    const target = await bench.serve()
    const keys = { keyFile: bench.keyFile }
    expect((await refusalOf(action(target, disconnect, undefined, keys, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
    io.canAsk = true
    for (const answer of ['', 'y', 'no', 'yes please']) {
      io.answer = answer
      expect((await refusalOf(action(target, disconnect, undefined, keys, io)))?.code).toBe('GRIDCARD_NOT_CONFIRMED')
    }
    expect(io.asked).toContain('cut somebody off')
    expect(await isOn(target)).toBe(true)
  })
  test('moves after a yes, or with --yes', async () => {
    const target = await bench.serve()
    const keys = { keyFile: bench.keyFile }
    io.canAsk = true
    io.answer = 'yes'
    expect(await action(target, disconnect, undefined, keys, io)).toBe(0)
    expect(await isOn(target)).toBe(false)
    io.canAsk = false
    expect(await action(target, '70/0.0.96.3.10.255/2', undefined, { ...keys, yes: true, json: true }, io)).toBe(0)
    expect(await isOn(target)).toBe(true)
  })
  test('a method without a warning asks nothing', async () => {
    const target = await bench.serve()
    expect(
      await action(target, 'profile-generic/1.0.99.1.0.255/capture', undefined, { keyFile: bench.keyFile }, io),
    ).toBe(0)
    expect(io.asked).toBe('')
  })
})

describe('a profile', () => {
  const keys = () => ({ keyFile: bench.keyFile })
  test('is refused without keys, and an end before its begin', async () => {
    const target = await bench.serve()
    expect((await refusalOf(profile(target, undefined, {}, io)))?.code).toBe('DLMS_ACCESS_REFUSED')
    const raw = { from: '2026-02-01', to: '2026-01-01' }
    expect((await refusalOf(profile(target, undefined, raw, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
    expect((await refusalOf(profile(target, undefined, { from: '2026-02-31' }, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
  })
  test('has both ends of a range, as a table of 80 columns', async () => {
    const target = await bench.serve()
    const raw = { ...keys(), from: '2026-01-31T11:30', to: '2026-01-31T12:00Z' }
    expect(await profile(target, undefined, raw, io)).toBe(0)
    expect(io.lines.map((line) => line.trim())).toEqual([
      '1.0.99.1.0.255: 3 rows, every 900 s',
      '',
      'time                       1.0.1.8.0.255  1.0.32.7.0.255',
      'Wh               V',
      '2026-01-31T12:30:00+01:00        4711060           230.4',
      '2026-01-31T12:45:00+01:00        4711145           230.4',
      '2026-01-31T13:00:00+01:00        4711230           230.4',
      '',
    ])
    expect(Math.max(...io.lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })
  test('comes whole over many requests, each row once, with progress for a terminal', async () => {
    const target = await bench.serve()
    io.showsProgress = true
    expect(await profile(target, undefined, { ...keys(), csv: true }, io)).toBe(0)
    const [heading, ...rows] = io.stdout.trimEnd().split('\r\n')
    expect(heading).toBe('time,1.0.1.8.0.255 (Wh),1.0.32.7.0.255 (V)')
    expect(rows).toHaveLength(2976)
    expect(new Set(rows).size).toBe(2976)
    const energies = rows.map((row) => Number(row.split(',')[1]))
    expect(energies.slice(1).every((value, i) => value - energies[i]! === 85)).toBe(true)
    expect(io.stderr).toMatch(/1920 of about 29\d\d rows, \d+ kB/)
    expect(io.stderr.endsWith('\r\x1b[K')).toBe(true)
  })
  test('of a period without entries is empty', async () => {
    const target = await bench.serve()
    const raw = { ...keys(), from: '2020-01-01', to: '2020-01-02', json: true } as const
    expect(await profile(target, '1-0:99.1.0*255', raw, io)).toBe(0)
    expect(io.json).toMatchObject({ capturePeriodSeconds: 900, rows: [] })
    expect(io.json.columns.map((column: { name: string }) => column.name)).toEqual([
      'time',
      '1.0.1.8.0.255',
      '1.0.32.7.0.255',
    ])
  })
})

describe('the clock', () => {
  test('is not set by the public client', async () => {
    const target = await bench.serve({})
    expect((await refusalOf(clock(target, { set: 'now' }, io)))?.code).toBe('DLMS_ACCESS_REFUSED')
    expect((await refusalOf(clock(target, { set: 'yesterday' }, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
  })
  test('is told beside ours, and set', async () => {
    const target = await bench.serve()
    expect(await clock(target, {}, io)).toBe(0)
    expect(io.stdout).toMatch(/^Meter {10}2026-01-31T13:07:\d\d/)
    const set = new TestIo()
    expect(await clock(target, { set: 'now', keyFile: bench.keyFile, json: true }, set)).toBe(0)
    expect(Math.abs(set.json.aheadMs)).toBeLessThan(5000)
    expect(set.json).toMatchObject({ wasSet: true, deviationMinutes: -60 })
  })
})

describe('discover', () => {
  test('shows strangers what they may see, and says how to see more', async () => {
    const target = await bench.serve()
    expect(await discover(target, {}, io)).toBe(0)
    expect(io.stdout).toMatch(/Logical device name {2}GRC0000000000001/)
    expect(io.stdout).toMatch(/Invocation counter {3}0 {2}\(0\.0\.43\.1\.2\.255\)/)
    expect(io.stdout).toContain('--key-file')
    expect(io.stdout).not.toContain('1.0.1.8.0.255')
    expect(Math.max(...io.lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })
  test('with keys shows all objects with their rights', async () => {
    const target = await bench.serve()
    expect(await discover(target, { keyFile: bench.keyFile, json: true }, io)).toBe(0)
    const { objects, serverSystemTitle } = io.json.management
    expect(serverSystemTitle).toBe(bench.keys.serverSystemTitle)
    expect(objects).toContainEqual({
      classId: 8,
      version: 0,
      logicalName: '0.0.1.0.0.255',
      readable: [1, 2, 3, 4, 5, 6, 7, 8, 9],
      writable: [2],
      callable: [6],
    })
    expect(bench.hasSecret(io.stdout + io.stderr)).toBe(false)
  })
})

describe('the invocation counter', () => {
  const counters = () => JSON.parse(readFileSync(`${bench.keyFile}.counters`, 'utf8'))
  test('has no begin where the meter tells none and none is given', async () => {
    const target = await bench.serve({}) // no keys in the meter, no counter to tell
    const refusal = await refusalOf(read(target, [energy], { keyFile: bench.keyFile }, io))
    expect(refusal?.code).toBe('GRIDCARD_COUNTER_START_UNKNOWN')
    expect(existsSync(`${bench.keyFile}.counters`)).toBe(false)
  })
  test('begins above the one of the meter, and is durable, in a file for us alone, before it is used', async () => {
    const target = await bench.serve()
    await read(target, [energy], { keyFile: bench.keyFile, counterStart: '5000' }, io)
    rmSync(`${bench.keyFile}.counters`)
    const trace = new TestIo()
    await read(target, [energy], { keyFile: bench.keyFile, trace: true }, trace)
    const sent = [...trace.stderr.matchAll(/^> .* sc 30 ic (\d+)/gm)].map(([, counter]) => Number(counter))
    expect(Math.min(...sent)).toBeGreaterThan(5000)
    const [limit] = Object.values(counters().send)
    expect(limit).toBeGreaterThan(Math.max(...sent))
    expect(statSync(`${bench.keyFile}.counters`).mode & 0o777).toBe(0o600)
    expect(bench.hasSecret(readFileSync(`${bench.keyFile}.counters`, 'utf8'))).toBe(false)
  })
  test('never comes twice, over many commands', async () => {
    const target = await bench.serve()
    const seen: number[] = []
    for (let i = 0; i < 5; i++) {
      const trace = new TestIo()
      expect(await read(target, [energy], { keyFile: bench.keyFile, trace: true }, trace)).toBe(0)
      seen.push(...[...trace.stderr.matchAll(/^> .* ic (\d+)/gm)].map(([, counter]) => Number(counter)))
    }
    expect(seen.length).toBeGreaterThanOrEqual(10)
    expect(seen.every((counter, i) => i === 0 || counter > seen[i - 1]!)).toBe(true)
  })
  test('behind the meter’s is a refusal, which --counter-from-meter mends', async () => {
    const target = await bench.serve()
    const keyFile = bench.keyFile
    await read(target, [energy], { keyFile, counterStart: '9000', counters: bench.path('elsewhere') }, io)
    const raw = { keyFile, counterStart: '1' }
    expect((await refusalOf(read(target, [energy], raw, io)))?.code).toMatch(/^DLMS_/)
    expect(await read(target, [energy], { keyFile, counterFromMeter: true }, io)).toBe(0)
  })
  test('of keys from the environment wants a file', async () => {
    const target = await bench.serve()
    io.env = {
      GRIDCARD_DLMS_CLIENT_TITLE: bench.keys.clientSystemTitle,
      GRIDCARD_DLMS_SERVER_TITLE: bench.keys.serverSystemTitle,
      GRIDCARD_DLMS_BLOCK_CIPHER_KEY: bench.keys.blockCipherKey,
      GRIDCARD_DLMS_AUTHENTICATION_KEY: bench.keys.authenticationKey,
    }
    expect((await refusalOf(read(target, [energy], {}, io)))?.code).toBe('GRIDCARD_COUNTERS_UNUSABLE')
    expect(await read(target, [energy], { counters: bench.path('counters') }, io)).toBe(0)
    expect(io.stdout).toContain('4711230 Wh')
    expect(await read(target, ['data/0.0.96.1.0.255/value'], { public: true }, io)).toBe(0)
  })
})

describe('a trace', () => {
  test('shows each layer and no value, challenge or key', async () => {
    const target = await bench.serve()
    await read(target, [energy, 'data/0.0.96.1.0.255/value'], { keyFile: bench.keyFile, trace: true }, io)
    expect(io.stderr).toMatch(/^> wrapper 1 -> 1, \d+ bytes\n> {3}aarq .*\n> {5}initiate-request /m)
    expect(io.stderr).toMatch(/^< {3}glo-get-response .* sc 30 ic \d+ .*\n< {5}get-response /m)
    expect(io.stderr).toContain('its HLS answer is right')
    expect(io.stderr).not.toMatch(/4711230|GC00004711/)
    expect(bench.hasSecret(io.stderr)).toBe(false)
  })
})

describe('HDLC on TCP', () => {
  test('is not spoken by a meter with the wrapper, and the other way round', async () => {
    const wrapper = await bench.serve({})
    const raw = { hdlc: true, timeout: '1' } as const
    expect((await refusalOf(discover(wrapper, raw, io)))?.code).toMatch(/^(DLMS_|GRIDCARD_UNREACHABLE)/)
    const hdlc = await bench.serve({ hdlc: true }, new TestIo())
    expect((await refusalOf(discover(hdlc, { timeout: '1' }, io)))?.code).toMatch(/^DLMS_/)
  })
  test('carries what the wrapper carries', async () => {
    const target = await bench.serve({ keyFile: bench.keyFile, hdlc: true })
    const raw = { keyFile: bench.keyFile, hdlc: true, trace: true } as const
    expect(await read(target, [energy], raw, io)).toBe(0)
    expect(io.stdout).toBe('register/1.0.1.8.0.255/value  4711230 Wh\n')
    expect(io.stderr).toMatch(/^> HDLC 1 -> 1, \d+ bytes$/m)
    const rows = new TestIo()
    expect(
      await profile(target, undefined, { keyFile: bench.keyFile, hdlc: '17', csv: true, from: '2026-01-30' }, rows),
    ).toBe(0)
    expect(rows.stdout.trimEnd().split('\r\n').length).toBeGreaterThan(96)
  })
})

test('over UDP, with a class that is described by its attributes', async () => {
  const duration = 'limiter/0.0.17.0.0.255/min-over-threshold-duration'
  const target = await bench.serve({ keyFile: bench.keyFile, udp: true })
  const raw = { keyFile: bench.keyFile, udp: true } as const
  expect((await refusalOf(write(target, duration, 'unsigned=5', raw, io)))?.message).toContain('type-unmatched')
  expect((await refusalOf(write(target, '71/0.0.17.0.0.255/4', 'unsigned=5', raw, io)))?.message).toContain('denied')
  expect(await write(target, duration, 'double-long-unsigned=90', raw, io)).toBe(0)
  const reading = new TestIo()
  expect(await read(target, [duration], raw, reading)).toBe(0)
  expect(reading.stdout).toBe(`${duration}  90\n`)
})

test('a Profile generic of a model captures attributes of any class', async () => {
  const column = (classId: number, name: string) => ({
    structure: [{ 'long-unsigned': classId }, { 'octet-string': name }, { integer: 2 }, { 'long-unsigned': 0 }],
  })
  const objects = [
    ...model.objects,
    {
      class: 'Extended register',
      logicalName: '1.0.1.6.0.255',
      attributes: { value: { 'double-long-unsigned': 17 }, scaler_unit: { structure: [{ integer: 0 }, { enum: 27 }] } },
    },
    {
      class: 'Profile generic',
      logicalName: '1.0.99.2.0.255',
      attributes: {
        capture_objects: { array: [column(8, '0000010000ff'), column(4, '0100010600ff')] },
        profile_entries: { 'double-long-unsigned': 10 },
      },
    },
  ]
  writeFileSync(bench.modelPath, JSON.stringify({ ...model, objects }))
  const target = await bench.serve()
  const raw = { keyFile: bench.keyFile, yes: true } as const
  expect(await action(target, 'profile-generic/1.0.99.2.0.255/capture', 'integer=0', raw, new TestIo())).toBe(0)
  expect(await profile(target, '1.0.99.2.0.255', { keyFile: bench.keyFile, csv: true }, io)).toBe(0)
  expect(io.stdout).toMatch(/^time,1\.0\.1\.6\.0\.255 \(W\)\r\n2026-01-31T13:[\d:.]+\+01:00,17\r\n$/)
})

describe('translate --xml', () => {
  test('refuses keys and what is no APDU', async () => {
    const raw = { xml: true, keyFile: bench.keyFile } as const
    expect((await refusalOf(translate(['C001'], raw, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
    expect((await refusalOf(translate(['FFFF'], { xml: true }, io)))?.code).toBe('DLMS_MALFORMED')
    expect((await refusalOf(translate(['C001'], { xml: true, hex: true }, io)))?.code).toBe('GRIDCARD_BAD_OPTION')
    expect((await refusalOf(translate(['<get-request/>'], { hex: true }, io)))?.code).toBe('DLMS_MALFORMED')
  })
  test('shows one APDU, also out of its wrapper', async () => {
    const apdu = 'C001C100080000010000FF0200'
    expect(await translate([apdu], { xml: true }, io)).toBe(0)
    expect(io.stdout).toContain('<instance-id>0000010000FF</instance-id>')
    const wrapped = new TestIo()
    expect(await translate([`000100100001000D${apdu}`], { xml: true }, wrapped)).toBe(0)
    expect(wrapped.stdout).toBe(io.stdout)
  })
  test('reads what it wrote, from a file or standard input', async () => {
    await translate(['C001C100080000010000FF0200'], { xml: true }, io)
    const hex = new TestIo()
    expect(await translate([bench.write('get.xml', io.stdout)], { hex: true }, hex)).toBe(0)
    expect(hex.stdout).toBe('C001C100080000010000FF0200\n')
    const told = new TestIo()
    told.stdin = new TextEncoder().encode(io.stdout)
    expect(await translate(['-'], {}, told)).toBe(0)
    expect(told.stdout).toContain('attribute  clock/0.0.1.0.0.255/time')
  })
})
