import { concatBytes, fromAscii } from '@gridcard/bytes'
import { emitReaderName } from './reader-state.ts'

/** Attributes of a reader and its card that programs ask for. @source PC/SC part 3 §3.1 */
export const attributes = {
  SCARD_ATTR_VENDOR_NAME: 0x00010100,
  SCARD_ATTR_VENDOR_IFD_VERSION: 0x00010102,
  SCARD_ATTR_CURRENT_PROTOCOL_TYPE: 0x00080201,
  SCARD_ATTR_ICC_PRESENCE: 0x00090300,
  SCARD_ATTR_ICC_INTERFACE_STATUS: 0x00090301,
  SCARD_ATTR_ATR_STRING: 0x00090303,
  SCARD_ATTR_MAXINPUT: 0x0007a007,
  SCARD_ATTR_DEVICE_FRIENDLY_NAME_A: 0x7fff0003,
  SCARD_ATTR_DEVICE_SYSTEM_NAME_A: 0x7fff0004,
} as const

/** Longest command APDU that a card of ours takes: extended header, 65535 bytes of data, extended Le. */
const MAX_INPUT_BYTES = 65544

const PRESENT = 2
const ABSENT = 0
const CONTACT_ACTIVE = 1

/** @returns undefined for an attribute that this reader does not have */
export function attributeValue(
  attribute: number,
  reader: { readonly name: string; readonly atr: Uint8Array | undefined; readonly protocol: number },
): Uint8Array | undefined {
  const isPresent = reader.atr !== undefined
  switch (attribute) {
    case attributes.SCARD_ATTR_VENDOR_NAME:
      return fromAscii('Gridcard\0')
    case attributes.SCARD_ATTR_VENDOR_IFD_VERSION:
      return u32(0x01000000) // major, minor, build: 1.0.0
    case attributes.SCARD_ATTR_MAXINPUT:
      return u32(MAX_INPUT_BYTES)
    case attributes.SCARD_ATTR_CURRENT_PROTOCOL_TYPE:
      return isPresent ? u32(reader.protocol) : undefined
    case attributes.SCARD_ATTR_ICC_PRESENCE:
      return Uint8Array.of(isPresent ? PRESENT : ABSENT)
    case attributes.SCARD_ATTR_ICC_INTERFACE_STATUS:
      return Uint8Array.of(isPresent ? CONTACT_ACTIVE : 0)
    case attributes.SCARD_ATTR_ATR_STRING:
      return reader.atr
    case attributes.SCARD_ATTR_DEVICE_FRIENDLY_NAME_A:
    case attributes.SCARD_ATTR_DEVICE_SYSTEM_NAME_A:
      return concatBytes(emitReaderName(reader.name), Uint8Array.of(0))
    default:
      return undefined
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
