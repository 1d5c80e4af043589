import { BytesError } from './errors.ts'

const DIGITS = '0123456789ABCDEF'

/** Upper-case hex without separators, as the specifications print bytes. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += DIGITS[byte >> 4]! + DIGITS[byte & 15]!
  return text
}

/**
 * Reads hex in either case; white space is ignored.
 * @throws BytesError `BYTES_BAD_HEX` for anything else
 */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new BytesError('BYTES_BAD_HEX', 'not an even number of hex digits')
  }
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
