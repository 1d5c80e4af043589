import { CapFormatError } from '../errors.ts'
import type { PackageInfo } from './cap-file.ts'
import { emitInfo, parseInfo, readMany, readPackageInfo, writePackageInfo } from './component-codec.ts'

/** Package tokens are seven bits in a class_ref. */
const MAX_IMPORTS = 128

function requireCount(count: number): void {
  if (count <= MAX_IMPORTS) return
  throw new CapFormatError('CAP_BAD_COUNT', `${count} imports, at most ${MAX_IMPORTS}`, { component: 'Import' })
}

/** @source JCVM 3.1 §6.7 */
export function parseImports(info: Uint8Array): PackageInfo[] {
  return parseInfo('Import', info, (reader) => {
    const count = reader.u8()
    requireCount(count)
    return readMany(count, () => readPackageInfo(reader, 'Import'))
  })
}

export function emitImports(imports: readonly PackageInfo[]): Uint8Array {
  return emitInfo('Import', (writer) => {
    requireCount(imports.length)
    writer.u8(imports.length)
    for (const one of imports) writePackageInfo(writer, one, 'Import')
  })
}
