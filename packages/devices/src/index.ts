export * from './clock.ts'
export * from './errors.ts'
export type { EnergyWs } from './household/day-load.ts'
export { Household, type HouseholdOptions } from './household/household.ts'
export { Sky, streetPlace } from './household/sky.ts'
export * from './household/traits.ts'
export * from './meter/card-security-module.ts'
export { cardStatusLogicalName } from './meter/card-status-object.ts'
export * from './meter/command-judge.ts'
export { commandLogicalNames, criticalMethods } from './meter/critical-commands.ts'
export * from './meter/device-store.ts'
export * from './meter/event-log.ts'
export * from './meter/log-sealer.ts'
export * from './meter/meter.ts'
export * from './meter/meter-identity.ts'
export {
  clientSaps,
  eventLogLogicalNames,
  managementSlot,
  meterLogicalNames,
  meterSap,
} from './meter/meter-objects.ts'
export type { MeterState, SwitchState } from './meter/meter-state.ts'
export {
  MeteringSecurityModule,
  type MeteringSecurityModuleOptions,
  type MeteringSlot,
} from './meter/metering-security-module.ts'
export { sealedLogLogicalName, sealedLogNumbers } from './meter/sealed-log.ts'
export * from './meter/secure-element.ts'
export * from './metrology/metrology.ts'
export * from './scheduler.ts'
export { cardIntegrity } from './software/card-integrity.ts'
export * from './software/device-integrity.ts'
export { type SealedEvent, sealedText } from './software/event-sealing.ts'
export * from './software/meter-platform.ts'
export * from './software/meter-releases.ts'
export {
  configurationRegister,
  configurationText,
  type MeterSoftwareOptions,
  meterQuoteMask,
  type SoftwareNews,
} from './software/meter-software.ts'
export { softwareLogicalNames } from './software/software-objects.ts'
export * from './street/street.ts'
export * from './street/street-plan.ts'
