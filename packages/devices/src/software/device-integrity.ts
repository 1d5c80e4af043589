import type { ReleaseKind, ReleaseRecords, SignedImage } from '@gridcard/terminal'

/** Why the element does not do it; what each means is in the applet's README. */
export type SoftwareRefusalReason =
  /** Signature, hash or size is wrong; or what runs is not what was measured. */
  | 'not-genuine'
  /** For another type of device, hardware or group. */
  | 'foreign'
  /** Below the rollback floor, not newer than what is active, or an old counter. */
  | 'too-old'
  /** None of the releases that may be started, or a check has failed. */
  | 'not-allowed'
  | 'not-now'
  /** Nothing verified in hand, started already, not on trial. */
  | 'out-of-order'
  | 'unavailable'

export interface SoftwareRefusal {
  readonly refused: SoftwareRefusalReason
}

export const isSoftwareRefusal = (answer: object): answer is SoftwareRefusal => 'refused' in answer

type Answer<T = { readonly ok: true }> = Promise<T | SoftwareRefusal>

/**
 * The part of a device's secure element that judges its software: which image may start, what was started, whether it still
 * is what it was, and proof of it. A reset of the element begins all of it anew.
 */
export interface DeviceIntegrity {
  /** After each power-up of the element, before anything else. */
  open(): Answer
  /** Events that were sealed ever. */
  eventCount(): Answer<{ readonly events: number }>
  releases(target: number): Answer<ReleaseRecords>
  /** The whole image through the element; afterwards it is in its hand. */
  verify(image: SignedImage, use: 'start' | 'update'): Answer
  start(target: number): Answer<{ readonly kind: ReleaseKind; readonly version: number }>
  confirm(target: number): Answer
  abandon(target: number): Answer
  /** The image in hand, with the responsible party's word for it. */
  activate(nowSeconds: number, activation: Uint8Array): Answer
  measure(register: number, digest: Uint8Array): Answer
  check(register: number, digest: Uint8Array): Answer
  quote(request: {
    readonly mask: number
    readonly nowSeconds: number
    readonly nonce: Uint8Array
  }): Answer<{ readonly quote: Uint8Array }>
  readRegister(register: number): Answer<{ readonly value: Uint8Array }>
}
