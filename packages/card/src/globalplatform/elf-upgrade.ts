import { toHex } from '@gridcard/bytes'
import type { CapFile } from '@gridcard/cap'
import { CardError } from '../errors.ts'
import type { AppletRecord } from '../runtime/applet-registry.ts'
import { collectGarbage } from '../runtime/collector.ts'
import { deleteContentRecord, newContentRecord, replaceContentRecord } from '../runtime/content-record.ts'
import type { Jcre } from '../runtime/jcre.ts'
import { requireReplacement } from '../runtime/loader.ts'
import {
  consolidateInstances,
  type InstanceParameters,
  inOneTransaction,
  instancesOf,
  requireUpgradable,
  restoreInstances,
  saveInstances,
} from '../runtime/upgrade.ts'
import { emitUpgradeRecord, parseUpgradeRecord, type UpgradeRecord } from '../runtime/upgrade-record.ts'
import { FIRST_PACKAGE_CONTEXT, NO_CONTEXT, type PackageInstance } from '../vm/machine.ts'
import { BLOCK_TYPE } from '../vm/memory/handle-entry.ts'
import type { ContentRegistry } from './content-registry.ts'
import type { MemoryGrants } from './memory-grants.ts'
import { privilegeBytes } from './privileges.ts'
import { GP_SW, requireThat } from './refusal.ts'

/**
 * How far a session is. What the amendment calls interrupted while saving, cleaning up, deleting, installing or restoring
 * does not occur here: those phases are one transaction each, and a cut leaves the state before.
 * @source GPC Amd H 1.1 table 4-6
 */
export const UPGRADE_STATE = {
  none: 0x00,
  completed: 0x01,
  waitingForLoadFile: 0x02,
  waitingToRestore: 0x03,
  /** The new version failed; the old one is there still. */
  restoreFailed: 0x04,
  consolidating: 0x60,
} as const

/** Our own tag, in an application's record: what its install method was given, for that of a new version. */
export const INSTALL_PARAMETERS_TAG = 0xdf25

/** The upgrade of an executable load file: one at a time on a card, kept in the image. @source GPC Amd H 1.1 */
export class ElfUpgrade {
  readonly #jcre: Jcre
  readonly #registry: ContentRegistry
  readonly #grants: MemoryGrants

  constructor(jcre: Jcre, registry: ContentRegistry, grants: MemoryGrants) {
    this.#jcre = jcre
    this.#registry = registry
    this.#grants = grants
  }

  /** undefined: none goes on. */
  get session(): UpgradeRecord | undefined {
    const [record] = this.#registry.upgradeRecords()
    return record && parseUpgradeRecord(record)
  }

  /** The package that is upgraded. */
  get package(): PackageInstance | undefined {
    const { session } = this
    return session && this.#jcre.machine.packages[session.slot]
  }

  /** Instances of it are out of reach: what they would change now would be lost. */
  isPaused(packageSlot: number): boolean {
    return this.#jcre.machine.pausedContext === FIRST_PACKAGE_CONTEXT + packageSlot
  }

  /** A new version of this load file is awaited, or another one in the place of what was loaded. */
  awaits(aid: Uint8Array): boolean {
    const { session } = this
    return (
      session !== undefined && session.state !== UPGRADE_STATE.consolidating && this.package?.linked.aid === toHex(aid)
    )
  }

  /** Whom nobody reaches; to be called when a session began or ended, and for an image. */
  syncPaused(): void {
    const { session } = this
    this.#jcre.machine.pausedContext = session === undefined ? NO_CONTEXT : FIRST_PACKAGE_CONTEXT + session.slot
  }

  /**
   * The saving phase: each instance that listens gives its data away. The old version stays as it is.
   * @throws Refusal 6985; CardError
   */
  start(instance: PackageInstance): void {
    const jcre = this.#jcre
    requireThat(this.session === undefined, GP_SW.conditions)
    requireUpgradable(jcre, instance)
    const { slot, linked } = instance
    inOneTransaction(jcre, () => {
      const saved = saveInstances(jcre, instance)
      const state = UPGRADE_STATE.waitingForLoadFile
      const record = { slot, state, previous: linked.version, loadFile: 0, loadFileBytes: 0, saved }
      newContentRecord(jcre.memory, emitUpgradeRecord(record))
    })
    this.syncPaused()
  }

  /** The new version has been loaded and checked. @throws CardError if it cannot be linked, or has no room */
  takeLoadFile(cap: CapFile): void {
    const { memory } = this.#jcre
    const session = this.#require()
    const bytes = requireReplacement(this.#jcre, cap)
    this.#registry.atomically(() => {
      const loadFile = memory.newBlock(BLOCK_TYPE.loadFile, bytes)
      this.#save({ ...session, state: UPGRADE_STATE.waitingToRestore, loadFile, loadFileBytes: bytes.length })
    })
    if (session.loadFile !== 0) this.#jcre.isDeletionRequested = true
  }

  /**
   * Goes on as far as it can.
   * @returns the state that it came to
   */
  resume(): number {
    const session = this.#require()
    const { state } = session
    if (state === UPGRADE_STATE.waitingForLoadFile) return state
    if (state !== UPGRADE_STATE.consolidating && !this.#restore(session)) return UPGRADE_STATE.restoreFailed
    consolidateInstances(this.#jcre, session.slot)
    this.#end()
    return UPGRADE_STATE.completed
  }

  /** Back to the old version, which has been there all the time. @throws Refusal 6985 once the new one is in its place */
  abort(): void {
    requireThat(this.#require().state !== UPGRADE_STATE.consolidating, GP_SW.conditions)
    this.#end()
  }

  /** @returns false if the new version failed; what went wrong inside goes to the log */
  #restore(session: UpgradeRecord): boolean {
    const jcre = this.#jcre
    requireUpgradable(jcre, this.package!)
    // Old and new objects are there at the same time.
    for (const { owner } of instancesOf(jcre, session.slot)) jcre.memory.quotas.delete(owner)
    this.#grants.isSuspended = true
    try {
      restoreInstances(
        jcre,
        session,
        (applet) => this.#parametersOf(applet),
        () => this.#save({ ...session, state: UPGRADE_STATE.consolidating, loadFile: 0, loadFileBytes: 0 }),
      )
      return true
    } catch (error) {
      if (!(error instanceof CardError) || jcre.isDead) throw error
      jcre.log({ event: 'upgrade-failed', detail: error.message })
      this.#save({ ...session, state: UPGRADE_STATE.restoreFailed })
      return false
    }
  }

  #parametersOf({ owner }: AppletRecord): InstanceParameters {
    const { entry } = this.#registry.requireApplication(owner)
    const parameters = entry.objects.find(({ tag }) => tag === INSTALL_PARAMETERS_TAG)?.value ?? new Uint8Array()
    return { controlInformation: privilegeBytes(entry.privileges), parameters }
  }

  #require(): UpgradeRecord {
    const { session } = this
    requireThat(session !== undefined, GP_SW.conditions)
    return session
  }

  #save(record: UpgradeRecord): void {
    const [old] = this.#registry.upgradeRecords()
    replaceContentRecord(this.#jcre.memory, old!, emitUpgradeRecord(record))
  }

  /** The session, what was saved, and the load file that was not used are gone. */
  #end(): void {
    const [record] = this.#registry.upgradeRecords()
    deleteContentRecord(this.#jcre.memory, record!)
    this.syncPaused()
    collectGarbage(this.#jcre)
  }
}
