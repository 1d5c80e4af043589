import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Non-volatile memory of one card in a file: the card's one write port, write by write and in order. */
export class FileNvStore {
  readonly #path: string
  #fd: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  read(): Uint8Array | undefined {
    return existsSync(this.#path) ? new Uint8Array(readFileSync(this.#path)) : undefined
  }

  /**
   * Hands the bytes to the operating system before it returns, so they outlive this process. They are not forced to the
   * disk: that costs milliseconds per write, and a power cut of the host is not what a simulated card is asked to survive.
   */
  write(offsetBytes: number, bytes: Uint8Array): void {
    this.#fd ??= openSync(this.#path, existsSync(this.#path) ? 'r+' : 'w+', 0o600)
    writeSync(this.#fd, bytes, 0, bytes.length, offsetBytes)
  }

  /** Forces everything to the disk and lets the file go. */
  close(): void {
    if (this.#fd === undefined) return
    fsyncSync(this.#fd)
    closeSync(this.#fd)
    this.#fd = undefined
  }
}
