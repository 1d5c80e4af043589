import type { ByteReader } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import type { CustomComponentInfo, DirectoryComponent, StaticFieldComponent } from './cap-file.ts'
import {
  emitInfo,
  FORMAT_2_2,
  FORMAT_2_3,
  type FormatNumber,
  isExtendedFormat,
  parseInfo,
  readAid,
  readMany,
  writeAid,
} from './component-codec.ts'
import { COMPONENT_TAGS } from './component-table.ts'

const SIZED_TAGS = 11

/** Components, by index of their tag, whose sizes take four bytes in extended format. */
const WIDE = new Set(
  [COMPONENT_TAGS.method, COMPONENT_TAGS.referenceLocation, COMPONENT_TAGS.descriptor].map((tag) => tag - 1),
)

/** @source JCVM 3.1 §6.5 */
export function parseDirectory(info: Uint8Array, format: FormatNumber): DirectoryComponent {
  const isExtended = isExtendedFormat(format)
  return parseInfo('Directory', info, (reader) => {
    const size = (isWide: boolean) => (isExtended && isWide ? reader.u32() : reader.u16())
    const componentSizesBytes = readMany(SIZED_TAGS, (i) => size(WIDE.has(i)))
    const debugSizeBytes = format >= FORMAT_2_2 ? size(true) : undefined
    const staticResourceSizeBytes = format >= FORMAT_2_3 ? reader.u32() : undefined
    const staticFieldSize = {
      imageSizeBytes: reader.u16(),
      arrayInitCount: reader.u16(),
      arrayInitSizeBytes: reader.u16(),
    }
    return {
      componentSizesBytes,
      ...(debugSizeBytes !== undefined && { debugSizeBytes }),
      ...(staticResourceSizeBytes !== undefined && { staticResourceSizeBytes }),
      staticFieldSize,
      importCount: reader.u8(),
      appletCount: reader.u8(),
      ...(isExtended && { methodBlockCount: reader.u8() }),
      custom: readMany(reader.u8(), () => readCustomInfo(reader, isExtended)),
    }
  })
}

function readCustomInfo(reader: ByteReader, isExtended: boolean): CustomComponentInfo {
  const at = reader.offsetBytes
  const tag = reader.u8()
  if (tag < 128) {
    throw new CapFormatError('CAP_COMPONENT_TAG', `tag ${tag} of a custom component is below 128`, {
      component: 'Directory',
      offsetBytes: at,
    })
  }
  return { tag, sizeBytes: isExtended ? reader.u32() : reader.u16(), aid: readAid(reader, 'Directory') }
}

export function emitDirectory(directory: DirectoryComponent, format: FormatNumber): Uint8Array {
  const isExtended = isExtendedFormat(format)
  return emitInfo('Directory', (writer) => {
    const size = (bytes: number, isWide: boolean) => (isExtended && isWide ? writer.u32(bytes) : writer.u16(bytes))
    for (let i = 0; i < SIZED_TAGS; i++) size(directory.componentSizesBytes[i] ?? 0, WIDE.has(i))
    if (format >= FORMAT_2_2) size(directory.debugSizeBytes ?? 0, true)
    if (format >= FORMAT_2_3) writer.u32(directory.staticResourceSizeBytes ?? 0)
    const { imageSizeBytes, arrayInitCount, arrayInitSizeBytes } = directory.staticFieldSize
    writer.u16(imageSizeBytes).u16(arrayInitCount).u16(arrayInitSizeBytes)
    writer.u8(directory.importCount).u8(directory.appletCount)
    if (isExtended) writer.u8(directory.methodBlockCount ?? 0)
    writer.u8(directory.custom.length)
    for (const custom of directory.custom) {
      writer.u8(custom.tag)
      size(custom.sizeBytes, true)
      writeAid(writer, custom.aid, 'Directory')
    }
  })
}

export function staticFieldSizeOf(staticFields: StaticFieldComponent): DirectoryComponent['staticFieldSize'] {
  return {
    imageSizeBytes: staticFields.imageSizeBytes,
    arrayInitCount: staticFields.arrayInits.length,
    arrayInitSizeBytes: staticFields.arrayInits.reduce((sum, init) => sum + init.values.length, 0),
  }
}
