import { equalBytes, fromHex } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

/** Keys that stand in books and that no sequence explains. @source FIPS 197 appendix A.1, A.3; RFC 4493 §4 uses the first */
const PUBLISHED = [
  fromHex('2B7E151628AED2A6ABF7158809CF4F3C'),
  fromHex('603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4'),
]

/** Why a key must not protect a device; undefined if nothing speaks against it. The key itself is never told. */
export function whyUnusable(key: Uint8Array): string | undefined {
  if (key.length !== 16 && key.length !== 32) return 'it has neither 16 nor 32 bytes'
  if (key.every((byte) => byte === key[0])) return 'all its bytes are equal'
  // 00 01 02 .. of the Green Book, D0 D1 .., 40 41 .. of cards for developers, and their like backwards.
  const step = (key[1]! - key[0]!) & 0xff
  if (key.every((byte, i) => i === 0 || ((byte - key[i - 1]!) & 0xff) === step))
    return 'it is a sequence, as in documentation'
  if (PUBLISHED.some((one) => equalBytes(one, key))) return 'it is an example of a standard'
  const half = key.subarray(0, key.length / 2)
  if (equalBytes(half, key.subarray(key.length / 2))) return 'its halves are equal'
  return undefined
}

/**
 * Keys of one card: each usable, no two the same.
 * @throws TerminalError `TERMINAL_LINE_KEY_REFUSED`
 */
export function requireUsableKeys(keys: Readonly<Record<string, Uint8Array>>): void {
  const named = Object.entries(keys)
  for (const [name, key] of named) {
    const why = whyUnusable(key)
    if (why !== undefined) throw new TerminalError('TERMINAL_LINE_KEY_REFUSED', `the ${name} key is refused: ${why}`)
  }
  for (const [i, [name, key]] of named.entries()) {
    const twin = named.slice(0, i).find(([, other]) => equalBytes(other, key))
    if (twin === undefined) continue
    throw new TerminalError('TERMINAL_LINE_KEY_REFUSED', `the ${name} key is the ${twin[0]} key again`)
  }
}
