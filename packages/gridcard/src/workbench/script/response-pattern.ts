/** A response as a script expects it, down to half bytes; `.` is any. */
export interface ResponsePattern {
  /** As written, in pairs: `6. .. 90 00`, `* 90 00` */
  readonly text: string
  /** Half bytes before `*`; all of them without. */
  readonly head: readonly (number | undefined)[]
  /** Half bytes after `*`; absent without. */
  readonly tail?: readonly (number | undefined)[]
}

/** @returns undefined for text that is no pattern of whole bytes, or has more than one `*` */
export function parseResponsePattern(source: string): ResponsePattern | undefined {
  const parts = source.replace(/\s+/g, '').toUpperCase().split('*')
  if (parts.length > 2 || parts.some((part) => part.length % 2 !== 0 || !/^[0-9A-F.]*$/.test(part))) return undefined
  const [head, tail] = parts.map(halfBytes)
  if (head === undefined || (head.length === 0 && tail === undefined)) return undefined
  const text = parts
    .map((part) => part.match(/../g)?.join(' ') ?? '')
    .join(' * ')
    .trim()
  return { text, head, ...(tail && { tail }) }
}

function halfBytes(digits: string): (number | undefined)[] {
  return [...digits].map((digit) => (digit === '.' ? undefined : Number.parseInt(digit, 16)))
}

export function matches({ head, tail }: ResponsePattern, response: Uint8Array): boolean {
  const length = response.length * 2
  const fits = tail === undefined ? length === head.length : length >= head.length + tail.length
  if (!fits) return false
  const same = (wanted: readonly (number | undefined)[], from: number) =>
    wanted.every((half, i) => half === undefined || half === halfByte(response, from + i))
  return same(head, 0) && same(tail ?? [], length - (tail?.length ?? 0))
}

/** Does this byte of the response differ? Only for patterns without `*`, where both line up. */
export function differsAt({ head }: ResponsePattern, response: Uint8Array, at: number): boolean {
  if (at * 2 >= head.length || at >= response.length) return true
  return [2 * at, 2 * at + 1].some((i) => head[i] !== undefined && head[i] !== halfByte(response, i))
}

function halfByte(bytes: Uint8Array, at: number): number {
  const byte = bytes[at >> 1]!
  return at & 1 ? byte & 15 : byte >> 4
}
