/**
 * A COSEM value with its type, as the wire tells it: nothing is guessed and nothing is lost. Integers of 64 bits are
 * `bigint`; `date-time`, `date` and `time` keep their 12, 5 and 4 octets (`parseDateTime` reads them).
 * @source Blue Book ed. 14 §4.1.5, Green Book ed. 8 §9.5 (Data)
 */
export type CosemData =
  | { readonly type: 'null-data' }
  | { readonly type: 'array'; readonly value: readonly CosemData[] }
  | { readonly type: 'structure'; readonly value: readonly CosemData[] }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** `lengthBits` bits, the first in the highest bit of `value[0]`. */
  | { readonly type: 'bit-string'; readonly lengthBits: number; readonly value: Uint8Array }
  | { readonly type: 'octet-string'; readonly value: Uint8Array }
  /** One character per octet (ISO 8859-1). */
  | { readonly type: 'visible-string'; readonly value: string }
  | { readonly type: 'utf8-string'; readonly value: string }
  | { readonly type: CosemNumberType; readonly value: number }
  | { readonly type: 'long64' | 'long64-unsigned'; readonly value: bigint }
  | { readonly type: 'date-time' | 'date' | 'time'; readonly value: Uint8Array }
  /** Many values of one type, the type written once. */
  | { readonly type: 'compact-array'; readonly elementType: TypeDescription; readonly value: readonly CosemData[] }
  | { readonly type: 'dont-care' }

/** Types whose value fits a JavaScript number. */
export type CosemNumberType =
  | 'double-long'
  | 'double-long-unsigned'
  | 'bcd'
  | 'integer'
  | 'long'
  | 'unsigned'
  | 'long-unsigned'
  | 'enum'
  | 'float32'
  | 'float64'
  | 'delta-integer'
  | 'delta-long'
  | 'delta-double-long'
  | 'delta-unsigned'
  | 'delta-long-unsigned'
  | 'delta-double-long-unsigned'

export type CosemType = CosemData['type']

/** What the elements of a compact array are. */
export type TypeDescription =
  | { readonly type: Exclude<CosemType, 'array' | 'structure' | 'compact-array'> }
  | { readonly type: 'array'; readonly length: number; readonly element: TypeDescription }
  | { readonly type: 'structure'; readonly elements: readonly TypeDescription[] }

/** Bounds while reading foreign bytes. */
export interface DataLimits {
  /** Nesting of arrays and structures. */
  readonly maxDepth: number
  /** Values in all, containers included. */
  readonly maxElements: number
}

export const defaultDataLimits: DataLimits = { maxDepth: 16, maxElements: 250_000 }

/** Short constructors, so that object code reads like the Blue Book. */
export const cosem = {
  nullData: { type: 'null-data' } as const satisfies CosemData,
  array: (value: readonly CosemData[]): CosemData => ({ type: 'array', value }),
  structure: (...value: readonly CosemData[]): CosemData => ({ type: 'structure', value }),
  boolean: (value: boolean): CosemData => ({ type: 'boolean', value }),
  octetString: (value: Uint8Array): CosemData => ({ type: 'octet-string', value }),
  visibleString: (value: string): CosemData => ({ type: 'visible-string', value }),
  integer: (value: number): CosemData => ({ type: 'integer', value }),
  long: (value: number): CosemData => ({ type: 'long', value }),
  doubleLong: (value: number): CosemData => ({ type: 'double-long', value }),
  unsigned: (value: number): CosemData => ({ type: 'unsigned', value }),
  longUnsigned: (value: number): CosemData => ({ type: 'long-unsigned', value }),
  doubleLongUnsigned: (value: number): CosemData => ({ type: 'double-long-unsigned', value }),
  long64: (value: bigint): CosemData => ({ type: 'long64', value }),
  long64Unsigned: (value: bigint): CosemData => ({ type: 'long64-unsigned', value }),
  enumeration: (value: number): CosemData => ({ type: 'enum', value }),
  /** `lengthBits` defaults to all bits of `value`. */
  bitString: (value: Uint8Array, lengthBits: number = value.length * 8): CosemData => ({
    type: 'bit-string',
    lengthBits,
    value,
  }),
} as const
