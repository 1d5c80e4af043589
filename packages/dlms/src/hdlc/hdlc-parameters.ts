import { ByteReader, BytesError, ByteWriter } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'

/** What one end can do, seen from that end. @source IEC 62056-46 §6.4.4.4.3.2 */
export interface HdlcParameters {
  /** Longest information field it sends, 1..2030. */
  readonly transmitInformationBytes: number
  readonly receiveInformationBytes: number
  /** I frames it sends before it waits for an acknowledgement, 1..7. */
  readonly transmitWindow: number
  readonly receiveWindow: number
}

/** Holds for whatever SNRM and UA do not say. */
export const defaultHdlcParameters: HdlcParameters = {
  transmitInformationBytes: 128,
  receiveInformationBytes: 128,
  transmitWindow: 1,
  receiveWindow: 1,
}

/** What fits a frame of 2047 octets with the longest addresses. */
export const maxHdlcInformationBytes = 2030
export const maxHdlcWindow = 7

const FORMAT = 0x81
const GROUP = 0x80
const identifiers = {
  transmitInformationBytes: 5,
  receiveInformationBytes: 6,
  transmitWindow: 7,
  receiveWindow: 8,
} as const satisfies Record<keyof HdlcParameters, number>

/**
 * Information field of SNRM and UA. Empty means all defaults; unknown parameters are passed over.
 * @throws DlmsError `DLMS_MALFORMED`
 */
export function parseHdlcParameters(information: Uint8Array): HdlcParameters {
  if (information.length === 0) return defaultHdlcParameters
  try {
    return readParameters(new ByteReader(information))
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw fault('HDLC parameters: truncated', error)
  }
}

function readParameters(reader: ByteReader): HdlcParameters {
  if (reader.u8() !== FORMAT || reader.u8() !== GROUP) throw fault('not HDLC parameters')
  const group = reader.sub(reader.u8())
  if (!reader.isAtEnd) throw fault('octets after the HDLC parameters')
  const values = { ...defaultHdlcParameters }
  while (!group.isAtEnd) {
    const identifier = group.u8()
    const octets = group.take(group.u8())
    const name = namesByIdentifier.get(identifier)
    if (name === undefined) continue
    if (octets.length < 1 || octets.length > 4) throw fault('HDLC parameter of a length that cannot be')
    const value = octets.reduce((sum, octet) => sum * 256 + octet, 0)
    if (value === 0) throw fault('HDLC parameter of zero')
    // More than HDLC can use is taken as the most it can.
    values[name] = Math.min(value, name.endsWith('Window') ? maxHdlcWindow : maxHdlcInformationBytes)
  }
  return values
}

const namesByIdentifier = new Map<number, keyof HdlcParameters>(
  (Object.keys(identifiers) as (keyof HdlcParameters)[]).map((name) => [identifiers[name], name]),
)

const fault = (message: string, cause?: Error): DlmsError =>
  new DlmsError('DLMS_MALFORMED', message, {}, cause && { cause })

/** Information lengths in one octet or two, windows in four, as the standard's example has them. */
export function emitHdlcParameters(parameters: HdlcParameters): Uint8Array {
  requireHdlcParameters(parameters)
  const group = new ByteWriter()
  for (const name of ['transmitInformationBytes', 'receiveInformationBytes'] as const) {
    const value = parameters[name]
    group.u8(identifiers[name])
    if (value <= 0xff) group.u8(1).u8(value)
    else group.u8(2).u16(value)
  }
  for (const name of ['transmitWindow', 'receiveWindow'] as const) {
    group.u8(identifiers[name]).u8(4).u32(parameters[name])
  }
  return new ByteWriter().u8(FORMAT).u8(GROUP).u8(group.length).bytes(group.toBytes()).toBytes()
}

/** @throws DlmsError `DLMS_CONFIGURATION` */
export function requireHdlcParameters(parameters: HdlcParameters): void {
  for (const name of Object.keys(identifiers) as (keyof HdlcParameters)[]) {
    const most = name.endsWith('Window') ? maxHdlcWindow : maxHdlcInformationBytes
    const value = parameters[name]
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new DlmsError('DLMS_CONFIGURATION', `HDLC ${name} is outside 1..${most}`, { value })
    }
  }
}

/** What both can do, seen from our end: what we send is what they take. */
export function negotiateHdlcParameters(own: HdlcParameters, peer: HdlcParameters): HdlcParameters {
  return {
    transmitInformationBytes: Math.min(own.transmitInformationBytes, peer.receiveInformationBytes),
    receiveInformationBytes: Math.min(own.receiveInformationBytes, peer.transmitInformationBytes),
    transmitWindow: Math.min(own.transmitWindow, peer.receiveWindow),
    receiveWindow: Math.min(own.receiveWindow, peer.transmitWindow),
  }
}
