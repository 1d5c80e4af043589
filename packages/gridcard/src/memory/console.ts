import { createInterface } from 'node:readline/promises'
import type { MemoryConsole } from './memory.ts'

/** Answers on standard output, questions on standard error, and only to somebody at a terminal. */
export const processConsole: MemoryConsole = {
  print(text) {
    process.stdout.write(text)
  },
  async confirm(question) {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
    } finally {
      lines.close()
    }
  },
}
