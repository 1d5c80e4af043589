import { toHex } from '@gridcard/bytes'
import type { Version } from '../capfile/cap-file.ts'
import type { ApiPackage } from './api-package.ts'
import etsi from './data/etsi-3gpp.json' with { type: 'json' }
import globalPlatform from './data/globalplatform.json' with { type: 'json' }
import javaCard from './data/javacard.json' with { type: 'json' }
import { isEarlier, type PackageHistory, packageAt } from './package-history.ts'

/** A level of the Java Card API: the format of its export files, and which version of each package it has. */
export interface LevelFacts {
  readonly format: string
  readonly packages: Readonly<Record<string, string>>
}

export const levelFacts: Readonly<Record<string, LevelFacts>> = javaCard.levels as unknown as Readonly<
  Record<string, LevelFacts>
>

// The compiler widens the token spaces of these tables to string; the tests look at every value.
const javaCardHistories = (javaCard.packages as unknown as Omit<PackageHistory, 'versions'>[]).map(
  (one): PackageHistory => ({
    ...one,
    versions: [...new Set(Object.values(levelFacts).flatMap(({ packages }) => packages[one.name] ?? []))],
  }),
)
const globalPlatformHistories = globalPlatform.packages as unknown as readonly PackageHistory[]
const etsiHistories = etsi.packages as unknown as readonly PackageHistory[]
const histories: readonly PackageHistory[] = [...javaCardHistories, ...globalPlatformHistories, ...etsiHistories]

const supers = new Map(histories.flatMap((one) => one.classes.map((c) => [c.name, c.super ?? undefined] as const)))

const facts = new Map<string, ApiPackage>()

function factsOf(history: PackageHistory, version: string): ApiPackage {
  const key = `${history.aid} ${version}`
  let found = facts.get(key)
  if (!found) {
    found = packageAt(history, version, (name) => supers.get(name))
    facts.set(key, found)
  }
  return found
}

/**
 * A package of the Java Card, GlobalPlatform, ETSI or 3GPP API as an import of this version sees it. Of a version newer
 * than all published ones the newest.
 *
 * @returns undefined when nothing of this AID and major version is known
 */
export function findKnownPackage(aid: Uint8Array, { major, minor }: Version): ApiPackage | undefined {
  const history = historyOf(toHex(aid), major)
  const newest = history?.versions.at(-1)
  const wanted = `${major}.${minor}`
  return history && factsOf(history, isEarlier(newest!, wanted) ? newest! : wanted)
}

function historyOf(aid: string, major: number): PackageHistory | undefined {
  return histories.find((one) => one.aid === aid && one.versions[0]!.startsWith(`${major}.`))
}

/** @param name dotted: `org.globalplatform` */
export function findJavaCardPackage(name: string, version: string): ApiPackage | undefined {
  const history = javaCardHistories.find((one) => one.name === name)
  return history && factsOf(history, version)
}

/** A published version of any known package. @param name dotted: `org.globalplatform` */
export function findPackageVersion(name: string, version: string): ApiPackage | undefined {
  const history = histories.find((one) => one.name === name && one.versions.includes(version))
  return history && factsOf(history, version)
}

/** Of a package of the Java Card API, where export files of format 2.3 name them. */
export function referencesOf(name: string): readonly string[] {
  return javaCardHistories.find((one) => one.name === name)?.references ?? []
}

/** The newest version of each package of GlobalPlatform. */
export function globalPlatformPackages(): readonly ApiPackage[] {
  return globalPlatformHistories.map((one) => factsOf(one, one.versions.at(-1)!))
}

/** The newest version of each known package of ETSI and 3GPP, for each major version. */
export function etsiPackages(): readonly ApiPackage[] {
  return etsiHistories.map((one) => factsOf(one, one.versions.at(-1)!))
}

/**
 * One version of each package, whose tokens serve all older ones: for names in text. A package whose tokens changed with
 * its major version is left out, since text names it by AID alone.
 */
export function newestPackages(): readonly ApiPackage[] {
  return histories
    .filter(({ aid }) => histories.filter((one) => one.aid === aid).length === 1)
    .map((one) => factsOf(one, one.versions.at(-1)!))
}

/** Dotted: `javacard.framework`. @param aid hex */
export function knownPackageName(aid: string): string | undefined {
  return histories.find((one) => one.aid === aid)?.name
}

/** Every published version of every known package. */
export function allPackageVersions(): readonly ApiPackage[] {
  return histories.flatMap((one) => one.versions.map((version) => factsOf(one, version)))
}
