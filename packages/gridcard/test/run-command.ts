import { Readable } from 'node:stream'
import { gridcard } from '../src/program.ts'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandSetting {
  /** Current folder of the command. */
  readonly cwd?: string
  /** All of its standard input, which is no terminal. */
  readonly stdin?: string | Uint8Array
}

/** One command at a time: they share the process. */
let last: Promise<unknown> = Promise.resolve()

/**
 * Runs the command line in this process, as `cli.ts` does, and keeps what it writes. A process of its own would start for
 * most of a second, so only one test of each command group has one.
 *
 * Not for commands that go on until a signal, nor for programs that `gridcard reader` starts: what those print is not kept.
 */
export function runCommand(args: readonly string[], setting: CommandSetting = {}): Promise<Ended> {
  const ended = last.then(() => runAlone(args, setting))
  last = ended.catch(() => {})
  return ended
}

async function runAlone(args: readonly string[], { cwd, stdin = '' }: CommandSetting): Promise<Ended> {
  const [stdout, stderr] = [keep(process.stdout), keep(process.stderr)]
  const input = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const home = process.cwd()
  Object.defineProperty(process, 'stdin', { configurable: true, value: Readable.from([Buffer.from(stdin)]) })
  try {
    if (cwd !== undefined) process.chdir(cwd)
    const code = await gridcard(args)
    return { code, stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    process.chdir(home)
    Object.defineProperty(process, 'stdin', input)
    stdout.giveBack()
    stderr.giveBack()
  }
}

/** Takes what is written to a stream, which then does not see it. */
function keep(stream: NodeJS.WriteStream) {
  const parts: Buffer[] = []
  const { write } = stream
  const take = (part: string | Uint8Array, ...rest: unknown[]): boolean => {
    parts.push(Buffer.from(part as Uint8Array)) // a string is encoded as UTF-8
    const done = rest.findLast((one) => typeof one === 'function') as (() => void) | undefined
    done?.()
    return true
  }
  stream.write = take as typeof write
  return {
    text: () => Buffer.concat(parts).toString(),
    giveBack() {
      stream.write = write
    },
  }
}
