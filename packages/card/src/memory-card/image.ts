import { CardError } from '../errors.ts'
import { crc32 } from '../vm/memory/crc32.ts'
import { type ChipType, chipTypes } from './chip-types.ts'

/** Magic 'GCMC', format version, chip number, two zeros, size of the cells, CRC-32 of all that; numbers little-endian. */
export const IMAGE_HEADER_BYTES = 16
const MAGIC = 0x434d_4347
const FORMAT_VERSION = 1

export function emitHeader(type: ChipType): Uint8Array {
  const header = new Uint8Array(IMAGE_HEADER_BYTES)
  const view = new DataView(header.buffer)
  view.setUint32(0, MAGIC, true)
  header[4] = FORMAT_VERSION
  header[5] = type.number
  view.setUint32(8, type.cellsBytes, true)
  view.setInt32(12, crc32(header, 0, 12), true)
  return header
}

/**
 * Which chip an image is of. The cells behind the header have no check of their own: any values are a state of a chip.
 * @throws CardError `CARD_IMAGE_CORRUPT`, `CARD_IMAGE_VERSION`
 */
export function requireHeader(image: Uint8Array): ChipType {
  const corrupt = (why: string) => new CardError('CARD_IMAGE_CORRUPT', `not the image of a memory card: ${why}`)
  if (image.length < IMAGE_HEADER_BYTES) throw corrupt('too short')
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw corrupt('it begins with something else')
  if (image[4] !== FORMAT_VERSION) {
    throw new CardError('CARD_IMAGE_VERSION', `a memory card image of format ${image[4]}, not ${FORMAT_VERSION}`)
  }
  if (view.getInt32(12, true) !== crc32(image, 0, 12)) throw corrupt('its header is damaged')
  const type = chipTypes.find((one) => one.number === image[5])
  if (type === undefined) throw corrupt('its chip is unknown')
  if (view.getUint32(8, true) !== type.cellsBytes || image.length !== IMAGE_HEADER_BYTES + type.cellsBytes) {
    throw corrupt(`an ${type.title} has ${type.cellsBytes} bytes of cells`)
  }
  return type
}
