import { parseTlvs, toHex } from '@gridcard/bytes'
import { badAnswer, find, readAnswer } from './answers.ts'
import { describeLifeCycle, type RegistryKind } from './life-cycle.ts'
import { type PrivilegeName, parsePrivileges } from './privileges.ts'

/** One thing on the card. AIDs in hex. */
export interface RegistryEntry {
  readonly kind: RegistryKind
  readonly aid: string
  readonly state: number
  readonly stateName: string
  readonly privileges: readonly PrivilegeName[]
  /** Security domain it belongs to. */
  readonly domain: string | undefined
  /** Of an application: the load file it is an instance of. */
  readonly loadFile: string | undefined
  /** Of a load file: its version, and its applets. */
  readonly version: string | undefined
  readonly modules: readonly string[]
}

/** Which part of the registry: P1 of GET STATUS. @source GPC 2.3.1 table 11-33 */
export const registryParts = {
  issuerDomain: 0x80,
  applications: 0x40,
  loadFiles: 0x20,
  loadFilesAndModules: 0x10,
} as const
export type RegistryPart = keyof typeof registryParts

/** The E3 templates of GET STATUS, all answers put together. @source GPC 2.3.1 table 11-36 */
export function parseRegistry(part: RegistryPart, bytes: Uint8Array): RegistryEntry[] {
  return readAnswer('GET STATUS', () =>
    parseTlvs(bytes).map(({ tag, value }) => {
      if (tag !== 0xe3) throw badAnswer('GET STATUS')
      return entryOf(part, value)
    }),
  )
}

function entryOf(part: RegistryPart, bytes: Uint8Array): RegistryEntry {
  const elements = parseTlvs(bytes)
  const hexOf = (tag: number) => {
    const value = find(elements, tag)
    return value === undefined || value.length === 0 ? undefined : toHex(value)
  }
  const aid = hexOf(0x4f)
  // Two bytes for the issuer domain of some cards: the first is the life cycle.
  const state = find(elements, 0x9f70)?.[0]
  if (aid === undefined || state === undefined) throw badAnswer('GET STATUS')
  const privileges = parsePrivileges(find(elements, 0xc5) ?? new Uint8Array())
  const kind = kindOf(part, privileges)
  return {
    kind,
    aid,
    state,
    stateName: describeLifeCycle(kind, state),
    privileges,
    domain: hexOf(0xcc),
    loadFile: hexOf(0xc4),
    version: hexOf(0xce),
    modules: elements.filter(({ tag }) => tag === 0x84).map(({ value }) => toHex(value)),
  }
}

function kindOf(part: RegistryPart, privileges: readonly PrivilegeName[]): RegistryKind {
  if (part === 'issuerDomain') return 'issuer-domain'
  if (part !== 'applications') return 'load-file'
  return privileges.includes('SecurityDomain') ? 'security-domain' : 'application'
}
