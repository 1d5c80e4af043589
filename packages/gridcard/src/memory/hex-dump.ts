import { toHex } from '@gridcard/bytes'

const LINE_BYTES = 16

/** Lines of an address, sixteen bytes and their text; `from` is the address of the first byte. */
export function hexDump(bytes: Uint8Array, from: number): string {
  const lines: string[] = []
  const digits = Math.max(4, (from + bytes.length - 1).toString(16).length)
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const line = bytes.subarray(at, at + LINE_BYTES)
    const address = (from + at).toString(16).toUpperCase().padStart(digits, '0')
    const hex = Array.from(line, (byte) => toHex(Uint8Array.of(byte))).join(' ')
    const text = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${address}  ${hex.padEnd(3 * LINE_BYTES - 1)}  ${text}\n`)
  }
  return lines.join('')
}
