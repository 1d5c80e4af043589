import { toHex } from '@gridcard/bytes'
import { type EcCurveName, ecCurveByObjectIdentifier, ecDomain } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import { ecPublicKeyShape, putDomain, putValue } from './ec-keys.ts'
import { buildKeyOfType } from './key-builder.ts'
import { newKey, putPart, requireKey, sizeOf } from './key-parts.ts'
import { KEY_MEMORY, xecKeyType } from './key-types.ts'
import { NAMED_CURVES } from './named-parameters.ts'
import { RSA_PART, rsaPublicKeyShape } from './rsa-keys.ts'
import { SIG_CIPHER, type SignatureScheme } from './signature-schemes.ts'
import { contentOf, parseRsaPublicKey, type X509PublicKey } from './x509.ts'
import { xecPublicKeyShape } from './xec-keys.ts'

/** Public keys in certificates, and the algorithms that sign them. */

const TYPE = { RSA_PUBLIC: 4, EC_FP_PUBLIC: 11, XEC: -1 } as const

export type CertifiedKey =
  | {
      readonly kind: 'rsa'
      readonly type: number
      readonly bits: number
      readonly modulus: Uint8Array
      readonly publicExponent: Uint8Array
    }
  | {
      readonly kind: 'ec'
      readonly type: number
      readonly bits: number
      readonly curve: EcCurveName
      readonly point: Uint8Array
    }
  | {
      readonly kind: 'xec'
      readonly type: number
      readonly bits: number
      readonly name: number
      readonly encoded: Uint8Array
    }

/** Contents of object identifiers. @source RFC 3279 §2.3, RFC 8410 §3 */
const RSA_ENCRYPTION = '2A864886F70D010101'
const EC_PUBLIC_KEY = '2A8648CE3D0201'
const XEC_NAMES: Readonly<Record<string, number>> = {
  '2B656E': 0x0103,
  '2B656F': 0x0204,
  '2B6570': 0x0101,
  '2B6571': 0x0202,
}

function bitLength(number: Uint8Array): number {
  return number.length === 0 ? 0 : 8 * number.length - Math.clz32(number[0]!) + 24
}

/** Undefined for algorithms and curves that no key here is for. @throws BytesError */
export function certifiedKey({ algorithm, parameters, key }: X509PublicKey): CertifiedKey | undefined {
  const oid = toHex(algorithm)
  if (oid === RSA_ENCRYPTION) {
    const numbers = parseRsaPublicKey(key)
    return { kind: 'rsa', type: TYPE.RSA_PUBLIC, bits: bitLength(numbers.modulus), ...numbers }
  }
  if (oid === EC_PUBLIC_KEY) {
    const curve = parameters.length === 0 ? undefined : ecCurveByObjectIdentifier(contentOf(parameters))
    if (curve === undefined) return undefined
    return { kind: 'ec', type: TYPE.EC_FP_PUBLIC, bits: bitLength(ecDomain(curve).p), curve, point: key }
  }
  const name = XEC_NAMES[oid]
  return name === undefined
    ? undefined
    : { kind: 'xec', type: TYPE.XEC, bits: NAMED_CURVES[name]!.bits, name, encoded: key }
}

/** A key of the caller's for it, not yet set. */
export function newCertifiedKey(jcre: Jcre, key: CertifiedKey): number {
  if (key.kind !== 'xec') return buildKeyOfType(jcre, key.type, key.bits)
  return newKey(jcre, xecPublicKeyShape, xecKeyType(false, KEY_MEMORY.persistent)!, key.name)
}

/** False: the key is not one that takes it. */
export function putCertifiedKey(jcre: Jcre, handle: number, key: CertifiedKey): boolean {
  const kind = requireKey(jcre, handle)
  switch (key.kind) {
    case 'rsa':
      if (kind !== 'rsa-public' || sizeOf(jcre, handle) !== key.bits || key.publicExponent.length > 4) return false
      putPart(jcre, rsaPublicKeyShape, handle, RSA_PART.modulus, key.modulus)
      putPart(jcre, rsaPublicKeyShape, handle, RSA_PART.exponent, key.publicExponent)
      return true
    case 'ec':
      if (
        kind !== 'ec-public' ||
        sizeOf(jcre, handle) !== key.bits ||
        key.point.length > 1 + 2 * Math.ceil(key.bits / 8)
      ) {
        return false
      }
      putDomain(jcre, ecPublicKeyShape, handle, ecDomain(key.curve))
      putValue(jcre, ecPublicKeyShape, handle, key.point)
      return true
    default: {
      const { lengths } = NAMED_CURVES[key.name]!
      if (kind !== 'xec-public' || sizeOf(jcre, handle) !== key.name || key.encoded.length !== lengths.public)
        return false
      putPart(jcre, xecPublicKeyShape, handle, 0, key.encoded)
      return true
    }
  }
}

const scheme = (digest: number, cipher: number, padding = 0): SignatureScheme => ({ digest, cipher, padding })
const { RSA, DSA, ECDSA, EDDSA_ED25519, EDDSA_ED448 } = SIG_CIPHER
const PKCS1 = 7

/** Contents of object identifiers. @source RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3, RFC 8410 §3 */
const SIGNATURE_SCHEMES: Readonly<Record<string, SignatureScheme>> = {
  '2A864886F70D010104': scheme(2, RSA, PKCS1),
  '2A864886F70D010105': scheme(1, RSA, PKCS1),
  '2A864886F70D01010E': scheme(7, RSA, PKCS1),
  '2A864886F70D01010B': scheme(4, RSA, PKCS1),
  '2A864886F70D01010C': scheme(5, RSA, PKCS1),
  '2A864886F70D01010D': scheme(6, RSA, PKCS1),
  '2A8648CE380403': scheme(1, DSA),
  '608648016503040301': scheme(7, DSA),
  '608648016503040302': scheme(4, DSA),
  '2A8648CE3D0401': scheme(1, ECDSA),
  '2A8648CE3D040301': scheme(7, ECDSA),
  '2A8648CE3D040302': scheme(4, ECDSA),
  '2A8648CE3D040303': scheme(5, ECDSA),
  '2A8648CE3D040304': scheme(6, ECDSA),
  '2B6570': scheme(0, EDDSA_ED25519),
  '2B6571': scheme(0, EDDSA_ED448),
}

/** The scheme of a signature algorithm; undefined for those that Signature does not have. */
export const certificateScheme = (oid: Uint8Array): SignatureScheme | undefined => SIGNATURE_SCHEMES[toHex(oid)]
