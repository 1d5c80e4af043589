import { ecdsa, type WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'
import { badPoint, isUncompressed, requireDigest, requireScalar, scalarFrom } from '../construction/ec-keys.ts'
import { ecPointOf } from '../construction/ec-points.ts'
import { type WeierstrassCurve, weierstrassCurve } from '../domains/weierstrass-curve.ts'
import type { EcDomain, EcdsaScheme, EcdsaSigner, EcdsaVerifier, EllipticCurves } from '../port/elliptic-curves.ts'
import type { Randomness } from '../port/randomness.ts'
import { nobleHash, nobleHashFunctions } from './hashes.ts'

export function requirePoint(curve: WeierstrassCurve, point: Uint8Array): WeierstrassPoint<bigint> {
  if (!isUncompressed(curve, point)) throw badPoint()
  try {
    return curve.Point.fromBytes(Uint8Array.from(point))
  } catch {
    throw badPoint()
  }
}

function isEcPublicKey(domain: EcDomain, publicKey: Uint8Array): boolean {
  const curve = weierstrassCurve(domain)
  try {
    requirePoint(curve, publicKey)
    return true
  } catch {
    return false
  }
}

function ecMultiply(domain: EcDomain, scalar: Uint8Array, point: Uint8Array): Uint8Array {
  const curve = weierstrassCurve(domain)
  const number = requireScalar(curve, scalar)
  return requirePoint(curve, point).multiply(number).toBytes(false)
}

function ecAdd(domain: EcDomain, a: Uint8Array, b: Uint8Array): Uint8Array {
  const curve = weierstrassCurve(domain)
  const sum = requirePoint(curve, a).add(requirePoint(curve, b))
  if (sum.is0()) throw badPoint()
  return sum.toBytes(false)
}

/** Either half of the order is a good s: low-s is a rule of Bitcoin, not of FIPS 186. */
const optionsOf = (scheme: EcdsaScheme) =>
  ({ prehash: false, lowS: false, format: scheme.encoding === 'der' ? 'der' : 'compact' }) as const

/** Deterministic nonces (RFC 6979). */
function createEcdsaSigner(scheme: EcdsaScheme, privateKey: Uint8Array): EcdsaSigner {
  const curve = weierstrassCurve(scheme.domain)
  requireScalar(curve, privateKey)
  const key = Uint8Array.from(privateKey)
  const algorithm = ecdsa(curve.Point, nobleHashFunctions[scheme.hash])
  const signDigest = (digest: Uint8Array): Uint8Array => {
    requireDigest(scheme.hash, digest)
    return algorithm.sign(digest, key, optionsOf(scheme))
  }
  return { sign: (message) => signDigest(nobleHash(scheme.hash, message)), signDigest }
}

function createEcdsaVerifier(scheme: EcdsaScheme, publicKey: Uint8Array): EcdsaVerifier {
  const curve = weierstrassCurve(scheme.domain)
  requirePoint(curve, publicKey)
  const key = Uint8Array.from(publicKey)
  const algorithm = ecdsa(curve.Point, nobleHashFunctions[scheme.hash])
  const verifyDigest = (digest: Uint8Array, signature: Uint8Array): boolean => {
    requireDigest(scheme.hash, digest)
    if (scheme.encoding === 'plain' && signature.length !== 2 * curve.orderLengthBytes) return false
    return algorithm.verify(Uint8Array.from(signature), digest, key, optionsOf(scheme))
  }
  return { verify: (message, signature) => verifyDigest(nobleHash(scheme.hash, message), signature), verifyDigest }
}

export function nobleEllipticCurves({ randomBytes }: Randomness): EllipticCurves {
  return {
    requireEcDomain: (domain) => void weierstrassCurve(domain),
    generateEcPrivateKey: (domain) => scalarFrom(weierstrassCurve(domain), randomBytes),
    ecPublicKey(domain, privateKey) {
      const curve = weierstrassCurve(domain)
      return curve.Point.BASE.multiply(requireScalar(curve, privateKey)).toBytes(false)
    },
    isEcPublicKey,
    ecdh: (domain, privateKey, publicKey) => {
      const point = ecMultiply(domain, privateKey, publicKey)
      return point.slice(1, (point.length + 1) / 2)
    },
    ecPointOf,
    ecMultiply,
    ecAdd,
    createEcdsaSigner,
    createEcdsaVerifier,
  }
}
