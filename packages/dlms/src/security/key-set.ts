import { equalBytes } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { type SecuritySuite, type SecuritySuiteId, securitySuites } from './security-suite.ts'

/** Own private key and the peer's public one, x || y. Either half may be missing. */
export interface AsymmetricKeys {
  /** As long as the curve's order. */
  readonly privateKey?: Uint8Array | undefined
  readonly peerPublicKey?: Uint8Array | undefined
}

/** What is shared with one peer. Each key may be missing; what needs it is refused as `unknown-key`. */
export interface KeySet {
  /** Default 0. Decides the length of all keys: 16 octets in suites 0 and 1, 32 in suite 2. */
  readonly suite?: SecuritySuiteId | undefined
  /** Global unicast encryption key. */
  readonly blockCipherKey?: Uint8Array | undefined
  readonly authenticationKey?: Uint8Array | undefined
  /** Global broadcast encryption key. */
  readonly broadcastKey?: Uint8Array | undefined
  /** Wraps other keys. */
  readonly masterKey?: Uint8Array | undefined
  /** Of mechanisms 3, 4 and 6; of mechanism 2 it is an AES key of 16 octets. */
  readonly hlsSecret?: Uint8Array | undefined
  readonly signing?: AsymmetricKeys | undefined
  readonly agreement?: AsymmetricKeys | undefined
  readonly tls?: AsymmetricKeys | undefined
  /** What the peer calls itself, 8 bytes; must differ from the own title, or both would use one IV. */
  readonly peerSystemTitle: Uint8Array
  /**
   * Control 0x20: encrypted, and anybody may change a ciphertext unseen. Without a tag the floor cannot be raised either
   * (a forger would use up all counters), so replays pass here. Default false.
   */
  readonly allowsEncryptionOnly?: boolean | undefined
}

const TITLE_BYTES = 8

/** The suite of a key set. @throws DlmsError `DLMS_CONFIGURATION` for keys or titles of another length */
export function requireKeySet(keys: KeySet, ownSystemTitle: Uint8Array): SecuritySuite {
  const suite = securitySuites[keys.suite ?? 0]
  requireKeyLength(keys.blockCipherKey, suite, 'a block cipher key')
  requireKeyLength(keys.authenticationKey, suite, 'an authentication key')
  requireKeyLength(keys.broadcastKey, suite, 'a broadcast key')
  requireKeyLength(keys.masterKey, suite, 'a master key')
  requireConfigured(keys.peerSystemTitle.length === TITLE_BYTES, 'a system title has 8 bytes')
  requireConfigured(!equalBytes(keys.peerSystemTitle, ownSystemTitle), 'peer has the own system title')
  return suite
}

function requireKeyLength(key: Uint8Array | undefined, suite: SecuritySuite, what: string): void {
  if (key === undefined || key.length === suite.keyBytes) return
  throw new DlmsError('DLMS_CONFIGURATION', `${what} of suite ${suite.id} has ${suite.keyBytes} bytes`)
}

export function requireConfigured(condition: boolean, message: string): void {
  if (!condition) throw new DlmsError('DLMS_CONFIGURATION', message)
}
