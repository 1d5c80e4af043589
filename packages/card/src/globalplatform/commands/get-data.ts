import { concatBytes, emitTlv } from '@gridcard/bytes'
import { NO_OWNER } from '../../vm/memory/handle-entry.ts'
import { capabilities, cardData, keyInformation, sequenceCounter } from '../card-data.ts'
import { type Answer, answer, type DomainCommand, type DomainContext } from '../context.ts'
import { CPLC_TAG } from '../cplc.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { findTlv } from '../tlv-objects.ts'

const INS_ODD = 0xcb
const APPLICATION_LIST = 0x2f00

/** Value of a data object; undefined: the domain has none such. @source GPC 2.3.1 §11.3.2.1 */
type Reader = (context: DomainContext) => Uint8Array | undefined

const stored =
  (tag: number): Reader =>
  ({ domain }) =>
    findTlv(domain.objects, tag)

const onlyIssuer =
  (read: Reader): Reader =>
  (context) =>
    context.isIssuer ? read(context) : undefined

/** By tag: what the card makes, before what was stored. */
const READERS = new Map<number, Reader>([
  [0x66, (context) => stored(0x66)(context) ?? cardData(context)],
  [0x67, onlyIssuer((context) => stored(0x67)(context) ?? capabilities(context))],
  [0xc1, sequenceCounter],
  [0xc2, confirmationCounter],
  [0xd3, ({ channel }) => Uint8Array.of(channel.secureChannel?.level ?? 0)],
  [0xe0, keyInformation],
  [CPLC_TAG, ({ registry }) => findTlv(registry.card.objects, CPLC_TAG)],
  [0xff21, extendedResources],
])

function confirmationCounter(context: DomainContext): Uint8Array | undefined {
  if (!context.has('receiptGeneration')) return undefined
  const { confirmationCounter: count } = context.domain
  return Uint8Array.of(count >> 8, count)
}

/** Tags that may not be stored: the card makes them. */
export const GENERATED_TAGS: readonly number[] = [0xc1, 0xc2, 0xd3, 0xe0, APPLICATION_LIST, 0xff21]

/** Installed applications, free NV bytes, free RAM bytes: as far as the domain may have them. @source ETSI TS 102 226 §8.2.1.7 */
function extendedResources({ jcre, registry, gp, owner }: DomainContext): Uint8Array {
  const count = registry.applications().filter(({ applet }) => applet !== gp.issuerSecurityDomain).length
  const { persistent, transient } = gp.grants.remainingIn(owner)
  const number = (amount: number) => {
    const value = Math.max(0, amount)
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
  }
  return concatBytes(
    emitTlv(0x81, Uint8Array.of(count >> 8, count)),
    emitTlv(0x82, number(Math.min(jcre.memory.availablePersistentBytes(NO_OWNER), persistent))),
    emitTlv(0x83, number(Math.min(jcre.memory.availableTransientBytes(NO_OWNER), transient))),
  )
}

/** GET DATA: with a GlobalPlatform class byte the whole object, else its value. @source GPC 2.3.1 §11.3 */
export function getData(context: DomainContext, { cla, ins, p1, p2, data }: DomainCommand): Answer {
  const tag = (p1 << 8) | p2
  const isGlobalPlatform = (cla & 0x80) !== 0
  if (ins === INS_ODD && isGlobalPlatform) refuse(GP_SW.invalidInstruction)
  if (tag === APPLICATION_LIST) {
    requireThat((ins === INS_ODD) !== isGlobalPlatform, GP_SW.incorrectP1P2)
    requireThat(data.length === 2 && data[0] === 0x5c && data[1] === 0, GP_SW.wrongData)
    return answer(applicationList(context))
  }
  requireThat(data.length === 0, GP_SW.wrongData)
  const value = (READERS.get(tag) ?? stored(tag))(context)
  if (value === undefined) return refuse(GP_SW.referencedDataNotFound)
  return answer(isGlobalPlatform ? emitTlv(tag, value) : value)
}

/** @source GPC 2.3.1 table 11-30 */
function applicationList({ registry, owner }: DomainContext): Uint8Array {
  const isAll = registry.hasPrivilege(owner, 'globalRegistry')
  const seen = registry.applications().filter(({ entry }) => isAll || registry.isBelow(entry, owner))
  return concatBytes(...seen.map(({ applet }) => emitTlv(0x61, emitTlv(0x4f, applet.aid))))
}
