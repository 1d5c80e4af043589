import type { MechanismName } from '../apdu/acse-names.ts'
import type { SecuritySuiteId } from './security-suite.ts'

/**
 * The port behind which keys and counters live: software in a head-end, a Java Card in a meter. Both pass one suite
 * (`security-module.suite.ts`). A slot holds what is shared with one peer: keys, secrets, the peer's system title and
 * the counters; the caller never sees a key of a slot.
 *
 * The first part every module has. What only some can do are groups of their own (`sessionKeys`, `signatures`,
 * `keyManagement`); a module without one refuses what needs it as `unsupported`.
 *
 * Refusals are values: the peer outside hears one generic answer, the reason goes to the log.
 */
export interface SecurityModule {
  /** Own system title, 8 bytes; first part of the IV of everything protected here. */
  readonly systemTitle: Uint8Array

  readonly capabilities: SecurityCapabilities

  /**
   * Protects one APDU. The counter is taken and saved before the result leaves.
   * @param request.securityControl suite in the low nibble, 0x10 authenticated, 0x20 encrypted, 0x30 both; with 0x40
   * under the broadcast key
   * @source Green Book ed. 8 §9.2.7.2.4
   */
  protect(request: ProtectRequest): Promise<Protected | SecurityRefusal>

  /** Checks counter and tag, stores the new floor, and only then gives the plaintext. */
  unprotect(request: UnprotectRequest): Promise<Unprotected | SecurityRefusal>

  /** A fresh unpredictable challenge for an HLS association, remembered for one `hlsVerify` of this slot. 8..64 bytes. */
  hlsChallenge(slot: number, lengthBytes: number): Promise<Uint8Array | SecurityRefusal>

  /**
   * f(challenge) for the peer. Without `exchange` it is mechanism 5: `SC || IC || T`, 17 bytes, with the same counter as
   * `protect`.
   */
  hlsAnswer(slot: number, peerChallenge: Uint8Array, exchange?: HlsExchange): Promise<Uint8Array | SecurityRefusal>

  /**
   * Checks the peer's f(challenge) over the challenge given last by `hlsChallenge` for this slot. One try per challenge.
   * With mechanism 5 the token's counter must be above the last accepted token's; it is a floor of its own, because the
   * token is made before, and arrives inside, a message with a higher counter.
   */
  hlsVerify(slot: number, token: Uint8Array, exchange?: HlsExchange): Promise<{ readonly ok: true } | SecurityRefusal>

  counters(slot: number): Promise<SlotCounters | SecurityRefusal>

  readonly sessionKeys?: SessionKeys
  readonly signatures?: Signatures
  readonly keyManagement?: KeyManagement
}

export interface SecurityCapabilities {
  readonly suites: readonly SecuritySuiteId[]
  readonly mechanisms: readonly HlsMechanism[]
}

/** Mechanisms 2 to 7. */
export type HlsMechanism = Exclude<MechanismName, 'none' | 'lls'>

export interface HlsExchange {
  readonly mechanism: HlsMechanism
  /** The other challenge of the association: mechanisms 6 and 7 are over both. */
  readonly otherChallenge: Uint8Array
  /** Mechanism 7: x || y of the peer, from a certificate that somebody has checked, instead of the slot's. */
  readonly peerSigningKey?: Uint8Array | undefined
}

/** A key that is not in the slot: it lives in the module for one association or one message. */
export interface SessionKey {
  readonly sessionKey: number
}

export interface ProtectRequest {
  readonly slot: number
  readonly securityControl: number
  readonly plaintext: Uint8Array
  /** Instead of the slot's block cipher key. */
  readonly key?: SessionKey | undefined
  /** The header of general-ciphering, which is authenticated too. */
  readonly header?: Uint8Array | undefined
}

export interface Protected {
  /** 0..0xFFFFFFFF, never given twice for one slot. */
  readonly invocationCounter: number
  /** What follows SC and IC in the frame: ciphertext and 12-byte tag; with 0x10 plaintext and tag; with 0x20 no tag. */
  readonly body: Uint8Array
}

export interface UnprotectRequest extends Protected {
  readonly slot: number
  readonly securityControl: number
  /** Must be the title this slot is bound to. */
  readonly peerSystemTitle: Uint8Array
  readonly key?: SessionKey | undefined
  readonly header?: Uint8Array | undefined
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

/** Keys for one association or one message. Handles are closed by whoever asked for them. */
export interface SessionKeys {
  /** A fresh dedicated key, to be sent in an initiate-request. */
  createDedicated(slot: number): Promise<{ readonly key: Uint8Array; readonly handle: SessionKey } | SecurityRefusal>
  /** The dedicated key that came in an initiate-request. */
  openDedicated(slot: number, key: Uint8Array): Promise<SessionKey | SecurityRefusal>
  /**
   * Agrees on the key of one general-ciphering message that we send.
   * @source Green Book ed. 8 §9.2.3.4.6: one-pass Diffie-Hellman C(1e, 1s), static unified model C(0e, 2s)
   */
  agreeAsOriginator(request: AgreementRequest): Promise<OriginatedKey | SecurityRefusal>
  /** The same for a message that came; the signature of the ephemeral key is checked. */
  agreeAsRecipient(
    request: AgreementRequest & {
      readonly keyCipheredData: Uint8Array
      /** As in `HlsExchange`. */
      readonly peerSigningKey?: Uint8Array | undefined
    },
  ): Promise<SessionKey | SecurityRefusal>
  /** A fresh key for one message, wrapped under the master key. */
  wrapFresh(slot: number): Promise<OriginatedKey | SecurityRefusal>
  unwrap(slot: number, keyCipheredData: Uint8Array): Promise<SessionKey | SecurityRefusal>
  close(handle: SessionKey): void
}

export interface AgreementRequest {
  readonly slot: number
  readonly scheme: 'one-pass' | 'static'
  readonly transactionId: Uint8Array
}

export interface OriginatedKey {
  readonly handle: SessionKey
  /** What the recipient needs to have it too. */
  readonly keyCipheredData: Uint8Array
}

/** ECDSA, r || s; suites 1 and 2. */
export interface Signatures {
  sign(slot: number, octets: Uint8Array): Promise<Uint8Array | SecurityRefusal>
  /** @param peerSigningKey as in `HlsExchange`; a module that takes none verifies with the slot's key and refuses */
  verify(
    slot: number,
    octets: Uint8Array,
    signature: Uint8Array,
    peerSigningKey?: Uint8Array,
  ): Promise<{ readonly ok: true } | SecurityRefusal>
}

/** Symmetric keys by their numbers in class 64. @source Blue Book ed. 14 §4.4.7 (key_transfer) */
export const transferKeyIds = { unicast: 0, broadcast: 1, authentication: 2, master: 3 } as const
export type TransferKeyId = 0 | 1 | 2 | 3

export interface KeyDatum {
  readonly keyId: TransferKeyId
  /** key_transfer: the key under the master key. key_agreement: ephemeral public key and its signature. */
  readonly keyData: Uint8Array
}

/** Key pairs by their numbers in class 64. */
export type KeyPairPurpose = 'digital-signature' | 'key-agreement' | 'tls'

/**
 * Changing the keys of a slot. What is new waits until `commit`, so that the answer to the request that brought it still
 * goes under the old keys; `discard` forgets it. New symmetric keys start with message and token floors of 0.
 */
export interface KeyManagement {
  /** Server: takes wrapped keys, all or none. */
  receiveKeys(slot: number, keys: readonly KeyDatum[]): Promise<{ readonly ok: true } | SecurityRefusal>
  /** Client: makes fresh keys and wraps them. */
  makeKeys(slot: number, keyIds: readonly TransferKeyId[]): Promise<readonly KeyDatum[] | SecurityRefusal>
  /** Client: one ephemeral key pair per key; its private half is kept for `finishAgreement`. */
  beginAgreement(slot: number, keyIds: readonly TransferKeyId[]): Promise<readonly KeyDatum[] | SecurityRefusal>
  /** Server: the keys that follow from the client's ephemeral keys and fresh ones, whose public halves go back. */
  answerAgreement(slot: number, keys: readonly KeyDatum[]): Promise<readonly KeyDatum[] | SecurityRefusal>
  finishAgreement(slot: number, keys: readonly KeyDatum[]): Promise<{ readonly ok: true } | SecurityRefusal>
  /** A fresh key pair in place of the old one, without waiting for `commit`; gives x || y. */
  generateKeyPair(slot: number, purpose: KeyPairPurpose): Promise<Uint8Array | SecurityRefusal>
  /** x || y of the own key. */
  publicKey(slot: number, purpose: KeyPairPurpose): Promise<Uint8Array | SecurityRefusal>
  /** ECDSA under the private key of the purpose, for certificate signing requests. */
  signWith(slot: number, purpose: KeyPairPurpose, octets: Uint8Array): Promise<Uint8Array | SecurityRefusal>
  /** The peer's public key, x || y, from a certificate that somebody has checked. */
  installPeerKey(
    slot: number,
    purpose: KeyPairPurpose,
    publicKey: Uint8Array,
  ): Promise<{ readonly ok: true } | SecurityRefusal>
  /** The secret of HLS mechanisms 2, 3, 4 and 6. */
  changeHlsSecret(slot: number, secret: Uint8Array): Promise<{ readonly ok: true } | SecurityRefusal>
  commit(slot: number): Promise<void>
  discard(slot: number): void
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
  /** The module cannot do this at all. */
  | 'unsupported'

export interface SecurityRefusal {
  readonly refused: SecurityRefusalReason
  /** Present for `counter-replayed`: the lowest counter that would be accepted. */
  readonly expectedCounter?: number
}

export function isRefusal(result: object): result is SecurityRefusal {
  return 'refused' in result
}
