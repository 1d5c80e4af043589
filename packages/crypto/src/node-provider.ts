import { randomBytes, timingSafeEqual } from 'node:crypto'
import { dsaOver } from './construction/dsa.ts'
import { keyDerivationOver } from './construction/key-derivation.ts'
import { rsaOver } from './construction/rsa.ts'
import type { CryptoProvider, CryptoProviderOptions } from './crypto-provider.ts'
import { nodeAes } from './node/aes.ts'
import { nodeAuthenticatedEncryption } from './node/authenticated-encryption.ts'
import { nodeDes } from './node/des.ts'
import { nodeEllipticCurves } from './node/elliptic-curves.ts'
import { nodeHashes } from './node/hashes.ts'
import { nodeKeyWrap } from './node/key-wrap.ts'
import { nodeFiniteField } from './node/modular-power.ts'
import { plain } from './node/plain.ts'
import { nodeRsaEngine } from './node/rsa.ts'
import { nodeSafeCurves } from './node/safe-curves.ts'
import type { Randomness } from './port/randomness.ts'

/** `node:crypto` (OpenSSL) for all that it has a door to; from noble what it has none to. */
export function createNodeCrypto(options: CryptoProviderOptions = {}): CryptoProvider {
  const randomness: Randomness = {
    randomBytes: options.randomBytes ?? ((lengthBytes) => plain(randomBytes(lengthBytes))),
  }
  return {
    ...randomness,
    constantTimeEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
    ...nodeHashes,
    ...nodeAes,
    ...nodeAuthenticatedEncryption,
    ...nodeKeyWrap,
    ...nodeDes,
    ...nodeEllipticCurves(randomness),
    ...nodeSafeCurves,
    ...rsaOver({ ...nodeHashes, ...randomness }, nodeRsaEngine),
    ...nodeFiniteField,
    ...dsaOver(randomness),
    ...keyDerivationOver({ ...nodeHashes, ...nodeAes }),
  }
}

export const nodeCrypto: CryptoProvider = createNodeCrypto()
