import type { Readable, Writable } from 'node:stream'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { DebugError } from '../errors.ts'

/** A client that sends more at once is none. */
const LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
const LARGEST_HEADER_BYTES = 4096
const END_OF_HEADER = '\r\n\r\n'

/**
 * Messages of the Debug Adapter Protocol on a stream: `Content-Length: N`, an empty line, N bytes of JSON.
 * @source Debug Adapter Protocol, base protocol
 */
export class MessageStream {
  readonly #output: Writable
  #waiting = Buffer.alloc(0)
  #lengthBytes: number | undefined

  /** @param o.onEnd with the error when the stream is no such stream */
  constructor(o: {
    input: Readable
    output: Writable
    onMessage: (message: DebugProtocol.ProtocolMessage) => void
    onEnd: (error?: Error) => void
  }) {
    this.#output = o.output
    let hasEnded = false
    const end = (error?: Error) => {
      if (hasEnded) return
      hasEnded = true
      o.input.pause()
      o.onEnd(error)
    }
    o.input.on('data', (part: Buffer) => {
      if (hasEnded) return
      try {
        this.#waiting = Buffer.concat([this.#waiting, part])
        for (let message = this.#next(); message !== undefined; message = this.#next()) o.onMessage(message)
      } catch (error) {
        end(error as Error)
      }
    })
    o.input.on('end', () => end())
    o.input.on('close', () => end())
    o.input.on('error', end)
    o.output.on('error', end)
  }

  send(message: DebugProtocol.ProtocolMessage): void {
    if (this.#output.destroyed) return
    const json = Buffer.from(JSON.stringify(message))
    this.#output.write(`Content-Length: ${json.length}${END_OF_HEADER}`)
    this.#output.write(json)
  }

  #next(): DebugProtocol.ProtocolMessage | undefined {
    if (this.#lengthBytes === undefined) {
      const end = this.#waiting.indexOf(END_OF_HEADER)
      if (end < 0) {
        if (this.#waiting.length > LARGEST_HEADER_BYTES) throw notOurs('no header')
        return undefined
      }
      const [, digits] = /^Content-Length: *(\d{1,9}) *$/im.exec(this.#waiting.toString('ascii', 0, end)) ?? []
      const length = Number(digits)
      if (digits === undefined || length > LARGEST_MESSAGE_BYTES) throw notOurs('a header without a sensible length')
      this.#lengthBytes = length
      this.#waiting = this.#waiting.subarray(end + END_OF_HEADER.length)
    }
    if (this.#waiting.length < this.#lengthBytes) return undefined
    const text = this.#waiting.toString('utf8', 0, this.#lengthBytes)
    this.#waiting = this.#waiting.subarray(this.#lengthBytes)
    this.#lengthBytes = undefined
    const message: unknown = parse(text)
    if (typeof message !== 'object' || message === null || !('type' in message)) throw notOurs('no message')
    return message as DebugProtocol.ProtocolMessage
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notOurs('no JSON')
  }
}

function notOurs(what: string): DebugError {
  return new DebugError('GRIDCARD_DEBUG_REFUSED', `the client does not speak the Debug Adapter Protocol: ${what}`)
}
