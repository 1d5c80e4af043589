import { concatBytes, type Tlv } from '@gridcard/bytes'
import { endOfCall } from '../../runtime/end-of-call.ts'
import { callInterface } from '../../runtime/selection.ts'
import { APDU_BUFFER_HANDLE } from '../../vm/jcre-objects.ts'
import { withObject } from '../content-entries.ts'
import { type Answer, answer, type DomainCommand, DomainContext, OK } from '../context.ts'
import { storeCplcObject } from '../cplc.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { commandTlvs } from '../tlv-objects.ts'
import { GENERATED_TAGS } from './get-data.ts'
import { storeKeys } from './store-data-keys.ts'

const P1 = { last: 0x80, encryption: 0x60, structure: 0x18, dgi: 0x08, tlv: 0x10, hasResponse: 0x01 } as const
const DGI = { template: 0x0070, keys: 0x00b9 } as const
const ISSUER_AID = 0x4f
const CPLC_TAGS: readonly number[] = [0x9f66, 0x9f67, 0x9f7f]
const PERSONALIZATION = 'org/globalplatform/Personalization'
const APPLICATION = 'org/globalplatform/Application'

/** One data group: identifier and value. */
export interface DataGroup {
  readonly identifier: number
  readonly value: Uint8Array
}

/** STORE DATA: for the domain itself, or for the application that INSTALL [for personalization] named. @source GPC 2.3.1 §11.11 */
export function storeData(context: DomainContext, command: DomainCommand): Answer {
  const { channel, gp } = context
  const { p1, p2, data } = command
  requireThat(!gp.isCardClosed, GP_SW.conditions)
  const before = channel.storeData
  const target = channel.personalized
  channel.storeData = undefined
  channel.personalized = undefined
  requireThat((p1 & P1.structure) !== P1.structure && (p1 & P1.encryption) !== 0x40, GP_SW.incorrectP1P2)
  requireThat(p2 === (before?.nextBlock ?? 0), GP_SW.incorrectP1P2)
  const isLast = (p1 & P1.last) !== 0
  const isForOther = target !== undefined && !context.registry.isDomain(target)
  const done = isForOther ? forward(context, target, command) : OK
  const bytes = isForOther ? new Uint8Array() : concatBytes(before?.bytes ?? new Uint8Array(), data)
  requireThat(bytes.length <= context.jcre.memory.freePersistentBytes, GP_SW.notEnoughMemory)
  if (!isLast) {
    requireThat(p2 < 0xff, GP_SW.incorrectP1P2)
    channel.storeData = { nextBlock: p2 + 1, bytes }
    channel.personalized = target
  } else if (!isForOther) storeObjects(context, target ?? context.owner, p1, bytes)
  return done
}

/** In the APDU buffer, header first, as processData wants it. @source API Application, Personalization */
function forward(context: DomainContext, owner: number, { cla, ins, p1, p2, data }: DomainCommand): Answer {
  const { jcre, registry, gp } = context
  const { applet } = registry.requireApplication(owner)
  const linked = jcre.machine.classOf(applet.applet)
  const isPersonalization = linked.isKindOf(jcre.requireClass(PERSONALIZATION))
  requireThat(isPersonalization || linked.isKindOf(jcre.requireClass(APPLICATION)), GP_SW.conditions)
  const length = 5 + data.length
  jcre.apduBuffer.fill(0)
  jcre.apduBuffer.set([cla, ins, p1, p2, data.length])
  jcre.apduBuffer.set(data, 5)
  const { result, failure } = gp.asideOfCommand(() => {
    const input = [APDU_BUFFER_HANDLE, 0, length]
    const value = isPersonalization
      ? callInterface(jcre, applet, PERSONALIZATION, 0, ...input, APDU_BUFFER_HANDLE, 0)
      : callInterface(jcre, applet, APPLICATION, 0, ...input)
    return { result: value, failure: endOfCall(jcre) }
  })
  if (failure !== undefined) return refuse(failure)
  const responseLength = isPersonalization ? Math.max(0, Math.min(result, jcre.apduBuffer.length)) : 0
  if (responseLength === 0) return OK
  requireThat((p1 & P1.hasResponse) !== 0, GP_SW.incorrectP1P2)
  return answer(jcre.apduBuffer.slice(0, responseLength))
}

/** All that a sequence of commands brought, in one step. */
function storeObjects(context: DomainContext, owner: number, p1: number, bytes: Uint8Array): void {
  const domain = owner === context.owner ? context : new DomainContext(context.gp, owner, context.channelNumber)
  const { applet } = domain.self
  const before = applet.aid
  try {
    context.registry.atomically(() => {
      if ((p1 & P1.structure) !== P1.dgi) storeTlvs(domain, commandTlvs(bytes))
      else storeDataGroups(context, domain, parseDataGroups(bytes))
    })
  } catch (error) {
    applet.aid = before // a new AID that came before what was refused
    throw error
  }
}

/** Identifier of two bytes; length of one byte, or FF and two. @source GlobalPlatform Systems Scripting Language, annex B */
export function parseDataGroups(bytes: Uint8Array): DataGroup[] {
  const groups: DataGroup[] = []
  for (let at = 0; at < bytes.length; ) {
    const identifier = (bytes[at]! << 8) | (bytes[at + 1] ?? 0)
    const isLong = bytes[at + 2] === 0xff
    const head = isLong ? 5 : 3
    requireThat(at + head <= bytes.length, GP_SW.wrongData)
    const length = isLong ? (bytes[at + 3]! << 8) | bytes[at + 4]! : bytes[at + 2]!
    requireThat(at + head + length <= bytes.length, GP_SW.wrongData)
    groups.push({ identifier, value: bytes.slice(at + head, at + head + length) })
    at += head + length
  }
  return groups
}

function storeDataGroups(sender: DomainContext, domain: DomainContext, groups: readonly DataGroup[]): void {
  for (let i = 0; i < groups.length; i++) {
    const { identifier, value } = groups[i]!
    if (identifier === DGI.template) storeTlvs(domain, commandTlvs(value))
    else if (identifier === DGI.keys) i += storeKeys(sender, domain, value, groups.slice(i + 1))
    else refuse(GP_SW.referencedDataNotFound)
  }
}

/** Data objects of the domain; an empty one takes the stored one away. @source GPC 2.3.1 §11.11.2.3, §7.4 */
function storeTlvs(context: DomainContext, objects: readonly Tlv[]): void {
  const { registry, owner } = context
  requireThat(objects.length > 0, GP_SW.wrongData)
  for (const { tag, value } of objects) {
    requireThat(!GENERATED_TAGS.includes(tag), GP_SW.wrongData)
    if (CPLC_TAGS.includes(tag)) storeCplcObject(context, tag, value)
    else if (tag === ISSUER_AID) storeIssuerAid(context, value)
    else {
      // Tags of our own records are nobody's data.
      requireThat(tag <= 0xffff && (tag & 0xff00) !== 0xdf00 && tag !== 0xe1, GP_SW.wrongData)
      const entry = registry.domain(owner)
      registry.saveDomain({ ...entry, objects: withObject(entry.objects, tag, value) })
    }
  }
}

function storeIssuerAid(context: DomainContext, aid: Uint8Array): void {
  const { jcre, registry, self } = context
  requireThat(context.isIssuer && aid.length >= 5 && aid.length <= 16, GP_SW.wrongData)
  requireThat(
    registry.applicationByAid(aid) === undefined && registry.loadFileByAid(aid) === undefined,
    GP_SW.conditions,
  )
  jcre.registry.rename(self.applet, aid)
}
