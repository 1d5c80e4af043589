import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { BytesError, fromHex } from '@gridcard/bytes'
import {
  type ApiLevel,
  type CapFile,
  type ConvertFinding,
  convert,
  type DebugMap,
  emitCapFile,
  verifyCapFile,
  verifyFindingText,
} from '@gridcard/cap'
import { AppletBuildError } from './errors.ts'
import { compileApplet, requireJavac } from './javac.ts'

/** `applet.json` beside the sources of an applet; AIDs in hex, class and package names with dots. */
export interface AppletConfig {
  readonly package: string
  readonly packageAid: string
  /** `major.minor` */
  readonly version: string
  readonly level: ApiLevel
  readonly applets: readonly { readonly class: string; readonly aid: string }[]
}

export interface BuiltApplet {
  readonly cap: Uint8Array
  /** Where its byte code comes from. */
  readonly debug: DebugMap
  /** What converts, but may not do what Java would. */
  readonly warnings: readonly ConvertFinding[]
}

const LEVELS: readonly ApiLevel[] = ['3.0.5', '3.2.0']

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
}): Promise<BuiltApplet> {
  const { config } = o
  const classFiles = await compileApplet(await requireJavac(), o.sourceDir, config.level)
  const [major, minor] = config.version.split('.').map(Number)
  const { cap, warnings, debug } = convert({
    classFiles,
    packageName: config.package,
    packageAid: aidOf(config.packageAid),
    packageVersion: { major: major!, minor: minor! },
    applets: config.applets.map((one) => ({ className: one.class, aid: aidOf(one.aid) })),
    level: config.level,
  })
  requireVerified(cap)
  return { cap: emitCapFile(cap), debug, warnings }
}

/** @throws AppletBuildError `GRIDCARD_APPLET_UNVERIFIED` with every violation, one a line */
export function requireVerified(cap: CapFile): void {
  const violations = verifyCapFile(cap).filter(({ severity }) => severity === 'violation')
  if (violations.length === 0) return
  const message = `the package does not pass the verifier:\n${violations.map(verifyFindingText).join('\n')}`
  throw new AppletBuildError('GRIDCARD_APPLET_UNVERIFIED', message, { findings: violations.length })
}

/** A folder with `applet.json` and `src/`. */
export async function buildAppletFolder(folder: string): Promise<BuiltApplet & { readonly name: string }> {
  const config = parseAppletConfig(await readConfig(join(folder, 'applet.json')))
  const built = await buildApplet({ sourceDir: join(folder, 'src'), config })
  return { ...built, name: basename(resolve(folder)) }
}

async function readConfig(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new AppletBuildError('GRIDCARD_APPLET_CONFIG', `cannot read ${path}`, {}, { cause: error })
  }
}

/** @throws AppletBuildError `GRIDCARD_APPLET_CONFIG` naming what is wrong */
export function parseAppletConfig(text: string): AppletConfig {
  const config = parseJson(text)
  const field = (name: string): string => requireText(config, name)
  const level = field('level')
  const { applets } = config
  if (!LEVELS.includes(level as ApiLevel)) throw bad(`level is ${level}, it can be ${LEVELS.join(' or ')}`)
  if (!/^\d{1,3}\.\d{1,3}$/.test(field('version'))) throw bad('version is not of the form 1.0')
  if (!Array.isArray(applets)) throw bad('applets is not a list')
  return {
    package: field('package'),
    packageAid: field('packageAid'),
    version: field('version'),
    level: level as ApiLevel,
    applets: applets.map((one: unknown) => {
      if (!isRecord(one)) throw bad('an applet is not an object')
      return { class: requireText(one, 'class'), aid: requireText(one, 'aid') }
    }),
  }
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

function requireText(record: Record<string, unknown>, name: string): string {
  const value = record[name]
  if (typeof value !== 'string' || value === '') throw bad(`${name} is missing`)
  return value
}

function bad(what: string): AppletBuildError {
  return new AppletBuildError('GRIDCARD_APPLET_CONFIG', `applet.json: ${what}`)
}

function aidOf(hex: string): Uint8Array {
  try {
    return fromHex(hex)
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw bad(`${hex} is not an AID in hex`)
  }
}
