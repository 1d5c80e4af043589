import type { SecurityModule } from './security-module.ts'

/** Two ends of one key set. */
export interface SecurityModulePair {
  /** What the suite judges. */
  readonly module: SecurityModule
  readonly slot: number
  /** Its peer, a software module with the same keys. */
  readonly peer: SecurityModule
  readonly peerSlot: number
  /** Forgets everything volatile and comes back with what was stored, where the module can. */
  readonly restart?: () => Promise<SecurityModule>
  readonly close?: () => Promise<void> | void
}

/** What every security module must do, in vitest. `createPair` gives a fresh pair, counters at their start, for each test. */
export function securityModuleSuite(
  _name: string,
  _createPair: () => SecurityModulePair | Promise<SecurityModulePair>,
): void {}
