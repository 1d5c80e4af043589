import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { malformed } from '../malformed.ts'

/**
 * One octet for a client; one, two or four for a server: the upper part names the logical device (its SAP), the lower
 * part the physical device. Each octet carries seven bits, and the last has its lowest bit set.
 * @source IEC 62056-46 §6.4.2
 */
export type HdlcAddress =
  | { readonly lengthBytes: 1; readonly upper: number }
  | { readonly lengthBytes: 2 | 4; readonly upper: number; readonly lower: number }

/** For clients and for servers without a physical address. @param upper 0..127 */
export const hdlcAddress = (upper: number): HdlcAddress => ({ lengthBytes: 1, upper })

/** Shortest form that holds both parts, 0..16383 each; without a lower part one octet. */
export function hdlcServerAddress(upper: number, lower?: number): HdlcAddress {
  if (lower === undefined) return hdlcAddress(upper)
  return { lengthBytes: upper <= 0x7f && lower <= 0x7f ? 2 : 4, upper, lower }
}

/**
 * Parts of an address with a meaning of their own; those of an address of four octets have 14 bits. `calling` is a lower
 * part: the physical device that has called in, whoever it is.
 * @source IEC 62056-46 §6.4.2.4
 */
export const hdlcReserved = {
  noStation: 0,
  allStation: 0x7f,
  calling: 0x7e,
  allStationOf14Bits: 0x3fff,
  callingOf14Bits: 0x3ffe,
} as const

export const isAllStation = (part: number, { lengthBytes }: HdlcAddress): boolean =>
  part === (lengthBytes === 4 ? hdlcReserved.allStationOf14Bits : hdlcReserved.allStation)

/** Whether this address means the physical device that has called in. */
export const isCallingAddress = (address: HdlcAddress): boolean =>
  address.lengthBytes !== 1 &&
  address.lower === (address.lengthBytes === 4 ? hdlcReserved.callingOf14Bits : hdlcReserved.calling)

export function readHdlcAddress(reader: ByteReader): HdlcAddress {
  const octets: number[] = []
  let octet: number
  do {
    if (octets.length === 4) throw malformed('HDLC address without end', reader)
    octet = reader.u8()
    octets.push(octet >>> 1)
  } while ((octet & 1) === 0)
  const [a = 0, b = 0, c = 0, d = 0] = octets
  if (octets.length === 1) return { lengthBytes: 1, upper: a }
  if (octets.length === 2) return { lengthBytes: 2, upper: a, lower: b }
  if (octets.length === 4) return { lengthBytes: 4, upper: (a << 7) | b, lower: (c << 7) | d }
  throw malformed('HDLC address of three octets', reader)
}

/** @throws BytesError for a part outside its range, through the writer */
export function writeHdlcAddress(writer: ByteWriter, address: HdlcAddress): void {
  if (address.lengthBytes === 1) {
    writer.u8(address.upper * 2 + 1)
  } else if (address.lengthBytes === 2) {
    writer.u8(address.upper * 2).u8(address.lower * 2 + 1)
  } else {
    const low = (part: number) => (part & 0x7f) << 1
    // What is above 14 bits does not fit the octet, and the writer says so.
    writer.u8(Math.floor(address.upper / 128) * 2).u8(low(address.upper))
    writer.u8(Math.floor(address.lower / 128) * 2).u8(low(address.lower) | 1)
  }
}

export const isSameHdlcAddress = (a: HdlcAddress, b: HdlcAddress): boolean => hdlcAddressText(a) === hdlcAddressText(b)

/** `16`, `1/17`, `1/17 (4)`. */
export function hdlcAddressText(address: HdlcAddress): string {
  if (address.lengthBytes === 1) return `${address.upper}`
  return `${address.upper}/${address.lower}${address.lengthBytes === 4 ? ' (4)' : ''}`
}
