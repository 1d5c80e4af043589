import { toHex } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import { NO_CONTEXT, type PackageInstance } from '../vm/machine.ts'
import { BLOCK_TYPE, CLASS_ID_MASK, isBlock, OWNER_MASK, TYPE } from '../vm/memory/handle-entry.ts'
import { type AppletRecord, blocksOf, parsePackageRecord } from './applet-registry.ts'
import { collectGarbage, findReachable, forEachReference, forEachStaticReference } from './collector.ts'
import { endOfCall } from './end-of-call.ts'
import type { Jcre } from './jcre.ts'
import { BASIC_CHANNEL } from './logical-channels.ts'
import { becomeSelected, callInterface, noneSelected } from './selection.ts'
import { SW } from './status-words.ts'

/** What else changes in the step that decides. */
interface Alongside {
  readonly alongside?: () => void
}

const APPLET_EVENT = 'javacard/framework/AppletEvent'
const UNINSTALL = 0

/**
 * Deletes an applet instance and all it owns. After a refusal everything is as before, but for what uninstall() did.
 * @throws CardError `CARD_DELETE_REFUSED` with `place.sw`
 * @source JCRE 3.1 §11.3.4.1
 */
export function deleteApplet(jcre: Jcre, aid: Uint8Array, o: Alongside = {}): void {
  const applet = jcre.registry.find(aid)
  if (applet === undefined) throw refused('no such applet on the card', SW.referencedDataNotFound)
  requireInactive(jcre, applet.packageSlot, applet)
  uninstall(jcre, applet)
  requireUnreferenced(jcre, new Set([applet.owner]))
  commitRelease(jcre, applet.handle, o)
  forget(jcre, applet)
  collectGarbage(jcre)
}

/**
 * Deletes a package, and its applet instances if that is wanted; all in one step.
 * @throws CardError `CARD_DELETE_REFUSED` with `place.sw`
 * @source JCRE 3.1 §11.3.4.2, §11.3.4.3
 */
export function deletePackage(jcre: Jcre, aid: Uint8Array, o: Alongside & { readonly withApplets: boolean }): void {
  const { withApplets } = o
  const { machine, memory, registry } = jcre
  const name = toHex(aid)
  if (name === jcre.open?.securityDomainPackage.aid)
    throw refused('the package is part of the card', SW.conditionsNotSatisfied)
  if (jcre.natives.hasPackage(name)) throw refused('the package is part of the card', SW.conditionsNotSatisfied)
  const instance = machine.packageList.find((one) => one.linked.aid === name)
  if (instance === undefined) throw refused('no such package on the card', SW.referencedDataNotFound)
  const importer = machine.packageList.find((one) => one.linked.imports.includes(instance.linked))
  if (importer) throw refused(`package ${importer.linked.aid} imports it`, SW.conditionsNotSatisfied)
  const applets = registry.applets.filter((one) => one.packageSlot === instance.slot)
  if (applets.length > 0 && !withApplets) throw refused('it has applet instances', SW.conditionsNotSatisfied)
  requireInactive(jcre, instance.slot)
  for (const one of applets) uninstall(jcre, one)
  requireUnreferenced(jcre, new Set([instance.owner, ...applets.map((one) => one.owner)]), instance)
  const record = blocksOf(memory, BLOCK_TYPE.packageRecord).find((handle) => {
    return parsePackageRecord(memory, handle).slot === instance.slot
  })!
  // Applet records without their package count for nothing: this one entry takes all with it.
  commitRelease(jcre, record, o)
  for (const one of applets) forget(jcre, one)
  machine.removePackage(instance)
  collectGarbage(jcre)
}

/** Before the other checks, as the currently selected applet; what it does stays done. @source JCRE 3.1 §11.3.4 */
function uninstall(jcre: Jcre, applet: AppletRecord): void {
  if (!jcre.machine.classOf(applet.applet).isKindOf(jcre.requireClass(APPLET_EVENT))) return
  jcre.startBudget()
  becomeSelected(jcre, BASIC_CHANNEL, applet)
  try {
    callInterface(jcre, applet, APPLET_EVENT, UNINSTALL)
    endOfCall(jcre)
  } finally {
    if (!jcre.isDead) jcre.clearOnDeselect(jcre.registry.packageOf(applet).context)
    noneSelected(jcre)
  }
}

/** A security domain deletes others of its own package. */
function requireInactive(jcre: Jcre, packageSlot: number, applet?: AppletRecord): void {
  if (jcre.open?.isPaused(packageSlot)) throw refused('the package is being upgraded', SW.conditionsNotSatisfied)
  const isOfCard = jcre.machine.packages[packageSlot]?.linked === jcre.open?.securityDomainPackage
  const isBusy = applet && isOfCard ? jcre.channels.isActive(applet) : jcre.channels.isPackageActive(packageSlot)
  if (isBusy) {
    throw refused('an applet of the package is active', SW.conditionsNotSatisfied)
  }
}

/**
 * Nothing of these owners is referred to by an object of anyone else, or by static fields; of the package that goes,
 * too, no other owner has an object, and its own static fields do not count.
 */
function requireUnreferenced(jcre: Jcre, owners: ReadonlySet<number>, going?: PackageInstance): void {
  const { machine, memory } = jcre
  const ownerOf = (handle: number) => (memory.word0(handle) >>> 24) & OWNER_MASK
  const refuseIfOwned = (handle: number) => {
    const isThere = handle > 0 && handle < memory.root.handleCount
    if (isThere && owners.has(ownerOf(handle))) {
      throw refused('something that stays refers to an object of it', SW.conditionsNotSatisfied)
    }
  }
  for (const instance of machine.packageList) {
    if (instance !== going) forEachStaticReference(machine, instance.slot, refuseIfOwned)
  }
  for (const handle of findReachable(machine)) {
    if (owners.has(ownerOf(handle))) continue
    forEachReference(machine, handle, refuseIfOwned)
    if (going && isOfPackage(memory.word1(handle) >>> 16, going)) {
      throw refused('an object of one of its classes stays', SW.conditionsNotSatisfied)
    }
  }
}

/** An object, or an array with components, of a class of the package. */
export function isOfPackage(type: number, { firstClassId, linked }: PackageInstance): boolean {
  if (isBlock(type) || ((type & TYPE.array) !== 0 && (type & TYPE.references) === 0)) return false
  const id = type & CLASS_ID_MASK
  return id >= firstClassId && id < firstClassId + linked.classes.length
}

/** The step that decides: from here on the collection is finished whatever happens. */
function commitRelease({ memory }: Jcre, handle: number, { alongside }: Alongside): void {
  memory.begin()
  memory.root.isCollecting = true
  alongside?.()
  memory.releaseHandle(handle)
  memory.commit()
}

function forget(jcre: Jcre, applet: AppletRecord): void {
  jcre.registry.remove(applet)
  jcre.machine.contextOf[applet.owner] = NO_CONTEXT
  jcre.memory.quotas.delete(applet.owner)
}

function refused(message: string, statusWord: number): CardError {
  return new CardError('CARD_DELETE_REFUSED', message, { sw: statusWord })
}
