import type { GlobalPlatform } from './globalplatform.ts'
import {
  APPLICATION_STATE,
  CARD_STATE,
  isLocked,
  lockedState,
  mayApplicationSetItself,
  mayCardBecome,
} from './life-cycle.ts'

/** What applications ask OPEN for through the API. @source GPC 2.3.1 §9.6, annex A */

/** Before it is registered an application is being installed. */
export function applicationState(gp: GlobalPlatform, owner: number): number {
  return gp.jcre.registry.ownedBy(owner)?.state ?? APPLICATION_STATE.installed
}

function authority({ registry }: GlobalPlatform, owner: number) {
  return {
    isIssuer: registry.card.issuer === owner,
    canLock: registry.hasPrivilege(owner, 'cardLock'),
    canTerminate: registry.hasPrivilege(owner, 'cardTerminate'),
  }
}

export function lockCard(gp: GlobalPlatform, owner: number): boolean {
  return setCardState(gp, owner, CARD_STATE.cardLocked)
}

export function terminateCard(gp: GlobalPlatform, owner: number): boolean {
  return setCardState(gp, owner, CARD_STATE.terminated)
}

/** In a transaction of the application it becomes durable, or is undone, with that. */
function setCardState(gp: GlobalPlatform, owner: number, state: number): boolean {
  if (!mayCardBecome(gp.cardState, state, authority(gp, owner))) return false
  gp.cardState = state
  return true
}

/** Its own state, or with Global Lock that of another: then only locking and unlocking. */
export function setApplicationState(
  gp: GlobalPlatform,
  { by, of, state }: { readonly by: number; readonly of: number; readonly state: number },
): boolean {
  const { jcre, registry } = gp
  const applet = jcre.registry.ownedBy(of)
  if (applet === undefined || jcre.memory.inTransaction) return false
  // The final application is what a locked card still has. @source GPC 2.3.1 §9.6.2
  if (isLocked(state) && registry.hasPrivilege(of, 'finalApplication')) return false
  if (by === of) {
    if (!mayApplicationSetItself(applet.state, state)) return false
    jcre.registry.setState(applet, isLocked(state) ? lockedState(applet.state, true) : state)
    return true
  }
  const isLock = isLocked(state)
  if (!registry.hasPrivilege(by, 'globalLock') || of === registry.card.issuer || isLocked(applet.state) === isLock) {
    return false
  }
  jcre.registry.setState(applet, lockedState(applet.state, isLock))
  return true
}
