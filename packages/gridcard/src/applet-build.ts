import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import {
  type ApiLevel,
  type ApiPackage,
  type AppletSource,
  apiPackages,
  type CapFile,
  type ConvertFinding,
  checkExtendedOptions,
  convert,
  convertExtended,
  type DebugMap,
  emitCapFile,
  emitExportFile,
  findPackageVersion,
  parseExportFile,
  verifyCapFile,
  verifyFindingText,
} from '@gridcard/cap'
import {
  type AppletClassConfig,
  type AppletConfig,
  aidOf,
  bad,
  type CommonConfig,
  type ExtendedConfig,
  isExtended,
  parseBuildConfig,
} from './applet-config.ts'
import { AppletBuildError } from './errors.ts'
import { compileApplet, requireJavac } from './javac.ts'

export interface BuiltCap {
  readonly cap: Uint8Array
  /** Where its byte code comes from. */
  readonly debug: DebugMap
  /** What converts, but may not do what Java would. */
  readonly warnings: readonly ConvertFinding[]
}

/** One folder, or several: then a later one's files stand in the place of an earlier one's. */
type SourceFolders = string | readonly string[]

export interface BuiltApplet extends BuiltCap {
  /** The export file; absent when the package shows nothing to others. */
  readonly exp?: Uint8Array
}

/** An extended CAP file. */
export interface BuiltExtended extends BuiltCap {
  readonly exp?: never
  /** Export files of the packages that show something to others. */
  readonly exps: readonly { readonly packageName: string; readonly exp: Uint8Array }[]
}

/** What a command line may say otherwise than `applet.json`. */
export interface BuildOverrides {
  readonly level?: ApiLevel
  /** More export files, from the current folder. */
  readonly exportFiles?: readonly string[]
  readonly int?: boolean
  readonly debugComponent?: boolean
}

/**
 * Compiles, converts and verifies the sources of one package. The same sources give the same bytes.
 *
 * @throws AppletBuildError no compiler, or it refused the sources
 * @throws ConvertError the classes use what a card does not have
 * @throws AppletBuildError `GRIDCARD_APPLET_UNVERIFIED`: what came out would not be loaded
 */
export async function buildApplet(o: {
  readonly sourceDir: SourceFolders
  readonly config: AppletConfig
  /** Tokens of the libraries that the package uses. */
  readonly libraries?: readonly ApiPackage[]
  readonly olderExport?: ApiPackage
}): Promise<BuiltApplet> {
  const { config } = o
  const common = await compileFor(config, o)
  const { libraries } = common
  const { cap, exported, warnings, debug } = convert({
    ...common,
    packageName: config.package,
    packageAid: aidOf(config.packageAid),
    packageVersion: versionOf(config.version),
    applets: appletsOf(config),
    ...(o.olderExport && { olderExport: o.olderExport }),
  })
  requireVerified(cap, libraries, debug)
  const exp = exported.classes.length > 0 ? emitExportFile(exported) : undefined
  return { cap: emitCapFile(cap), ...(exp && { exp }), debug, warnings }
}

/**
 * Several packages to one extended CAP file; otherwise as `buildApplet`.
 *
 * @param o.resources contents by id
 * @param o.olderExports by name of the package
 */
export async function buildExtended(o: {
  readonly sourceDir: SourceFolders
  readonly config: ExtendedConfig
  readonly resources?: ReadonlyMap<number, Uint8Array>
  readonly libraries?: readonly ApiPackage[]
  readonly olderExports?: ReadonlyMap<string, ApiPackage>
}): Promise<BuiltExtended> {
  const { config, resources = new Map<number, Uint8Array>(), olderExports } = o
  const extended = {
    level: config.level,
    capName: config.cap.name,
    capAid: aidOf(config.cap.aid),
    capVersion: versionOf(config.cap.version),
    packages: config.contents.map((one) => {
      const olderExport = olderExports?.get(one.package)
      return {
        packageName: one.package,
        ...(one.packageAid !== undefined && { packageAid: aidOf(one.packageAid) }),
        ...(one.version !== undefined && { packageVersion: versionOf(one.version) }),
        applets: appletsOf(one),
        ...(olderExport && { olderExport }),
      }
    }),
    resources: [...resources].map(([resourceId, content]) => ({ resourceId, content })),
  }
  checkExtendedOptions(extended) // a compiler would only say that the level has no class Resources
  const common = await compileFor(config, o)
  const { libraries } = common
  const { cap, exported, warnings, debug } = convertExtended({ ...extended, ...common })
  requireVerified(cap, libraries, debug)
  const exps = exported.map((one) => ({ packageName: one.name, exp: emitExportFile(one) }))
  return { cap: emitCapFile(cap), exps, debug, warnings }
}

async function compileFor(
  config: CommonConfig,
  {
    sourceDir,
    libraries: given = [],
  }: { readonly sourceDir: SourceFolders; readonly libraries?: readonly ApiPackage[] },
) {
  const libraries = [...packagesOf(config), ...given]
  const { level, int, debugComponent } = config
  const classFiles = await compileApplet(await requireJavac(), sourceDir, [...apiPackages(level), ...libraries])
  const { nodeCrypto } = await import('@gridcard/crypto/node')
  const sha1 = (message: Uint8Array): Uint8Array => nodeCrypto.hash('sha1', message)
  return { classFiles, level, libraries, sha1, ...(int && { int }), ...(debugComponent && { debugComponent }) }
}

function versionOf(text: string): { readonly major: number; readonly minor: number } {
  const [major, minor] = text.split('.').map(Number)
  return { major: major!, minor: minor! }
}

function appletsOf({ applets }: { readonly applets: readonly AppletClassConfig[] }): AppletSource[] {
  return applets.map((one) => ({ className: one.class, aid: aidOf(one.aid) }))
}

/** @throws AppletBuildError `GRIDCARD_APPLET_UNVERIFIED` with every violation, one a line */
export function requireVerified(cap: CapFile, imports: readonly ApiPackage[] = [], debug?: DebugMap): void {
  const violations = verifyCapFile(cap, { imports }).filter(({ severity }) => severity === 'violation')
  if (violations.length === 0) return
  const message = `the package does not pass the verifier:\n${violations.map((one) => verifyFindingText(one, debug)).join('\n')}`
  throw new AppletBuildError('GRIDCARD_APPLET_UNVERIFIED', message, { findings: violations.length })
}

/** A folder with `applet.json` and `src/`: one package, or several for an extended CAP file. */
export async function buildAppletFolder(
  folder: string,
  overrides: BuildOverrides = {},
): Promise<(BuiltApplet | BuiltExtended) & { readonly name: string }> {
  const read = parseBuildConfig(await readConfig(join(folder, 'applet.json')))
  const { level, int, debugComponent } = overrides
  const changes = { ...(level && { level }), ...(int && { int }), ...(debugComponent && { debugComponent }) }
  const files = [...(read.imports ?? []).map((file) => resolve(folder, file)), ...(overrides.exportFiles ?? [])]
  const libraries = await Promise.all(files.map(readExportFile))
  const common = { sourceDir: (read.sources ?? ['src']).map((one) => resolve(folder, one)), libraries }
  const name = basename(resolve(folder))
  if (isExtended(read)) {
    const olderExports = await readOlderExports(folder, read.contents)
    const resources = await readResources(folder, read)
    const config = { ...read, ...changes }
    return { ...(await buildExtended({ ...common, config, resources, olderExports })), name }
  }
  const older = await readOlderExports(folder, [read])
  const olderExport = older.get(read.package)
  const config = { ...read, ...changes }
  return { ...(await buildApplet({ ...common, config, ...(olderExport && { olderExport }) })), name }
}

async function readOlderExports(
  folder: string,
  packages: readonly { readonly package: string; readonly olderExport?: string }[],
): Promise<ReadonlyMap<string, ApiPackage>> {
  const read = new Map<string, ApiPackage>()
  for (const { package: name, olderExport } of packages) {
    if (olderExport !== undefined) read.set(name, await readExportFile(resolve(folder, olderExport)))
  }
  return read
}

async function readResources(folder: string, { resources }: ExtendedConfig): Promise<ReadonlyMap<number, Uint8Array>> {
  const read = new Map<number, Uint8Array>()
  for (const { id, file } of resources) {
    if (read.has(id)) throw bad(`resource ${id} is there twice`)
    const path = resolve(folder, file)
    const content = await readFile(path).catch((cause: unknown) => {
      throw new AppletBuildError('GRIDCARD_APPLET_CONFIG', `cannot read the resource ${path}`, {}, { cause })
    })
    read.set(id, new Uint8Array(content))
  }
  return read
}

/** Later packages of a name count, so these go before those of the level. */
function packagesOf({ packages = {} }: CommonConfig): ApiPackage[] {
  return Object.entries(packages).map(([name, version]) => {
    const found = findPackageVersion(name, version)
    if (!found) throw bad(`package ${name} ${version} is not known`)
    return found
  })
}

async function readConfig(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new AppletBuildError('GRIDCARD_APPLET_CONFIG', `cannot read ${path}`, {}, { cause: error })
  }
}

async function readExportFile(path: string): Promise<ApiPackage> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new AppletBuildError('GRIDCARD_APPLET_CONFIG', `cannot read the export file ${path}`, {}, { cause: error })
  })
  return parseExportFile(new Uint8Array(bytes))
}
