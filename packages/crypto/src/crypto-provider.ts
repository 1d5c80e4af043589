import type { Aes } from './port/aes.ts'
import type { AuthenticatedEncryption } from './port/authenticated-encryption.ts'
import type { Comparison } from './port/comparison.ts'
import type { Des } from './port/des.ts'
import type { Dsa } from './port/dsa.ts'
import type { EllipticCurves } from './port/elliptic-curves.ts'
import type { FiniteField } from './port/finite-field.ts'
import type { Hashes } from './port/hashes.ts'
import type { KeyDerivation } from './port/key-derivation.ts'
import type { KeyWrap } from './port/key-wrap.ts'
import type { Randomness } from './port/randomness.ts'
import type { Rsa } from './port/rsa.ts'
import type { SafeCurves } from './port/safe-curves.ts'

/**
 * The one door to cryptography: synchronous, because a Java Card instruction is, and injected, so that the same card
 * runs on Node and in a page. Nothing here keeps a key after the call, except a session, a signer or an opened RSA key
 * until it is dropped.
 */
export type CryptoProvider = Randomness &
  Comparison &
  Hashes &
  Aes &
  AuthenticatedEncryption &
  KeyWrap &
  Des &
  EllipticCurves &
  SafeCurves &
  Rsa &
  Dsa &
  FiniteField &
  KeyDerivation

export interface CryptoProviderOptions {
  /**
   * Where randomness comes from, for tests with a seed; the system's generator unless given. On Node, OpenSSL's own
   * random numbers stay in RSA key generation and inside ECDSA.
   */
  readonly randomBytes?: (lengthBytes: number) => Uint8Array
}
