import { toHex } from '@gridcard/bytes'
import type { ApiClass, ApiField, ApiLevel, ApiMethod, ApiPackage, MethodSpace } from './api-package.ts'
import globalPlatform from './data/globalplatform.json' with { type: 'json' }
import level305 from './data/jc3.0.5.json' with { type: 'json' }
import level320 from './data/jc3.2.0.json' with { type: 'json' }

// The compiler widens the token spaces of these 600 KB to string; the tests look at every value.
const globalPlatformVersions = globalPlatform.packages as unknown as readonly ApiPackage[]
/** The newest version of each org.globalplatform package: it has all that the older ones have, under the same tokens. */
const newestGlobalPlatform = [
  ...new Map(globalPlatformVersions.toSorted(byVersion).map((one) => [one.aid, one])).values(),
]
const packagesByLevel: Readonly<Record<ApiLevel, readonly ApiPackage[]>> = {
  '3.0.5': [...(level305.packages as unknown as readonly ApiPackage[]), ...newestGlobalPlatform],
  '3.2.0': [...(level320.packages as unknown as readonly ApiPackage[]), ...newestGlobalPlatform],
}

function byVersion(a: ApiPackage, b: ApiPackage): number {
  const [majorA, minorA] = a.version.split('.').map(Number)
  const [majorB, minorB] = b.version.split('.').map(Number)
  return majorA! - majorB! || minorA! - minorB!
}

/**
 * All packages of an API level, and the newest of each org.globalplatform package, which belong to no level. Level 3.2.0
 * serves every import of an older level (same major, minor not below).
 */
export function apiPackages(level: ApiLevel): readonly ApiPackage[] {
  return packagesByLevel[level]
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
  return globalPlatformVersions.filter((one) => one.name === name).toSorted(byVersion)
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
