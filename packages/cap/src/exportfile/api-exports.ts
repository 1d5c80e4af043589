import type { ApiLevel, ApiPackage } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { emitExportFile } from './emit-export-file.ts'

/**
 * Export files of the Java Card API of a level and of the newest GlobalPlatform packages, for converters of other makers.
 *
 * @returns path below an export path (`javacard/framework/javacard/framework.exp`) to bytes; same level, same bytes
 */
export function emitApiExports(level: ApiLevel): Map<string, Uint8Array> {
  return new Map(apiPackages(level).map((one) => [exportFilePath(one), emitExportFile(one)]))
}

/** Where converters look for the export file of a package below their export path. @source JCVM 3.1 §4.1.2 */
export function exportFilePath({ name }: Pick<ApiPackage, 'name'>): string {
  return `${name.replaceAll('.', '/')}/javacard/${name.slice(name.lastIndexOf('.') + 1)}.exp`
}
