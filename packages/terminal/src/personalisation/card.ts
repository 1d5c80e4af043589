export { type CardKeys, domainKeysOf, makeCardKeys } from './card-keys.ts'
export { lineOrganisations, organisationEntity } from './line-identity.ts'
export {
  type LineAppletName,
  lineIotSafeNames,
  linePolicies,
  lineSlots,
  ownerDomainAid,
  ownerKeyVersion,
} from './line-plan.ts'
export type { PartyPoints } from './party-points.ts'
export {
  type CardPoints,
  type IotSafeIssue,
  type PersonaliseCardOptions,
  personaliseCard,
} from './personalise-card.ts'
