import { ByteReader, ByteWriter } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'

/** One APDU with its addresses, as the wrapper carries it. */
export interface Wpdu {
  readonly sourceWPort: number
  readonly destinationWPort: number
  readonly apdu: Uint8Array
}

const VERSION = 1
const HEADER_BYTES = 8
/** The length field has 16 bits. */
export const maxWrapperApduBytes = 0xffff

/** Header (version, source, destination, length) and APDU. @source Green Book ed. 8 §7.3.3 */
export function emitWpdu(wpdu: Wpdu): Uint8Array {
  return new ByteWriter()
    .u16(VERSION)
    .u16(wpdu.sourceWPort)
    .u16(wpdu.destinationWPort)
    .u16(wpdu.apdu.length)
    .bytes(wpdu.apdu)
    .toBytes()
}

/** Exactly one WPDU. @throws DlmsError `DLMS_MALFORMED` */
export function parseWpdu(bytes: Uint8Array): Wpdu {
  const splitter = new WrapperSplitter()
  const [wpdu, ...more] = splitter.push(bytes)
  if (wpdu === undefined || more.length > 0 || splitter.pendingBytes > 0) {
    throw new DlmsError('DLMS_MALFORMED', 'not exactly one wrapper PDU', { lengthBytes: bytes.length })
  }
  return wpdu
}

/** Cuts a byte stream into WPDUs. Keeps at most one unfinished WPDU; after a throw the stream is beyond repair. */
export class WrapperSplitter {
  readonly #maxApduBytes: number
  #pending = new Uint8Array(0)

  /** @param maxApduBytes longer announcements are refused before a byte of them is kept */
  constructor(maxApduBytes: number = maxWrapperApduBytes) {
    this.#maxApduBytes = maxApduBytes
  }

  get pendingBytes(): number {
    return this.#pending.length
  }

  /** @throws DlmsError `DLMS_MALFORMED` for another version, `DLMS_LIMIT_EXCEEDED` for a length over the bound */
  push(chunk: Uint8Array): Wpdu[] {
    const bytes = new Uint8Array(this.#pending.length + chunk.length)
    bytes.set(this.#pending)
    bytes.set(chunk, this.#pending.length)
    const reader = new ByteReader(bytes)
    const wpdus: Wpdu[] = []
    while (reader.remaining >= HEADER_BYTES) {
      const start = reader.offsetBytes
      if (reader.u16() !== VERSION) throw new DlmsError('DLMS_MALFORMED', 'wrapper version is not 1')
      const sourceWPort = reader.u16()
      const destinationWPort = reader.u16()
      const lengthBytes = reader.u16()
      if (lengthBytes > this.#maxApduBytes) {
        throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'APDU longer than agreed', { lengthBytes })
      }
      if (reader.remaining < lengthBytes) {
        reader.offsetBytes = start
        break
      }
      wpdus.push({ sourceWPort, destinationWPort, apdu: reader.take(lengthBytes) })
    }
    this.#pending = reader.rest() as Uint8Array<ArrayBuffer>
    return wpdus
  }
}
