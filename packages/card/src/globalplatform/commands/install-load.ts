import { concatBytes } from '@gridcard/bytes'
import { deletePackage } from '../../runtime/deletion.ts'
import { NO_OWNER } from '../../vm/memory/handle-entry.ts'
import {
  confirmation,
  OPERATION,
  requireAuthority,
  requireToken,
  tokenIdentifier,
  tokenInput,
} from '../content-authority.ts'
import { type Answer, answer, type DomainCommand, type DomainContext, OK_00 } from '../context.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { CommandFields, installParameters } from '../tlv-objects.ts'
import { installApplication, parseInstallation } from './install-install.ts'
import { storePackage } from './load.ts'
import { requiredBytes } from './memory-parameters.ts'

/** C6 code, C8 data: both are non-volatile memory here. @source GPC 2.3.1 §11.5.2.3.7 */
const TAG = { code: 0xc6, volatile: 0xc7, data: 0xc8, provider: 0x5f20 } as const

/** INSTALL [for load], also as the first of the combined form. @source GPC 2.3.1 §9.3.2, §11.5.2.3.1 */
export function installForLoad(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { channel, registry, jcre, owner } = context
  channel.load = undefined
  const isCombined = p2 !== 0
  const operations = isCombined ? OPERATION.load | OPERATION.install | OPERATION.makeSelectable : OPERATION.load
  const isAuthorized = requireAuthority(context, operations)
  const fields = new CommandFields(data)
  const [aid, domainAid, hash, parameters] = [fields.short(), fields.short(), fields.short(), fields.long()]
  const signed = data.slice(0, fields.offsetBytes)
  const token = fields.long()
  requireThat(fields.isAtEnd && aid.length >= 5 && aid.length <= 16, GP_SW.wrongData)
  requireThat(domainAid.length === 0 || (domainAid.length >= 5 && domainAid.length <= 16), GP_SW.wrongData)
  const old = registry.loadFileByAid(aid)
  // A new version belongs where the old one does, if nothing else is said.
  const ownDomain = registry.application(old?.entry.domain ?? owner)
  const domain = domainAid.length === 0 ? ownDomain : registry.applicationByAid(domainAid)
  requireThat(domain !== undefined && registry.isDomain(domain.entry.owner), GP_SW.referencedDataNotFound)
  requireAcceptable(context, domain.entry.owner)
  const isUpgrade = old !== undefined && !isCombined && context.gp.upgrade.awaits(aid)
  requireThat(old === undefined || isUpgrade, GP_SW.conditions)
  requireThat(!isUpgrade || old.entry.domain === domain.entry.owner, GP_SW.conditions)
  requireThat(!registry.applicationByAid(aid), GP_SW.conditions)
  const objects = installParameters(parameters)
  const nonVolatile = requiredBytes(objects, TAG.code) + requiredBytes(objects, TAG.data)
  const { memory } = jcre
  const granted = context.gp.grants.remainingIn(domain.entry.owner)
  const persistent = Math.min(memory.availablePersistentBytes(NO_OWNER), granted.persistent)
  const transient = Math.min(memory.availableTransientBytes(NO_OWNER), granted.transient)
  requireThat(nonVolatile <= persistent, GP_SW.notEnoughMemory)
  requireThat(requiredBytes(objects, TAG.volatile) <= transient, GP_SW.notEnoughMemory)
  // The combined form brings its token at the end. @source GPC 2.3.1 §C.4.7
  const input = tokenInput(p1, p2, signed)
  if (isCombined) requireThat(token.length === 0, GP_SW.wrongData)
  else requireToken(context, { isAuthorized, token, input, parameters })
  requireThat(token.length === 0 || hash.length > 0, GP_SW.wrongData)
  channel.load = {
    aid,
    domain: domain.entry.owner,
    hash,
    objects: objects.filter(({ tag }) => tag === TAG.provider),
    isUpgrade,
    isAuthorized,
    tokenIdentifier: tokenIdentifier(parameters),
    combined: isCombined ? input : undefined,
    nextBlock: 0,
    blocks: [],
    lengthBytes: 0,
  }
  return OK_00
}

/** Content goes to the domain at work or one below it, or to one that manages content itself. @source GPC 2.3.1 §9.3.2, §9.4.1 */
function requireAcceptable({ registry, owner }: DomainContext, domain: number): void {
  if (domain === owner || registry.domainsAbove(domain).includes(owner)) return
  const accepts =
    registry.hasPrivilege(domain, 'authorizedManagement') || registry.hasPrivilege(domain, 'delegatedManagement')
  requireThat(accepts, GP_SW.conditions)
}

/** The last INSTALL of the combined form: load file and application come together, or neither. @source GPC 2.3.1 §9.3.8 */
export function finishCombined(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { channel, jcre } = context
  const pending = channel.load
  channel.load = undefined
  requireThat(pending?.combined !== undefined && pending.cap !== undefined, GP_SW.conditions)
  const installation = parseInstallation(data)
  const isSame = installation.loadFileAid.length === 0 || isEqual(installation.loadFileAid, pending.aid)
  requireThat(isSame, GP_SW.wrongData)
  requireToken(context, {
    isAuthorized: pending.isAuthorized,
    token: installation.token,
    input: concatBytes(pending.combined, tokenInput(p1, p2, installation.signed)),
    parameters: installation.parameters,
  })
  const { aid } = pending
  context.gp.beginCombined(aid)
  storePackage(context, pending, pending.cap)
  try {
    installApplication(context, { ...installation, loadFileAid: aid }, { isSelectable: true, isCombined: true })
  } catch (error) {
    if (!jcre.isDead) {
      if (jcre.memory.inTransaction) jcre.memory.abort()
      deletePackage(jcre, aid, { withApplets: true, alongside: () => context.gp.endCombined() })
    }
    throw error
  }
  const fields = [aid, installation.instanceAid, jcre.registry.ownedBy(pending.domain)?.aid ?? refuse(GP_SW.conditions)]
  const identifier = tokenIdentifier(installation.parameters)
  return answer(confirmation(context, pending.isAuthorized, { fields, identifier }))
}

const isEqual = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i])
