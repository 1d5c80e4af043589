import { BytesError, fromHex } from '@gridcard/bytes'
import { API_LEVELS, type ApiLevel, parseApiLevel } from '@gridcard/cap'
import { AppletBuildError } from './errors.ts'

/** `applet.json` beside the sources of an applet; AIDs in hex, class and package names with dots, paths from its folder. */
export interface AppletConfig {
  readonly package: string
  readonly packageAid: string
  /** `major.minor` */
  readonly version: string
  /** Of the Java Card API: `3.0.5`, `3.1` */
  readonly level: ApiLevel
  /** Empty for a library. */
  readonly applets: readonly { readonly class: string; readonly aid: string }[]
  /** Allow `int`: needs a card with int support. */
  readonly int?: boolean
  /** Export files of the libraries it uses. */
  readonly imports?: readonly string[]
  /** Versions of packages that belong to no level: `{ "org.globalplatform": "1.5" }` */
  readonly packages?: Readonly<Record<string, string>>
  /** Export file of an earlier version, whose tokens must hold on. */
  readonly olderExport?: string
  /** Put the debug map into the CAP file too, for other tools. */
  readonly debugComponent?: boolean
}

/** @throws AppletBuildError `GRIDCARD_APPLET_CONFIG` naming what is wrong */
export function parseAppletConfig(text: string): AppletConfig {
  const config = parseJson(text)
  const { applets, imports, packages, olderExport } = config
  const version = requireText(config, 'version')
  if (!/^\d{1,3}\.\d{1,3}$/.test(version)) throw bad('version is not of the form 1.0')
  const level = requireLevel(requireText(config, 'level'))
  if (!Array.isArray(applets)) throw bad('applets is not a list')
  if (imports !== undefined && !isTextList(imports)) throw bad('imports is not a list of files')
  if (packages !== undefined && !(isRecord(packages) && isTextList(Object.values(packages)))) {
    throw bad('packages is not an object of versions')
  }
  if (olderExport !== undefined && typeof olderExport !== 'string') throw bad('olderExport is not a file')
  return {
    package: requireText(config, 'package'),
    packageAid: requireText(config, 'packageAid'),
    version,
    level,
    applets: applets.map((one: unknown) => {
      if (!isRecord(one)) throw bad('an applet is not an object')
      return { class: requireText(one, 'class'), aid: requireText(one, 'aid') }
    }),
    ...optionalFlag(config, 'int'),
    ...(imports !== undefined && { imports }),
    ...(packages !== undefined && { packages: packages as Readonly<Record<string, string>> }), // looked at above
    ...(olderExport !== undefined && { olderExport }),
    ...optionalFlag(config, 'debugComponent'),
  }
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

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch (error) {
    throw bad(`it is no JSON: ${(error as Error).message}`)
  }
  throw bad('it is no JSON object')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function optionalFlag<K extends 'int' | 'debugComponent'>(
  record: Record<string, unknown>,
  name: K,
): { readonly [key in K]?: boolean } {
  const value = record[name]
  if (value === undefined) return {}
  if (typeof value !== 'boolean') throw bad(`${name} is neither true nor false`)
  return { [name]: value } as { readonly [key in K]?: boolean }
}

function requireText(record: Record<string, unknown>, name: string): string {
  const value = record[name]
  if (typeof value !== 'string' || value === '') throw bad(`${name} is missing`)
  return value
}
