import { ByteWriter, concatBytes } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'
import { iotSafeTags } from './iot-safe-codes.ts'

/** One value of IoT SAFE: tags of one byte, lengths as ETSI TS 101 220 §7.1.2 has them. */
export interface IotSafeTlv {
  readonly tag: number
  readonly value: Uint8Array
}

/** @param value at most 65535 bytes */
export function emitIotSafeTlv(tag: number, value: Uint8Array | number): Uint8Array {
  const bytes = typeof value === 'number' ? Uint8Array.of(value) : value
  const writer = new ByteWriter().u8(tag)
  if (tag === iotSafeTags.signature) writer.u16(bytes.length)
  else if (bytes.length < 0x80) writer.u8(bytes.length)
  else if (bytes.length < 0x100) writer.u8(0x81).u8(bytes.length)
  else writer.u8(0x82).u16(bytes.length)
  return writer.bytes(bytes).toBytes()
}

export function emitIotSafeTlvs(...tlvs: readonly (readonly [number, Uint8Array | number])[]): Uint8Array {
  return concatBytes(...tlvs.map(([tag, value]) => emitIotSafeTlv(tag, value)))
}

/**
 * What a card answers. Tag 33 comes with two bytes of length, from some applets with one.
 * @throws TerminalError `TERMINAL_BAD_RESPONSE`
 */
export function parseIotSafeTlvs(bytes: Uint8Array): IotSafeTlv[] {
  const found: IotSafeTlv[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!
    const first = bytes[at + 1] ?? -1
    const more = first === 0x81 || (tag === iotSafeTags.signature && first === 0) ? 1 : first === 0x82 ? 2 : 0
    const start = at + 2 + more
    const length = more === 0 ? first : bytes.slice(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
    at = start + length
    if (first < 0 || at > bytes.length) throw badAnswer('a value is longer than the answer')
    found.push({ tag, value: bytes.slice(start, at) })
  }
  return found
}

/** @throws TerminalError `TERMINAL_BAD_RESPONSE` */
export function requireTlv(tlvs: readonly IotSafeTlv[], tag: number): Uint8Array {
  const found = tlvs.find((one) => one.tag === tag)
  if (found === undefined) throw badAnswer(`the answer has no ${tag.toString(16).toUpperCase().padStart(2, '0')}`)
  return found.value
}

export function badAnswer(reason: string): TerminalError {
  return new TerminalError('TERMINAL_BAD_RESPONSE', `IoT SAFE: ${reason}`)
}
