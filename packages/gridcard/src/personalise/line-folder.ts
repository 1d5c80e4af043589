import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { LineFiles } from '@gridcard/terminal/personalisation'

const MODES = { secret: 0o600, public: 0o644 } as const

/** A line's files on disk. Folders are made when something comes into them, for their owner only. */
export class LineFolder implements LineFiles {
  readonly #folder: string
  /** What was written since the last flush. */
  readonly #unflushed = new Set<string>()

  constructor(folder: string) {
    this.#folder = folder
  }

  read(path: string): string | undefined {
    const file = join(this.#folder, path)
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }

  readBytes(path: string): Uint8Array | undefined {
    const file = join(this.#folder, path)
    return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined
  }

  write(path: string, content: string | Uint8Array, access: 'secret' | 'public'): void {
    const file = join(this.#folder, path)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const beside = `${file}.new`
    writeFileSync(beside, content, { mode: MODES[access] })
    chmodSync(beside, MODES[access]) // one that an interrupted run left keeps its own mode else
    renameSync(beside, file)
    this.#unflushed.add(file)
  }

  append(path: string, text: string): void {
    const file = join(this.#folder, path)
    appendFileSync(file, text, { mode: MODES.secret })
    this.#unflushed.add(file)
  }

  flush(): void {
    const folders = new Set<string>()
    for (const file of this.#unflushed) {
      sync(file)
      folders.add(dirname(file))
    }
    for (const folder of folders) sync(folder)
    this.#unflushed.clear()
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
