import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DapClient } from '../../../test/dap-client.ts'
import { appletBuild } from '../../applet-build-command.ts'
import { appletNew } from '../../workbench/new/applet-new-command.ts'
import { DebugHost } from '../debug-host.ts'
import { parseLaunchOptions } from '../launch-options.ts'
import { DapSession } from './dap-session.ts'

const folder = mkdtempSync(join(tmpdir(), 'gridcard-debug-'))
const project = join(folder, 'wallet')
const cap = join(project, 'wallet.cap')
const source = join(project, 'src', 'wallet', 'Wallet.java')
const METER_SECURITY = join(import.meta.dirname, '../../../../../applets/prebuilt/meter-security.cap')
const ends: (() => unknown)[] = []
let lines: string[] = []

// Each test starts a thread that links the whole API: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

beforeAll(async () => {
  appletNew(project, {}, () => {})
  await appletBuild(project, { out: cap })
  lines = readFileSync(source, 'utf8').split('\n')
}, 240_000)
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(() => rmSync(folder, { recursive: true }))

const lineOf = (text: string) => lines.findIndex((line) => line.includes(text)) + 1

function client(host?: DebugHost): DapClient {
  const toAdapter = new PassThrough()
  const fromAdapter = new PassThrough()
  const session = new DapSession({ input: toAdapter, output: fromAdapter, ...(host && { host }) })
  ends.push(() => {
    toAdapter.end()
    return session.ended
  })
  return new DapClient({ input: fromAdapter, output: toAdapter })
}

function script(text: string): string {
  const path = join(project, `test-${ends.length}-${Math.random()}.apdu`)
  writeFileSync(path, text)
  return path
}

const drive = (commands: string) => script(`load wallet.cap\ninstall ${aid()}\nselect ${aid()}\n${commands}\n`)
const aid = () => /"aid": "(\w+)"/.exec(readFileSync(join(project, 'applet.json'), 'utf8'))![1]!

type Breakpoints = DebugProtocol.SetBreakpointsResponse['body']
const breakAt = (one: DapClient, ...breakpoints: DebugProtocol.SourceBreakpoint[]) =>
  one.request<Breakpoints>('setBreakpoints', { source: { path: source }, breakpoints })

async function stopAt(one: DapClient, reason: string): Promise<DebugProtocol.StackFrame> {
  expect(await one.event('stopped')).toMatchObject({ reason, threadId: 1, allThreadsStopped: true })
  return (await one.frames()).find(({ presentationHint }) => presentationHint === undefined)!
}

describe('is refused, with the reason', () => {
  test('a launch of nothing', async () => {
    const one = client()
    await one.request('initialize')
    expect((await one.respond('launch', {})).message).toContain('what to debug?')
    expect((await one.respond('launch', { applets: ['nowhere.cap'] })).message).toContain('there is no')
    expect((await one.respond('launch', { applets: 7 })).message).toContain('"applets" is a list of texts')
    expect((await one.respond('attach', {})).message).toContain('nothing to attach to')
    expect((await one.respond('stackTrace', { threadId: 1 })).message).toContain('there is no card yet')
    expect((await one.respond('makeCoffee')).message).toContain('no request "makeCoffee"')
  })

  test('a stream that is not the protocol', async () => {
    const input = new PassThrough()
    const session = new DapSession({ input, output: new PassThrough() })
    input.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await session.ended
  })

  test('a line without code, and expressions that mean nothing', async () => {
    const one = client()
    await one.begin({ script: drive('80 10 00 00 00') }, async () => {
      const { breakpoints } = await breakAt(
        one,
        { line: 9999 },
        { line: lineOf('setOutgoingAndSend((short) 0, (short) HELLO') },
      )
      expect(breakpoints.map(({ verified }) => verified)).toEqual([false, true])
    })
    await stopAt(one, 'breakpoint')
    for (const expression of ['nobody', 'buffer[9999]', 'buffer +', 'count.x', '1 / 0', 'buffer[', '@']) {
      expect((await one.respond('evaluate', { expression, frameId: 1 })).success, expression).toBe(false)
    }
    expect((await one.respond('setVariable', { variablesReference: 99, name: 'x', value: '1' })).success).toBe(false)
    expect((await one.respond('readMemory', { memoryReference: 'x', count: 1 })).success).toBe(false)
  })
})

describe('a script that drives a card', () => {
  test('stops on a line, and shows variables, fields, arrays and the APDU', async () => {
    const one = client()
    const line = lineOf('Util.setShort')
    await one.begin({ script: drive('80 20 00 00 00\n> 00 01 90 00') }, () => breakAt(one, { line }))
    const frame = await stopAt(one, 'breakpoint')
    expect(frame).toMatchObject({ name: 'Wallet.process(APDU)', line, source: { path: source } })
    expect((await one.frames())[0]).toEqual(frame)
    expect((await one.frames())[1]).toMatchObject({
      name: `context wallet (${aid().slice(0, -2)}), as ${aid()}`,
      presentationHint: 'label',
    })
    const locals = await one.scope('Locals', frame.id)
    expect(locals.get('this')?.value).toMatch(/^Wallet @\d+$/)
    expect(locals.get('buffer')).toMatchObject({
      value: expect.stringMatching(/^byte\[261\] 80 20 00 00/),
      indexedVariables: 261,
    })
    const fields = await one.variables(locals.get('this')!.variablesReference)
    expect(fields.get('count')).toMatchObject({ value: '1 (0x0001)', type: 'short' })
    expect((await one.scope('Static fields')).get('Wallet.HELLO')?.value).toBe('byte[5] 48 65 6C 6C 6F "Hello"')
    const apdu = await one.scope('APDU')
    expect(apdu.get('command')?.value).toBe('80 20 00 00')
    expect(apdu.get('state')?.value).toBe('STATE_INITIAL')
    expect((await one.scope('Card')).get('transaction')?.value).toBe('none')
    await one.request('continue', { threadId: 1 })
    expect(await one.event('exited')).toEqual({ exitCode: 0 })
    await one.event('terminated')
  })

  test('evaluates names, fields, elements and arithmetic', async () => {
    const one = client()
    await one.begin({ script: drive('80 20 00 00 00') }, () => breakAt(one, { line: lineOf('Util.setShort') }))
    await stopAt(one, 'breakpoint')
    expect(await one.value('count')).toBe('1 (0x0001)')
    expect(await one.value('this.count + 1')).toBe('2 (0x00000002)')
    expect(await one.value('buffer[0]')).toBe('-128 (0x80)')
    expect(await one.value('buffer[0] & 0xff')).toBe('128 (0x00000080)')
    expect(await one.value('HELLO.length')).toBe('5 (0x00000005)')
    expect(await one.value('Wallet.HELLO[1] == 0x65 && !(count > 1)')).toBe('true')
    expect(await one.value('(byte) 200')).toBe('-56 (0xC8)')
    expect(await one.value('apdu == null')).toBe('false')
  })

  test('sets a variable; the card answers with it', async () => {
    const one = client()
    const path = drive('80 20 00 00 00\n> 12 34 90 00')
    await one.begin({ script: path }, () => breakAt(one, { line: lineOf('Util.setShort') }))
    await stopAt(one, 'breakpoint')
    const self = (await one.scope('Locals')).get('this')!
    await one.request('setVariable', { variablesReference: self.variablesReference, name: 'count', value: '0x1234' })
    await one.request('continue', { threadId: 1 })
    expect(await one.event('exited')).toEqual({ exitCode: 0 })
  })

  test('steps over, into and out', async () => {
    const one = client()
    const first = lineOf('new Wallet().register()')
    await one.begin({ script: drive('80 10 00 00 00') }, () => breakAt(one, { line: first }))
    expect(await stopAt(one, 'breakpoint')).toMatchObject({ name: 'Wallet.install(byte[], short, byte)', line: first })
    await one.request('stepIn', { threadId: 1 })
    expect(await stopAt(one, 'step')).toMatchObject({ name: 'Wallet.<init>()' })
    expect((await one.frames()).filter(({ presentationHint }) => presentationHint === undefined)).toHaveLength(2)
    await one.request('stepOut', { threadId: 1 })
    expect(await stopAt(one, 'step')).toMatchObject({ name: 'Wallet.install(byte[], short, byte)', line: first })
    await one.request('next', { threadId: 1 })
    expect(await stopAt(one, 'step')).toMatchObject({ line: first + 1 })
  })

  test('steps by instruction', async () => {
    const one = client()
    await one.begin({ script: drive('80 20 00 00 00') }, () => breakAt(one, { line: lineOf('count++') }))
    const before = await stopAt(one, 'breakpoint')
    await one.request('next', { threadId: 1, granularity: 'instruction' })
    const after = await stopAt(one, 'step')
    expect(Number(after.instructionPointerReference)).toBeGreaterThan(Number(before.instructionPointerReference))
    expect(after.line).toBe(before.line)
    const { instructions } = await one.request<DebugProtocol.DisassembleResponse['body'] & object>('disassemble', {
      memoryReference: before.instructionPointerReference,
      instructionCount: 6,
    })
    expect(instructions.map(({ instruction }) => instruction)).toContain('getfield_s Wallet.count')
    expect((await one.scope('Operand stack')).size).toBeGreaterThan(0)
  })

  test('stops under a condition, from a hit on, or only says something', async () => {
    const one = client()
    const line = lineOf('Util.setShort')
    const count = '80 20 00 00 00\n'
    await one.begin({ script: drive(count.repeat(5)) }, () =>
      breakAt(one, { line, condition: 'count == 3' }, { line: line - 1, logMessage: 'count is {count}, {nobody}' }),
    )
    await stopAt(one, 'breakpoint')
    expect(await one.value('count')).toBe('3 (0x0003)')
    const said = one.events.filter(({ body }) => body?.category === 'console').map(({ body }) => body.output)
    expect(said).toEqual([0, 1, 2].map((n) => `count is ${n} (0x000${n}), {there is no nobody here}\n`))
    await breakAt(one, { line, hitCondition: '2' })
    await one.request('continue', { threadId: 1 })
    await stopAt(one, 'breakpoint')
    expect(await one.value('count')).toBe('5 (0x0005)')
  })

  test('stops on exceptions: those that become a status word, by name, and not others', async () => {
    const one = client()
    await one.begin({ script: drive('80 99 00 00\n80 10 00 00 00') }, () =>
      one.request('setExceptionBreakpoints', { filters: ['status', 'uncaught'] }),
    )
    expect(await one.event('stopped')).toMatchObject({ reason: 'exception', text: 'ISOException 6D00' })
    expect(await one.request('exceptionInfo', { threadId: 1 })).toMatchObject({
      exceptionId: 'ISOException',
      breakMode: 'unhandled',
      details: { fullTypeName: 'javacard.framework.ISOException' },
    })
    expect((await one.frames()).find(({ name }) => name.startsWith('Wallet'))).toMatchObject({
      line: lineOf('SW_INS_NOT_SUPPORTED'),
    })
    await one.request('continue', { threadId: 1 })
    await one.event('terminated')
  })

  test('watches a field, and memory can be read', async () => {
    const one = client()
    await one.begin({ script: drive('80 10 00 00 00\n80 20 00 00 00') }, () =>
      breakAt(one, { line: lineOf('Util.arrayCopyNonAtomic') }),
    )
    await stopAt(one, 'breakpoint')
    const self = (await one.scope('Locals')).get('this')!
    const info = await one.request<{ dataId: string }>('dataBreakpointInfo', {
      variablesReference: self.variablesReference,
      name: 'count',
    })
    expect(info).toMatchObject({ description: 'count changes', accessTypes: ['write'] })
    expect(await one.request('dataBreakpointInfo', { name: 'buffer', frameId: 1 })).toMatchObject({ dataId: null })
    await one.request('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId, accessType: 'write' }] })
    await breakAt(one)
    await one.request('continue', { threadId: 1 })
    const frame = await stopAt(one, 'data breakpoint')
    expect(frame.line).toBeGreaterThanOrEqual(lineOf('count++'))
    expect(await one.value('count')).toBe('1 (0x0001)')
    const hello = (await one.scope('Static fields')).get('Wallet.HELLO')!
    const memory = await one.request<{ data: string }>('readMemory', {
      memoryReference: hello.memoryReference,
      count: 5,
    })
    expect(Buffer.from(memory.data, 'base64').toString()).toBe('Hello')
    const far = await one.request('readMemory', { memoryReference: '0xffffff', count: 4 })
    expect(far).toMatchObject({ unreadableBytes: 4 })
  })

  test('steps from the last line of a command to its end, not into the next one', async () => {
    const one = client()
    const lines = [lineOf('Util.arrayCopyNonAtomic'), lineOf('Util.setShort')]
    const path = drive('80 20 00 00 00\n80 99 00 00\n80 10 00 00 00\n80 10 00 00 00')
    await one.begin({ script: path }, () => breakAt(one, ...lines.map((line) => ({ line }))))
    await stopAt(one, 'breakpoint')
    await one.request('stepOut', { threadId: 1 })
    // Not in 80 99 00 00, which comes next and has no breakpoint.
    expect(await stopAt(one, 'breakpoint')).toMatchObject({ line: lines[0] })
    for (let steps = 0; ; steps++) {
      expect(steps).toBeLessThan(9)
      await one.request('next', { threadId: 1 })
      const { reason } = await one.event<{ reason: string }>('stopped')
      if (reason === 'breakpoint') break
    }
    expect((await one.frames()).find(({ presentationHint }) => presentationHint === undefined)?.line).toBe(lines[0])
    await breakAt(one)
    await one.request('stepOut', { threadId: 1 })
    expect(await one.event('exited')).toEqual({ exitCode: 0 })
  })

  test('stops in a method by its name, on every second hit, or where a field becomes something', async () => {
    const one = client()
    const path = drive('80 20 00 00 00\n'.repeat(8))
    await one.begin({ script: path }, () =>
      one.request('setFunctionBreakpoints', { breakpoints: [{ name: 'Wallet.process' }, { name: 'nobody' }] }),
    )
    // SELECT goes to process, too.
    expect(await stopAt(one, 'function breakpoint')).toMatchObject({ name: 'Wallet.process(APDU)' })
    await one.request('setFunctionBreakpoints', { breakpoints: [] })
    await breakAt(one, { line: lineOf('Util.setShort'), hitCondition: '% 2' })
    await one.request('continue', { threadId: 1 })
    await stopAt(one, 'breakpoint')
    expect(await one.value('count')).toBe('2 (0x0002)')
    expect(
      (await one.respond('setBreakpoints', { source: { path: source }, breakpoints: [{ line: 1, hitCondition: 'x' }] }))
        .message,
    ).toContain('hit count')
    const self = (await one.scope('Locals')).get('this')!
    const { dataId } = await one.request<{ dataId: string }>('dataBreakpointInfo', {
      variablesReference: self.variablesReference,
      name: 'count',
    })
    await one.request('setDataBreakpoints', { breakpoints: [{ dataId, condition: 'count == 5' }] })
    await breakAt(one)
    await one.request('continue', { threadId: 1 })
    await stopAt(one, 'data breakpoint')
    expect(await one.value('count')).toBe('5 (0x0005)')
    await one.request('setDataBreakpoints', { breakpoints: [] })
    await breakAt(one, { line: lineOf('Util.setShort'), hitCondition: '== 2' })
    await one.request('continue', { threadId: 1 })
    await stopAt(one, 'breakpoint')
    expect(await one.value('count')).toBe('7 (0x0007)')
    await one.request('continue', { threadId: 1 })
    expect(await one.event('exited')).toEqual({ exitCode: 0 })
  })

  test('sets what an expression names, in a watch and in the console, and bytes of an array', async () => {
    const one = client()
    const path = drive('80 20 00 00 00\n> 00 07 90 00\n80 10 00 00 00\n> 4A 65 6C 6C 79 90 00')
    await one.begin({ script: path }, () => breakAt(one, { line: lineOf('Util.setShort') }))
    await stopAt(one, 'breakpoint')
    const set = (expression: string, value: string) => ({ expression, value, frameId: 1 })
    expect(await one.request('setExpression', set('buffer[0]', '-1'))).toEqual({ value: '-1 (0xFF)' })
    expect((await one.respond('setExpression', set('count + 1', '3'))).message).toContain('cannot be set')
    const typed = { expression: 'count = count + 6', frameId: 1, context: 'repl' }
    expect(await one.request('evaluate', typed)).toMatchObject({ result: '7 (0x0007)' })
    expect((await one.respond('evaluate', { ...typed, context: 'watch' })).success).toBe(false)
    const { memoryReference } = (await one.scope('Static fields')).get('Wallet.HELLO')!
    const write = (text: string, rest = {}) =>
      one.respond('writeMemory', { memoryReference, data: Buffer.from(text).toString('base64'), ...rest })
    expect((await write('Jelly')).body).toEqual({ bytesWritten: 5 })
    expect((await write('much more than that')).message).toContain('one array')
    expect((await write('yo', { offset: 4, allowPartial: true })).body).toEqual({ bytesWritten: 1 })
    expect((await one.respond('writeMemory', { memoryReference: '0x10', data: 'AAAA' })).message).toContain('one array')
    await one.request('continue', { threadId: 1 })
    expect(await one.event('exited')).toEqual({ exitCode: 0 })
  })

  test('stops at the first instruction', async () => {
    const one = client()
    await one.begin({ script: drive('80 10 00 00 00'), stopOnEntry: true })
    expect(await stopAt(one, 'entry')).toMatchObject({ name: 'Wallet.install(byte[], short, byte)' })
  })
})

describe('a card without a script', () => {
  test('takes commands in the console, and is paused in the next one', async () => {
    const one = client()
    await one.begin({ applets: [cap] })
    for (;;) if ((await one.event<{ output: string }>('output')).output.startsWith('The card waits')) break
    const typed = (expression: string) => one.request('evaluate', { expression, context: 'repl' })
    expect(await typed('select wallet')).toMatchObject({ result: '  9000 done' })
    expect(await typed('80 10 00 00 00')).toMatchObject({ result: '  48 65 6C 6C 6F\n  9000 done' })
    await one.request('pause', { threadId: 1 })
    const answer = typed('80 20 00 00 00')
    await stopAt(one, 'pause')
    expect((await one.respond('evaluate', { expression: '80 10 00 00 00', context: 'repl' })).message).toContain(
      'middle',
    )
    await one.request('continue', { threadId: 1 })
    expect(await answer).toMatchObject({ result: '  00 01\n  9000 done' })
  })

  test('of another tool has its byte code for a source', async () => {
    const one = client()
    await one.begin({ applets: [METER_SECURITY], stopOnEntry: true })
    const frame = await stopAt(one, 'entry')
    expect(frame.source).toMatchObject({ sourceReference: 1 })
    const { content } = await one.request<{ content: string }>('source', { sourceReference: 1, source: frame.source })
    const text = content.split('\n')
    expect(text[frame.line - 1]).toMatch(/^ {2}[0-9a-f]{4} {2}\w/)
    const { breakpoints } = await one.request<Breakpoints>('setBreakpoints', {
      source: frame.source,
      breakpoints: [{ line: frame.line + 3 }],
    })
    await one.request('continue', { threadId: 1 })
    expect((await stopAt(one, 'breakpoint')).line).toBe(breakpoints[0]!.line)
    await one.request('next', { threadId: 1 })
    expect((await stopAt(one, 'step')).line).toBeGreaterThan(breakpoints[0]!.line!)
  })

  test('that runs without end can be paused', async () => {
    const one = client()
    const looping = join(folder, 'loop')
    appletNew(looping, {}, () => {})
    const java = join(looping, 'src', 'loop', 'Loop.java')
    writeFileSync(java, readFileSync(java, 'utf8').replace('count++;', 'while (count >= 0) buffer[0]++;'))
    await one.begin({ project: looping })
    for (;;) if ((await one.event<{ output: string }>('output')).output.startsWith('The card waits')) break
    await one.request('evaluate', { expression: 'select loop', context: 'repl' })
    void one.request('evaluate', { expression: '80 20 00 00 00', context: 'repl' }).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 200))
    await one.request('pause', { threadId: 1 })
    expect(await stopAt(one, 'pause')).toMatchObject({ name: 'Loop.process(APDU)' })
    expect(await one.value('count')).toBe('0 (0x0000)')
  }, 240_000)
})

describe('a card that is there before the editor', () => {
  test('can be attached to, left, and attached to again', async () => {
    const host = await DebugHost.prepare(parseLaunchOptions({ applets: [cap] }))
    ends.push(() => host.end())
    await host.start()
    const first = client(host)
    expect((await first.respond('launch', { applets: [cap] })).message).toContain('use "attach"')
    await first.begin({}, () => breakAt(first, { line: lineOf('count++') }), 'attach')
    await first.request('evaluate', { expression: 'select wallet', context: 'repl' })
    const answer = host.target.request('transmit', Uint8Array.of(0x80, 0x20, 0, 0, 0))
    await stopAt(first, 'breakpoint')
    await first.request('disconnect')
    expect([...(await answer)]).toEqual([0, 1, 0x90, 0])
    const second = client(host)
    await second.begin({}, undefined, 'attach')
    expect(await second.request('evaluate', { expression: '80 20 00 00 00', context: 'repl' })).toMatchObject({
      result: '  00 02\n  9000 done',
    })
  })
})
