import { TerminalError } from '../errors.ts'
import { type AnyMessage, Message } from './message.ts'
import { findMessage, HEADER_BYTES, MAX_RAW_BYTES } from './message-table.ts'

const FIRST_BUFFER_BYTES = 512

/**
 * Finds requests in a stream that may be cut anywhere: clients send header, struct and raw bytes each on its own. Sizes are
 * checked as soon as they are there, before anything is waited for or taken.
 */
export class MessageSplitter {
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES)
  #view = new DataView(this.#buffer.buffer)
  #start = 0
  #end = 0

  /** Bytes that are no whole message yet, or messages not yet taken. */
  get bufferedBytes(): number {
    return this.#end - this.#start
  }

  /** Takes over a copy. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#start = 0
      this.#end = 0
    }
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length)
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /**
   * The next whole message, its bytes copied.
   * @throws TerminalError `TERMINAL_PCSC_BAD_MESSAGE`: there is no telling where the next message begins
   */
  next(): AnyMessage | undefined {
    const available = this.bufferedBytes
    if (available < HEADER_BYTES) return undefined
    const size = this.#view.getUint32(this.#start, true)
    const number = this.#view.getUint32(this.#start + 4, true)
    const known = findMessage(number)
    if (known === undefined) throw badMessage('no such command', number, size)
    const [name, layout] = known
    if (size !== layout.bodyBytes) throw badMessage('the size is not that of the command', number, size)
    const bodyStart = this.#start + HEADER_BYTES
    let rawBytes = 0
    if (layout.rawLength !== undefined) {
      if (available < HEADER_BYTES + size) return undefined
      rawBytes = this.#view.getUint32(bodyStart + layout.fields[layout.rawLength]!, true)
      if (rawBytes > MAX_RAW_BYTES) throw badMessage('more bytes than any APDU has', number, rawBytes)
    }
    const whole = HEADER_BYTES + size + rawBytes
    if (available < whole) return undefined
    const rawStart = bodyStart + size
    const body = this.#buffer.slice(bodyStart, rawStart)
    this.#start += whole
    // The name comes with its layout from the table; the compiler cannot follow that.
    return new Message(name, body, this.#buffer.slice(rawStart, rawStart + rawBytes)) as AnyMessage
  }

  #makeRoom(bytes: number): void {
    const kept = this.#buffer.subarray(this.#start, this.#end)
    const needed = kept.length + bytes
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length))
      larger.set(kept)
      this.#buffer = larger
      this.#view = new DataView(larger.buffer)
    } else {
      this.#buffer.copyWithin(0, this.#start, this.#end)
    }
    this.#start = 0
    this.#end = kept.length
  }
}

function badMessage(what: string, command: number, size: number): TerminalError {
  return new TerminalError('TERMINAL_PCSC_BAD_MESSAGE', `PC/SC request: ${what}`, { command, size })
}
