import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CapFile, ClassExportInfo, ExportComponent, PackageInfo } from './cap-file.ts'
import {
  emitInfo,
  type FormatNumber,
  isExtendedFormat,
  parseInfo,
  readMany,
  readMethodOffset,
  writeMethodOffset,
} from './component-codec.ts'

/** A package that others can import, and what they can name of it; the index is the class token. */
export interface ExportedClasses {
  readonly package: PackageInfo
  readonly classes: readonly ClassExportInfo[]
}

/** The one package of a compact CAP file, or the public ones of an extended CAP file. */
export function exportedPackages({ header, export: exported }: Pick<CapFile, 'header' | 'export'>): ExportedClasses[] {
  const { classes, packageClassCounts } = exported ?? { classes: [] }
  if (header.packages === undefined) return [{ package: header.package, classes }]
  let at = 0
  return header.packages.map((one, i) => {
    const first = at
    at += packageClassCounts?.[i] ?? 0
    return { package: one, classes: classes.slice(first, at) }
  })
}

/** @source JCVM 3.1 §6.13 */
export function parseExportComponent(info: Uint8Array, format: FormatNumber): ExportComponent {
  return parseInfo('Export', info, (reader) => {
    const readClasses = () => readMany(reader.u8(), () => readClassExport(reader, format))
    if (!isExtendedFormat(format)) return { classes: readClasses() }
    const packages = readMany(reader.u8(), readClasses)
    return { classes: packages.flat(), packageClassCounts: packages.map((one) => one.length) }
  })
}

function readClassExport(reader: ByteReader, format: FormatNumber): ClassExportInfo {
  const classOffset = reader.u16()
  const fieldCount = reader.u8()
  const methodCount = reader.u8()
  return {
    classOffset,
    staticFieldOffsets: readMany(fieldCount, () => reader.u16()),
    staticMethodOffsets: readMany(methodCount, () => readMethodOffset(reader, format)),
  }
}

export function emitExportComponent(component: ExportComponent, format: FormatNumber): Uint8Array {
  return emitInfo('Export', (writer) => {
    const { classes } = component
    const counts = component.packageClassCounts ?? [classes.length]
    if (isExtendedFormat(format)) writer.u8(counts.length)
    let at = 0
    for (const count of counts) {
      writer.u8(count)
      for (const one of classes.slice(at, at + count)) writeClassExport(writer, one, format)
      at += count
    }
  })
}

function writeClassExport(writer: ByteWriter, one: ClassExportInfo, format: FormatNumber): void {
  writer.u16(one.classOffset).u8(one.staticFieldOffsets.length).u8(one.staticMethodOffsets.length)
  for (const offset of one.staticFieldOffsets) writer.u16(offset)
  for (const offset of one.staticMethodOffsets) writeMethodOffset(writer, offset, format)
}
