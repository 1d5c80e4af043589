import { fromHex, toHex } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import { APDU_BUFFER_HANDLE } from '../vm/jcre-objects.ts'
import type { PackageInstance } from '../vm/machine.ts'
import { OWNER_MASK } from '../vm/memory/handle-entry.ts'
import type { AppletRecord } from './applet-registry.ts'
import { findReachable, forEachReference } from './collector.ts'
import { isOfPackage } from './deletion.ts'
import { endOfCall } from './end-of-call.ts'
import { installParameters, PARAMETERS_OFFSET } from './installer.ts'
import type { Jcre } from './jcre.ts'
import { replacePackage } from './loader.ts'
import { BASIC_CHANNEL } from './logical-channels.ts'
import { becomeSelected, callInterface, noneSelected } from './selection.ts'
import { SW } from './status-words.ts'
import type { SavedInstance, UpgradeRecord } from './upgrade-record.ts'

/**
 * A package is given another version while its applet instances keep their data. What applets do in it is part of one
 * transaction of the JCRE, so that a power cut, or an applet that fails, leaves the old version as it was.
 *
 * A new instance has the owner number of the one it replaces: what that saved belongs to it without a change.
 *
 * @source GPC Amd H 1.1
 */

export const ELEMENT_CLASS = 'gridcard/globalplatform/Element'
const LISTENER = 'org/globalplatform/upgrade/OnUpgradeListener'
/** Interface method tokens of OnUpgradeListener. */
const LISTENER_METHOD = { onSave: 0, onCleanup: 1, onRestore: 2, onConsolidate: 3 } as const

export function instancesOf(jcre: Jcre, slot: number): AppletRecord[] {
  return jcre.registry.applets.filter((one) => one.packageSlot === slot)
}

/**
 * Runs in a transaction of the JCRE: those of applets are part of it, and what ends it early ends all of it.
 * @throws CardError as `act` does, everything undone unless the power is gone
 */
export function inOneTransaction<T>(jcre: Jcre, act: () => T): T {
  const { memory, machine } = jcre
  machine.resetStack()
  jcre.isUpgrading = true
  memory.begin()
  try {
    const result = act()
    memory.commit()
    return result
  } catch (error) {
    if (memory.inTransaction && !jcre.isDead) jcre.rollBack()
    throw error
  } finally {
    jcre.isUpgrading = false
  }
}

/** @returns the result as a handle, and the status word of a failure */
function callListener(jcre: Jcre, applet: AppletRecord, method: number, ...args: number[]) {
  jcre.startBudget()
  becomeSelected(jcre, BASIC_CHANNEL, applet)
  try {
    const result = callInterface(jcre, applet, LISTENER, method, ...args) & 0xffff
    return { result, failure: endOfCall(jcre) }
  } finally {
    if (!jcre.isDead) jcre.clearOnDeselect(jcre.registry.packageOf(applet).context)
    noneSelected(jcre)
  }
}

function isListener(jcre: Jcre, { applet }: AppletRecord): boolean {
  return jcre.machine.classOf(applet).isKindOf(jcre.requireClass(LISTENER))
}

/**
 * The saving phase, in a transaction.
 * @returns the root element of each instance that has one
 * @throws CardError `CARD_UPGRADE_REFUSED`: an applet failed, or saved an object of a class that goes
 */
export function saveInstances(jcre: Jcre, instance: PackageInstance): SavedInstance[] {
  const { machine, memory } = jcre
  const saved: SavedInstance[] = []
  for (const applet of instancesOf(jcre, instance.slot)) {
    if (!isListener(jcre, applet)) continue
    const { result, failure } = callListener(jcre, applet, LISTENER_METHOD.onSave)
    if (failure !== undefined) throw refused(`${toHex(applet.aid)} cannot save: ${failure.toString(16)}`)
    if (result === 0) continue
    const isElement =
      result < memory.root.handleCount &&
      machine.contextOf[(memory.word0(result) >>> 24) & OWNER_MASK] === instance.context &&
      !machine.isArray(result) &&
      machine.classOf(result).isKindOf(jcre.requireClass(ELEMENT_CLASS))
    if (!isElement) throw refused(`${toHex(applet.aid)} saved something that is no element`)
    saved.push({ owner: applet.owner, element: result })
  }
  forgetMapped(jcre, instance)
  const waiting = saved.map(({ element }) => element)
  const seen = new Set(waiting)
  for (let handle = waiting.pop(); handle !== undefined; handle = waiting.pop()) {
    if (isOfPackage(memory.word1(handle) >>> 16, instance)) {
      throw refused('what was saved refers to an object of a class that goes')
    }
    forEachReference(machine, handle, (referred) => {
      if (referred === 0 || referred >= memory.root.handleCount || seen.has(referred)) return
      seen.add(referred)
      waiting.push(referred)
    })
  }
  return saved
}

/** Mapped elements know their object of the old version only while it is saved. */
function forgetMapped(jcre: Jcre, instance: PackageInstance): void {
  const { machine, memory } = jcre
  const elementClass = jcre.requireClass(ELEMENT_CLASS)
  for (let handle = 1; handle < memory.root.handleCount; handle++) {
    const owner = (memory.word0(handle) >>> 24) & OWNER_MASK
    if (machine.contextOf[owner] !== instance.context || machine.isArray(handle)) continue
    if (!machine.classOf(handle).isKindOf(elementClass)) continue
    memory.putShort(machine.hiddenAddress(handle) + 2 * MAPPED_CELL, 0)
  }
}

/** Cell of an element's hidden state with the object that it stands for. */
export const MAPPED_CELL = 6

/** What an instance was installed with. */
export interface InstanceParameters {
  readonly controlInformation: Uint8Array
  readonly parameters: Uint8Array
}

/**
 * Cleanup, deletion, installation and restore, in a transaction: the old version is there to the last write.
 * @throws CardError `CARD_UPGRADE_REFUSED`, and what linking and memory throw
 */
export function restoreInstances(
  jcre: Jcre,
  record: UpgradeRecord,
  parametersOf: (applet: AppletRecord) => InstanceParameters,
  decide: () => void,
): void {
  const { machine, registry, memory } = jcre
  const old = machine.packages[record.slot]!
  const instances = instancesOf(jcre, record.slot)
  const before = instances.map(({ applet }) => applet)
  let replacement: PackageInstance | undefined
  try {
    inOneTransaction(jcre, () => {
      // What fails here is not the new version's fault, and nothing hangs on it.
      for (const one of instances) if (isListener(jcre, one)) callListener(jcre, one, LISTENER_METHOD.onCleanup)
      replacement = replacePackage(jcre, old, record)
      for (const one of instances) registry.setApplet(one, install(jcre, replacement, one, parametersOf(one)))
      for (const one of instances) {
        const element = record.saved.find(({ owner }) => owner === one.owner)?.element ?? 0
        if (!isListener(jcre, one) || element === 0) continue
        const { failure } = callListener(jcre, one, LISTENER_METHOD.onRestore, element)
        if (failure !== undefined) throw refused(`${toHex(one.aid)} cannot restore: ${failure.toString(16)}`)
      }
      requireGone(jcre, old)
      decide()
      memory.root.isCollecting = true
    })
  } catch (error) {
    if (!jcre.isDead && replacement !== undefined) {
      machine.removePackage(replacement)
      machine.addPackage(old)
      for (const [i, one] of instances.entries()) one.applet = before[i]!
    }
    throw error
  }
}

/** After the new version is there for good; what fails is ignored. */
export function consolidateInstances(jcre: Jcre, slot: number): void {
  for (const one of instancesOf(jcre, slot)) {
    if (isListener(jcre, one)) callListener(jcre, one, LISTENER_METHOD.onConsolidate)
  }
}

/** Runs the install method of the new version for an instance that there is already. @returns the new applet object */
function install(jcre: Jcre, instance: PackageInstance, applet: AppletRecord, o: InstanceParameters): number {
  const { machine } = jcre
  const module = instance.linked.applets.find((one) => toHex(one.aid) === toHex(applet.moduleAid))
  if (module === undefined) throw refused(`the new version has no module ${toHex(applet.moduleAid)}`)
  const bArray = installParameters(applet.aid, o)
  machine.resetStack()
  jcre.installation = {
    owner: applet.owner,
    packageInstance: instance,
    moduleAid: applet.moduleAid,
    registered: undefined,
    state: applet.state,
    instanceAid: applet.aid,
    replaces: applet,
  }
  machine.selectedContext = instance.context
  jcre.apduBuffer.fill(0)
  jcre.apduBuffer.set(bArray, PARAMETERS_OFFSET)
  try {
    jcre.startBudget()
    jcre.call(module.install, applet.owner, [APDU_BUFFER_HANDLE, PARAMETERS_OFFSET, bArray.length])
    const { registered } = jcre.installation
    const failure = endOfCall(jcre)
    if (failure !== undefined) throw refused(`${toHex(applet.aid)} cannot be installed: ${failure.toString(16)}`)
    if (registered === undefined) throw refused(`install of ${toHex(applet.aid)} returned without register`)
    return registered.applet
  } finally {
    jcre.installation = undefined
    machine.selectedContext = 0
    if (!jcre.isDead) {
      jcre.apduBuffer.fill(0)
      jcre.clearOnDeselect(instance.context)
    }
  }
}

/** Nothing that stays is of a class of the old version. */
function requireGone(jcre: Jcre, old: PackageInstance): void {
  for (const handle of findReachable(jcre.machine)) {
    if (isOfPackage(jcre.memory.word1(handle) >>> 16, old)) {
      throw refused('something that stays refers to an object of the old version')
    }
  }
}

/** No other package builds on it, and nobody uses it. @throws CardError `CARD_UPGRADE_REFUSED` */
export function requireUpgradable(jcre: Jcre, instance: PackageInstance): void {
  const { machine, channels, open } = jcre
  if (instance.linked === open?.securityDomainPackage) throw refused('the package is part of the card')
  const importer = machine.packageList.find((one) => one.linked.imports.includes(instance.linked))
  if (importer) throw refused(`package ${importer.linked.aid} imports it`)
  if (channels.isPackageActive(instance.slot)) throw refused('an applet of the package is active')
}

export function packageAidOf({ linked }: PackageInstance): Uint8Array {
  return fromHex(linked.aid)
}

function refused(message: string): CardError {
  return new CardError('CARD_UPGRADE_REFUSED', message, { sw: SW.conditionsNotSatisfied })
}
