import { existsSync, readFileSync } from 'node:fs'
import { toHex } from '@gridcard/bytes'
import { type ApiPackage, type CapFile, CapFormatError, parseExportFile } from '@gridcard/cap'

/** `purse.cap` shows what it has to others in `purse.exp`; an extended one has a file for each package, with its name. */
export function exportFileOf(capFile: string, packageName?: string): string {
  const name = packageName === undefined ? '' : `.${packageName}`
  return `${capFile.replace(/\.cap$/i, '')}${name}.exp`
}

/** What a package shows to others by name, from the file beside it; undefined if that is not there, or another package's. */
export function findExport(capPath: string, cap: CapFile): ApiPackage | undefined {
  const path = exportFileOf(capPath)
  if (!existsSync(path)) return undefined
  try {
    const shown = parseExportFile(new Uint8Array(readFileSync(path)))
    return shown.aid === toHex(cap.header.package.aid) ? shown : undefined
  } catch (error) {
    if (error instanceof CapFormatError) return undefined // names are a help, not a need
    throw error
  }
}
