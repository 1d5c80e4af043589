/**
 * `-`, then decimal digits without a leading zero, or hexadecimal ones after `0x`, `0X` or `#`.
 *
 * @returns undefined for anything else
 * @source API 3.0.5 StringUtil.parseShortInteger; JLS §3.10.1
 */
export function parseNumber(text: string): bigint | undefined {
  const found = /^(-?)(?:(0|[1-9][0-9]*)|(?:0[xX]|#)([0-9A-Fa-f]+))$/.exec(text)
  if (found === null) return undefined
  const [, sign, decimal, hexadecimal] = found
  const size = BigInt(decimal ?? `0x${hexadecimal}`)
  return sign === '-' ? -size : size
}

/** Signed, the most significant 16 bits first. */
export function numberOfShorts(shorts: readonly number[]): bigint {
  const unsigned = shorts.reduce((value, one) => (value << 16n) | BigInt(one & 0xffff), 0n)
  return BigInt.asIntN(16 * shorts.length, unsigned)
}

/** 64 bits, without the leading shorts that are zero; at least one. */
export function shortsOfNumber(value: bigint): number[] {
  const shorts = [48n, 32n, 16n, 0n].map((shift) => Number((value >> shift) & 0xffffn))
  while (shorts.length > 1 && shorts[0] === 0) shorts.shift()
  return shorts
}
