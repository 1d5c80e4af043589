import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const RUN = join(import.meta.dirname, 'run.mjs')

async function run(args: readonly string[], nodeOptions: readonly string[] = []) {
  const child = spawn(process.execPath, [...nodeOptions, RUN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (part) => {
    stdout += part
  })
  child.stderr.on('data', (part) => {
    stderr += part
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

test('a Node that is too old hears one line', async () => {
  const pretend = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"16.20.2"})'
  const { code, stdout, stderr } = await run(['start'], ['--import', pretend])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^Gridcard needs Node 18 or newer .*\n$/)
})

test('a command that there is not', async () => {
  const { code, stdout, stderr } = await run(['dance'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('npm start')
})

test('output, arguments and exit code are those of the program', async () => {
  const program = 'console.log(process.argv.slice(1).join(" ")); process.exit(7)'
  expect(await run(['node', '-e', program, 'a', '--json'])).toEqual({ code: 7, stdout: 'a --json\n', stderr: '' })
})

test('the program runs on Node 24 or newer, which it also finds on its PATH', async () => {
  const program =
    'console.log(process.versions.node); console.log(require("child_process").execSync("node -p process.versions.node") + "")'
  const { stdout } = await run(['node', '-e', program])
  const [own, onPath] = stdout.trim().split('\n')
  expect(Number.parseInt(own!, 10)).toBeGreaterThanOrEqual(24)
  expect(onPath).toBe(own)
})

test.skipIf(process.platform === 'win32')('a signal stops the program, which ends in its own way', async () => {
  const program = 'process.on("SIGTERM", () => process.exit(3)); console.log("up"); setInterval(() => {}, 1000)'
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const child = spawn(process.execPath, [RUN, 'node', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([3, null])
  }
})

test.skipIf(process.platform === 'win32')(
  'when npm is ended, which ends only its shell, the program stops too',
  async () => {
    const program =
      'process.on("SIGTERM", () => console.log("stopped") || process.exit()); console.log("up"); setInterval(() => {}, 1000)'
    const env = { ...process.env, npm_lifecycle_event: 'start', NODE: process.execPath, RUN, PROGRAM: program }
    const shell = spawn('sh', ['-c', '"$NODE" "$RUN" node -e "$PROGRAM"; true'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    })
    let said = ''
    shell.stdout.on('data', (part) => {
      said += part
      if (said === 'up\n') shell.kill('SIGKILL')
    })
    await once(shell, 'close')
    expect(said).toBe('up\nstopped\n')
  },
)
