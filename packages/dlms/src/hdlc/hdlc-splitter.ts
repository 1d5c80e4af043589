import { fcs16 } from './fcs16.ts'
import { hdlcFlag, maxHdlcFrameBytes } from './hdlc-frame.ts'

/** Format, two addresses of four octets, control. */
const MAX_HEADER_BYTES = 2 + 4 + 4 + 1

/**
 * Cuts a byte stream into frames with right check sequences, flags and all. Whatever is none is skipped: the search
 * goes on at the next flag, so that one broken octet costs one frame. Keeps at most one unfinished frame, and gives an
 * announced length no credit before the header check sequence was right.
 * @source IEC 62056-46 §6.4.4 (transparency by the length field, not by stuffing)
 */
export class HdlcSplitter {
  readonly #maxFrameBytes: number
  #pending = new Uint8Array(0)
  #discardedBytes = 0

  /** @param maxFrameBytes without flags, at most 2047; longer announcements are noise */
  constructor(maxFrameBytes: number = maxHdlcFrameBytes) {
    this.#maxFrameBytes = maxFrameBytes
  }

  get pendingBytes(): number {
    return this.#pending.length
  }

  /** Octets that belonged to no frame; flags between frames do not count. */
  get discardedBytes(): number {
    return this.#discardedBytes
  }

  /** Forgets an unfinished frame, after an inter-octet timeout. */
  reset(): void {
    this.#discardedBytes += this.#pending.length
    this.#pending = new Uint8Array(0)
  }

  /** Never throws. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.#pending.length + chunk.length)
    bytes.set(this.#pending)
    bytes.set(chunk, this.#pending.length)
    const frames: Uint8Array[] = []
    let at = 0
    while (at < bytes.length) {
      if (bytes[at] !== hdlcFlag) {
        this.#discardedBytes++
        at++
        continue
      }
      const lengthBytes = this.#frameAt(bytes, at)
      if (lengthBytes === undefined) break
      if (lengthBytes > 0) {
        frames.push(bytes.slice(at, at + lengthBytes))
        // The closing flag may open the next frame.
        at += lengthBytes - 1
      } else {
        at++
      }
    }
    this.#pending = bytes.slice(at)
    return frames
  }

  /** Octets of the frame that opens at `at`, flags counted; 0 for none, undefined for too few octets yet. */
  #frameAt(bytes: Uint8Array, at: number): number | undefined {
    const available = bytes.length - at
    if (available < 2) return undefined
    const type = bytes[at + 1]!
    if ((type & 0xf0) !== 0xa0) return 0
    if (available < 3) return undefined
    const lengthBytes = ((type & 7) << 8) | bytes[at + 2]!
    if (lengthBytes < 7 || lengthBytes > this.#maxFrameBytes) return 0
    const header = headerBytesAt(bytes, at + 1)
    if (header === 0 || (header !== undefined && header + 2 > lengthBytes)) return 0
    if (header === undefined || available < 1 + header + 2) return available > MAX_HEADER_BYTES + 3 ? 0 : undefined
    if (!isCheckRight(bytes, at + 1, header)) return 0
    if (available < lengthBytes + 2) return undefined
    if (bytes[at + 1 + lengthBytes] !== hdlcFlag) return 0
    return isCheckRight(bytes, at + 1, lengthBytes - 2) ? lengthBytes + 2 : 0
  }
}

/** Octets from the format field to the control field; 0 for addresses that cannot be, undefined for not there yet. */
function headerBytesAt(bytes: Uint8Array, start: number): number | undefined {
  let at = start + 2
  for (let address = 0; address < 2; address++) {
    const first = at
    for (;;) {
      if (at - first === 4) return 0
      const octet = bytes[at++]
      if (octet === undefined) return undefined
      if (octet & 1) break
    }
    if (at - first === 3) return 0
  }
  return at - start + 1
}

function isCheckRight(bytes: Uint8Array, start: number, lengthBytes: number): boolean {
  const end = start + lengthBytes
  return (bytes[end]! | (bytes[end + 1]! << 8)) === fcs16(bytes, start, end)
}
