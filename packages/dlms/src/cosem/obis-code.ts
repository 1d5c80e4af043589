import { DlmsError } from '../errors.ts'

/**
 * The six value groups of a logical name as text, `1.0.1.8.0.255`. Written `A-B:C.D.E*F` too, which `logicalNameBytes` reads.
 * @source Blue Book ed. 14 §4.1.4
 */
export function logicalNameText(octets: Uint8Array): string {
  if (octets.length !== 6) {
    throw new DlmsError('DLMS_MALFORMED', 'a logical name has 6 octets', { lengthBytes: octets.length })
  }
  return octets.join('.')
}

/** Names that were read last: a client asks for few, again and again. Bounded, for a name can come from anywhere. */
const read = new Map<string, Uint8Array>()
const MAX_READ = 256

export function logicalNameBytes(text: string): Uint8Array {
  const known = read.get(text)
  if (known !== undefined) return known.slice()
  const groups = /^(\d{1,3})[.-](\d{1,3})[.:](\d{1,3})\.(\d{1,3})\.(\d{1,3})[.*](\d{1,3})$/
    .exec(text)
    ?.slice(1)
    .map(Number)
  if (groups === undefined || groups.some((group) => group > 255)) {
    throw new DlmsError('DLMS_NOT_REPRESENTABLE', 'not a logical name of six groups 0..255', {
      text: text.slice(0, 40),
    })
  }
  if (read.size >= MAX_READ) read.clear()
  const octets = Uint8Array.from(groups)
  read.set(text, octets)
  return octets.slice()
}
