import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import type { CommandIo } from '../../src/dlms/command-io.ts'
import { serve } from '../../src/dlms/serve/serve.ts'

export class TestIo implements CommandIo {
  stdout = ''
  stderr = ''
  readonly columns = 80
  showsProgress = false
  canAsk = false
  env: Record<string, string | undefined> = {}
  answer = ''
  asked = ''
  stdin: Uint8Array = new Uint8Array(0)
  onOut: (() => void) | undefined

  out(text: string): void {
    this.stdout += text
    this.onOut?.()
  }
  err(text: string): void {
    this.stderr += text
  }
  async ask(question: string): Promise<string> {
    this.asked += question
    return this.answer
  }
  async readStdin(): Promise<Uint8Array> {
    return this.stdin
  }
  get json() {
    return JSON.parse(this.stdout)
  }
  get lines(): string[] {
    return this.stdout.split('\n')
  }
}

export const model = {
  logicalDeviceName: 'GRC0000000000001',
  objects: [
    { class: 'clock', deviationMinutes: -60, start: '2026-01-31T12:07:00Z' },
    { class: 'data', logicalName: '0.0.96.1.0.255', value: { 'octet-text': 'GC00004711' }, public: true },
    { class: 'data', logicalName: '0.0.96.1.9.255', value: { unsigned: 7 }, writable: true },
    { class: 'register', logicalName: '1.0.1.8.0.255', value: { 'double-long-unsigned': 4711230 }, unit: 'Wh' },
    { class: 'register', logicalName: '1.0.32.7.0.255', value: { 'long-unsigned': 2304 }, scaler: -1, unit: 'V' },
    {
      class: 'profile',
      logicalName: '1.0.99.1.0.255',
      columns: ['clock/0.0.1.0.0.255/time', 'register/1.0.1.8.0.255/value', 'register/1.0.32.7.0.255/value'],
      capturePeriodSeconds: 900,
      profileEntries: 2976,
      fill: { entries: 2976, increase: [0, 85, 0] },
    },
    { class: 'disconnect-control' },
    {
      class: 'Limiter',
      logicalName: '0.0.17.0.0.255',
      attributes: { min_over_threshold_duration: { 'double-long-unsigned': 60 } },
      writable: ['min_over_threshold_duration'],
    },
  ],
}

/** A folder with a model and fresh keys, and servers in this process. */
export class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'gridcard-dlms-'))
  readonly keys = {
    clientSystemTitle: toHex(nodeCrypto.randomBytes(8)),
    serverSystemTitle: toHex(nodeCrypto.randomBytes(8)),
    blockCipherKey: toHex(nodeCrypto.randomBytes(16)),
    authenticationKey: toHex(nodeCrypto.randomBytes(16)),
  }
  readonly keyFile: string
  readonly modelPath: string
  readonly #stopping = new AbortController()
  readonly #running: Promise<number>[] = []

  constructor() {
    this.keyFile = this.writeKeys('meter.keys', this.keys)
    this.modelPath = this.write('meter.json', JSON.stringify(model))
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  write(name: string, text: string, mode = 0o600): string {
    const path = this.path(name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }

  writeKeys(name: string, keys: object, mode = 0o600): string {
    return this.write(name, JSON.stringify(keys), mode)
  }

  /** Starts `dlms serve` and gives its target, `127.0.0.1:PORT`. */
  async serve(
    raw: { keyFile?: string; hdlc?: true; udp?: true } = { keyFile: this.keyFile },
    io = new TestIo(),
  ): Promise<string> {
    const isUp = new Promise<void>((resolve) => {
      io.onOut = resolve
    })
    const running = serve(this.modelPath, { json: true, ...raw }, io, { signal: this.#stopping.signal })
    this.#running.push(running)
    await Promise.race([isUp, running])
    return `127.0.0.1:${io.json.port}`
  }

  /** Fails if a key stands in a text, in either case. */
  hasSecret(text: string): boolean {
    const low = text.toLowerCase()
    return [this.keys.blockCipherKey, this.keys.authenticationKey].some((key) => low.includes(key.toLowerCase()))
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled(this.#running)
    rmSync(this.directory, { recursive: true })
  }
}

/** What a command throws, with its code; undefined if it does not. */
export async function refusalOf(act: Promise<unknown>): Promise<{ code: string; message: string } | undefined> {
  return act.then(
    () => undefined,
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  )
}
