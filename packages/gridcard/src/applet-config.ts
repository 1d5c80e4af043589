import { BytesError, fromHex } from '@gridcard/bytes'
import { API_LEVELS, type ApiLevel, parseApiLevel } from '@gridcard/cap'
import { AppletBuildError } from './errors.ts'

/** What `applet.json` says of any build; AIDs in hex, class and package names with dots, paths from its folder. */
export interface CommonConfig {
  /** Of the Java Card API: `3.0.5`, `3.1` */
  readonly level: ApiLevel
  /** Folders of sources; a file of a later one takes the place of that with its path in an earlier one. Default: `src`. */
  readonly sources?: readonly string[]
  /** Allow `int`: needs a card with int support. */
  readonly int?: boolean
  /** Export files of the libraries it uses. */
  readonly imports?: readonly string[]
  /** Versions of packages that belong to no level: `{ "org.globalplatform": "1.5" }` */
  readonly packages?: Readonly<Record<string, string>>
  /** Put the debug map into the CAP file too, for other tools. */
  readonly debugComponent?: boolean
}

export interface AppletClassConfig {
  readonly class: string
  readonly aid: string
}

/** `applet.json` beside the sources of one package. */
export interface AppletConfig extends CommonConfig {
  readonly package: string
  readonly packageAid: string
  /** `major.minor` */
  readonly version: string
  /** Empty for a library. */
  readonly applets: readonly AppletClassConfig[]
  /** Export file of an earlier version, whose tokens must hold on. */
  readonly olderExport?: string
}

/** `applet.json` beside the sources of several packages that become one extended CAP file. */
export interface ExtendedConfig extends CommonConfig {
  readonly cap: { readonly name: string; readonly aid: string; readonly version: string }
  readonly contents: readonly PackageConfig[]
  /** What applets read with `javacard.framework.Resources`. */
  readonly resources: readonly { readonly id: number; readonly file: string }[]
}

/** One package of an extended CAP file: public with AID and version, else private. */
export interface PackageConfig {
  readonly package: string
  readonly packageAid?: string
  readonly version?: string
  readonly applets: readonly AppletClassConfig[]
  readonly olderExport?: string
}

/** @throws AppletBuildError `GRIDCARD_APPLET_CONFIG` naming what is wrong, also if it is of an extended CAP file */
export function parseAppletConfig(text: string): AppletConfig {
  const config = parseBuildConfig(text)
  if (isExtended(config)) throw bad('it is that of an extended CAP file')
  return config
}

export function isExtended(config: AppletConfig | ExtendedConfig): config is ExtendedConfig {
  return 'cap' in config
}

/** @throws AppletBuildError `GRIDCARD_APPLET_CONFIG` naming what is wrong */
export function parseBuildConfig(text: string): AppletConfig | ExtendedConfig {
  const config = parseJson(text)
  return config['cap'] === undefined ? parseOnePackage(config) : parseExtended(config)
}

type Json = Record<string, unknown>

const OF_EXTENDED = ['contents', 'resources'] as const
const OF_ONE_PACKAGE = ['package', 'packageAid', 'version', 'applets', 'olderExport'] as const

function parseOnePackage(config: Json): AppletConfig {
  for (const name of OF_EXTENDED) {
    if (config[name] !== undefined) throw bad(`${name} needs an extended CAP file: give cap with name, aid and version`)
  }
  const version = requireVersion(config)
  const common = commonOf(config)
  if (!Array.isArray(config['applets'])) throw bad('applets is not a list')
  return {
    package: requireText(config, 'package'),
    packageAid: requireText(config, 'packageAid'),
    version,
    applets: appletsOf(config),
    ...optionalFile(config, 'olderExport'),
    ...common,
  }
}

function parseExtended(config: Json): ExtendedConfig {
  const { cap, contents, resources = [] } = config
  for (const name of OF_ONE_PACKAGE) {
    if (config[name] !== undefined) throw bad(`${name} stands beside cap; it belongs into cap or contents`)
  }
  if (!isRecord(cap)) throw bad('cap is not an object')
  const common = commonOf(config)
  if (!Array.isArray(contents)) throw bad('contents is not a list of packages')
  if (!Array.isArray(resources)) throw bad('resources is not a list')
  return {
    cap: { name: requireText(cap, 'name'), aid: requireText(cap, 'aid'), version: requireVersion(cap) },
    contents: contents.map(packageOf),
    resources: resources.map((one: unknown) => {
      if (!isRecord(one)) throw bad('a resource is not an object')
      const { id } = one
      if (typeof id !== 'number') throw bad('the id of a resource is not a number')
      return { id, file: requireText(one, 'file') }
    }),
    ...common,
  }
}

function packageOf(one: unknown): PackageConfig {
  if (!isRecord(one)) throw bad('a package of contents is not an object')
  const name = requireText(one, 'package')
  const isPublic = one['packageAid'] !== undefined || one['version'] !== undefined
  return {
    package: name,
    ...(isPublic && { packageAid: requireText(one, 'packageAid'), version: requireVersion(one) }),
    applets: appletsOf(one),
    ...optionalFile(one, 'olderExport'),
  }
}

function commonOf(config: Json): CommonConfig {
  const { imports, packages, sources } = config
  const level = requireLevel(requireText(config, 'level'))
  if (sources !== undefined && !(isTextList(sources) && sources.length > 0))
    throw bad('sources is not a list of folders')
  if (imports !== undefined && !isTextList(imports)) throw bad('imports is not a list of files')
  if (packages !== undefined && !(isRecord(packages) && isTextList(Object.values(packages)))) {
    throw bad('packages is not an object of versions')
  }
  return {
    level,
    ...optionalFlag(config, 'int'),
    ...(sources !== undefined && { sources: sources as readonly string[] }), // looked at above
    ...(imports !== undefined && { imports }),
    ...(packages !== undefined && { packages: packages as Readonly<Record<string, string>> }), // looked at above
    ...optionalFlag(config, 'debugComponent'),
  }
}

function appletsOf({ applets = [] }: Json): AppletClassConfig[] {
  if (!Array.isArray(applets)) throw bad('applets is not a list')
  return applets.map((one: unknown) => {
    if (!isRecord(one)) throw bad('an applet is not an object')
    return { class: requireText(one, 'class'), aid: requireText(one, 'aid') }
  })
}

function requireVersion(record: Json): string {
  const version = requireText(record, 'version')
  if (!/^\d{1,3}\.\d{1,3}$/.test(version)) throw bad('version is not of the form 1.0')
  return version
}

function optionalFile(record: Json, name: 'olderExport'): { readonly olderExport?: string } {
  const value = record[name]
  if (value === undefined) return {}
  if (typeof value !== 'string') throw bad(`${name} is not a file`)
  return { [name]: value }
}

/** @throws AppletBuildError `GRIDCARD_APPLET_CONFIG`: there is no such level */
export function requireLevel(text: string): ApiLevel {
  const level = parseApiLevel(text)
  if (!level) throw bad(`level is ${text}, it can be ${API_LEVELS.join(', ').replaceAll(/(3\.[12])\.0/g, '$1')}`)
  return level
}

/** @throws AppletBuildError `GRIDCARD_APPLET_CONFIG`: no hex */
export function aidOf(hex: string): Uint8Array {
  try {
    return fromHex(hex)
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw bad(`${hex} is not an AID in hex`)
  }
}

export function bad(what: string): AppletBuildError {
  return new AppletBuildError('GRIDCARD_APPLET_CONFIG', `applet.json: ${what}`)
}

function parseJson(text: string): Json {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch (error) {
    throw bad(`it is no JSON: ${(error as Error).message}`)
  }
  throw bad('it is no JSON object')
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function optionalFlag<K extends 'int' | 'debugComponent'>(record: Json, name: K): { readonly [key in K]?: boolean } {
  const value = record[name]
  if (value === undefined) return {}
  if (typeof value !== 'boolean') throw bad(`${name} is neither true nor false`)
  return { [name]: value } as { readonly [key in K]?: boolean }
}

function requireText(record: Json, name: string): string {
  const value = record[name]
  if (typeof value !== 'string' || value === '') throw bad(`${name} is missing`)
  return value
}
