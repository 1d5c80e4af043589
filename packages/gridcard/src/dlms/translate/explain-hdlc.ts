import { GridcardError } from '@gridcard/bytes'
import { type HdlcFrame, hdlcAddressText, hdlcFlag, hdlcFrameOf, llcHeaders, parseHdlcRawFrame } from '@gridcard/dlms'
import { type Layer, unread } from './layer.ts'

const HEADER_BYTES = 3
const LLC_BYTES = 3

const meanings: Readonly<Record<HdlcFrame['kind'], string>> = {
  i: 'information',
  rr: 'receive ready',
  rnr: 'receive not ready',
  snrm: 'set normal response mode',
  disc: 'disconnect',
  ua: 'unnumbered acknowledge',
  dm: 'disconnected mode',
  frmr: 'frame reject',
  ui: 'unnumbered information',
}

/**
 * Frames of HDLC one after another, with one flag or two between them. Segments are put together, and the APDU is
 * explained in the frame that ends it. @source IEC 62056-46 §6.4
 */
export async function explainHdlc(
  bytes: Uint8Array,
  explainApdu: (apdu: Uint8Array) => Promise<Layer>,
): Promise<Layer[]> {
  const layers: Layer[] = []
  /** Segments by the direction they go in. */
  const segments = new Map<string, number[]>()
  for (let at = 0; at < bytes.length - 1; ) {
    // The closing flag may be the opening one of the next frame.
    if (bytes[at] === hdlcFlag && bytes[at + 1] === hdlcFlag) {
      at++
      continue
    }
    const rest = bytes.subarray(at)
    const lengthBytes = rest.length < HEADER_BYTES ? rest.length : (((rest[1]! & 7) << 8) | rest[2]!) + 2
    try {
      const frame = hdlcFrameOf(parseHdlcRawFrame(rest.subarray(0, lengthBytes)))
      layers.push(await explainFrame(frame, Math.min(lengthBytes, rest.length), segments, explainApdu))
      at += lengthBytes - 1
    } catch (error) {
      if (!(error instanceof GridcardError)) throw error
      const why = lengthBytes > rest.length ? `cut off: ${lengthBytes} bytes with its flags` : error.message
      layers.push(unread('HDLC frame', rest, why))
      break
    }
  }
  return layers.length > 0 ? layers : [unread('HDLC frame', bytes, 'nothing but flags')]
}

async function explainFrame(
  frame: HdlcFrame,
  lengthBytes: number,
  segments: Map<string, number[]>,
  explainApdu: (apdu: Uint8Array) => Promise<Layer>,
): Promise<Layer> {
  const from = hdlcAddressText(frame.source)
  const to = hdlcAddressText(frame.destination)
  const numbers = [
    frame.kind === 'i' ? `N(S) ${frame.sendNumber}` : undefined,
    'receiveNumber' in frame ? `N(R) ${frame.receiveNumber}` : undefined,
    frame.pollFinal ? 'poll/final' : undefined,
  ].filter((part) => part !== undefined)
  const fields: [string, string][] = [
    ['from', from],
    ['to', to],
    ['frame', [`${frame.kind.toUpperCase()} (${meanings[frame.kind]})`, ...numbers].join(', ')],
  ]
  const information = 'information' in frame ? frame.information : new Uint8Array(0)
  if (frame.kind !== 'i' && frame.kind !== 'ui') {
    if (information.length > 0) fields.push(['parameters', `${information.length} bytes`])
    return { name: 'HDLC frame', lengthBytes, fields, inside: [] }
  }
  const direction = `${from} ${to}`
  const message = [...(segments.get(direction) ?? []), ...information]
  if (frame.isSegmented) {
    segments.set(direction, message)
    fields.push(['segment', `${information.length} bytes, more follow`])
    return { name: 'HDLC frame', lengthBytes, fields, inside: [] }
  }
  segments.delete(direction)
  const octets = Uint8Array.from(message)
  const form = (['command', 'response'] as const).find((name) =>
    llcHeaders[name].every((octet, i) => octets[i] === octet),
  )
  if (form === undefined) {
    return {
      name: 'HDLC frame',
      lengthBytes,
      fields,
      inside: [unread('message', octets, 'no LLC header before the APDU')],
    }
  }
  fields.push(['LLC', form])
  return { name: 'HDLC frame', lengthBytes, fields, inside: [await explainApdu(octets.subarray(LLC_BYTES))] }
}
