import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import {
  type ApiLevel,
  type ApiPackage,
  apiPackages,
  type CapFile,
  type ConvertFinding,
  convert,
  type DebugMap,
  emitCapFile,
  emitExportFile,
  findPackageVersion,
  parseExportFile,
  verifyCapFile,
  verifyFindingText,
} from '@gridcard/cap'
import { type AppletConfig, aidOf, bad, parseAppletConfig } from './applet-config.ts'
import { AppletBuildError } from './errors.ts'
import { compileApplet, requireJavac } from './javac.ts'

export interface BuiltApplet {
  readonly cap: Uint8Array
  /** The export file; absent when the package shows nothing to others. */
  readonly exp?: Uint8Array
  /** Where its byte code comes from. */
  readonly debug: DebugMap
  /** What converts, but may not do what Java would. */
  readonly warnings: readonly ConvertFinding[]
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
  readonly sourceDir: string
  readonly config: AppletConfig
  /** Tokens of the libraries that the package uses. */
  readonly libraries?: readonly ApiPackage[]
  readonly olderExport?: ApiPackage
}): Promise<BuiltApplet> {
  const { config } = o
  const libraries = [...packagesOf(config), ...(o.libraries ?? [])]
  const classFiles = await compileApplet(await requireJavac(), o.sourceDir, [
    ...apiPackages(config.level),
    ...libraries,
  ])
  const [major, minor] = config.version.split('.').map(Number)
  const { cap, exported, warnings, debug } = convert({
    classFiles,
    packageName: config.package,
    packageAid: aidOf(config.packageAid),
    packageVersion: { major: major!, minor: minor! },
    applets: config.applets.map((one) => ({ className: one.class, aid: aidOf(one.aid) })),
    level: config.level,
    libraries,
    ...(o.olderExport && { olderExport: o.olderExport }),
    ...(config.int && { int: true }),
    ...(config.debugComponent && { debugComponent: true }),
  })
  requireVerified(cap, libraries, debug)
  const exp = exported.classes.length > 0 ? emitExportFile(exported) : undefined
  return { cap: emitCapFile(cap), ...(exp && { exp }), debug, warnings }
}

/** @throws AppletBuildError `GRIDCARD_APPLET_UNVERIFIED` with every violation, one a line */
export function requireVerified(cap: CapFile, imports: readonly ApiPackage[] = [], debug?: DebugMap): void {
  const violations = verifyCapFile(cap, { imports }).filter(({ severity }) => severity === 'violation')
  if (violations.length === 0) return
  const message = `the package does not pass the verifier:\n${violations.map((one) => verifyFindingText(one, debug)).join('\n')}`
  throw new AppletBuildError('GRIDCARD_APPLET_UNVERIFIED', message, { findings: violations.length })
}

/** A folder with `applet.json` and `src/`. */
export async function buildAppletFolder(
  folder: string,
  overrides: BuildOverrides = {},
): Promise<BuiltApplet & { readonly name: string }> {
  const read = parseAppletConfig(await readConfig(join(folder, 'applet.json')))
  const { level, int, debugComponent } = overrides
  const config = { ...read, ...(level && { level }), ...(int && { int }), ...(debugComponent && { debugComponent }) }
  const files = [...(read.imports ?? []).map((file) => resolve(folder, file)), ...(overrides.exportFiles ?? [])]
  const libraries = await Promise.all(files.map(readExportFile))
  const olderExport =
    read.olderExport === undefined ? undefined : await readExportFile(resolve(folder, read.olderExport))
  const built = await buildApplet({
    sourceDir: join(folder, 'src'),
    config,
    libraries,
    ...(olderExport && { olderExport }),
  })
  return { ...built, name: basename(resolve(folder)) }
}

/** Later packages of a name count, so these go before those of the level. */
function packagesOf({ packages = {} }: AppletConfig): ApiPackage[] {
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
