import type { LinkedPackage } from '../vm/link/linked-package.ts'
import type { AppletRecord } from './applet-registry.ts'

/**
 * What the GlobalPlatform environment (OPEN) decides, or wants to know, where the runtime environment acts. A card
 * without GlobalPlatform has none.
 *
 * @source GPC 2.3.1 ch. 6
 */
export interface Open {
  /** Of the card itself: its classes are native. */
  readonly securityDomainPackage: LinkedPackage
  /** By its own and the card's life cycle. */
  isSelectable(applet: AppletRecord): boolean
  /** The package in the slot is being upgraded: its instances are out of reach. */
  isPaused(packageSlot: number): boolean
  /** Of a SELECT without a name. */
  readonly issuerSecurityDomain: AppletRecord
  /** The card's life cycle refuses channels, and applications but the final one; undefined: it does not. */
  lockedStatus(applet?: AppletRecord): number | undefined
  /** Whether the answer to a SELECT that went well becomes a warning. */
  selectWarning(applet: AppletRecord): number | undefined
  /** The applet of a channel is no longer selected there. */
  endApplicationSession(channel: number): void
  /** In the transaction that stores the package. */
  loading(slot: number, linked: LinkedPackage): void
  /** In the transaction that register() ends. */
  registering(applet: Omit<AppletRecord, 'handle'>): void
  /** With the historical bytes that an application may have set. */
  answerToReset(ofProfile: Uint8Array): Uint8Array
  /** The card loses power: sessions are gone. */
  reset(): void
  /** After the card was opened: finishes or undoes what a power cut left. */
  recover(): void
  /** An applet is about to be installed under this owner number. */
  installing(owner: number): void
}
