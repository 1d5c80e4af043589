/** Unsigned numbers as big-endian bytes, binary or packed BCD. */

/** undefined if a nibble is no decimal digit. */
export function fromBcd(bytes: Uint8Array): bigint | undefined {
  return isBcd(bytes) ? BigInt(hexOf(bytes)) : undefined
}

export function isBcd(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >> 4 <= 9 && (byte & 0x0f) <= 9)
}

export function fromBinary(bytes: Uint8Array): bigint {
  return BigInt(`0x0${hexOf(bytes)}`)
}

/** As few bytes as hold it, at least one. */
export function toBcd(value: bigint): Uint8Array {
  return bytesOfHex(value.toString(10))
}

export function toBinary(value: bigint): Uint8Array {
  return bytesOfHex(value.toString(16))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function bytesOfHex(digits: string): Uint8Array {
  const even = digits.length % 2 === 0 ? digits : `0${digits}`
  return Uint8Array.from({ length: even.length / 2 }, (_, i) => Number.parseInt(even.slice(2 * i, 2 * i + 2), 16))
}
