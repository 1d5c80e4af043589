import { readFileSync } from 'node:fs'
import { BytesError, fromHex } from '@gridcard/bytes'
import { LauncherError } from '../errors.ts'

const bad = (message: string, cause?: unknown) =>
  new LauncherError('GRIDCARD_BAD_OPTION', message, {}, cause === undefined ? {} : { cause })

/** Decimal, or hex behind 0x. */
export function parseCount(option: string, text: string, low: number, high: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN
  if (!(value >= low && value <= high)) {
    throw bad(`${option} takes a number from ${low} to ${high} (0x for hex), not "${text}"`)
  }
  return value
}

/** A secret never stands in the message. */
export function parseCode(option: string, text: string, codeBytes?: number): Uint8Array {
  try {
    const code = fromHex(text)
    if (code.length > 0 && (codeBytes === undefined || code.length === codeBytes)) return code
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
  }
  throw bad(`${option} takes ${codeBytes === undefined ? 'a code' : `a code of ${codeBytes} bytes`} in hex digits`)
}

/** What to write: exactly one of the three. */
export function parseContent(o: { hex?: string; text?: string; input?: string }): Uint8Array {
  if ([o.hex, o.text, o.input].filter((one) => one !== undefined).length !== 1) {
    throw bad('give what to write as one of --hex, --text and --input')
  }
  const bytes = contentOf(o)
  if (bytes.length === 0) throw bad('there is nothing to write')
  return bytes
}

function contentOf(o: { hex?: string; text?: string; input?: string }): Uint8Array {
  if (o.text !== undefined) return new TextEncoder().encode(o.text)
  try {
    return o.hex !== undefined ? fromHex(o.hex) : new Uint8Array(readFileSync(o.input!))
  } catch (error) {
    throw bad(o.hex !== undefined ? '--hex takes pairs of hex digits' : `--input: ${(error as Error).message}`, error)
  }
}
