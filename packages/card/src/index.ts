export { Card, type CardOptions } from './card.ts'
export type { CardProfile } from './card-profile.ts'
export type { CardReport } from './card-report.ts'
export { CardError, type CardErrorCode } from './errors.ts'
export type { GlobalPlatformProfile, IssuerKeys } from './globalplatform/globalplatform-profile.ts'
export { type ChipType, chipTypes } from './memory-card/chip-types.ts'
export { MemoryCardError, type MemoryCardErrorCode } from './memory-card/errors.ts'
export { MemoryCard, type MemoryCardReport } from './memory-card/memory-card.ts'
export {
  type CardProfileFile,
  type CardProfileName,
  cardProfile,
  cardProfileNames,
  parseCardProfile,
} from './profiles/card-profiles.ts'
export type { Medium, TransmissionProtocol } from './runtime/answer-to-reset.ts'
export type { InstallOptions } from './runtime/installer.ts'
export type { CardClock, CardLog, CardLogEntry } from './runtime/jcre.ts'
export type { Engine } from './vm/engine.ts'
export { interpreter } from './vm/interpreter/interpreter.ts'
export { memoryStore, type NvStore } from './vm/memory/nv-store.ts'
export type { Monitor } from './vm/monitor.ts'
