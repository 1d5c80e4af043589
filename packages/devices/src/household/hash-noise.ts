/**
 * Numbers that look random but are a pure function of a seed and a place, so that any minute of any year can be asked
 * for without the minutes before it. Multiply-and-shift mixing as in splitmix and MurmurHash3's finaliser. This draws
 * kettles and clouds; it is not cryptography and no key may ever come from it.
 */
export function hash32(seed: number, a: number, b = 0, c = 0): number {
  let h = mix(seed ^ 0x9e37_79b9)
  h = mix(h ^ Math.imul(a, 0x85eb_ca6b))
  h = mix(h ^ Math.imul(b, 0xc2b2_ae35))
  return mix(h ^ Math.imul(c, 0x27d4_eb2f)) >>> 0
}

function mix(h: number): number {
  let x = h | 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb_352d)
  x = Math.imul(x ^ (x >>> 15), 0x846c_a68b)
  return x ^ (x >>> 16)
}

/** 32 bits of a text of any length. */
export function hashText(text: string, stream: number): number {
  let h = hash32(stream, text.length)
  for (let i = 0; i < text.length; i++) h = hash32(h, text.charCodeAt(i), i)
  return h
}

/** In [0, 1). */
export function unit(seed: number, a: number, b = 0, c = 0): number {
  return hash32(seed, a, b, c) / 0x1_0000_0000
}

/** In [low, high). */
export function between(low: number, high: number, seed: number, a: number, b = 0, c = 0): number {
  return low + (high - low) * unit(seed, a, b, c)
}

/** Whole number in [low, high]. */
export function wholeBetween(low: number, high: number, seed: number, a: number, b = 0, c = 0): number {
  return low + Math.floor((high - low + 1) * unit(seed, a, b, c))
}

/** Smooth noise in [0, 1): drawn at whole positions, a straight line between. */
export function valueNoise(seed: number, stream: number, position: number): number {
  const left = Math.floor(position)
  const share = position - left
  return unit(seed, stream, left) * (1 - share) + unit(seed, stream, left + 1) * share
}
