import { createInterface } from 'node:readline/promises'
import { endWhenNobodyReads } from '../write-out.ts'

/** What a command needs of the world around it; tests give their own. */
export interface CommandIo {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: progress, traces, remarks. */
  err(text: string): void
  readonly columns: number
  /** Whether standard error is a terminal, where a line can be rewritten. */
  readonly showsProgress: boolean
  /** Whether somebody is there to answer a question. */
  readonly canAsk: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  ask(question: string): Promise<string>
  readStdin(): Promise<Uint8Array>
}

/** The process itself. A pipe closed at its other end (`... | head`) is no fault. */
export function processIo(): CommandIo {
  endWhenNobodyReads()
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    columns: Math.max(40, process.stdout.columns || 80),
    showsProgress: process.stderr.isTTY === true,
    canAsk: process.stdin.isTTY === true,
    env: process.env,
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return await lines.question(question)
      } finally {
        lines.close()
      }
    },
    async readStdin() {
      const parts: Uint8Array[] = []
      for await (const part of process.stdin) parts.push(part as Uint8Array)
      return Buffer.concat(parts)
    },
  }
}
