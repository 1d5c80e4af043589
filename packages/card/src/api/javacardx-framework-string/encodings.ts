/**
 * Character encodings other than UTF-8. GSM_7 is not there: the API leaves open whether septets are packed.
 *
 * @source RFC 2781 (UTF-16); ISO/IEC 10646 (UCS-2: one big-endian unit, no surrogates); ISO/IEC 8859-1
 */
export interface Encoding {
  /** undefined: a code point has no place in this encoding. */
  encode(codePoints: readonly number[]): Uint8Array | undefined
  /** undefined: not of this encoding. */
  decode(bytes: Uint8Array): number[] | undefined
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
const BYTE_ORDER_MARK = 0xfeff

function unitsOf(codePoint: number): number[] {
  if (codePoint < 0x10000) return [codePoint]
  const rest = codePoint - 0x10000
  return [0xd800 | (rest >> 10), 0xdc00 | (rest & 0x3ff)]
}

function bytesOfUnits(units: readonly number[], isLittleEndian: boolean): Uint8Array {
  return Uint8Array.from(
    units.flatMap((unit) => (isLittleEndian ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff])),
  )
}

function unitsOfBytes(bytes: Uint8Array, isLittleEndian: boolean): number[] | undefined {
  if (bytes.length % 2 !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, isLittleEndian))
}

/** A high surrogate and a low one behind it are one code point; one of them alone is none. */
function codePointsOfUnits(units: readonly number[]): number[] | undefined {
  const codePoints: number[] = []
  for (let i = 0; i < units.length; i++) {
    const unit = units[i]!
    if (!isSurrogate(unit)) codePoints.push(unit)
    else {
      const low = units[++i] ?? 0
      if (unit >= 0xdc00 || low < 0xdc00 || low > 0xdfff) return undefined
      codePoints.push(0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff))
    }
  }
  return codePoints
}

function utf16(isLittleEndian: boolean): Encoding {
  return {
    encode: (codePoints) => bytesOfUnits(codePoints.flatMap(unitsOf), isLittleEndian),
    decode: (bytes) => {
      const units = unitsOfBytes(bytes, isLittleEndian)
      return units && codePointsOfUnits(units)
    },
  }
}

/** Written big-endian with a byte order mark; read as the mark says, without one big-endian. */
const markedUtf16: Encoding = {
  encode: (codePoints) => utf16(false).encode([BYTE_ORDER_MARK, ...codePoints]),
  decode: (bytes) => {
    const isLittleEndian = bytes[0] === 0xff && bytes[1] === 0xfe
    const codePoints = utf16(isLittleEndian).decode(bytes)
    return codePoints?.[0] === BYTE_ORDER_MARK ? codePoints.slice(1) : codePoints
  },
}

const ucs2: Encoding = {
  encode: (codePoints) => (codePoints.every((one) => one < 0x10000) ? bytesOfUnits(codePoints, false) : undefined),
  decode: (bytes) => {
    const units = unitsOfBytes(bytes, false)
    return units?.some(isSurrogate) ? undefined : units
  },
}

const latin1: Encoding = {
  encode: (codePoints) => (codePoints.every((one) => one < 0x100) ? Uint8Array.from(codePoints) : undefined),
  decode: (bytes) => [...bytes],
}

/** By constant of StringUtil. */
export const ENCODINGS: ReadonlyMap<number, Encoding> = new Map([
  [2, markedUtf16],
  [3, utf16(true)],
  [4, utf16(false)],
  [5, ucs2],
  [7, latin1],
])
export const UTF_8 = 1
