import { createECDH, createPrivateKey, createPublicKey, ECDH, type KeyObject, sign, verify } from 'node:crypto'
import { concatBytes, emitTlv } from '@gridcard/bytes'
import { badPoint, isUncompressed, requireScalar } from '../construction/ec-keys.ts'
import { type EcCurveName, openSslCurve } from '../domains/named-domains.ts'
import { weierstrassCurve } from '../domains/weierstrass-curve.ts'
import { nobleEllipticCurves } from '../noble/elliptic-curves.ts'
import type { EcDomain, EcdsaScheme, EcdsaSigner, EcdsaVerifier, EllipticCurves } from '../port/elliptic-curves.ts'
import type { Randomness } from '../port/randomness.ts'
import { plain } from './plain.ts'

/*
 * OpenSSL computes on curves that it knows by name. Three things Node has no door to come from noble: other domains,
 * signatures over a digest that was made elsewhere, and points with both coordinates.
 */

const OID_EC_PUBLIC_KEY = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)

/** ECPrivateKey of RFC 5915: version 1, the key, the curve. */
function privateKeyObject(name: EcCurveName, privateKey: Uint8Array) {
  const version = emitTlv(0x02, Uint8Array.of(1))
  const curve = emitTlv(0xa0, openSslCurve(name).objectIdentifier)
  const der = emitTlv(0x30, concatBytes(version, emitTlv(0x04, privateKey), curve))
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'sec1' })
}

/** SubjectPublicKeyInfo of RFC 5480. */
function publicKeyObject(name: EcCurveName, publicKey: Uint8Array) {
  const algorithm = emitTlv(0x30, concatBytes(OID_EC_PUBLIC_KEY, openSslCurve(name).objectIdentifier))
  const der = emitTlv(0x30, concatBytes(algorithm, emitTlv(0x03, concatBytes(Uint8Array.of(0), publicKey))))
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

function isOnCurve(name: EcCurveName, point: Uint8Array): boolean {
  try {
    ECDH.convertKey(point, openSslCurve(name).name, undefined, undefined, 'uncompressed')
    return true
  } catch {
    return false
  }
}

/** DER is what Node makes anyway, and a key alone it takes several microseconds faster. */
const withEncoding = (scheme: EcdsaScheme, key: KeyObject) => {
  return scheme.encoding === 'der' ? key : { key, dsaEncoding: 'ieee-p1363' as const }
}

function isEcPublicKey(domain: EcDomain, publicKey: Uint8Array, other: EllipticCurves): boolean {
  const curve = weierstrassCurve(domain)
  if (curve.name === undefined) return other.isEcPublicKey(domain, publicKey)
  return isUncompressed(curve, publicKey) && isOnCurve(curve.name, publicKey)
}

function ecPublicKey(domain: EcDomain, privateKey: Uint8Array, other: EllipticCurves): Uint8Array {
  const curve = weierstrassCurve(domain)
  if (curve.name === undefined) return other.ecPublicKey(domain, privateKey)
  requireScalar(curve, privateKey)
  const agreement = createECDH(openSslCurve(curve.name).name)
  agreement.setPrivateKey(privateKey)
  return plain(agreement.getPublicKey())
}

function ecdh(domain: EcDomain, privateKey: Uint8Array, publicKey: Uint8Array, other: EllipticCurves): Uint8Array {
  const curve = weierstrassCurve(domain)
  if (curve.name === undefined) return other.ecdh(domain, privateKey, publicKey)
  requireScalar(curve, privateKey)
  if (!isEcPublicKey(domain, publicKey, other)) throw badPoint()
  const agreement = createECDH(openSslCurve(curve.name).name)
  agreement.setPrivateKey(privateKey)
  return plain(agreement.computeSecret(publicKey))
}

function createEcdsaSigner(scheme: EcdsaScheme, privateKey: Uint8Array, other: EllipticCurves): EcdsaSigner {
  const curve = weierstrassCurve(scheme.domain)
  if (curve.name === undefined) return other.createEcdsaSigner(scheme, privateKey)
  requireScalar(curve, privateKey)
  const copy = Uint8Array.from(privateKey)
  const key = withEncoding(scheme, privateKeyObject(curve.name, privateKey))
  let ofDigests: EcdsaSigner | undefined
  return {
    sign: (message) => plain(sign(scheme.hash, message, key)),
    signDigest(digest) {
      ofDigests ??= other.createEcdsaSigner(scheme, copy)
      return ofDigests.signDigest(digest)
    },
  }
}

function createEcdsaVerifier(scheme: EcdsaScheme, publicKey: Uint8Array, other: EllipticCurves): EcdsaVerifier {
  const { name } = weierstrassCurve(scheme.domain)
  if (name === undefined) return other.createEcdsaVerifier(scheme, publicKey)
  if (!isEcPublicKey(scheme.domain, publicKey, other)) throw badPoint()
  const copy = Uint8Array.from(publicKey)
  const key = withEncoding(scheme, publicKeyObject(name, publicKey))
  let ofDigests: EcdsaVerifier | undefined
  return {
    verify: (message, signature) => verify(scheme.hash, message, key, signature),
    verifyDigest(digest, signature) {
      ofDigests ??= other.createEcdsaVerifier(scheme, copy)
      return ofDigests.verifyDigest(digest, signature)
    },
  }
}

export function nodeEllipticCurves(randomness: Randomness): EllipticCurves {
  const other = nobleEllipticCurves(randomness)
  return {
    ...other,
    ecPublicKey: (domain, privateKey) => ecPublicKey(domain, privateKey, other),
    isEcPublicKey: (domain, publicKey) => isEcPublicKey(domain, publicKey, other),
    ecdh: (domain, privateKey, publicKey) => ecdh(domain, privateKey, publicKey, other),
    createEcdsaSigner: (scheme, privateKey) => createEcdsaSigner(scheme, privateKey, other),
    createEcdsaVerifier: (scheme, publicKey) => createEcdsaVerifier(scheme, publicKey, other),
  }
}
