import {
  confirmation,
  OPERATION,
  requireAuthority,
  requireToken,
  tokenIdentifier,
  tokenInput,
} from '../content-authority.ts'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
import { isLocked } from '../life-cycle.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { CommandFields } from '../tlv-objects.ts'

/** INSTALL [for extradition]: an application or load file changes its security domain. @source GPC 2.3.1 §9.4.1, §11.5.2.3.4 */
export function extradite(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { registry, jcre } = context
  const isAuthorized = requireAuthority(context, OPERATION.extradition)
  const fields = new CommandFields(data)
  const [domainAid, none, aid, noPrivileges, parameters] = [
    fields.short(),
    fields.short(),
    fields.short(),
    fields.short(),
    fields.long(),
  ]
  const signed = data.slice(0, fields.offsetBytes)
  const token = fields.long()
  requireThat(fields.isAtEnd && none.length === 0 && noPrivileges.length === 0, GP_SW.wrongData)
  requireToken(context, { isAuthorized, token, input: tokenInput(p1, p2, signed), parameters })
  const to = requireNewDomain(context, domainAid)
  const loadFile = registry.loadFileByAid(aid)
  const application = registry.applicationByAid(aid)
  const from = loadFile?.entry.domain ?? application?.entry.domain
  if (from === undefined) return refuse(GP_SW.referencedDataNotFound)
  requireMovable(context, from)
  const slot = loadFile?.instance.slot ?? application?.applet.packageSlot
  requireThat(slot === undefined || !context.gp.isPaused(slot), GP_SW.conditions)
  if (application !== undefined && !loadFile) requireNoCircle(context, application.entry.owner, to)
  registry.atomically(() => {
    if (loadFile) registry.saveLoadFile({ ...loadFile.entry, domain: to })
    else if (application) registry.saveApplication({ ...application.entry, domain: to })
    requireThat(!context.gp.grants.isExceededIn(to), GP_SW.notEnoughMemory)
  })
  const oldAid = jcre.registry.ownedBy(from)!.aid
  const identifier = tokenIdentifier(parameters)
  return answer(confirmation(context, isAuthorized, { fields: [oldAid, aid, domainAid], identifier }))
}

/** The domain it goes to is there, works, and takes content. @returns its owner */
export function requireNewDomain({ registry }: DomainContext, aid: Uint8Array): number {
  const domain = registry.applicationByAid(aid)
  requireThat(domain !== undefined && registry.isDomain(domain.entry.owner), GP_SW.referencedDataNotFound)
  requireThat(!isLocked(domain.applet.state), GP_SW.conditions)
  return domain.entry.owner
}

/** The domain at work is the associated one, or above it. */
export function requireMovable({ registry, owner }: DomainContext, from: number): void {
  requireThat(registry.domainsAbove(from).includes(owner), GP_SW.conditions)
}

/** The issuer stays the root, and no domain comes to stand below itself; a domain may become its own root. @source GPC 2.3.1 §7.2 */
export function requireNoCircle({ registry }: DomainContext, moved: number, to: number): void {
  requireThat(moved !== registry.card.issuer, GP_SW.conditions)
  requireThat(moved === to ? registry.isDomain(moved) : !registry.domainsAbove(to).includes(moved), GP_SW.conditions)
}
