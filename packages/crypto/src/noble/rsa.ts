import { mod, pow } from '@noble/curves/abstract/modular.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { isProbablePrimeRSA } from 'micro-rsa-dsa-dh/primality.js'
import { gcd } from 'micro-rsa-dsa-dh/utils.js'
import type { RsaEngine, Transform } from '../construction/rsa.ts'
import { keyPairOf, type RsaCrtNumbers } from '../construction/rsa-keys.ts'
import type { Randomness } from '../port/randomness.ts'

// The modular power is noble's; the tests for primes are micro-rsa-dsa-dh's. JavaScript's numbers are not constant in time.

/** @source RFC 8017 §5.1.2 2.b */
function crtPower(base: bigint, { p, q, dp, dq, qInverse }: RsaCrtNumbers): bigint {
  const byP = pow(mod(base, p), dp, p)
  const byQ = pow(mod(base, q), dq, q)
  return byQ + q * mod((byP - byQ) * qInverse, p)
}

function transformOf(lengthBytes: number, power: (base: bigint) => bigint): Transform {
  return (block) => numberToBytesBE(power(bytesToNumberBE(Uint8Array.from(block))), lengthBytes)
}

/** Odd, and with both top bits set: so the product of two has all its bits. @source FIPS 186-5 A.1.3 */
function primeOf(bits: number, e: bigint, { randomBytes }: Randomness): bigint {
  for (;;) {
    const bytes = randomBytes(bits / 8)
    bytes[0]! |= 0xc0
    bytes[bytes.length - 1]! |= 1
    const candidate = bytesToNumberBE(bytes)
    if (gcd(candidate - 1n, e) === 1n && isProbablePrimeRSA(candidate, randomBytes)) return candidate
  }
}

function isTooClose(p: bigint, q: bigint, modulusBits: number): boolean {
  const distance = p > q ? p - q : q - p
  return distance <= 2n ** BigInt(modulusBits / 2 - 100)
}

export const nobleRsaEngine = (randomness: Randomness): RsaEngine => ({
  publicTransform: ({ n, e, lengthBytes }) => transformOf(lengthBytes, (base) => pow(base, e, n)),
  privateTransform: ({ n, d, crt, lengthBytes }) =>
    transformOf(lengthBytes, (base) => (crt === undefined ? pow(base, d, n) : crtPower(base, crt))),
  generateRsaKeyPair(modulusBits, publicExponent) {
    const e = BigInt(publicExponent)
    const p = primeOf(modulusBits / 2, e, randomness)
    let q = primeOf(modulusBits / 2, e, randomness)
    while (isTooClose(p, q, modulusBits)) q = primeOf(modulusBits / 2, e, randomness)
    return keyPairOf(p, q, e)
  },
})
