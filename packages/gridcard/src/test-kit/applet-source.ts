import { statSync } from 'node:fs'
import { join } from 'node:path'
import { type CapFile, type DebugMap, parseCapFile } from '@gridcard/cap'
import { buildAppletFolder } from '../applet-build.ts'
import { debugMapIn, type FoundDebugMap, findDebugMap } from '../symbols/debug-map-file.ts'
import { readInputFile } from '../workbench/input-file.ts'
import { TestKitError } from './errors.ts'

/**
 * An applet or a library: the path of a CAP file (with its debug map beside it, if there is one), the path of a project
 * folder, which is built, or the bytes of a CAP file.
 */
export type AppletSource = string | Uint8Array | { readonly cap: Uint8Array; readonly debug?: DebugMap }

export interface LoadedSource {
  /** For messages, and to find libraries by. */
  readonly path: string
  readonly cap: CapFile
  readonly debug: FoundDebugMap | undefined
}

/** Builds of this process, by folder: a test file that makes many cards compiles once. */
const builds = new Map<string, Promise<LoadedSource>>()

/** @throws LauncherError, AppletBuildError, CapFormatError; TestKitError for what is neither file nor folder */
export async function loadSource(source: AppletSource): Promise<LoadedSource> {
  if (source instanceof Uint8Array) return fromBytes(source)
  if (typeof source !== 'string') {
    const { cap, debug } = source
    const read = fromBytes(cap)
    return debug === undefined ? read : { ...read, debug: { map: debug, sourceFolder: undefined } }
  }
  if (!isFolder(source)) {
    const cap = parseCapFile(readInputFile(source))
    return { path: source, cap, debug: findDebugMap(source, cap) }
  }
  let build = builds.get(source)
  if (build === undefined) {
    build = buildSource(source)
    builds.set(source, build)
  }
  return build
}

function fromBytes(bytes: Uint8Array): LoadedSource {
  const cap = parseCapFile(bytes)
  return { path: 'given bytes', cap, debug: debugMapIn(cap) }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    throw new TestKitError('GRIDCARD_TEST_SETUP', `there is no applet at ${path}`, {}, { cause })
  }
}

async function buildSource(folder: string): Promise<LoadedSource> {
  const { cap, debug } = await buildAppletFolder(folder)
  return { path: folder, cap: parseCapFile(cap), debug: { map: debug, sourceFolder: join(folder, 'src') } }
}
