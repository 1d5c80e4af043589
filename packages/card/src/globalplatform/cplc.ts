import { withObject } from './content-entries.ts'
import type { DomainContext } from './context.ts'
import { CARD_STATE } from './life-cycle.ts'
import { GP_SW, requireThat } from './refusal.ts'
import { findTlv } from './tlv-objects.ts'

/**
 * Card production life cycle data, tag 9F7F, 42 bytes: fabricator, type, system, release, dates and batches; then who
 * pre-personalized (bytes 26 to 33) and personalized it (34 to 41).
 * @source VISA GlobalPlatform Card Production Guide; GPC 2.1.1 by use
 */
export const CPLC_TAG = 0x9f7f
export const CPLC_BYTES = 42
/** Parts that STORE DATA may set: tag to offset and length. */
const PARTS = new Map<number, readonly [offset: number, length: number]>([
  [0x9f66, [26, 8]],
  [0x9f67, [34, 8]],
  [CPLC_TAG, [0, CPLC_BYTES]],
])

/** While the card is being made: later these data are history. */
export function storeCplcObject(context: DomainContext, tag: number, value: Uint8Array): void {
  const { registry, gp } = context
  const [offset, length] = PARTS.get(tag)!
  requireThat(context.isIssuer && value.length === length, GP_SW.wrongData)
  requireThat(gp.cardState === CARD_STATE.opReady || gp.cardState === CARD_STATE.initialized, GP_SW.conditions)
  const { card } = registry
  const cplc = (findTlv(card.objects, CPLC_TAG) ?? new Uint8Array(CPLC_BYTES)).slice()
  cplc.set(value, offset)
  registry.saveCard({ ...card, objects: withObject(card.objects, CPLC_TAG, cplc) })
}
