import { equalBytes, toHex } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import type { AppletRecord } from '../runtime/applet-registry.ts'
import { blocksOf } from '../runtime/applet-registry.ts'
import {
  CONTENT_KIND,
  type ContentRecord,
  findContentRecord,
  newContentRecord,
  readContentRecord,
  replaceContentRecord,
  type StoredContentRecord,
  writeContentField,
} from '../runtime/content-record.ts'
import type { Jcre } from '../runtime/jcre.ts'
import type { PackageInstance } from '../vm/machine.ts'
import { BLOCK_TYPE } from '../vm/memory/handle-entry.ts'
import {
  type ApplicationEntry,
  CARD_TRIES,
  type CardEntry,
  type DomainEntry,
  emitApplication,
  emitCard,
  emitDomain,
  emitLoadFile,
  type LoadFileEntry,
  parseApplication,
  parseCard,
  parseDomain,
  parseLoadFile,
} from './content-entries.ts'
import { hasPrivilege, type PrivilegeName } from './privileges.ts'
import { GP_SW, refuse } from './refusal.ts'

/** An application with both of its records. */
export interface Application {
  readonly applet: AppletRecord
  readonly entry: ApplicationEntry
}

export interface LoadFile {
  readonly instance: PackageInstance
  readonly entry: LoadFileEntry
}

/**
 * The GlobalPlatform Registry: read from the image each time, so that it is always what the image says, also after a
 * rollback.
 * @source GPC 2.3.1 §6.5
 */
export class ContentRegistry {
  readonly #jcre: Jcre

  constructor(jcre: Jcre) {
    this.#jcre = jcre
  }

  // ---- reading

  get card(): CardEntry {
    return parseCard(this.#record(CONTENT_KIND.card, 0))
  }

  domain(owner: number): DomainEntry {
    return parseDomain(this.#record(CONTENT_KIND.securityDomain, owner))
  }

  isDomain(owner: number): boolean {
    return findContentRecord(this.#jcre.memory, CONTENT_KIND.securityDomain, owner) !== undefined
  }

  /** In the order of their records. */
  applications(): Application[] {
    const entries = new Map(this.#all(CONTENT_KIND.application).map((one) => [one.subject, parseApplication(one)]))
    return this.#jcre.registry.applets.flatMap((applet) => {
      const entry = entries.get(applet.owner)
      return entry ? [{ applet, entry }] : []
    })
  }

  application(owner: number): Application | undefined {
    const applet = this.#jcre.registry.ownedBy(owner)
    const record = findContentRecord(this.#jcre.memory, CONTENT_KIND.application, owner)
    return applet && record ? { applet, entry: parseApplication(record) } : undefined
  }

  requireApplication(owner: number): Application {
    return this.application(owner) ?? refuse(GP_SW.referencedDataNotFound)
  }

  applicationByAid(aid: Uint8Array): Application | undefined {
    const applet = this.#jcre.registry.find(aid)
    return applet && this.application(applet.owner)
  }

  loadFiles(): LoadFile[] {
    return this.#all(CONTENT_KIND.loadFile).flatMap((record) => {
      const instance = this.#jcre.machine.packages[record.subject]
      return instance ? [{ instance, entry: parseLoadFile(record) }] : []
    })
  }

  loadFileByAid(aid: Uint8Array): LoadFile | undefined {
    const name = toHex(aid)
    return this.loadFiles().find((one) => one.instance.linked.aid === name)
  }

  /** Also of one that is just being stored: domain by slot. */
  domainsOfLoadFiles(): Map<number, number> {
    return new Map(this.#all(CONTENT_KIND.loadFile).map((one) => [one.subject, parseLoadFile(one).domain]))
  }

  /** One, while a load file is upgraded. */
  upgradeRecords(): StoredContentRecord[] {
    return this.#all(CONTENT_KIND.upgrade)
  }

  withPrivilege(name: PrivilegeName): Application[] {
    return this.applications().filter((one) => hasPrivilege(one.entry.privileges, name))
  }

  hasPrivilege(owner: number, name: PrivilegeName): boolean {
    return hasPrivilege(this.application(owner)?.entry.privileges ?? 0, name)
  }

  /** The domains from the associated one up to the root of the hierarchy. @source GPC 2.3.1 §7.2 */
  domainsAbove(domain: number): number[] {
    const chain: number[] = []
    for (let owner = domain; !chain.includes(owner); ) {
      chain.push(owner)
      owner = this.application(owner)?.entry.domain ?? owner
    }
    return chain
  }

  /** Directly or indirectly associated with the domain; itself too. */
  isBelow(application: ApplicationEntry, domain: number): boolean {
    return application.owner === domain || this.domainsAbove(application.domain).includes(domain)
  }

  // ---- writing; each joins a running transaction

  newApplication(entry: ApplicationEntry): void {
    newContentRecord(this.#jcre.memory, emitApplication(entry))
  }

  newLoadFile(entry: LoadFileEntry): void {
    newContentRecord(this.#jcre.memory, emitLoadFile(entry))
  }

  newDomain(entry: DomainEntry): void {
    newContentRecord(this.#jcre.memory, emitDomain(entry))
  }

  newCard(entry: CardEntry): void {
    newContentRecord(this.#jcre.memory, emitCard(entry))
  }

  saveApplication(entry: ApplicationEntry): void {
    this.#replace(CONTENT_KIND.application, entry.owner, emitApplication(entry))
  }

  saveLoadFile(entry: LoadFileEntry): void {
    this.#replace(CONTENT_KIND.loadFile, entry.slot, emitLoadFile(entry))
  }

  saveDomain(entry: DomainEntry): void {
    this.#replace(CONTENT_KIND.securityDomain, entry.owner, emitDomain(entry))
  }

  saveCard(entry: CardEntry): void {
    this.#replace(CONTENT_KIND.card, 0, emitCard(entry))
  }

  /** Tries left of a CVM: outside of any transaction, so that no rollback gives one back. */
  writeTries(index: number, tries: number): void {
    const { memory } = this.#jcre
    writeContentField(memory, this.#record(CONTENT_KIND.card, 0), CARD_TRIES + index, tries)
  }

  /** Runs in one transaction: all of it or nothing. What does not fit is 6A84. */
  atomically<T>(act: () => T): T {
    const { memory } = this.#jcre
    if (memory.inTransaction) return act()
    memory.begin()
    try {
      const result = act()
      memory.commit()
      return result
    } catch (error) {
      if (memory.inTransaction && !this.#jcre.isDead) memory.abort()
      throw error
    }
  }

  #replace(kind: number, subject: number, changed: ContentRecord): void {
    const { memory } = this.#jcre
    if (replaceContentRecord(memory, this.#record(kind, subject), changed)) this.#jcre.isDeletionRequested = true
  }

  #record(kind: number, subject: number): StoredContentRecord {
    const found = findContentRecord(this.#jcre.memory, kind, subject)
    if (!found) throw new CardError('CARD_IMAGE_CORRUPT', 'a GlobalPlatform record is missing', { kind, subject })
    return found
  }

  #all(kind: number): StoredContentRecord[] {
    const { memory } = this.#jcre
    return blocksOf(memory, BLOCK_TYPE.globalPlatform)
      .map((handle) => readContentRecord(memory, handle))
      .filter((one) => one.kind === kind)
  }
}

export function aidStartsWith(aid: Uint8Array, beginning: Uint8Array): boolean {
  return equalBytes(aid.subarray(0, beginning.length), beginning)
}
