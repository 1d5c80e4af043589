export { type CardKeys, makeCardKeys } from './card-keys.ts'
export { type LineAppletName, lineIotSafeNames, lineSlots, ownerDomainAid, ownerKeyVersion } from './line-plan.ts'
export type { PartyPoints } from './party-points.ts'
export {
  type CardPoints,
  type IotSafeIssue,
  type PersonaliseCardOptions,
  personaliseCard,
} from './personalise-card.ts'
