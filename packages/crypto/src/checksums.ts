// The two checksums of javacard.security.Checksum. They find accidents, not attackers.

/**
 * CRC-16 of ISO/IEC 13239: polynomial 1021, not reflected, the result inverted.
 *
 * @param start what the register begins with: 0 in Checksum unless init says otherwise
 */
export function crc16(bytes: Uint8Array, start = 0): number {
  let register = start
  for (const byte of bytes) {
    register ^= byte << 8
    for (let bit = 0; bit < 8; bit++) {
      register = register & 0x8000 ? (register << 1) ^ 0x1021 : register << 1
      register &= 0xffff
    }
  }
  return register ^ 0xffff
}

/** CRC-32 of IEEE 802.3: polynomial 04C11DB7, reflected, the result inverted; `start` FFFFFFFF gives the one of ZIP. */
export function crc32(bytes: Uint8Array, start = 0): number {
  let register = start
  for (const byte of bytes) {
    register ^= byte
    for (let bit = 0; bit < 8; bit++) register = register & 1 ? (register >>> 1) ^ 0xedb88320 : register >>> 1
  }
  return ~register >>> 0
}
