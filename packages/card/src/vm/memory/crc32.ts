const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb8_8320 : value >>> 1
  return value
})

/**
 * CRC-32 (ISO 3309, reflected 04C11DB7) of `bytes[start..end)`, continued from `seed`. It tells torn bookkeeping from
 * whole; against an attacker it protects nothing and is not meant to.
 */
export function crc32(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let value = ~seed
  for (let i = start; i < end; i++) value = (value >>> 8) ^ TABLE[(value ^ bytes[i]!) & 0xff]!
  return ~value
}
