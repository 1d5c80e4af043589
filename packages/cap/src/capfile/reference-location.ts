import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import type { ReferenceLocationComponent } from './cap-file.ts'
import { emitInfo, parseInfo } from './component-codec.ts'

/** A delta of 255 moves on without naming a location. */
const SKIP = 255

/** @source JCVM 3.1 §6.12 */
export function parseReferenceLocation(info: Uint8Array): ReferenceLocationComponent {
  return parseInfo('ReferenceLocation', info, (reader) => ({
    byteIndexOffsets: readOffsets(reader),
    byte2IndexOffsets: readOffsets(reader),
  }))
}

function readOffsets(reader: ByteReader): number[] {
  const offsets: number[] = []
  let at = 0
  const count = reader.u16()
  for (let i = 0; i < count; i++) {
    const delta = reader.u8()
    at += delta
    if (delta === SKIP) continue
    if (offsets.length > 0 && offsets.at(-1) === at) {
      throw new CapFormatError('CAP_BAD_REFERENCE_LOCATION', `location ${at} named twice`, {
        component: 'ReferenceLocation',
        offsetBytes: reader.offsetBytes - 1,
      })
    }
    offsets.push(at)
  }
  return offsets
}

export function emitReferenceLocation(component: ReferenceLocationComponent): Uint8Array {
  return emitInfo('ReferenceLocation', (writer) => {
    writeOffsets(writer, component.byteIndexOffsets)
    writeOffsets(writer, component.byte2IndexOffsets)
  })
}

function writeOffsets(writer: ByteWriter, offsets: readonly number[]): void {
  const deltas: number[] = []
  let at = 0
  offsets.forEach((offset, i) => {
    if (offset < at || (i > 0 && offset === at)) {
      throw new CapFormatError('CAP_BAD_REFERENCE_LOCATION', `location ${offset} behind ${at} is not ascending`, {
        component: 'ReferenceLocation',
      })
    }
    for (; offset - at >= SKIP; at += SKIP) deltas.push(SKIP)
    deltas.push(offset - at)
    at = offset
  })
  writer.u16(deltas.length).bytes(Uint8Array.from(deltas))
}
