import { toHex } from '@gridcard/bytes'
import {
  API_LEVELS,
  type ApiClass,
  type ApiField,
  type ApiLevel,
  type ApiMethod,
  type ApiPackage,
  type MethodSpace,
} from './api-package.ts'
import {
  allPackageVersions,
  findJavaCardPackage,
  globalPlatformPackages,
  levelFacts,
  referencesOf,
} from './known-packages.ts'

const packagesByLevel = new Map<ApiLevel, readonly ApiPackage[]>()

/**
 * All packages of an API level, and the newest of each org.globalplatform package, which belong to no level. Level 3.2.0
 * serves every import of an older level (same major, minor not below).
 */
export function apiPackages(level: ApiLevel): readonly ApiPackage[] {
  let packages = packagesByLevel.get(level)
  if (!packages) {
    packages = [
      ...Object.entries(levelFacts[level]!.packages).map(([name, version]) => packageOf(name, version, level)),
      ...globalPlatformPackages(),
    ]
    packagesByLevel.set(level, packages)
  }
  return packages
}

/** The facts of a version are the same at each level that has it; what the export file around them says is not. */
function packageOf(name: string, version: string, level: ApiLevel): ApiPackage {
  const { format, packages } = levelFacts[level]!
  const found = findJavaCardPackage(name, version)!
  if (format !== '2.3') return found
  const references = referencesOf(name).map((one) => {
    const referenced = packages[one]!
    return { name: one, aid: findJavaCardPackage(one, referenced)!.aid, version: referenced }
  })
  return { ...found, exportFileFormat: format, references }
}

/** `3.1` is `3.1.0`. @returns undefined when there is no such level */
export function parseApiLevel(text: string): ApiLevel | undefined {
  return API_LEVELS.find((level) => level === text || level === `${text}.0`)
}

interface LevelIndex {
  readonly byAid: ReadonlyMap<string, ApiPackage>
  readonly byName: ReadonlyMap<string, ApiPackage>
  readonly classesByName: ReadonlyMap<string, ApiClass>
}

const indexes = new Map<ApiLevel, LevelIndex>()

function indexOf(level: ApiLevel): LevelIndex {
  let index = indexes.get(level)
  if (!index) {
    const packages = apiPackages(level)
    index = {
      byAid: new Map(packages.map((one) => [one.aid, one])),
      byName: new Map(packages.map((one) => [one.name, one])),
      classesByName: new Map(packages.flatMap((one) => one.classes.map((c) => [c.name, c] as const))),
    }
    indexes.set(level, index)
  }
  return index
}

export function findApiPackage(level: ApiLevel, aid: Uint8Array): ApiPackage | undefined {
  return indexOf(level).byAid.get(toHex(aid))
}

/** Every published version of an org.globalplatform package, oldest first; empty for other names. @param name dotted */
export function globalPlatformPackageVersions(name: string): readonly ApiPackage[] {
  return name.startsWith('org.globalplatform') ? allPackageVersions().filter((one) => one.name === name) : []
}

/** @param name dotted: `javacard.framework` */
export function findApiPackageByName(level: ApiLevel, name: string): ApiPackage | undefined {
  return indexOf(level).byName.get(name)
}

/** @param name internal form: `javacard/framework/APDU` */
export function findApiClassByName(level: ApiLevel, name: string): ApiClass | undefined {
  return indexOf(level).classesByName.get(name)
}

export function findApiClass(apiPackage: ApiPackage, classToken: number): ApiClass | undefined {
  return apiPackage.classes.find((one) => one.token === classToken)
}

export function findApiMethod(apiClass: ApiClass, space: MethodSpace, token: number): ApiMethod | undefined {
  return apiClass.methods.find((one) => one.space === space && one.token === token)
}

/** @param desc JVM descriptor, as a compiler writes it into a class file */
export function findApiMethodByName(apiClass: ApiClass, name: string, desc: string): ApiMethod | undefined {
  return apiClass.methods.find((one) => one.name === name && one.desc === desc)
}

/** A real field; constants (token 255) have no token and are not found here. */
export function findApiField(apiClass: ApiClass, token: number): ApiField | undefined {
  return token === 0xff ? undefined : apiClass.fields.find((one) => one.token === token)
}

export function findApiFieldByName(apiClass: ApiClass, name: string): ApiField | undefined {
  return apiClass.fields.find((one) => one.name === name)
}
