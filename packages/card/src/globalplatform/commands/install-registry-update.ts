import type { Tlv } from '@gridcard/bytes'
import {
  confirmation,
  OPERATION,
  requireAuthority,
  requireToken,
  tokenIdentifier,
  tokenInput,
} from '../content-authority.ts'
import type { ApplicationEntry } from '../content-entries.ts'
import type { Application } from '../content-registry.ts'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
import {
  hasPrivilege,
  isConsistent,
  type Privileges,
  parsePrivileges,
  privileges,
  SINGLE_PRIVILEGES,
  without,
} from '../privileges.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { CommandFields, findTlv, installParameters } from '../tlv-objects.ts'
import { requireMovable, requireNewDomain, requireNoCircle } from './install-extradition.ts'
import { implicitChannels } from './install-install.ts'

const TAG = { implicitSelection: 0xcf, services: 0xcb, restrict: 0xd9 } as const

interface Request {
  readonly domainAid: Uint8Array
  readonly aid: Uint8Array
  readonly privilegeBytes: Uint8Array
  readonly objects: readonly Tlv[]
}

/** INSTALL [for registry update]: all of it or nothing. @source GPC 2.3.1 §9.4.2, §11.5.2.3.5 */
export function updateRegistry(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { registry, jcre } = context
  const isAuthorized = requireAuthority(context, OPERATION.registryUpdate)
  const fields = new CommandFields(data)
  const [domainAid, none, aid, privilegeBytes, parameters] = [
    fields.short(),
    fields.short(),
    fields.short(),
    fields.short(),
    fields.long(),
  ]
  const signed = data.slice(0, fields.offsetBytes)
  const token = fields.long()
  requireThat(fields.isAtEnd && none.length === 0, GP_SW.wrongData)
  const identifier = tokenIdentifier(parameters)
  requireToken(context, { isAuthorized, token, input: tokenInput(p1, p2, signed), parameters })
  const request = { domainAid, aid, privilegeBytes, objects: installParameters(parameters) }
  if (aid.length === 0) {
    restrictCard(context, request)
    return answer(confirmation(context, isAuthorized, { fields: [domainAid, aid, privilegeBytes], identifier }))
  }
  const application = registry.applicationByAid(aid) ?? refuse(GP_SW.referencedDataNotFound)
  const oldAid = domainAid.length > 0 ? jcre.registry.ownedBy(application.entry.domain)!.aid : new Uint8Array()
  registry.atomically(() => updateApplication(context, application, request))
  const confirmed = [oldAid, aid, domainAid, privilegeBytes, parameters]
  return answer(confirmation(context, isAuthorized, { fields: confirmed, identifier }))
}

/** Without an application the restriction is the card's. @source GPC 2.3.1 §11.5.2.3.7 */
function restrictCard(context: DomainContext, { domainAid, privilegeBytes, objects }: Request): void {
  const { registry } = context
  const restrict = findTlv(objects, TAG.restrict)
  requireThat(domainAid.length === 0 && privilegeBytes.length === 0, GP_SW.wrongData)
  requireThat(restrict?.length === 1 && (restrict[0]! & 0x80) === 0, GP_SW.wrongData)
  requireThat(context.isIssuer, GP_SW.conditions)
  registry.saveCard({ ...registry.card, restrictions: registry.card.restrictions | restrict[0]! })
}

function updateApplication(context: DomainContext, { applet, entry }: Application, request: Request): void {
  const { registry, jcre } = context
  const { domainAid, privilegeBytes, objects } = request
  requireThat(!context.gp.isPaused(applet.packageSlot), GP_SW.conditions)
  // The issuer's domain is associated with itself.
  if (entry.owner !== context.owner) requireMovable(context, entry.domain)
  let changed: ApplicationEntry = entry
  if (domainAid.length > 0) {
    const to = requireNewDomain(context, domainAid)
    requireNoCircle(context, entry.owner, to)
    changed = { ...changed, domain: to }
  }
  if (privilegeBytes.length > 0) {
    const set = parsePrivileges(privilegeBytes) ?? refuse(GP_SW.wrongData)
    requireChangeable(context, entry, set)
    changed = { ...changed, privileges: set }
  }
  const restrict = findTlv(objects, TAG.restrict)
  if (restrict !== undefined) restrictDomain(context, entry.owner, restrict)
  const implicit = objects.filter(({ tag }) => tag === TAG.implicitSelection)
  const services = objects.filter(({ tag }) => tag === TAG.services)
  const others = services.length > 0 ? changed.objects.filter(({ tag }) => tag !== TAG.services) : changed.objects
  registry.saveApplication({ ...changed, objects: [...others, ...implicit, ...services] })
  if (changed.domain !== entry.domain) {
    requireThat(!context.gp.grants.isExceededIn(changed.domain), GP_SW.notEnoughMemory)
  }
  moveSingles(context, entry.owner, entry.privileges, changed.privileges)
  for (const channel of implicitChannels(0, implicit)) jcre.registry.setDefault(channel, applet)
  const becomesReset = hasPrivilege(changed.privileges, 'cardReset') && !hasPrivilege(entry.privileges, 'cardReset')
  if (becomesReset) jcre.registry.setDefault(0, applet)
}

function restrictDomain({ registry }: DomainContext, owner: number, restrict: Uint8Array): void {
  requireThat(restrict.length === 1 && (restrict[0]! & 0x80) === 0, GP_SW.wrongData)
  requireThat(registry.isDomain(owner), GP_SW.wrongData)
  const domain = registry.domain(owner)
  registry.saveDomain({ ...domain, restrictions: domain.restrictions | restrict[0]! })
}

/** @source GPC 2.3.1 §6.6.2 */
function requireChangeable({ registry, gp }: DomainContext, entry: ApplicationEntry, set: Privileges): void {
  const isDomain = registry.isDomain(entry.owner)
  const isIssuer = entry.owner === registry.card.issuer
  requireThat(isConsistent(set) && hasPrivilege(set, 'securityDomain') === isDomain, GP_SW.wrongData)
  const allowed = isDomain ? gp.profile.domainPrivileges : gp.profile.applicationPrivileges
  const added = set & ~entry.privileges
  requireThat(isIssuer ? added === 0 : (added & ~allowed) === 0, GP_SW.conditions)
  for (const name of SINGLE_PRIVILEGES) {
    if ((added & privileges(name)) !== 0)
      requireThat(registry.hasPrivilege(registry.card.issuer, name), GP_SW.conditions)
  }
}

/** What only one has goes from the issuer to whoever gets it, and back when it is revoked. */
function moveSingles(
  { registry, gp, jcre }: DomainContext,
  owner: number,
  before: Privileges,
  after: Privileges,
): void {
  if (owner === registry.card.issuer) return
  const issuer = registry.requireApplication(registry.card.issuer).entry
  const gained = SINGLE_PRIVILEGES.filter((name) => hasPrivilege(after, name) && !hasPrivilege(before, name))
  const lost = SINGLE_PRIVILEGES.filter((name) => hasPrivilege(before, name) && !hasPrivilege(after, name))
  const set = without(issuer.privileges, ...gained) | privileges(...lost)
  if (set !== issuer.privileges) registry.saveApplication({ ...issuer, privileges: set })
  if (lost.includes('cardReset')) jcre.registry.setDefault(0, gp.issuerSecurityDomain)
}
