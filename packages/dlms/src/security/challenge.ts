import { parseXdlms } from '../apdu/apdu.ts'
import { DlmsError } from '../errors.ts'
import type { HlsMechanism, SecurityModule, SecurityRefusal } from './security-module.ts'

export const CHALLENGE_MIN_BYTES = 8
export const CHALLENGE_MAX_BYTES = 64
/** Of a signature nobody may have a stock. @source Green Book ed. 8 §9.2.7.4.2: 32 to 64 octets in mechanism 7 */
export const ECDSA_CHALLENGE_MIN_BYTES = 32

/** How long a challenge of ours is. */
export const challengeBytesOf = (mechanism: string): number => (mechanism === 'hls-ecdsa' ? 32 : 16)

export function isUsableChallenge(challenge: Uint8Array | undefined, mechanism: string): challenge is Uint8Array {
  const least = mechanism === 'hls-ecdsa' ? ECDSA_CHALLENGE_MIN_BYTES : CHALLENGE_MIN_BYTES
  return challenge !== undefined && challenge.length >= least && challenge.length <= CHALLENGE_MAX_BYTES
}

/** What a key would not sign as a message: errors, which command nothing, and blocks, which are never inside. */
const harmless = new Set(['exception-response', 'confirmed-service-error', 'general-block-transfer'])

/**
 * Whether a challenge begins with a service. A token of mechanism 5 is made like a message that is authenticated only,
 * `SC || IC || T` over octets that the peer chooses: whoever lets us answer such a challenge has a message of ours, with
 * a right tag, for anybody who takes control 0x10. So it is not answered. A random challenge looks so about once in
 * 10,000 times: `freshChallenge` gives none of these, and a peer who draws one has to try again.
 */
export function isServiceLike(challenge: Uint8Array): boolean {
  for (let length = 3; length <= challenge.length; length++) {
    try {
      if (!harmless.has(parseXdlms(challenge.subarray(0, length)).kind)) return true
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
    }
  }
  return false
}

/** More draws than anybody needs whose random numbers are random. */
const DRAWS = 8

/** A challenge of ours that no peer has a reason to refuse. */
export async function freshChallenge(
  security: SecurityModule,
  slot: number,
  mechanism: HlsMechanism,
): Promise<Uint8Array | SecurityRefusal> {
  for (let draw = 1; ; draw++) {
    const challenge = await security.hlsChallenge(slot, challengeBytesOf(mechanism))
    const isGood = !(challenge instanceof Uint8Array) || mechanism !== 'hls-gmac' || !isServiceLike(challenge)
    if (isGood || draw === DRAWS) return challenge
  }
}
