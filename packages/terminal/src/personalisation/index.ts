export type { CertificateUse, Der } from './authority.ts'
export { type CardKeys, makeCardKeys, parseCardKeys } from './card-keys.ts'
export { openKeyFile } from './key-file.ts'
export type { LineCards, LineFiles } from './line-files.ts'
export { lineIdentity } from './line-identity.ts'
export {
  type LineApplet,
  type LineAppletName,
  lineAppletNames,
  lineApplets,
  lineIotSafeNames,
  ownerDomainAid,
} from './line-plan.ts'
export type { PartyPoints } from './party-points.ts'
export {
  type CardPoints,
  type IotSafeIssue,
  type PersonaliseCardOptions,
  personaliseCard,
} from './personalise-card.ts'
export { type Finding, type LineChoice, type LineOptions, type LineStatus, ProductionLine } from './production-line.ts'
export { whyUnusable } from './usable-keys.ts'
