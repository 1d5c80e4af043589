import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { toHex } from '@gridcard/bytes'
import { type CapFile, CapFormatError, type DebugMap, parseDebugComponent } from '@gridcard/cap'
import { LauncherError } from '../errors.ts'

/** A debug map, and the folder its sources are under if that is known. */
export interface FoundDebugMap {
  readonly map: DebugMap
  readonly sourceFolder: string | undefined
}

/** `purse.cap` has its lines and variables in `purse.debug.json`. */
export function debugMapFile(capFile: string): string {
  return `${capFile.replace(/\.cap$/i, '')}.debug.json`
}

/**
 * The map beside a CAP file; without one, or if it is that of another package, what the CAP file itself tells.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`: the file is no debug map
 */
export function findDebugMap(capPath: string, cap: CapFile): FoundDebugMap | undefined {
  const path = debugMapFile(capPath)
  if (!existsSync(path)) return debugMapIn(cap)
  const map = parseDebugMap(path, readFileSync(path, 'utf8'))
  if (map.package.aid !== toHex(cap.header.package.aid)) return debugMapIn(cap)
  return { map, sourceFolder: map.sourceRoot === undefined ? undefined : resolve(dirname(path), map.sourceRoot) }
}

/** Lines and names of the Debug component, if the file has one that can be read. */
export function debugMapIn(cap: CapFile): FoundDebugMap | undefined {
  if (cap.debug === undefined) return undefined
  try {
    const map = parseDebugComponent(cap.debug, cap.header.packages ? 'extended' : 'compact')
    return { map: { ...map, methods: map.methods.toSorted((a, b) => a.offset - b.offset) }, sourceFolder: undefined }
  } catch (error) {
    if (error instanceof CapFormatError) return undefined // names are a help, not a need
    throw error
  }
}

function parseDebugMap(path: string, text: string): DebugMap {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', `${path} is no JSON`, {}, { cause })
  }
  const { format, version } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (format !== 'gridcard-debug-map' || version !== 1) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', `${path} is no debug map of this version; build the applet again`)
  }
  return value as DebugMap // written by the converter; a map that was changed by hand misleads nobody but its author
}

/** Where a source of the map lies, as a path. */
export function sourcePath({ map, sourceFolder }: FoundDebugMap, source: number): string | undefined {
  const below = map.sources[source]
  return below === undefined || sourceFolder === undefined ? below : join(sourceFolder, below)
}
