import type { Application } from '../content-registry.ts'
import { type Answer, type DomainCommand, type DomainContext, OK } from '../context.ts'
import { isLocked, lockedState, mayCardBecome, mayDomainSetItself } from '../life-cycle.ts'
import { hasPrivilege } from '../privileges.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'

/** P1. @source GPC 2.3.1 table 11-86 */
const TARGET = { issuer: 0x80, application: 0x40, domainAndBelow: 0x60 } as const
const LOCK_BIT = 0x80

/** SET STATUS. @source GPC 2.3.1 §11.10 */
export function setStatus(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const target = p1 & 0xe0
  if (target === TARGET.issuer) return setCardStatus(context, p2)
  if (target !== TARGET.application && target !== TARGET.domainAndBelow) refuse(GP_SW.incorrectP1P2)
  requireThat(!context.gp.isCardClosed, GP_SW.conditions)
  const application = context.registry.applicationByAid(data)
  if (application === undefined) return refuse(GP_SW.referencedDataNotFound)
  if (target === TARGET.domainAndBelow) return setHierarchyStatus(context, application, p2)
  return setApplicationStatus(context, application, p2)
}

function setCardStatus(context: DomainContext, state: number): Answer {
  const { gp } = context
  const authority = {
    isIssuer: context.isIssuer,
    canLock: context.has('cardLock'),
    canTerminate: context.has('cardTerminate'),
  }
  requireThat(mayCardBecome(gp.cardState, state, authority), GP_SW.conditions)
  gp.cardState = state
  return OK
}

/** The final application is what a locked card still has. @source GPC 2.3.1 §9.6.2 */
export function mayBeLocked({ entry }: Application): boolean {
  return !hasPrivilege(entry.privileges, 'finalApplication')
}

/** The domain above, or one with Global Lock, may lock and unlock; a domain sets itself. @source GPC 2.3.1 §9.6.2, §11.10.2.2 */
function setApplicationStatus(context: DomainContext, application: Application, state: number): Answer {
  const { jcre, registry, owner } = context
  const { applet, entry } = application
  requireThat(entry.owner !== registry.card.issuer, GP_SW.conditions)
  if (entry.owner === owner) {
    requireThat(mayDomainSetItself(applet.state, state), GP_SW.conditions)
    const isLock = (state & LOCK_BIT) !== 0
    requireThat(!isLock || mayBeLocked(application), GP_SW.conditions)
    jcre.registry.setState(applet, isLock ? lockedState(applet.state, true) : state)
    return OK
  }
  requireThat(registry.isBelow(entry, owner) || context.has('globalLock'), GP_SW.conditions)
  const isLock = (state & LOCK_BIT) !== 0
  requireThat(isLocked(applet.state) !== isLock && (!isLock || mayBeLocked(application)), GP_SW.conditions)
  jcre.registry.setState(applet, lockedState(applet.state, isLock))
  return OK
}

/** A domain and all below it; what is as wanted already stays so. @source GPC 2.3.1 §11.10.2.1 note */
function setHierarchyStatus(context: DomainContext, { entry }: Application, state: number): Answer {
  const { jcre, registry, owner } = context
  requireThat(registry.isDomain(entry.owner), GP_SW.wrongData)
  requireThat(entry.owner !== registry.card.issuer, GP_SW.conditions)
  requireThat((registry.isBelow(entry, owner) && entry.owner !== owner) || context.has('globalLock'), GP_SW.conditions)
  const isLock = (state & LOCK_BIT) !== 0
  const below = registry.applications().filter((one) => registry.isBelow(one.entry, entry.owner))
  requireThat(!isLock || below.every(mayBeLocked), GP_SW.conditions)
  const before = below.map(({ applet }) => applet.state)
  try {
    registry.atomically(() => {
      for (const { applet } of below) jcre.registry.setState(applet, lockedState(applet.state, isLock))
    })
  } catch (error) {
    for (const [i, { applet }] of below.entries()) applet.state = before[i]!
    throw error
  }
  return OK
}
