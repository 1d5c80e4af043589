import type { ByteReader } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import type { CustomComponentInfo, DirectoryComponent, StaticFieldComponent } from './cap-file.ts'
import {
  emitInfo,
  FORMAT_2_2,
  FORMAT_2_3,
  type FormatNumber,
  parseInfo,
  readAid,
  readMany,
  writeAid,
} from './component-codec.ts'

const SIZED_TAGS = 11

/** @source JCVM 3.1 §6.5 */
export function parseDirectory(info: Uint8Array, format: FormatNumber): DirectoryComponent {
  return parseInfo('Directory', info, (reader) => {
    const componentSizesBytes = readMany(SIZED_TAGS, () => reader.u16())
    const debugSizeBytes = format >= FORMAT_2_2 ? reader.u16() : undefined
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
      custom: readMany(reader.u8(), () => readCustomInfo(reader)),
    }
  })
}

function readCustomInfo(reader: ByteReader): CustomComponentInfo {
  const at = reader.offsetBytes
  const tag = reader.u8()
  if (tag < 128) {
    throw new CapFormatError('CAP_COMPONENT_TAG', `tag ${tag} of a custom component is below 128`, {
      component: 'Directory',
      offsetBytes: at,
    })
  }
  return { tag, sizeBytes: reader.u16(), aid: readAid(reader, 'Directory') }
}

export function emitDirectory(directory: DirectoryComponent, format: FormatNumber): Uint8Array {
  return emitInfo('Directory', (writer) => {
    for (let i = 0; i < SIZED_TAGS; i++) writer.u16(directory.componentSizesBytes[i] ?? 0)
    if (format >= FORMAT_2_2) writer.u16(directory.debugSizeBytes ?? 0)
    if (format >= FORMAT_2_3) writer.u32(directory.staticResourceSizeBytes ?? 0)
    const { imageSizeBytes, arrayInitCount, arrayInitSizeBytes } = directory.staticFieldSize
    writer.u16(imageSizeBytes).u16(arrayInitCount).u16(arrayInitSizeBytes)
    writer.u8(directory.importCount).u8(directory.appletCount).u8(directory.custom.length)
    for (const custom of directory.custom) {
      writer.u8(custom.tag).u16(custom.sizeBytes)
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
