import type { CosemData } from '../cosem/cosem-data.ts'

/** A range of a column's values, both ends included; an end that is not there is open. */
export interface ColumnRange {
  readonly from: CosemData | undefined
  readonly to: CosemData | undefined
}

/** Undefined for ends that no value can be compared with, or not with each other. */
export function columnRangeOf(from: CosemData | undefined, to: CosemData | undefined): ColumnRange | undefined {
  if (from === undefined || to === undefined) return undefined
  const range = { from: from.type === 'null-data' ? undefined : from, to: to.type === 'null-data' ? undefined : to }
  const ends = [range.from, range.to].filter((end) => end !== undefined)
  if (ends.some((end) => keyOf(end) === undefined)) return undefined
  return ends.length < 2 || compared(from, to) !== undefined ? range : undefined
}

/** A value that cannot be compared with an end is outside. */
export function isInRange(value: CosemData | undefined, { from, to }: ColumnRange): boolean {
  if (value === undefined || keyOf(value) === undefined) return false
  const above = from === undefined ? 0 : compared(from, value)
  const below = to === undefined ? 0 : compared(value, to)
  return above !== undefined && below !== undefined && above <= 0 && below <= 0
}

/** Numbers of any type by their value, octets and texts in the order of their codes. */
export function compared(a: CosemData, b: CosemData): number | undefined {
  const [x, y] = [keyOf(a), keyOf(b)]
  if (x === undefined || y === undefined) return undefined
  if (typeof x === 'object' || typeof y === 'object') {
    return typeof x === 'object' && typeof y === 'object' ? comparedOctets(x, y) : undefined
  }
  if ((typeof x === 'string') !== (typeof y === 'string')) return undefined
  // Numbers and bigints compare with each other.
  return x < y ? -1 : Number(x > y)
}

function comparedOctets(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!
  }
  return a.length - b.length
}

function keyOf(data: CosemData): number | bigint | string | Uint8Array | undefined {
  switch (data.type) {
    case 'boolean':
      return Number(data.value)
    case 'null-data':
    case 'dont-care':
    case 'array':
    case 'structure':
    case 'compact-array':
    case 'bit-string':
      return undefined
    default:
      return data.value
  }
}
