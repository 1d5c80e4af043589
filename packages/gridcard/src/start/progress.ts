import { SingleBar } from 'cli-progress'
import pc from 'picocolors'

/** Where `gridcard start` tells what it does: a terminal, a log, or stderr when stdout belongs to a program. */
export interface Progress {
  /** A piece of work with a known or unknown number of parts. */
  step(name: string, total?: number): ProgressStep
}

export interface ProgressStep {
  update(done: number): void
  done(text: string): void
}

const NAME_WIDTH = 10

export function createProgress(out: NodeJS.WriteStream): Progress {
  const color = pc.createColors(out.isTTY === true && process.env['NO_COLOR'] === undefined)
  return {
    step(name, total = 0) {
      const started = performance.now()
      const label = name.padEnd(NAME_WIDTH)
      const bar =
        out.isTTY && total > 1
          ? new SingleBar({
              format: `  ${label} {bar} {value}/{total}`,
              barsize: 24,
              hideCursor: true,
              clearOnComplete: true,
              stream: out,
            })
          : undefined
      bar?.start(total, 0)
      if (bar === undefined && out.isTTY) out.write(`  ${label} …`)
      return {
        update: (done) => bar?.update(done),
        done(text) {
          bar?.stop()
          const seconds = ((performance.now() - started) / 1000).toFixed(1)
          const line = `  ${label} ${text} ${color.dim(`${seconds} s`)}`
          out.write(out.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`)
        },
      }
    },
  }
}
