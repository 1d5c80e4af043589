/**
 * The port behind which keys and counters live: software in a head-end, a Java Card in a meter. Both pass one suite
 * (`security-module.suite.ts`). A key set (`slot`) holds a block cipher key, an authentication key, the peer's system
 * title and its counters; the caller never sees a key.
 *
 * Refusals are values: the peer outside hears one generic answer, the reason goes to the log.
 */
export interface SecurityModule {
  /** Own system title, 8 bytes; first part of the IV of everything protected here. */
  readonly systemTitle: Uint8Array

  /**
   * Protects one APDU. The counter is taken and saved before the result leaves.
   * @param request.securityControl suite in the low nibble, 0x10 authenticated, 0x20 encrypted, 0x30 both
   * @source Green Book ed. 8 §9.2.7.2.4
   */
  protect(request: ProtectRequest): Promise<Protected | SecurityRefusal>

  /** Checks counter and tag, stores the new floor, and only then gives the plaintext. */
  unprotect(request: UnprotectRequest): Promise<Unprotected | SecurityRefusal>

  /** A fresh unpredictable challenge for an HLS association, remembered for one `hlsVerify` of this slot. 8..64 bytes. */
  hlsChallenge(slot: number, lengthBytes: number): Promise<Uint8Array | SecurityRefusal>

  /** f(challenge) for the peer: `SC || IC || T`, 17 bytes in suite 0 (mechanism 5). Uses the same counter as `protect`. */
  hlsAnswer(slot: number, peerChallenge: Uint8Array): Promise<Uint8Array | SecurityRefusal>

  /**
   * Checks the peer's `SC || IC || T` over the challenge given last by `hlsChallenge` for this slot. One try per challenge.
   * The token's counter must be above the last accepted token's; it is a floor of its own, because the token is made
   * before, and arrives inside, a message with a higher counter.
   */
  hlsVerify(slot: number, token: Uint8Array): Promise<{ readonly ok: true } | SecurityRefusal>

  counters(slot: number): Promise<SlotCounters | SecurityRefusal>
}

export interface ProtectRequest {
  readonly slot: number
  readonly securityControl: number
  readonly plaintext: Uint8Array
}

export interface Protected {
  /** 0..0xFFFFFFFF, never given twice for one key. */
  readonly invocationCounter: number
  /** What follows SC and IC in the frame: ciphertext and 12-byte tag, or with 0x10 plaintext and tag. */
  readonly body: Uint8Array
}

export interface UnprotectRequest extends Protected {
  readonly slot: number
  readonly securityControl: number
  /** Must be the title this slot is bound to. */
  readonly peerSystemTitle: Uint8Array
}

export interface Unprotected {
  readonly plaintext: Uint8Array
}

export interface SlotCounters {
  /** Next value `protect` or `hlsAnswer` will use. */
  readonly send: number
  /** Lowest value a received message must have. */
  readonly messageFloor: number
  /** Lowest value a received HLS token must have. */
  readonly tokenFloor: number
}

export type SecurityRefusalReason =
  | 'authentication-failed'
  | 'counter-replayed'
  | 'counter-exhausted'
  | 'unknown-key'
  | 'unknown-peer'
  | 'no-challenge'
  | 'not-permitted'
  | 'malformed'
  | 'unavailable'

export interface SecurityRefusal {
  readonly refused: SecurityRefusalReason
  /** Present for `counter-replayed`: the lowest counter that would be accepted. */
  readonly expectedCounter?: number
}

export function isRefusal(result: object): result is SecurityRefusal {
  return 'refused' in result
}
