import type { Tlv } from '@gridcard/bytes'
import { blocksOf, parsePackageRecord } from '../runtime/applet-registry.ts'
import type { Jcre } from '../runtime/jcre.ts'
import type { MemoryAmount } from '../vm/memory/card-memory.ts'
import { BLOCK_TYPE } from '../vm/memory/handle-entry.ts'
import type { Application, ContentRegistry } from './content-registry.ts'

/**
 * In the system specific parameters of a security domain: most that it and all below it may have together, 2 or 4 bytes.
 * @source GPC Amd C, as the Profile Interoperability specification of the Trusted Connectivity Alliance names its tags
 */
export const GRANT_TAG = { volatile: 0x82, nonVolatile: 0x83 } as const

const UNLIMITED: MemoryAmount = { persistent: Number.POSITIVE_INFINITY, transient: Number.POSITIVE_INFINITY }

/** An application that is being installed, and is not in the registry yet. */
export interface Newcomer {
  readonly owner: number
  readonly domain: number
}

/**
 * Cumulative memory of security domains: load files, their static fields and the objects of applications count for the domain
 * that they belong to and for each one above it. Memory that somebody below has reserved counts from the beginning.
 */
export class MemoryGrants {
  readonly #jcre: Jcre
  readonly #registry: ContentRegistry
  /** Owners of domains with a grant, at least; found again after `forget`. */
  #granted: readonly number[] | undefined
  /** Nothing is limited, for old and new objects are there at the same time. */
  isSuspended = false
  newcomer: Newcomer | undefined

  constructor(jcre: Jcre, registry: ContentRegistry) {
    this.#jcre = jcre
    this.#registry = registry
    this.forget()
  }

  /** The registry has changed. */
  forget(): void {
    this.#granted = undefined
    this.isSuspended = false
    this.#jcre.memory.remainingOf = (owner) => this.remainingOf(owner)
  }

  /** What an application, or the code of a load file, may still have of what is granted to the domains above it; negative: too much. */
  remainingOf(owner: number): MemoryAmount {
    if (this.isSuspended || this.#grantedDomains.length === 0) {
      // Most cards know no grants, and need not ask again for each object.
      this.#jcre.memory.remainingOf = undefined
      return UNLIMITED
    }
    const domain = this.#domainOf(owner)
    if (domain === undefined) return UNLIMITED
    const { persistent, transient } = this.remainingIn(domain)
    // What it has reserved is counted, and still its own.
    const own = this.#jcre.memory.unusedReservationOf(owner)
    return { persistent: persistent + own.persistent, transient: transient + own.transient }
  }

  /** Of the domain and each one above it, the least. */
  remainingIn(domain: number): MemoryAmount {
    if (this.isSuspended || this.#grantedDomains.length === 0) return UNLIMITED
    let { persistent, transient } = UNLIMITED
    for (const granted of this.#registry.domainsAbove(domain)) {
      const objects = this.#registry.application(granted)?.entry.objects ?? []
      const limits = [grantOf(objects, GRANT_TAG.nonVolatile), grantOf(objects, GRANT_TAG.volatile)] as const
      if (limits[0] === undefined && limits[1] === undefined) continue
      const used = this.#usedBelow(granted)
      if (limits[0] !== undefined) persistent = Math.min(persistent, limits[0] - used.persistent)
      if (limits[1] !== undefined) transient = Math.min(transient, limits[1] - used.transient)
    }
    return { persistent, transient }
  }

  isExceededIn(domain: number): boolean {
    const { persistent, transient } = this.remainingIn(domain)
    return persistent < 0 || transient < 0
  }

  get #grantedDomains(): readonly number[] {
    this.#granted ??= this.#registry
      .applications()
      .filter(hasGrant)
      .map(({ entry }) => entry.owner)
    return this.#granted
  }

  /** A domain belongs to itself here: its own grant is for it, too. */
  #domainOf(owner: number): number | undefined {
    if (this.#registry.isDomain(owner)) return owner
    const application = this.#registry.application(owner)
    if (application) return application.entry.domain
    const ofCode = this.#packages().find((one) => one.record.owner === owner)?.domain
    return ofCode ?? (owner === this.newcomer?.owner ? this.newcomer.domain : undefined)
  }

  #packages() {
    const { memory } = this.#jcre
    const domains = this.#registry.domainsOfLoadFiles()
    return blocksOf(memory, BLOCK_TYPE.packageRecord).flatMap((handle) => {
      const record = parsePackageRecord(memory, handle)
      const domain = domains.get(record.slot)
      return domain === undefined ? [] : [{ record, domain }]
    })
  }

  #usedBelow(granted: number): MemoryAmount {
    const { memory } = this.#jcre
    const isBelow = (domain: number) => this.#registry.domainsAbove(domain).includes(granted)
    const sum = { persistent: 0, transient: 0 }
    const add = ({ persistent, transient }: MemoryAmount) => {
      sum.persistent += persistent
      sum.transient += transient
    }
    for (const { entry } of this.#registry.applications()) {
      if (this.#registry.isBelow(entry, granted)) add(memory.chargedTo(entry.owner))
    }
    const { newcomer } = this
    const isNew = newcomer !== undefined && this.#registry.application(newcomer.owner) === undefined
    if (isNew && isBelow(newcomer.domain)) add(memory.chargedTo(newcomer.owner))
    for (const { record, domain } of this.#packages()) {
      if (!isBelow(domain)) continue
      add(memory.chargedTo(record.owner))
      sum.persistent += memory.occupiedBytes(record.loadFile)
      if (record.statics !== 0) sum.persistent += memory.occupiedBytes(record.statics)
    }
    return sum
  }
}

function hasGrant({ entry }: Application): boolean {
  return entry.objects.some(({ tag }) => tag === GRANT_TAG.volatile || tag === GRANT_TAG.nonVolatile)
}

function grantOf(objects: readonly Tlv[], tag: number): number | undefined {
  return objects.find((one) => one.tag === tag)?.value.reduce((bytes, byte) => bytes * 256 + byte, 0)
}
