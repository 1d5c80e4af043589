import type { CommandIo } from './command-io.ts'

/** One line on a terminal that says how far it is; nothing where nobody looks. */
export function progressLine(io: CommandIo, label: string): { show(text: string): void; end(): void } {
  let isShown = false
  return {
    show(text) {
      if (!io.showsProgress) return
      io.err(`\r\x1b[K${`${label}: ${text}`.slice(0, io.columns - 1)}`)
      isShown = true
    },
    end() {
      if (isShown) io.err('\r\x1b[K')
    },
  }
}
