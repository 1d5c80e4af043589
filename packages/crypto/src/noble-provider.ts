import { dsaOver } from './construction/dsa.ts'
import { keyDerivationOver } from './construction/key-derivation.ts'
import { rsaOver } from './construction/rsa.ts'
import type { CryptoProvider, CryptoProviderOptions } from './crypto-provider.ts'
import { nobleAes } from './noble/aes.ts'
import { nobleAuthenticatedEncryption } from './noble/authenticated-encryption.ts'
import { equalInConstantTime } from './noble/constant-time.ts'
import { nobleDes } from './noble/des.ts'
import { nobleEllipticCurves } from './noble/elliptic-curves.ts'
import { nobleFiniteField } from './noble/finite-field.ts'
import { nobleHashes } from './noble/hashes.ts'
import { nobleKeyWrap } from './noble/key-wrap.ts'
import { nobleRsaEngine } from './noble/rsa.ts'
import { nobleSafeCurves } from './noble/safe-curves.ts'
import type { Randomness } from './port/randomness.ts'

/** The most bytes that getRandomValues gives at once (Web Cryptography API §10.1.1). */
const RANDOM_QUOTA = 65_536

function systemRandomBytes(lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes)
  for (let at = 0; at < lengthBytes; at += RANDOM_QUOTA) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_QUOTA))
  return bytes
}

/** Pure JavaScript, noble for the most part, which is audited upstream; runs in a page and anywhere else. */
export function createNobleCrypto(options: CryptoProviderOptions = {}): CryptoProvider {
  const randomness: Randomness = { randomBytes: options.randomBytes ?? systemRandomBytes }
  return {
    ...randomness,
    constantTimeEqual: equalInConstantTime,
    ...nobleHashes,
    ...nobleAes,
    ...nobleAuthenticatedEncryption,
    ...nobleKeyWrap,
    ...nobleDes,
    ...nobleEllipticCurves(randomness),
    ...nobleSafeCurves,
    ...rsaOver({ ...nobleHashes, ...randomness }, nobleRsaEngine(randomness)),
    ...nobleFiniteField,
    ...dsaOver(randomness),
    ...keyDerivationOver({ ...nobleHashes, ...nobleAes }),
  }
}

export const nobleCrypto: CryptoProvider = createNobleCrypto()
