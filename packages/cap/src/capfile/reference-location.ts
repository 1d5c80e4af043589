import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import { METHOD_BLOCK_SPAN, type ReferenceLocationComponent } from './cap-file.ts'
import { emitInfo, type FormatNumber, isExtendedFormat, parseInfo, readMany } from './component-codec.ts'

/** A delta of 255 moves on without naming a location. */
const SKIP = 255

/** @source JCVM 3.1 §6.12 */
export function parseReferenceLocation(info: Uint8Array, format: FormatNumber): ReferenceLocationComponent {
  return parseInfo('ReferenceLocation', info, (reader) => {
    const blocks = readMany(isExtendedFormat(format) ? reader.u8() : 1, (block) => {
      const inBlock = (offset: number) => block * METHOD_BLOCK_SPAN + offset
      return {
        byteIndexOffsets: readOffsets(reader).map(inBlock),
        byte2IndexOffsets: readOffsets(reader).map(inBlock),
      }
    })
    return {
      byteIndexOffsets: blocks.flatMap((one) => one.byteIndexOffsets),
      byte2IndexOffsets: blocks.flatMap((one) => one.byte2IndexOffsets),
    }
  })
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

/** @param blockCount of Method, in extended format; undefined in compact format */
export function emitReferenceLocation(
  component: ReferenceLocationComponent,
  blockCount: number | undefined,
): Uint8Array {
  return emitInfo('ReferenceLocation', (writer) => {
    if (blockCount === undefined) {
      writeOffsets(writer, component.byteIndexOffsets)
      writeOffsets(writer, component.byte2IndexOffsets)
      return
    }
    writer.u8(blockCount)
    for (let block = 0; block < blockCount; block++) {
      const start = block * METHOD_BLOCK_SPAN
      const ofBlock = (offsets: readonly number[]) =>
        offsets.filter((one) => one >= start && one < start + METHOD_BLOCK_SPAN).map((one) => one - start)
      writeOffsets(writer, ofBlock(component.byteIndexOffsets))
      writeOffsets(writer, ofBlock(component.byte2IndexOffsets))
    }
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
