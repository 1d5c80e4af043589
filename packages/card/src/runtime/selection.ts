import { equalBytes } from '@gridcard/bytes'
import type { AppletRecord } from './applet-registry.ts'
import { endOfCall } from './end-of-call.ts'
import type { Jcre } from './jcre.ts'

/** Virtual method tokens of javacard.framework.Applet. */
const APPLET_DESELECT = 4
const APPLET_SELECT = 6
/** Interface method tokens of javacard.framework.MultiSelectable. */
const MULTI_SELECTABLE = 'javacard/framework/MultiSelectable'
const MULTI_SELECT = 0
const MULTI_DESELECT = 1

/** A name shorter than a RID would match far too much. */
const SHORTEST_PARTIAL_NAME = 5

/**
 * The instance that a SELECT by name means: the one with exactly this AID; on a card with partial selection else the
 * first one whose AID begins with the name.
 */
export function findByName(jcre: Jcre, name: Uint8Array): AppletRecord | undefined {
  if (jcre.open && name.length === 0) return jcre.open.issuerSecurityDomain
  const whole = jcre.registry.find(name)
  if (whole && isSelectable(jcre, whole)) return whole
  return jcre.registry.applets.find((one) => isPartialName(jcre, name, one))
}

function isSelectable(jcre: Jcre, applet: AppletRecord): boolean {
  return jcre.open === undefined || jcre.open.isSelectable(applet)
}

/**
 * "Last occurrence", or the one behind or before the applet active on the channel, which must itself fit the name.
 * @source ISO/IEC 7816-4 §7.1.1
 */
export function findOccurrence(
  jcre: Jcre,
  name: Uint8Array,
  channel: number,
  occurrence: 'last' | 'next' | 'previous',
): AppletRecord | undefined {
  const fitting = jcre.registry.applets.filter((one) => isPartialName(jcre, name, one) && isSelectable(jcre, one))
  if (occurrence === 'last') return fitting.at(-1)
  const active = jcre.channels.activeOn(channel)
  const at = active === undefined ? -1 : fitting.indexOf(active)
  if (at < 0) return undefined
  return fitting[occurrence === 'next' ? at + 1 : at - 1]
}

function isPartialName(jcre: Jcre, name: Uint8Array, applet: AppletRecord): boolean {
  if (!jcre.profile.partialSelection || name.length < SHORTEST_PARTIAL_NAME) return false
  if (!isSelectable(jcre, applet)) return false
  return equalBytes(applet.aid.subarray(0, name.length), name)
}

/**
 * True if the instance may become active on the channel beside those of its package that are active on others: all of
 * them have to be multiselectable.
 * @source JCRE 3.1 §4.2, §4.5.2
 */
export function canBecomeActive(jcre: Jcre, applet: AppletRecord, channel: number): boolean {
  const others = jcre.channels.activeElsewhere(applet.packageSlot, channel)
  return others.length === 0 || [applet, ...others].every((one) => jcre.isMultiSelectable(one))
}

/**
 * Calls select() and makes the applet the active one of an open channel, on which none is.
 * @returns false if it declined, by its answer, an exception or an open transaction; then no applet is active
 * @source JCRE 3.1 §3.2, §4.2
 */
export function selectOn(jcre: Jcre, channel: number, applet: AppletRecord): boolean {
  const { channels } = jcre
  const others = channels.activeElsewhere(applet.packageSlot, channel)
  becomeSelected(jcre, channel, applet)
  channels.activate(channel, applet)
  const answer =
    others.length > 0
      ? callMultiSelectable(jcre, applet, MULTI_SELECT, others.includes(applet))
      : callApplet(jcre, applet, APPLET_SELECT)
  const isSelected = endOfCall(jcre) === undefined && (answer & 0xff) !== 0
  if (!isSelected) leave(jcre, channel, applet)
  return isSelected
}

/**
 * Deselects the applet of a channel; always succeeds, exceptions are swallowed. CLEAR_ON_DESELECT data of the package
 * stays as long as an instance is active on another channel.
 * @source JCRE 3.1 §4.6
 */
export function deselectOn(jcre: Jcre, channel: number): void {
  const applet = jcre.channels.activeOn(channel)
  if (applet === undefined) return
  const others = jcre.channels.activeElsewhere(applet.packageSlot, channel)
  becomeSelected(jcre, channel, applet)
  if (others.length > 0) callMultiSelectable(jcre, applet, MULTI_DESELECT, others.includes(applet))
  else callApplet(jcre, applet, APPLET_DESELECT)
  endOfCall(jcre)
  leave(jcre, channel, applet)
}

function leave(jcre: Jcre, channel: number, applet: AppletRecord): void {
  jcre.channels.activate(channel, undefined)
  jcre.open?.endApplicationSession(channel)
  if (!jcre.channels.isPackageActive(applet.packageSlot)) {
    jcre.clearOnDeselect(jcre.registry.packageOf(applet).context)
  }
  noneSelected(jcre)
}

/** The applet is the currently selected one until the JCRE has control again. @source JCRE 3.1 §4.7 */
export function becomeSelected(jcre: Jcre, channel: number, applet: AppletRecord): void {
  jcre.selected = applet
  jcre.assignedChannel = channel
  jcre.machine.selectedContext = jcre.registry.packageOf(applet).context
}

export function noneSelected(jcre: Jcre): void {
  jcre.selected = undefined
  jcre.assignedChannel = 0
  jcre.machine.selectedContext = 0
}

export function callApplet(jcre: Jcre, applet: AppletRecord, token: number, ...args: number[]): number {
  const { machine } = jcre
  machine.resetStack()
  const method = machine.classOf(applet.applet).virtualMethods[token]!
  return jcre.call(method, applet.owner, [applet.applet, ...args])
}

function callMultiSelectable(jcre: Jcre, applet: AppletRecord, token: number, flag: boolean): number {
  return callInterface(jcre, applet, MULTI_SELECTABLE, token, flag ? 1 : 0)
}

/** An interface method of an applet; one that the class lacks, or has with another shape, counts as a refusal. */
export function callInterface(
  jcre: Jcre,
  applet: AppletRecord,
  interfaceName: string,
  token: number,
  ...args: number[]
): number {
  const { machine } = jcre
  machine.resetStack()
  const linked = machine.classOf(applet.applet)
  const method = linked.interfaceMethods(jcre.requireClass(interfaceName))[token]
  if (method === undefined || method.nargs !== args.length + 1) return 0
  return jcre.call(method, applet.owner, [applet.applet, ...args])
}
