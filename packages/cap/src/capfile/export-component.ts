import type { ExportComponent } from './cap-file.ts'
import { emitInfo, parseInfo, readMany } from './component-codec.ts'

/** @source JCVM 3.1 §6.13 */
export function parseExportComponent(info: Uint8Array): ExportComponent {
  return parseInfo('Export', info, (reader) => ({
    classes: readMany(reader.u8(), () => {
      const classOffset = reader.u16()
      const fieldCount = reader.u8()
      const methodCount = reader.u8()
      return {
        classOffset,
        staticFieldOffsets: readMany(fieldCount, () => reader.u16()),
        staticMethodOffsets: readMany(methodCount, () => reader.u16()),
      }
    }),
  }))
}

export function emitExportComponent(component: ExportComponent): Uint8Array {
  return emitInfo('Export', (writer) => {
    writer.u8(component.classes.length)
    for (const one of component.classes) {
      writer.u16(one.classOffset).u8(one.staticFieldOffsets.length).u8(one.staticMethodOffsets.length)
      for (const offset of one.staticFieldOffsets) writer.u16(offset)
      for (const offset of one.staticMethodOffsets) writer.u16(offset)
    }
  })
}
