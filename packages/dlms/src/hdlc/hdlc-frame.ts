import { BytesError, ByteWriter } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import { fcs16 } from './fcs16.ts'
import { type HdlcAddress, hdlcAddressText, readHdlcAddress, writeHdlcAddress } from './hdlc-address.ts'

/** A frame between its flags, checked for length and both check sequences; the control field is not yet judged. */
export interface HdlcRawFrame {
  readonly destination: HdlcAddress
  readonly source: HdlcAddress
  /** More segments of the message follow. */
  readonly isSegmented: boolean
  readonly control: number
  /** Empty for none. */
  readonly information: Uint8Array
}

interface Common {
  readonly destination: HdlcAddress
  readonly source: HdlcAddress
  /** From the client a poll: answer now. From the server final: your turn. */
  readonly pollFinal: boolean
}

/** Frames without sequence numbers: control field with the poll/final bit clear. @source IEC 62056-46 §6.4.3 */
export const unnumberedControls = {
  snrm: 0x83,
  disc: 0x43,
  ua: 0x63,
  dm: 0x0f,
  frmr: 0x87,
  ui: 0x03,
} as const

export type UnnumberedKind = keyof typeof unnumberedControls

export type HdlcFrame =
  | (Common & {
      readonly kind: 'i'
      /** N(S), 0..7. */
      readonly sendNumber: number
      /** N(R), 0..7: the next one expected; acknowledges all before. */
      readonly receiveNumber: number
      readonly isSegmented: boolean
      readonly information: Uint8Array
    })
  | (Common & { readonly kind: 'rr' | 'rnr'; readonly receiveNumber: number })
  | (Common & { readonly kind: Exclude<UnnumberedKind, 'ui'>; readonly information: Uint8Array })
  | (Common & { readonly kind: 'ui'; readonly isSegmented: boolean; readonly information: Uint8Array })

export const hdlcFlag = 0x7e
/** The length field has 11 bits. */
export const maxHdlcFrameBytes = 0x7ff
const FORMAT_TYPE_3 = 0xa000
const SEGMENTATION = 0x0800
const POLL_FINAL = 0x10

const unnumberedByControl = new Map<number, UnnumberedKind>(
  (Object.keys(unnumberedControls) as UnnumberedKind[]).map((kind) => [unnumberedControls[kind], kind]),
)

/**
 * A whole frame with both flags, no further than its control field.
 * @throws DlmsError `DLMS_MALFORMED`
 */
export function parseHdlcRawFrame(bytes: Uint8Array): HdlcRawFrame {
  const end = bytes.length - 1
  if (bytes.length < 2 || bytes[0] !== hdlcFlag || bytes[end] !== hdlcFlag) {
    throw new DlmsError('DLMS_MALFORMED', 'HDLC frame without flags')
  }
  return parseExactly('HDLC frame', bytes.subarray(1, end), (reader) => {
    const fault = (message: string) => new DlmsError('DLMS_MALFORMED', message, { offsetBytes: reader.offsetBytes })
    const format = reader.u16()
    if ((format & 0xf000) !== FORMAT_TYPE_3) throw fault('HDLC frame format is not type 3')
    if ((format & 0x7ff) !== end - 1) throw fault('HDLC length field does not match')
    const destination = readHdlcAddress(reader)
    const source = readHdlcAddress(reader)
    const control = reader.u8()
    const headerEnd = reader.offsetBytes
    const check = () => {
      const covered = reader.offsetBytes
      const octets = reader.take(2)
      // `covered` counts from after the opening flag.
      if ((octets[0]! | (octets[1]! << 8)) !== fcs16(bytes, 1, covered + 1)) throw fault('HDLC check sequence is wrong')
    }
    check()
    if (reader.isAtEnd) {
      return { destination, source, isSegmented: isSegmented(format), control, information: new Uint8Array(0) }
    }
    const informationBytes = end - 1 - headerEnd - 4
    if (informationBytes < 1) throw fault('HDLC frame with half a check sequence')
    const information = reader.take(informationBytes)
    check()
    return { destination, source, isSegmented: isSegmented(format), control, information }
  })
}

const isSegmented = (format: number): boolean => (format & SEGMENTATION) !== 0

/** What the control field says. @throws DlmsError `DLMS_MALFORMED` for an undefined one or information where none may be */
export function hdlcFrameOf(raw: HdlcRawFrame): HdlcFrame {
  const { destination, source, control, information } = raw
  const common = { destination, source, pollFinal: (control & POLL_FINAL) !== 0 }
  const receiveNumber = control >>> 5
  if ((control & 1) === 0) {
    if (information.length === 0) throw invalid('I frame without information', control)
    const sendNumber = (control >>> 1) & 7
    return { kind: 'i', ...common, sendNumber, receiveNumber, isSegmented: raw.isSegmented, information }
  }
  const supervisory = control & 0x0f
  if (supervisory === 1 || supervisory === 5) {
    if (information.length > 0 || raw.isSegmented) throw invalid('RR or RNR with information', control)
    return { kind: supervisory === 1 ? 'rr' : 'rnr', ...common, receiveNumber }
  }
  const kind = unnumberedByControl.get(control & ~POLL_FINAL)
  if (kind === undefined) throw invalid('undefined HDLC control field', control)
  if (kind === 'ui') return { kind, ...common, isSegmented: raw.isSegmented, information }
  if (raw.isSegmented) throw invalid('segmented frame without numbers', control)
  return { kind, ...common, information }
}

const invalid = (message: string, control: number): DlmsError => new DlmsError('DLMS_MALFORMED', message, { control })

/** A whole frame with both flags. @throws DlmsError `DLMS_MALFORMED` @source IEC 62056-46 §6.4 */
export const parseHdlcFrame = (bytes: Uint8Array): HdlcFrame => hdlcFrameOf(parseHdlcRawFrame(bytes))

/** With both flags. @throws DlmsError `DLMS_NOT_REPRESENTABLE` */
export function emitHdlcFrame(frame: HdlcFrame): Uint8Array {
  const information = 'information' in frame ? frame.information : new Uint8Array(0)
  const fields = new ByteWriter()
  try {
    writeHdlcAddress(fields, frame.destination)
    writeHdlcAddress(fields, frame.source)
    fields.u8(controlOf(frame))
    const lengthBytes = 2 + fields.length + 2 + (information.length > 0 ? information.length + 2 : 0)
    if (lengthBytes > maxHdlcFrameBytes) throw notRepresentable('HDLC frame longer than its length field')
    const segmentation = 'isSegmented' in frame && frame.isSegmented ? SEGMENTATION : 0
    const writer = new ByteWriter().u8(hdlcFlag)
    writer.u16(FORMAT_TYPE_3 | segmentation | lengthBytes).bytes(fields.toBytes())
    writeCheck(writer)
    if (information.length > 0) writeCheck(writer.bytes(information))
    return writer.u8(hdlcFlag).toBytes()
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw notRepresentable('a field of an HDLC frame is out of range')
  }
}

const notRepresentable = (message: string): DlmsError => new DlmsError('DLMS_NOT_REPRESENTABLE', message)

function writeCheck(writer: ByteWriter): void {
  const check = fcs16(writer.toBytes(), 1)
  writer.u8(check & 0xff).u8(check >>> 8)
}

function controlOf(frame: HdlcFrame): number {
  const pollFinal = frame.pollFinal ? POLL_FINAL : 0
  switch (frame.kind) {
    case 'i':
      return numberBits(frame.receiveNumber, 5) | pollFinal | numberBits(frame.sendNumber, 1)
    case 'rr':
      return numberBits(frame.receiveNumber, 5) | pollFinal | 1
    case 'rnr':
      return numberBits(frame.receiveNumber, 5) | pollFinal | 5
    default:
      return unnumberedControls[frame.kind] | pollFinal
  }
}

function numberBits(value: number, shift: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 7) throw notRepresentable('HDLC sequence number outside 0..7')
  return value << shift
}

/** One line for a trace: `16 > 1/17 I 0 1 P seg 128 bytes`. Never what is inside. */
export function traceHdlcFrame(frame: HdlcFrame): string {
  const parts = [`${hdlcAddressText(frame.source)} > ${hdlcAddressText(frame.destination)}`, frame.kind.toUpperCase()]
  if (frame.kind === 'i') parts.push(`s${frame.sendNumber}`)
  if ('receiveNumber' in frame) parts.push(`r${frame.receiveNumber}`)
  if (frame.pollFinal) parts.push('P/F')
  if ('isSegmented' in frame && frame.isSegmented) parts.push('segmented')
  if ('information' in frame && frame.information.length > 0) parts.push(`${frame.information.length} bytes`)
  return parts.join(' ')
}
