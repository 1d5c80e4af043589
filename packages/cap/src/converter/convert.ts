import { toHex } from '@gridcard/bytes'
import type { ApiLevel, ApiPackage } from '../api/api-package.ts'
import type { CapFile, StaticResource, Version } from '../capfile/cap-file.ts'
import type { DebugMap } from '../debug/debug-map.ts'
import { ConvertError, type ConvertFinding } from '../errors.ts'
import type { AppletSource } from './applets.ts'
import { convertPackages } from './convert-packages.ts'
import type { SourcePackage } from './placed-packages.ts'
import type { Sha1 } from './remote-types.ts'

/** What conversions to both formats are told alike. */
export interface CommonConvertOptions {
  /** All classes and interfaces of the package, or of all packages of an extended CAP file, in any order. */
  readonly classFiles: readonly Uint8Array[]
  readonly level: ApiLevel
  /** Tokens of packages beyond the API that the classes use. */
  readonly libraries?: readonly ApiPackage[]
  /** Take `int` as it is, which needs a card with int support. */
  readonly int?: boolean
  /** Put the debug map into the file too, as the Debug component that other tools read. */
  readonly debugComponent?: boolean
  /** Needed for remote objects: SHA-1 of the crypto port, by which clients name their methods. */
  readonly sha1?: Sha1
}

export interface ConvertOptions extends CommonConvertOptions {
  /** Dotted: `com.example.purse` */
  readonly packageName: string
  /** 5..16 bytes */
  readonly packageAid: Uint8Array
  readonly packageVersion: Version
  readonly applets: readonly AppletSource[]
  /** Export file of an earlier version of this package, whose tokens must hold on. */
  readonly olderExport?: ApiPackage
}

/** A package of an extended CAP file; one with AID and version is public, so that others can import it. */
export interface ExtendedPackage {
  /** Dotted: `com.example.purse` */
  readonly packageName: string
  /** 5..16 bytes, not those of the CAP file or another package. */
  readonly packageAid?: Uint8Array
  /** With `packageAid`. */
  readonly packageVersion?: Version
  readonly applets?: readonly AppletSource[]
  /** Export file of an earlier version of this package, whose tokens must hold on. */
  readonly olderExport?: ApiPackage
}

/** An extended CAP file: several packages in one, more than 64 KiB of code, static resources. @source JCVM 3.1 §4.1 */
export interface ConvertExtendedOptions extends CommonConvertOptions {
  /** Folder of the components in the ZIP; dotted or not. */
  readonly capName: string
  /** 5..16 bytes; applets begin with its first five. */
  readonly capAid: Uint8Array
  readonly capVersion: Version
  readonly packages: readonly ExtendedPackage[]
  /** Read on the card by `javacard.framework.Resources`. */
  readonly resources?: readonly StaticResource[]
}

interface CommonConversion {
  readonly cap: CapFile
  /** Where the byte code comes from; without lines and variables when the class files have none. */
  readonly debug: DebugMap
  /** What converts, but may not do what Java would. */
  readonly warnings: readonly ConvertFinding[]
}

export interface Conversion extends CommonConversion {
  /** Tokens of what the package shows to others, for `libraries` of later conversions; no classes when it shows none. */
  readonly exported: ApiPackage
}

export interface ExtendedConversion extends CommonConversion {
  /** As of a compact CAP file, of each package that shows something. */
  readonly exported: readonly ApiPackage[]
}

/**
 * What the tools of each level write: 2.3 from level 3.1 on; before, 2.2 when a Debug component is there, which 2.1 has no
 * place for in its Directory, else 2.1.
 */
function formatVersionOf({ level, debugComponent }: ConvertOptions): Version {
  if (hasExtendedFormat(level)) return { major: 2, minor: 3 }
  return { major: 2, minor: debugComponent ? 2 : 1 }
}

function hasExtendedFormat(level: ApiLevel): boolean {
  return level === '3.1.0' || level === '3.2.0'
}

/**
 * Makes a CAP file of class files. The same class files give the same bytes, in whatever order they come, and with
 * whatever debug information a compiler put in.
 *
 * @throws ConvertError with all findings when the classes use what a card does not have
 * @throws ClassFileError when a class file is broken
 */
export function convert(options: ConvertOptions): Conversion {
  const { packageName, packageAid, packageVersion, applets, olderExport } = options
  const info = { aid: packageAid, version: packageVersion }
  const { exported, ...converted } = convertPackages({
    ...options,
    format: 'compact',
    formatVersion: formatVersionOf(options),
    name: packageName,
    info,
    packages: [{ name: packageName, info, applets, ...(olderExport && { olderExport }) }],
  })
  return { ...converted, exported: exported[0]! }
}

/**
 * Makes an extended CAP file of the class files of several packages; otherwise as `convert`.
 *
 * @throws ConvertError with all findings: also when the level is before 3.1, which has no extended CAP files
 * @throws ClassFileError when a class file is broken
 */
export function convertExtended(options: ConvertExtendedOptions): ExtendedConversion {
  checkExtendedOptions(options)
  const { capName, capAid, capVersion, packages, resources = [] } = options
  return convertPackages({
    ...options,
    format: 'extended',
    formatVersion: { major: 2, minor: 3 },
    name: capName,
    info: { aid: capAid, version: capVersion },
    packages: packages.map(sourcePackageOf),
    resources: resources.toSorted((a, b) => a.resourceId - b.resourceId),
  })
}

/**
 * What can be said before there are class files; `convertExtended` looks at it too.
 * @throws ConvertError with all findings
 */
export function checkExtendedOptions(options: ExtendedFacts): void {
  const findings = [...findingsOfLevel(options), ...findingsOfPackages(options), ...findingsOfResources(options)]
  if (findings.length > 0) throw new ConvertError(findings)
}

function sourcePackageOf(one: ExtendedPackage): SourcePackage {
  const { packageName, packageAid, packageVersion, applets = [], olderExport } = one
  return {
    name: packageName,
    ...(packageAid && packageVersion && { info: { aid: packageAid, version: packageVersion } }),
    applets,
    ...(olderExport && { olderExport }),
  }
}

type ExtendedFacts = Omit<ConvertExtendedOptions, 'classFiles'>

function findingsOfLevel({ capName, level }: ExtendedFacts): ConvertFinding[] {
  if (hasExtendedFormat(level)) return []
  const message = `level ${level} has no extended CAP files, static resources and private packages`
  return [{ className: capName, message, advice: 'choose level 3.1 or 3.2, or build one CAP file for each package' }]
}

/** @source JCVM 3.1 §6.4 package_count */
const MOST_PACKAGES = 127

function findingsOfPackages({ capName, capAid, packages }: ExtendedFacts): ConvertFinding[] {
  const findings: ConvertFinding[] = []
  const add = (className: string, message: string, advice: string): void => {
    findings.push({ className, message, advice })
  }
  if (packages.length === 0) add(capName, 'the CAP file has no packages', 'name at least one')
  if (packages.length > MOST_PACKAGES) {
    add(capName, `the CAP file has ${packages.length} packages, at most ${MOST_PACKAGES} are possible`, 'split it')
  }
  const aids = new Set([toHex(capAid)])
  const names = new Set<string>()
  for (const { packageName, packageAid, packageVersion, olderExport } of packages) {
    if (names.has(packageName)) add(packageName, 'the package is named twice', 'leave one out')
    names.add(packageName)
    if (!packageAid !== !packageVersion) {
      add(
        packageName,
        'the package has only one of AID and version',
        'give both to a public package, none to a private',
      )
    }
    if (olderExport && !packageAid) {
      add(packageName, 'the package is private and has an older export file', 'give it AID and version, or no file')
    }
    if (!packageAid) continue
    if (aids.has(toHex(packageAid))) {
      add(packageName, 'the AID is that of the CAP file or of another package', 'give each an AID of its own')
    }
    aids.add(toHex(packageAid))
  }
  return findings
}

/** @source JCVM 3.1 §6.16: ids are positive shorts, and views of resources are arrays */
const LARGEST_SHORT = 0x7fff

function findingsOfResources({ capName, resources = [] }: ExtendedFacts): ConvertFinding[] {
  const findings: ConvertFinding[] = []
  const seen = new Set<number>()
  for (const { resourceId, content } of resources) {
    const add = (message: string, advice: string): void => {
      findings.push({ className: capName, message: `static resource ${resourceId} ${message}`, advice })
    }
    if (seen.has(resourceId)) add('is there twice', 'give each a number of its own')
    seen.add(resourceId)
    if (!Number.isInteger(resourceId) || resourceId < 0 || resourceId > LARGEST_SHORT) {
      add('has no valid number', 'take a number from 0 to 32767')
    }
    if (content.length > LARGEST_SHORT) {
      add(`has ${content.length} bytes, at most ${LARGEST_SHORT} are possible`, 'cut it into several')
    }
  }
  return findings
}
