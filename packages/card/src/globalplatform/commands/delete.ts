import { fromHex, type Tlv } from '@gridcard/bytes'
import { deleteApplet, deletePackage } from '../../runtime/deletion.ts'
import {
  confirmation,
  OPERATION,
  requireAuthority,
  requireToken,
  tokenIdentifier,
  tokenInput,
} from '../content-authority.ts'
import type { Application, LoadFile } from '../content-registry.ts'
import { type Answer, answer, type DomainCommand, type DomainContext, OK_00 } from '../context.ts'
import { hasPrivilege, privileges, SINGLE_PRIVILEGES } from '../privileges.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'

const P2_RELATED = 0x80
const TAG = { aid: 0x4f, template: 0xb6, token: 0x9e, keyId: 0xd0, keyVersion: 0xd2 } as const

/** DELETE of an application, a load file, both, or keys. @source GPC 2.3.1 §11.2 */
export function deleteCommand(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const objects = commandTlvs(data)
  if (objects.some(({ tag }) => tag === TAG.keyId || tag === TAG.keyVersion)) return deleteKeys(context, objects)
  const aid = findTlv(objects, TAG.aid)
  requireThat(aid !== undefined && aid.length >= 5 && aid.length <= 16, GP_SW.wrongData)
  const isAuthorized = requireAuthority(context, OPERATION.delete)
  const application = context.registry.applicationByAid(aid)
  const loadFile = context.registry.loadFileByAid(aid)
  if (!application && !loadFile) refuse(GP_SW.referencedDataNotFound)
  const token = findTlv(objects, TAG.token) ?? new Uint8Array()
  const parameters = withoutToken(data, objects)
  requireToken(context, { isAuthorized, token, input: tokenInput(p1, p2, parameters), parameters })
  const isRelated = (p2 & P2_RELATED) !== 0
  if (loadFile) deleteLoadFile(context, loadFile, isRelated)
  else if (application) deleteApplication(context, application)
  const fields = [aid]
  return answer(confirmation(context, isAuthorized, { fields, identifier: tokenIdentifier(parameters) }))
}

/** The token stands last. */
function withoutToken(data: Uint8Array, objects: readonly Tlv[]): Uint8Array {
  const token = findTlv(objects, TAG.token)
  if (token === undefined) return data
  requireThat(objects.at(-1)?.tag === TAG.token, GP_SW.wrongData)
  const head = token.length < 0x80 ? 2 : token.length < 0x100 ? 3 : 4
  return data.slice(0, data.length - token.length - head)
}

/** The domain it belongs to deletes it, one above that, or one with Global Delete. @source GPC 2.3.1 §9.5.1 */
function requireDeletable(context: DomainContext, domain: number): void {
  const { registry, owner } = context
  requireThat(registry.domainsAbove(domain).includes(owner) || context.has('globalDelete'), GP_SW.conditions)
}

/** A domain with something associated to it stays, unless that goes, too. */
function requireLonely({ registry }: DomainContext, owner: number, going: readonly number[] = []): void {
  const others = registry.applications().filter(({ entry }) => entry.domain === owner && entry.owner !== owner)
  requireThat(
    others.every(({ entry }) => going.includes(entry.owner)),
    GP_SW.conditions,
  )
  requireThat(
    registry.loadFiles().every(({ entry }) => entry.domain !== owner),
    GP_SW.conditions,
  )
}

function deleteApplication(context: DomainContext, { applet, entry }: Application): void {
  const { registry, jcre, owner } = context
  requireThat(entry.owner !== registry.card.issuer && entry.owner !== owner, GP_SW.conditions)
  requireDeletable(context, entry.domain)
  if (registry.isDomain(entry.owner)) requireLonely(context, entry.owner)
  deleteApplet(jcre, applet.aid, { alongside: () => giveBack(context, [entry.owner]) })
}

function deleteLoadFile(context: DomainContext, { instance, entry }: LoadFile, isRelated: boolean): void {
  const { registry, jcre } = context
  requireDeletable(context, entry.domain)
  const related = registry.applications().filter(({ applet }) => applet.packageSlot === instance.slot)
  const owners = related.map((one) => one.entry.owner)
  requireThat(isRelated || related.length === 0, GP_SW.conditions)
  requireThat(!owners.includes(registry.card.issuer), GP_SW.conditions)
  for (const one of related) requireDeletable(context, one.entry.domain)
  const alongside = () => giveBack(context, owners)
  deletePackage(jcre, fromHex(instance.linked.aid), { withApplets: isRelated, alongside })
}

/** Privileges that only one has go back to the issuer, and so does implicit selection. @source GPC 2.3.1 §6.6.2, §6.4.1 */
function giveBack({ registry, jcre, gp }: DomainContext, owners: readonly number[]): void {
  const issuer = registry.requireApplication(registry.card.issuer)
  let set = issuer.entry.privileges
  for (const owner of owners) {
    const gone = registry.application(owner)?.entry.privileges ?? 0
    for (const name of SINGLE_PRIVILEGES) if (hasPrivilege(gone, name)) set |= privileges(name)
  }
  if (set !== issuer.entry.privileges) registry.saveApplication({ ...issuer.entry, privileges: set })
  for (let channel = 0; channel < jcre.channels.count; channel++) {
    const current = jcre.registry.defaultOn(channel)
    if (current && owners.includes(current.owner)) jcre.registry.setDefault(channel, gp.issuerSecurityDomain)
  }
}

/** By identifier, by version, or one key by both. @source GPC 2.3.1 §11.2.2.3.2 */
function deleteKeys(context: DomainContext, objects: readonly Tlv[]): Answer {
  const { registry, domain, gp, channel } = context
  requireThat(!gp.isCardClosed && !channel.secureChannel?.isReplayable, GP_SW.conditions)
  const [id, kvn] = [findTlv(objects, TAG.keyId), findTlv(objects, TAG.keyVersion)]
  const isOneByte = (value: Uint8Array | undefined) => value === undefined || value.length === 1
  requireThat(isOneByte(id) && isOneByte(kvn) && objects.length === [id, kvn].filter(Boolean).length, GP_SW.wrongData)
  const isGone = (key: { id: number; kvn: number }) =>
    (id === undefined || key.id === id[0]) && (kvn === undefined || key.kvn === kvn[0])
  const keys = domain.keys.filter((key) => !isGone(key))
  requireThat(keys.length < domain.keys.length, GP_SW.referencedDataNotFound)
  // The issuer keeps a way in. @source GPC 2.3.1 §5.1.1.1
  requireThat(!context.isIssuer || keys.length > 0, GP_SW.conditions)
  registry.saveDomain({ ...domain, keys })
  return OK_00
}
