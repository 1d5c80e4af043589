import { concatBytes, emitTlv, fromHex } from '@gridcard/bytes'
import { OPERATION, requireAuthority } from '../content-authority.ts'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
import { UPGRADE_STATE } from '../elf-upgrade.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'

/** P1. @source GPC Amd H 1.1 §4.1 */
const ACTION = { start: 0x01, resume: 0x02, recovery: 0x03, abort: 0x04, status: 0x08 } as const
const TAG = { session: 0xa1, aid: 0x4f, options: 0x80, state: 0x90 } as const

/**
 * MANAGE ELF UPGRADE. Recovery and abort are one: the old version needs no second loading, it was never away.
 * @source GPC Amd H 1.1 §4.1
 */
export function manageElfUpgrade(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { gp } = context
  requireThat(p2 === 0, GP_SW.incorrectP1P2)
  if (p1 === ACTION.start) return start(context, data)
  requireThat(data.length === 0, GP_SW.wrongData)
  if (p1 === ACTION.status) return sessionAnswer(context)
  if (p1 !== ACTION.resume && p1 !== ACTION.recovery && p1 !== ACTION.abort) return refuse(GP_SW.incorrectP1P2)
  const aid = gp.upgrade.package?.linked.aid
  requireThat(aid !== undefined, GP_SW.conditions)
  requireManager(context, fromHex(aid))
  if (p1 === ACTION.resume) {
    try {
      return sessionAnswer(context, { aid: fromHex(aid), state: context.gp.asideOfCommand(() => gp.upgrade.resume()) })
    } finally {
      if (!context.jcre.isDead) gp.restoreQuotas()
    }
  }
  gp.upgrade.abort()
  return sessionAnswer(context)
}

function start(context: DomainContext, data: Uint8Array): Answer {
  const { gp } = context
  const [session, ...more] = commandTlvs(data)
  // One load file in a session; several at once came with version 1.1.
  requireThat(session?.tag === TAG.session && more.length === 0, GP_SW.wrongData)
  const objects = commandTlvs(session.value)
  const aid = findTlv(objects, TAG.aid)
  requireThat(aid !== undefined && aid.length >= 5 && aid.length <= 16, GP_SW.wrongData)
  const isPlain = objects.every(
    ({ tag, value }) => tag === TAG.aid || (tag === TAG.options && value.every((one) => one === 0)),
  )
  requireThat(isPlain, GP_SW.wrongData)
  const { instance } = requireManager(context, aid)
  gp.asideOfCommand(() => gp.upgrade.start(instance))
  return sessionAnswer(context)
}

/** Whoever might delete the load file, and load and install what takes its place; not with a token. */
function requireManager(context: DomainContext, aid: Uint8Array) {
  const { registry, owner } = context
  const isAuthorized = requireAuthority(context, OPERATION.delete | OPERATION.load | OPERATION.install)
  requireThat(isAuthorized, GP_SW.conditions)
  const loadFile = registry.loadFileByAid(aid) ?? refuse(GP_SW.referencedDataNotFound)
  const isBelow = registry.domainsAbove(loadFile.entry.domain).includes(owner)
  requireThat(isBelow || context.has('globalDelete'), GP_SW.conditions)
  return loadFile
}

/** No confirmation, then the session: state, and the load file that it is about. @source GPC Amd H 1.1 tables 4-5, 4-6 */
function sessionAnswer({ gp }: DomainContext, ended?: { readonly aid: Uint8Array; readonly state: number }): Answer {
  const state = ended?.state ?? gp.upgrade.session?.state ?? UPGRADE_STATE.none
  const name = gp.upgrade.package?.linked.aid
  const aid = ended?.aid ?? (name === undefined ? undefined : fromHex(name))
  const objects = concatBytes(emitTlv(TAG.state, Uint8Array.of(state)), aid ? emitTlv(TAG.aid, aid) : new Uint8Array())
  const information = emitTlv(TAG.session, objects)
  return answer(concatBytes(Uint8Array.of(0, information.length), information))
}
