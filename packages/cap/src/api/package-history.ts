import type { ApiClass, ApiField, ApiMethod, ApiPackage } from './api-package.ts'

/**
 * All published versions of a package in one table, which works because they only ever add: an entry without `since` is
 * as old as what it stands in, one with `since` came with that version of the package.
 */
export interface PackageHistory {
  readonly name: string
  readonly aid: string
  /** Ascending, of one major number; packages of a Java Card level have theirs in the table of levels. */
  readonly versions: readonly string[]
  readonly library: boolean
  /** Names of the packages that its classes name, where export files say so. */
  readonly references?: readonly string[]
  readonly classes: readonly ClassHistory[]
}

export interface ClassHistory
  extends Pick<ApiClass, 'name' | 'token' | 'access_flags' | 'super' | 'inheritablePublicMethodTokenCount'> {
  readonly interfaces?: readonly string[]
  readonly since?: string
  /** The flags that held before a version. */
  readonly before?: { readonly version: string; readonly access_flags: number }
  readonly fields: readonly (ApiField & MemberHistory)[]
  readonly methods: readonly (ApiMethod & MemberHistory)[]
}

export interface MemberHistory {
  readonly since?: string
  readonly before?: { readonly version: string; readonly flags: number }
}

/** @param superOf direct superclass of any class, undefined for Object and unknown ones */
export function packageAt(
  history: PackageHistory,
  version: string,
  superOf: (name: string) => string | undefined,
): ApiPackage {
  const isThere = ({ since }: { since?: string }): boolean => since === undefined || !isEarlier(version, since)
  const classes = history.classes.filter(isThere).map((one): ApiClass => {
    const { before, inheritablePublicMethodTokenCount: inheritable } = one
    const methods = one.methods.filter(isThere).map((method) => memberAt(method, version))
    // It is told for the newest version; an older one has no more tokens than are inherited.
    const isInheritable = inheritable === undefined || inheritable >= virtualTokenCount(methods)
    return {
      name: one.name,
      token: one.token,
      access_flags: before && isEarlier(version, before.version) ? before.access_flags : one.access_flags,
      super: one.super,
      supers: supersOf(one.name, superOf),
      interfaces: one.interfaces ?? [],
      ...(!isInheritable && { inheritablePublicMethodTokenCount: inheritable }),
      fields: one.fields.filter(isThere).map((field) => memberAt(field, version)),
      methods,
    }
  })
  return {
    name: history.name,
    aid: history.aid,
    version,
    exportFileFormat: exportFileFormatOf(classes),
    library: history.library,
    classes,
  }
}

/** Public virtual method tokens count from 0 without holes. */
export function virtualTokenCount(methods: readonly ApiMethod[]): number {
  return Math.max(-1, ...methods.filter((one) => one.space === 'virtual').map((one) => one.token)) + 1
}

function memberAt<T extends ApiField | ApiMethod>(member: T & MemberHistory, version: string): T {
  const { since: _, before, ...now } = member
  // What is left are the properties of T.
  return (before && isEarlier(version, before.version) ? { ...now, flags: before.flags } : now) as unknown as T
}

/** From java/lang/Object down to the direct superclass. */
function supersOf(name: string, superOf: (name: string) => string | undefined): string[] {
  const above: string[] = []
  for (let at = superOf(name); at !== undefined && !above.includes(at); at = superOf(at)) above.unshift(at)
  return above
}

/** Remote classes came with format 2.2. @source JCVM 3.1 §5.7 */
function exportFileFormatOf(classes: readonly ApiClass[]): string {
  return classes.some((one) => one.access_flags & 0x1000) ? '2.2' : '2.1'
}

/** Versions `major.minor`. */
export function isEarlier(a: string, b: string): boolean {
  const [[aMajor, aMinor], [bMajor, bMinor]] = [a.split('.').map(Number), b.split('.').map(Number)] as [
    number[],
    number[],
  ]
  return aMajor! < bMajor! || (aMajor === bMajor && aMinor! < bMinor!)
}
