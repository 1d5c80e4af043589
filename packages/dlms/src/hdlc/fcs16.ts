const table = Uint16Array.from({ length: 256 }, (_unused, octet) => {
  let crc = octet
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  return crc
})

/** The check sequence of HDLC (CRC-16/X-25); goes on the line low octet first. @source ISO/IEC 13239 §4.2.5 */
export function fcs16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffff
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!
  return ~crc & 0xffff
}
