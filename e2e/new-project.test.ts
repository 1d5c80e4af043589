import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DapClient } from 'gridcard/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// A project of `applet new`, as its owner uses it: its tests, its settings for an editor, and a Java program that drives the
// card while it is debugged.

const cli = new URL('../packages/gridcard/src/cli.ts', import.meta.url).pathname
const gridcardPackage = new URL('../packages/gridcard', import.meta.url).pathname
const javaVersion = Number(
  /version "(?:1\.)?(\d+)/.exec(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1],
)
const hasLibrary = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libpcsclite.so.1') === true

let folder: string
let project: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-project-'))
  project = join(folder, 'purse')
  expect(spawnSync(process.execPath, [cli, 'applet', 'new', project]).status).toBe(0)
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(gridcardPackage, join(project, 'node_modules', 'gridcard'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const lineOf = (text: string): number => {
  const source = readFileSync(join(project, 'src/purse/Purse.java'), 'utf8')
  return source.split('\n').findIndex((line) => line.includes(text)) + 1
}

test('its tests in JavaScript pass, and show the lines that ran', async () => {
  const child = spawn(process.execPath, ['--test'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', (part) => (out += part))
  const [code] = await once(child, 'close')
  expect(out).toMatch(/pass 4\n/)
  expect(out).toMatch(/purse\/Purse\.java +100 %/)
  expect(code).toBe(0)
  expect(readFileSync(join(project, 'coverage/lcov.info'), 'utf8')).toContain('end_of_record')
})

/** An adapter started by its command, as an editor does. */
async function withAdapter(command: string, args: readonly string[], act: (client: DapClient) => Promise<void>) {
  const env = { ...process.env, GRIDCARD: `"${process.execPath}" "${cli}"` }
  const child = spawn(command, args, { cwd: project, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const client = new DapClient({ input: child.stdout, output: child.stdin })
  try {
    await act(client)
  } finally {
    const ended = once(child, 'exit')
    void client.request('disconnect').catch(() => {})
    child.stdin.end()
    await ended
  }
}

test('its settings for VS Code start a session that stops on a line', async () => {
  const extension = join(project, '.vscode/extensions/gridcard-debug')
  const { contributes } = JSON.parse(readFileSync(join(extension, 'package.json'), 'utf8'))
  const [debuggerOf] = contributes.debuggers
  const text = readFileSync(join(project, '.vscode/launch.json'), 'utf8').replaceAll(/\$\{workspaceFolder\}/g, project)
  const [launch] = JSON.parse(text).configurations
  expect(launch.type).toBe(debuggerOf.type)
  await withAdapter(debuggerOf.runtime, [join(extension, debuggerOf.program)], async (client) => {
    await client.begin(launch, () =>
      client.request('setBreakpoints', {
        source: { path: join(project, 'src/purse/Purse.java') },
        breakpoints: [{ line: lineOf('count++'), condition: 'count == 1' }],
      }),
    )
    expect(await client.event('stopped')).toMatchObject({ reason: 'breakpoint' })
    expect(await client.value('count')).toBe('1 (0x0001)')
    await client.request('setBreakpoints', { source: { path: join(project, 'src/purse/Purse.java') }, breakpoints: [] })
    await client.request('continue', { threadId: 1 })
    expect(await client.event('exited')).toEqual({ exitCode: 0 })
  })
})

const JAVA = `
import javax.smartcardio.*;

public class CountTest {
  public static void main(String[] args) throws Exception {
    CardTerminal terminal = TerminalFactory.getDefault().terminals().list().get(0);
    CardChannel channel = terminal.connect("*").getBasicChannel();
    byte[] aid = new java.math.BigInteger(args[0], 16).toByteArray();
    byte[] name = java.util.Arrays.copyOfRange(aid, aid.length - args[0].length() / 2, aid.length);
    expect(0x9000, channel.transmit(new CommandAPDU(0x00, 0xA4, 0x04, 0x00, name)));
    ResponseAPDU count = channel.transmit(new CommandAPDU(0x80, 0x20, 0x00, 0x00, 256));
    expect(0x9000, count);
    System.out.println("count " + count.getData()[1]);
  }

  static void expect(int sw, ResponseAPDU answer) {
    if (answer.getSW() != sw) throw new AssertionError(answer.toString());
  }
}
`

describe.skipIf(!(javaVersion >= 11 && hasLibrary))('a Java program with javax.smartcardio', () => {
  test('drives the card while it is debugged', async () => {
    const java = join(folder, 'CountTest.java')
    writeFileSync(java, JAVA)
    const { applets } = JSON.parse(readFileSync(join(project, 'applet.json'), 'utf8'))
    const launch = { project, command: ['java', java, applets[0].aid] }
    await withAdapter(process.execPath, [cli, 'debug'], async (client) => {
      await client.begin(launch, () =>
        client.request('setBreakpoints', {
          source: { path: join(project, 'src/purse/Purse.java') },
          breakpoints: [{ line: lineOf('Util.setShort') }],
        }),
      )
      expect(await client.event('stopped')).toMatchObject({ reason: 'breakpoint' })
      expect(await client.value('count')).toBe('1 (0x0001)')
      await client.request('continue', { threadId: 1 })
      expect(await client.event('exited')).toEqual({ exitCode: 0 })
      const out = client.events.filter(({ body }) => body?.category === 'stdout').map(({ body }) => body.output)
      expect(out.join('')).toBe('count 1\n')
    })
  })
})
