/** A command APDU, cut into its parts. @source ISO/IEC 7816-4 §5.1 */
export interface ApduCommand {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  /** Expected length; undefined in cases 1 and 3. The short 0 is 256, the extended one 65536. */
  readonly ne: number | undefined
  readonly isExtended: boolean
  /** Byte 4 as sent: Lc, or Le in case 2; 0 in case 1 and for extended commands. */
  readonly p3: number
}

/** @returns undefined if the lengths contradict each other */
export function parseApduCommand(bytes: Uint8Array): ApduCommand | undefined {
  if (bytes.length < 4) return undefined
  const [cla, ins, p1, p2] = bytes as unknown as [number, number, number, number]
  const head = { cla, ins, p1, p2 }
  const none = new Uint8Array()
  if (bytes.length === 4) return { ...head, data: none, ne: undefined, isExtended: false, p3: 0 }
  const p3 = bytes[4]!
  if (bytes.length === 5) return { ...head, data: none, ne: p3 || 256, isExtended: false, p3 }
  if (p3 !== 0) {
    const end = 5 + p3
    const data = bytes.slice(5, end)
    if (bytes.length === end) return { ...head, data, ne: undefined, isExtended: false, p3 }
    if (bytes.length === end + 1) return { ...head, data, ne: bytes[end]! || 256, isExtended: false, p3 }
    return undefined
  }
  if (bytes.length < 7) return undefined
  const first = (bytes[5]! << 8) | bytes[6]!
  if (bytes.length === 7) return { ...head, data: none, ne: first || 65536, isExtended: true, p3 }
  if (first === 0) return undefined
  const end = 7 + first
  const data = bytes.slice(7, end)
  if (bytes.length === end) return { ...head, data, ne: undefined, isExtended: true, p3 }
  if (bytes.length === end + 2) {
    return { ...head, data, ne: (bytes[end]! << 8) | bytes[end + 1]! || 65536, isExtended: true, p3 }
  }
  return undefined
}
