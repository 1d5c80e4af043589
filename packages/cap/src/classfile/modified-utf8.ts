/**
 * Text as class files store it: no zero byte (U+0000 takes two), and a supplementary character as its two surrogates of
 * three bytes each.
 *
 * @returns undefined when the bytes are not such text
 * @source JVMS 17 §4.4.7
 */
export function decodeModifiedUtf8(bytes: Uint8Array): string | undefined {
  const continuation = (at: number): number | undefined => {
    const byte = bytes[at]
    return byte !== undefined && (byte & 0xc0) === 0x80 ? byte & 0x3f : undefined
  }
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!
    if (first !== 0 && first < 0x80) {
      text += String.fromCharCode(first)
      at += 1
      continue
    }
    const second = continuation(at + 1)
    if (second === undefined) return undefined
    if ((first & 0xe0) === 0xc0) {
      text += String.fromCharCode(((first & 0x1f) << 6) | second)
      at += 2
      continue
    }
    const third = continuation(at + 2)
    if ((first & 0xf0) !== 0xe0 || third === undefined) return undefined
    text += String.fromCharCode(((first & 0x0f) << 12) | (second << 6) | third)
    at += 3
  }
  return text
}

/** The shortest form of each UTF-16 unit. */
export function encodeModifiedUtf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit !== 0 && unit < 0x80) bytes.push(unit)
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f))
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
  }
  return Uint8Array.from(bytes)
}
