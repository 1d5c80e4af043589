import { concatBytes, emitTlv } from '@gridcard/bytes'

/**
 * Control codes that drivers of class readers answer. A reader without display and PIN pad has one feature: its properties, of
 * which programs want to know how long an APDU may be. Without them OpenSC sends short ones only, to whatever card.
 * @source PC/SC part 10 §2.2, §2.3, §2.6.14
 */
const CM_IOCTL_GET_FEATURE_REQUEST = 0x42000d48
const FEATURE_GET_TLV_PROPERTIES = 0x12
/** As the free CCID driver numbers it; programs take it from the list of features. */
const GET_TLV_PROPERTIES = 0x42330012

const PROPERTY = { wLcdLayout: 0x01, bPPDUSupport: 0x09, dwMaxAPDUDataSize: 0x0a } as const
/** Short and extended APDUs; not the length of the longest. */
const EXTENDED_APDUS = 0x10000

/** @returns undefined for a control code that no reader of ours has */
export function controlAnswer(code: number): Uint8Array | undefined {
  // Control codes are in network byte order here, values below in the host's.
  if (code === CM_IOCTL_GET_FEATURE_REQUEST) return emitTlv(FEATURE_GET_TLV_PROPERTIES, word(GET_TLV_PROPERTIES, false))
  if (code === GET_TLV_PROPERTIES) {
    return concatBytes(
      emitTlv(PROPERTY.wLcdLayout, new Uint8Array(2)),
      emitTlv(PROPERTY.bPPDUSupport, new Uint8Array(1)),
      emitTlv(PROPERTY.dwMaxAPDUDataSize, word(EXTENDED_APDUS, true)),
    )
  }
  return undefined
}

function word(value: number, isLittleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, isLittleEndian)
  return bytes
}
