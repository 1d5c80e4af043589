import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import type { HlsMechanism } from './security-module.ts'

/** One side's view of the exchange: who proves itself, to whom, over which challenge. */
export interface HlsProof {
  readonly proverSystemTitle: Uint8Array
  readonly verifierSystemTitle: Uint8Array
  /** The verifier's. */
  readonly challenge: Uint8Array
  /** The prover's own. */
  readonly otherChallenge: Uint8Array
}

const AES_BLOCK_BYTES = 16

/**
 * Octets that the digest of mechanism 6 and the signature of mechanism 7 cover, after the secret in 6. Both titles and
 * both challenges, so that no proof fits another association or the other direction.
 * @source Green Book ed. 8 §9.2.7.4.2, table 31
 */
export const hlsTranscript = (proof: HlsProof): Uint8Array =>
  concatBytes(proof.proverSystemTitle, proof.verifierSystemTitle, proof.challenge, proof.otherChallenge)

/**
 * f(challenge) of the mechanisms that share a secret: 2, 3, 4 and 6. Mechanism 2 is the manufacturer's own affair; this
 * is what is in use, AES-128 over the challenge: a challenge of 16 octets is one block, a longer one is chained (CBC, IV
 * zero), what is missing of the last block is zero. Mechanisms 3 and 4 cover the challenge and the secret and nothing of
 * who asks; they are as weak as MD5 and SHA-1.
 */
export function sharedSecretToken(
  crypto: Pick<CryptoProvider, 'aesCbcEncrypt' | 'hash'>,
  mechanism: Exclude<HlsMechanism, 'hls-gmac' | 'hls-ecdsa'>,
  secret: Uint8Array,
  proof: HlsProof,
): Uint8Array {
  switch (mechanism) {
    case 'hls': {
      const blocks = new Uint8Array(Math.ceil(proof.challenge.length / AES_BLOCK_BYTES) * AES_BLOCK_BYTES)
      blocks.set(proof.challenge)
      return crypto.aesCbcEncrypt(secret, new Uint8Array(AES_BLOCK_BYTES), blocks)
    }
    case 'hls-md5':
      return crypto.hash('md5', concatBytes(proof.challenge, secret))
    case 'hls-sha1':
      return crypto.hash('sha1', concatBytes(proof.challenge, secret))
    case 'hls-sha256':
      return crypto.hash('sha256', concatBytes(secret, hlsTranscript(proof)))
  }
}
