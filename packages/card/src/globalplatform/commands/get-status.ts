import { concatBytes, emitTlv, fromHex } from '@gridcard/bytes'
import { type Application, aidStartsWith, type LoadFile } from '../content-registry.ts'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
import { LOAD_FILE_LOADED } from '../life-cycle.ts'
import { privilegeBytes } from '../privileges.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'

/** P1; clients of 2.1.1 ask for several at once. @source GPC 2.3.1 table 11-33 */
const SUBSET = { issuer: 0x80, applications: 0x40, loadFiles: 0x20, modules: 0x10 } as const
const P2 = { next: 0x01, tlv: 0x02 } as const
const LONGEST_ANSWER = 240

/** One object of an entry. */
interface Item {
  readonly tag: number
  readonly value: Uint8Array
}

/** What an entry says without a tag list. @source GPC 2.3.1 §11.4.3.1 */
const DEFAULT_APPLICATION_TAGS = [0x4f, 0x9f70, 0xc5, 0xcf, 0xc4, 0xcc]
const DEFAULT_LOAD_FILE_TAGS = [0x4f, 0x9f70, 0xce, 0x84, 0xcc]

/** GET STATUS. @source GPC 2.3.1 §11.4 */
export function getStatus(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { channel } = context
  const subset = p1 & 0xf0
  requireThat(subset !== 0, GP_SW.incorrectP1P2)
  const isNext = (p2 & P2.next) !== 0
  const isTlv = (p2 & P2.tlv) !== 0
  if (isNext) {
    requireThat(subset !== SUBSET.issuer, GP_SW.incorrectP1P2)
    requireThat(channel.listing !== undefined, GP_SW.conditions)
    return page(context, channel.listing)
  }
  channel.listing = undefined
  const criteria = commandTlvs(data)
  const aid = findTlv(criteria, 0x4f)
  requireThat(criteria[0]?.tag === 0x4f && aid !== undefined && aid.length <= 16, GP_SW.wrongData)
  const form = { isTlv, tags: parseTagList(findTlv(criteria, 0x5c)) }
  const found = [
    ...(subset & SUBSET.issuer ? issuers(context, form) : []),
    ...(subset & SUBSET.applications ? applications(context, aid, form) : []),
    ...(subset & (SUBSET.loadFiles | SUBSET.modules)
      ? loadFiles(context, aid, { ...form, hasModules: (subset & SUBSET.modules) !== 0 })
      : []),
  ]
  if (found.length === 0) return refuse(GP_SW.referencedDataNotFound)
  return page(context, found)
}

interface Form {
  readonly isTlv: boolean
  readonly tags: readonly number[] | undefined
}

/** Whatever the criterion. */
function issuers(context: DomainContext, form: Form): Uint8Array[] {
  const { registry, owner } = context
  requireThat(context.isIssuer || registry.hasPrivilege(owner, 'globalRegistry'), GP_SW.incorrectP1P2)
  return [emitApplication(context, registry.requireApplication(registry.card.issuer), form)]
}

/** Below the domain; all of them with Global Registry. @source GPC 2.3.1 §11.4.2.3 */
function applications(context: DomainContext, aid: Uint8Array, form: Form): Uint8Array[] {
  const { registry, owner } = context
  const isAll = registry.hasPrivilege(owner, 'globalRegistry')
  return registry
    .applications()
    .filter(({ applet, entry }) => {
      const isVisible = isAll || registry.isBelow(entry, owner)
      return isVisible && entry.owner !== registry.card.issuer && aidStartsWith(applet.aid, aid)
    })
    .map((one) => emitApplication(context, one, form))
}

function loadFiles(
  context: DomainContext,
  aid: Uint8Array,
  form: Form & { readonly hasModules: boolean },
): Uint8Array[] {
  const { registry, owner } = context
  const isAll = registry.hasPrivilege(owner, 'globalRegistry')
  return registry
    .loadFiles()
    .filter(({ instance, entry }) => {
      const isVisible = isAll || registry.domainsAbove(entry.domain).includes(owner)
      return isVisible && aidStartsWith(fromHex(instance.linked.aid), aid)
    })
    .map((one) => emitLoadFile(context, one, form))
}

/** As many whole entries as an answer holds, and room for an R-MAC. */
function page({ channel }: DomainContext, entries: readonly Uint8Array[]): Answer {
  let count = 0
  let length = 0
  while (count < entries.length && (count === 0 || length + entries[count]!.length <= LONGEST_ANSWER)) {
    length += entries[count]!.length
    count++
  }
  const rest = entries.slice(count)
  channel.listing = rest.length > 0 ? rest : undefined
  return answer(concatBytes(...entries.slice(0, count)), rest.length > 0 ? GP_SW.moreData : GP_SW.ok)
}

/** Tags of one or two bytes, one after the other. */
function parseTagList(bytes: Uint8Array | undefined): readonly number[] | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  const tags: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const first = bytes[at]!
    if ((first & 0x1f) !== 0x1f) tags.push(first)
    else tags.push((first << 8) | (bytes[++at] ?? refuse(GP_SW.wrongData)))
  }
  return tags
}

function lifeCycleOf({ registry, gp }: DomainContext, { applet }: Application): number {
  return applet.owner === registry.card.issuer ? gp.cardState : applet.state
}

function emitApplication(context: DomainContext, application: Application, { isTlv, tags }: Form): Uint8Array {
  const { applet, entry } = application
  const { registry, jcre } = context
  const state = lifeCycleOf(context, application)
  // The form of older cards: AID, life cycle, first privilege byte. @source GPC 2.2.1 table 11-33
  if (!isTlv) return Uint8Array.of(applet.aid.length, ...applet.aid, state, entry.privileges >>> 16)
  const isIssuer = entry.owner === registry.card.issuer
  const domainAid = jcre.registry.ownedBy(entry.domain)?.aid
  const items: Item[] = [
    { tag: 0x4f, value: applet.aid },
    { tag: 0x9f70, value: Uint8Array.of(state) },
    { tag: 0xc5, value: privilegeBytes(entry.privileges) },
    ...entry.objects.filter(({ tag }) => tag === 0xcf),
    { tag: 0xc4, value: fromHex(jcre.registry.packageOf(applet).linked.aid) },
    ...(domainAid && !isIssuer ? [{ tag: 0xcc, value: domainAid }] : []),
  ]
  return emitItems(items, tags ?? DEFAULT_APPLICATION_TAGS)
}

function emitLoadFile(
  { jcre }: DomainContext,
  { instance, entry }: LoadFile,
  o: { isTlv: boolean; tags: readonly number[] | undefined; hasModules: boolean },
): Uint8Array {
  const { aid: name, version, applets } = instance.linked
  const aid = fromHex(name)
  const modules = o.hasModules ? applets.map((one) => one.aid) : []
  if (!o.isTlv) {
    const counted = o.hasModules ? [modules.length, ...modules.flatMap((one) => [one.length, ...one])] : []
    return Uint8Array.of(aid.length, ...aid, LOAD_FILE_LOADED, 0, ...counted)
  }
  const domainAid = jcre.registry.ownedBy(entry.domain)?.aid
  const items: Item[] = [
    { tag: 0x4f, value: aid },
    { tag: 0x9f70, value: Uint8Array.of(LOAD_FILE_LOADED) },
    { tag: 0xce, value: Uint8Array.of(version.major, version.minor) },
    ...modules.map((value) => ({ tag: 0x84, value })),
    ...(domainAid ? [{ tag: 0xcc, value: domainAid }] : []),
  ]
  return emitItems(items, o.tags ?? DEFAULT_LOAD_FILE_TAGS)
}

function emitItems(items: readonly Item[], tags: readonly number[]): Uint8Array {
  const wanted = items.filter(({ tag }) => tags.includes(tag))
  return emitTlv(0xe3, concatBytes(...wanted.map(({ tag, value }) => emitTlv(tag, value))))
}
