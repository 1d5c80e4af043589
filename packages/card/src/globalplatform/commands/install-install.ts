import { fromHex, type Tlv, toHex } from '@gridcard/bytes'
import { installApplet } from '../../runtime/installer.ts'
import { MOST_CHANNELS } from '../../runtime/logical-channels.ts'
import { NO_OWNER } from '../../vm/memory/handle-entry.ts'
import {
  confirmation,
  OPERATION,
  requireAuthority,
  requireToken,
  tokenIdentifier,
  tokenInput,
} from '../content-authority.ts'
import type { ApplicationEntry } from '../content-entries.ts'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
import { INSTALL_PARAMETERS_TAG } from '../elf-upgrade.ts'
import { parseSecureChannels, SCP_LIST_TAG } from '../globalplatform.ts'
import { APPLICATION_STATE } from '../life-cycle.ts'
import { GRANT_TAG } from '../memory-grants.ts'
import { hasPrivilege, isConsistent, type Privileges, parsePrivileges, privileges, without } from '../privileges.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { CommandFields, commandTlvs, findTlv, installParameters } from '../tlv-objects.ts'
import { memoryParameter, requiredBytes } from './memory-parameters.ts'

/** Install parameters. @source GPC 2.3.1 table 11-49 */
const TAG = {
  application: 0xc9,
  volatileQuota: 0xc7,
  nonVolatileQuota: 0xc8,
  services: 0xcb,
  implicitSelection: 0xcf,
  volatileReserved: 0xd7,
  nonVolatileReserved: 0xd8,
  provider: 0x5f20,
  /** In C9 of a security domain: its secure channel protocols, pairs of protocol and i. @source UICC Configuration §5.3 */
  secureChannels: 0x81,
} as const
/** What stays in the registry. */
const KEPT_TAGS: readonly number[] = [
  TAG.volatileQuota,
  TAG.nonVolatileQuota,
  TAG.services,
  TAG.implicitSelection,
  TAG.volatileReserved,
  TAG.nonVolatileReserved,
  TAG.provider,
  GRANT_TAG.volatile,
  GRANT_TAG.nonVolatile,
]

const NONE = new Uint8Array()

export interface InstallationRequest {
  readonly loadFileAid: Uint8Array
  readonly moduleAid: Uint8Array
  readonly instanceAid: Uint8Array
  readonly privileges: Privileges
  readonly privilegeBytes: Uint8Array
  readonly parameters: Uint8Array
  readonly token: Uint8Array
  /** All before the token's length. */
  readonly signed: Uint8Array
}

/** @source GPC 2.3.1 table 11-43 */
export function parseInstallation(data: Uint8Array): InstallationRequest {
  const fields = new CommandFields(data)
  const [loadFileAid, moduleAid, instanceAid] = [fields.short(), fields.short(), fields.short()]
  const privilegeBytes = fields.short()
  const parameters = fields.long()
  const signed = data.slice(0, fields.offsetBytes)
  const token = fields.long()
  const set = parsePrivileges(privilegeBytes) ?? refuse(GP_SW.wrongData)
  requireThat(fields.isAtEnd && instanceAid.length >= 5 && instanceAid.length <= 16, GP_SW.wrongData)
  return { loadFileAid, moduleAid, instanceAid, privileges: set, privilegeBytes, parameters, token, signed }
}

/** INSTALL [for install], and with [for make selectable]. @source GPC 2.3.1 §9.3.6, §9.3.7 */
export function installForInstall(
  context: DomainContext,
  { p1, p2, data }: DomainCommand,
  isSelectable: boolean,
): Answer {
  const operations = isSelectable ? OPERATION.install | OPERATION.makeSelectable : OPERATION.install
  const isAuthorized = requireAuthority(context, operations)
  const request = parseInstallation(data)
  const { token, parameters } = request
  requireToken(context, { isAuthorized, token, input: tokenInput(p1, p2, request.signed), parameters })
  installApplication(context, request, { isSelectable })
  const fields = [request.loadFileAid, request.instanceAid]
  return answer(confirmation(context, isAuthorized, { fields, identifier: tokenIdentifier(parameters) }))
}

/**
 * Runs the module's install method; the application and what the registry says of it come in one step.
 * @throws Refusal, CardError
 */
export function installApplication(
  context: DomainContext,
  request: InstallationRequest,
  o: { readonly isSelectable: boolean; readonly isCombined?: boolean },
): void {
  const { registry, jcre, gp, owner } = context
  const { instanceAid } = request
  const loadFile = registry.loadFileByAid(request.loadFileAid) ?? refuse(GP_SW.referencedDataNotFound)
  requireThat(!registry.applicationByAid(instanceAid) && !registry.loadFileByAid(instanceAid), GP_SW.conditions)
  const isDomain = loadFile.instance.linked === gp.securityDomainPackage
  const moduleAid = request.moduleAid.length > 0 ? request.moduleAid : instanceAid
  requireThat(
    loadFile.instance.linked.applets.some((one) => toHex(one.aid) === toHex(moduleAid)),
    GP_SW.referencedDataNotFound,
  )
  requireUsable(context, loadFile.entry.domain, isDomain)
  const set = request.privileges
  requireGrantable(context, set, { isDomain, isSelectable: o.isSelectable })
  const objects = installParameters(request.parameters)
  requireMemory(context, objects)
  requireGrant(objects, isDomain)
  // Clients of older cards leave C9 away when there is nothing in it.
  const specific = findTlv(objects, TAG.application) ?? new Uint8Array()
  const domainObjects = isDomain ? domainParameters(context, specific) : []
  gp.installation = {
    domain: owner,
    privileges: set,
    objects: keptObjects(objects, isDomain ? NONE : specific),
    domainObjects,
    channels: implicitChannels(set, o.isSelectable ? objects : []),
    alongside: () => {
      takeOver(context, set)
      if (o.isCombined) gp.endCombined()
    },
  }
  try {
    context.gp.asideOfCommand(() =>
      installApplet(jcre, {
        packageAid: fromHex(loadFile.instance.linked.aid),
        appletAid: moduleAid,
        instanceAid,
        controlInformation: request.privilegeBytes,
        parameters: specific,
        state: o.isSelectable ? APPLICATION_STATE.selectable : APPLICATION_STATE.installed,
      }),
    )
  } finally {
    gp.installation = undefined
    if (!jcre.isDead) gp.restoreQuotas()
  }
}

/** The registry's; with them what install was given, for that of a new version. */
function keptObjects(objects: readonly Tlv[], specific: Uint8Array): Tlv[] {
  const kept = objects.filter(({ tag }) => KEPT_TAGS.includes(tag))
  return specific.length === 0 ? kept : [...kept, { tag: INSTALL_PARAMETERS_TAG, value: specific }]
}

/** Code of one's own domain or of one above; security domains come from the card's own. */
function requireUsable(context: DomainContext, domain: number, isDomain: boolean): void {
  const { registry, owner } = context
  if (isDomain || registry.domainsAbove(domain).includes(owner) || registry.domainsAbove(owner).includes(domain)) return
  requireThat(context.has('authorizedManagement'), GP_SW.conditions)
}

/** @source GPC 2.3.1 §6.6.2, §11.5.2.3.2 */
function requireGrantable(
  context: DomainContext,
  set: Privileges,
  { isDomain, isSelectable }: { isDomain: boolean; isSelectable: boolean },
): void {
  const { registry, gp } = context
  requireThat(isConsistent(set) && hasPrivilege(set, 'securityDomain') === isDomain, GP_SW.wrongData)
  const allowed = isDomain ? gp.profile.domainPrivileges : gp.profile.applicationPrivileges
  requireThat((set & ~allowed) === 0, GP_SW.conditions)
  requireThat(isSelectable || !hasPrivilege(set, 'cardReset'), GP_SW.wrongData)
  const issuer = registry.card.issuer
  for (const name of ['cardReset', 'finalApplication'] as const) {
    requireThat(!hasPrivilege(set, name) || registry.hasPrivilege(issuer, name), GP_SW.conditions)
  }
  const isMandated = hasPrivilege(set, 'mandatedDapVerification')
  requireThat(!isMandated || registry.withPrivilege('mandatedDapVerification').length === 0, GP_SW.conditions)
}

/** Reserved memory has to be there, and within its quota. @source GPC 2.3.1 §9.7 */
function requireMemory({ gp, jcre, owner }: DomainContext, objects: readonly Tlv[]): void {
  const { persistent, transient } = gp.grants.remainingIn(owner)
  const pairs = [
    [TAG.nonVolatileReserved, TAG.nonVolatileQuota, jcre.memory.availablePersistentBytes(NO_OWNER), persistent],
    [TAG.volatileReserved, TAG.volatileQuota, jcre.memory.availableTransientBytes(NO_OWNER), transient],
  ] as const
  for (const [reserved, quota, free, granted] of pairs) {
    const wanted = requiredBytes(objects, reserved)
    requireThat(wanted <= Math.min(free, granted) || wanted === 0, GP_SW.notEnoughMemory)
    requireThat(findTlv(objects, quota) === undefined || wanted <= requiredBytes(objects, quota), GP_SW.wrongData)
  }
}

/** Granted to a security domain, for all below it; an application has nothing below. @source GPC Amd C */
function requireGrant(objects: readonly Tlv[], isDomain: boolean): void {
  for (const tag of Object.values(GRANT_TAG)) {
    requireThat(memoryParameter(objects, tag) === undefined || isDomain, GP_SW.wrongData)
  }
}

function domainParameters({ gp }: DomainContext, specific: Uint8Array): Tlv[] {
  const objects = commandTlvs(specific)
  const list = findTlv(objects, TAG.secureChannels)
  if (list === undefined) return []
  requireThat(list.length % 2 === 0, GP_SW.wrongData)
  const isAllowed = parseSecureChannels(list).every(({ protocol, i }) => {
    return gp.profile.secureChannels.some((one) => one.protocol === protocol && one.i === i)
  })
  requireThat(isAllowed, GP_SW.conditions)
  return [{ tag: SCP_LIST_TAG, value: list }]
}

/** Privileges that only one has leave the issuer; implicit selection follows. @source GPC 2.3.1 §6.6.2, §6.4.1 */
function takeOver({ registry }: DomainContext, set: Privileges): void {
  const moved = (['cardReset', 'finalApplication'] as const).filter((name) => hasPrivilege(set, name))
  if (moved.length > 0) {
    const { entry } = registry.requireApplication(registry.card.issuer)
    registry.saveApplication({ ...entry, privileges: without(entry.privileges, ...moved) })
  }
}

/** Channels on which an application is selected by itself: of CF for the contact interface, and by Card Reset. @source GPC 2.3.1 table 11-15 */
export function implicitChannels(set: Privileges, objects: readonly Tlv[]): number[] {
  const parameters = objects.filter(({ tag }) => tag === TAG.implicitSelection).map(({ value }) => value[0] ?? 0)
  const channels = parameters.filter((one) => (one & 0x40) !== 0).map((one) => one & 0x1f)
  requireThat(
    channels.every((channel) => channel < MOST_CHANNELS),
    GP_SW.wrongData,
  )
  return hasPrivilege(set, 'cardReset') ? [...channels, 0] : channels
}

/** INSTALL [for make selectable]. @source GPC 2.3.1 §11.5.2.3.3 */
export function makeSelectable(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { registry, jcre, owner } = context
  const isAuthorized = requireAuthority(context, OPERATION.makeSelectable)
  const request = parseInstallation(data)
  requireThat(request.loadFileAid.length === 0 && request.moduleAid.length === 0, GP_SW.wrongData)
  const { token, parameters } = request
  requireToken(context, { isAuthorized, token, input: tokenInput(p1, p2, request.signed), parameters })
  const found = registry.applicationByAid(request.instanceAid) ?? refuse(GP_SW.referencedDataNotFound)
  const { applet, entry } = found
  requireThat(entry.domain === owner || context.has('authorizedManagement'), GP_SW.conditions)
  requireThat(applet.state === APPLICATION_STATE.installed, GP_SW.conditions)
  const isReset = hasPrivilege(request.privileges, 'cardReset')
  requireThat(!isReset || registry.hasPrivilege(registry.card.issuer, 'cardReset'), GP_SW.conditions)
  const objects = installParameters(parameters)
  const before = applet.state
  try {
    registry.atomically(() => {
      const kept = objects.filter(({ tag }) => tag === TAG.implicitSelection)
      const set = isReset ? entry.privileges | privileges('cardReset') : entry.privileges
      const changed: ApplicationEntry = { ...entry, privileges: set, objects: [...entry.objects, ...kept] }
      registry.saveApplication(changed)
      const granted = isReset ? privileges('cardReset') : 0
      takeOver(context, granted)
      for (const channel of implicitChannels(granted, objects)) jcre.registry.setDefault(channel, applet)
      jcre.registry.setState(applet, APPLICATION_STATE.selectable)
    })
  } catch (error) {
    applet.state = before
    throw error
  }
  const fields = [fromHex(jcre.registry.packageOf(applet).linked.aid), applet.aid]
  return answer(confirmation(context, isAuthorized, { fields, identifier: tokenIdentifier(parameters) }))
}
