import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { BytesError } from './errors.ts'

/** One BER-TLV element: the tag as its bytes read as one number (`0x60`, `0x5F1F`), and its value. */
export interface Tlv {
  readonly tag: number
  readonly value: Uint8Array
}

/**
 * Length field, definite form, up to 4 length bytes; indefinite form (0x80) is refused.
 * @source X.690 §8.1.3
 */
export function readBerLength(reader: ByteReader): number {
  const first = reader.u8()
  if (first < 0x80) return first
  const count = first & 0x7f
  if (count === 0 || count > 4) {
    throw new BytesError('BYTES_BAD_TLV', 'length field of an unsupported form', {
      offsetBytes: reader.offsetBytes - 1,
    })
  }
  let length = 0
  for (let i = 0; i < count; i++) length = length * 256 + reader.u8()
  return length
}

/** Shortest definite form. */
export function writeBerLength(writer: ByteWriter, length: number): void {
  if (length < 0x80) writer.u8(length)
  else if (length <= 0xff) writer.u8(0x81).u8(length)
  else if (length <= 0xffff) writer.u8(0x82).u16(length)
  else if (length <= 0xff_ffff)
    writer
      .u8(0x83)
      .u8(length >>> 16)
      .u16(length & 0xffff)
  else writer.u8(0x84).u32(length)
}

/** Reads one element; a tag number of 31 continues in following bytes (at most 3 bytes in all). */
export function readTlv(reader: ByteReader): Tlv {
  const at = reader.offsetBytes
  let tag = reader.u8()
  if ((tag & 0x1f) === 0x1f) {
    let next: number
    do {
      if (tag > 0xffff) throw new BytesError('BYTES_BAD_TLV', 'tag longer than 3 bytes', { offsetBytes: at })
      next = reader.u8()
      tag = tag * 256 + next
    } while (next & 0x80)
  }
  const length = readBerLength(reader)
  return { tag, value: reader.take(length) }
}

/** All elements of `bytes`, to the exact last byte. */
export function parseTlvs(bytes: Uint8Array): Tlv[] {
  const reader = new ByteReader(bytes)
  const elements: Tlv[] = []
  while (!reader.isAtEnd) elements.push(readTlv(reader))
  return elements
}

export function writeTlv(writer: ByteWriter, tag: number, value: Uint8Array): void {
  if (tag > 0xffff) writer.u8(tag >>> 16)
  if (tag > 0xff) writer.u8((tag >>> 8) & 0xff)
  writer.u8(tag & 0xff)
  writeBerLength(writer, value.length)
  writer.bytes(value)
}

export function emitTlv(tag: number, value: Uint8Array): Uint8Array {
  const writer = new ByteWriter()
  writeTlv(writer, tag, value)
  return writer.toBytes()
}
