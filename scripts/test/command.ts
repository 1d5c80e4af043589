import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export interface CommandResult {
  readonly output: string
  readonly isOk: boolean
}

const running = new Set<ChildProcess>()

const { FORCE_COLOR: _, ...environment } = process.env
const ENVIRONMENT = {
  ...environment,
  // Kept output is shown later, perhaps in a file: no colours.
  NO_COLOR: '1',
  // Many tests start threads and processes that load the same sources: half of their start is compiling.
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compile-cache'),
}

/** Runs Node with `args` until it ends or `timeoutMs` have passed, and keeps what it says. */
export function runCommand(
  args: readonly string[],
  cwd: string,
  timeoutMs: number,
  onOutput: (text: string) => void = () => {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const parts: string[] = []
    const keep = (text: string) => {
      parts.push(text)
      onOutput(text)
    }
    // A process group of its own, so that what the command started ends with it.
    const child = spawn(process.execPath, args, {
      cwd,
      env: ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    running.add(child)
    const timer = setTimeout(() => {
      keep(`\nStopped: not finished after ${Math.round(timeoutMs / 1000)} s, which is the most a step may take.\n`)
      killGroup(child, 'SIGKILL')
    }, timeoutMs)
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)
    child.once('error', (error) => keep(error.message))
    child.once('exit', () => killGroup(child, 'SIGKILL'))
    child.once('close', (code) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ output: parts.join(''), isOk: code === 0 })
    })
  })
}

/** Ends all commands that run, with all that they started. */
export function stopCommands(): void {
  for (const child of running) killGroup(child, 'SIGTERM')
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
  } catch {
    // nobody of the group is left
  }
}
