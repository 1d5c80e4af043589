import { ByteWriter } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

/** Messages of one byte are orders to the card, longer ones command APDUs. @source vsmartcard, `vpcd.h` */
export const vpcdControls = { powerOff: 0, powerOn: 1, reset: 2, atr: 4 } as const

/** Largest message: its length has two bytes. */
const MAX_MESSAGE_BYTES = 0xffff

/** Length, big-endian, and bytes in one piece: vpcd's own two small writes cost it 40 ms each way. */
export function emitVpcdMessage(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new TerminalError('TERMINAL_VPCD_BAD_MESSAGE', 'vpcd takes at most 65535 bytes', {
      lengthBytes: bytes.length,
    })
  }
  return new ByteWriter().u16(bytes.length).bytes(bytes).toBytes()
}

/** Finds messages in a stream that may be cut anywhere. Never holds more than one message and one chunk. */
export class VpcdSplitter {
  #buffer = new Uint8Array(0)

  /** @returns whole messages, without their lengths; an empty one is what a client transmitted */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.#buffer.length + chunk.length)
    bytes.set(this.#buffer)
    bytes.set(chunk, this.#buffer.length)
    const messages: Uint8Array[] = []
    let offset = 0
    while (bytes.length - offset >= 2) {
      const length = (bytes[offset]! << 8) | bytes[offset + 1]!
      if (bytes.length - offset - 2 < length) break
      messages.push(bytes.slice(offset + 2, offset + 2 + length))
      offset += 2 + length
    }
    this.#buffer = bytes.slice(offset)
    return messages
  }
}
