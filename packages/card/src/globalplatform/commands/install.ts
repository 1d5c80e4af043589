import { OPERATION } from '../content-authority.ts'
import { type Answer, type DomainCommand, type DomainContext, OK_00 } from '../context.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { extradite } from './install-extradition.ts'
import { installForInstall, makeSelectable } from './install-install.ts'
import { finishCombined, installForLoad } from './install-load.ts'
import { updateRegistry } from './install-registry-update.ts'

/** Bits of P1, and the combinations there are. @source GPC 2.3.1 table 11-41 */
const P1 = {
  load: 0x02,
  install: 0x04,
  makeSelectable: 0x08,
  installAndMakeSelectable: 0x0c,
  combined: 0x0e,
  extradition: 0x10,
  personalization: 0x20,
  registryUpdate: 0x40,
} as const
/** Of the combined form. @source GPC 2.3.1 §11.5.2.2 */
const P2 = { none: 0x00, first: 0x01, last: 0x03 } as const

/** INSTALL. @source GPC 2.3.1 §11.5 */
export function install(context: DomainContext, command: DomainCommand): Answer {
  const { p1, p2 } = command
  const isCombined = p1 === P1.combined
  requireThat(isCombined ? p2 === P2.first || p2 === P2.last : p2 === P2.none, GP_SW.incorrectP1P2)
  if (!isCombined) context.channel.load = undefined
  switch (p1) {
    case P1.load:
      return installForLoad(context, command)
    case P1.combined:
      return p2 === P2.first ? installForLoad(context, command) : finishCombined(context, command)
    case P1.install:
    case P1.installAndMakeSelectable:
      return installForInstall(context, command, p1 === P1.installAndMakeSelectable)
    case P1.makeSelectable:
      return makeSelectable(context, command)
    case P1.extradition:
      return extradite(context, command)
    case P1.registryUpdate:
      return updateRegistry(context, command)
    case P1.personalization:
      return personalize(context, command)
    default:
      return refuse(GP_SW.incorrectP1P2)
  }
}

/** INSTALL [for personalization]: what STORE DATA brings from now on goes to the application. @source GPC 2.3.1 §11.5.2.3.6, §7.3.2 */
function personalize(context: DomainContext, { data }: DomainCommand): Answer {
  const { channel, registry, gp, jcre, owner } = context
  channel.personalized = undefined
  channel.storeData = undefined
  requireThat(!gp.isCardClosed, GP_SW.conditions)
  requireThat(
    ((registry.card.restrictions | context.domain.restrictions) & OPERATION.personalization) === 0,
    GP_SW.conditions,
  )
  const length = data[2] ?? 0
  const aid = data.slice(3, 3 + length)
  const isWellFormed = data.length === 6 + length && data[0] === 0 && data[1] === 0 && aid.length === length
  requireThat(isWellFormed && data.slice(3 + length).every((byte) => byte === 0), GP_SW.wrongData)
  const target = registry.applicationByAid(aid)
  requireThat(target !== undefined, GP_SW.referencedDataNotFound)
  // Trusted framework: the receiving domain has Trusted Path, the target is associated with it. @source GPC 2.3.1 §6.7
  requireThat(context.has('trustedPath') && target.entry.domain === owner, GP_SW.conditions)
  const linked = jcre.machine.classOf(target.applet.applet)
  const takes = ['org/globalplatform/Personalization', 'org/globalplatform/Application'].some((name) => {
    return linked.isKindOf(jcre.requireClass(name))
  })
  requireThat(takes || registry.isDomain(target.entry.owner), GP_SW.conditions)
  channel.personalized = target.entry.owner
  return OK_00
}
