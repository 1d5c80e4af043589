import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign, verify } from 'node:crypto'
import { concatBytes, emitTlv } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import { nobleSafeCurves } from '../noble/safe-curves.ts'
import {
  type EddsaCurve,
  eddsaKeyLengthBytes,
  type SafeCurves,
  type XdhCurve,
  xdhKeyLengthBytes,
} from '../port/safe-curves.ts'
import { requireKeyOf } from '../requirements.ts'
import { plain } from './plain.ts'

type Curve = XdhCurve | EddsaCurve

const LENGTHS = { ...xdhKeyLengthBytes, ...eddsaKeyLengthBytes }

/** 1.3.101.110 to 113. @source RFC 8410 §3 */
const LAST_ARC = { X25519: 0x6e, X448: 0x6f, Ed25519: 0x70, Ed448: 0x71 } as const

const algorithmOf = (curve: Curve) => emitTlv(0x30, emitTlv(0x06, Uint8Array.of(0x2b, 0x65, LAST_ARC[curve])))

/** @source RFC 8410 §7 */
function privateKeyObject(curve: Curve, key: Uint8Array): KeyObject {
  requireKeyOf(LENGTHS[curve], key)
  const version = emitTlv(0x02, Uint8Array.of(0))
  const der = emitTlv(0x30, concatBytes(version, algorithmOf(curve), emitTlv(0x04, emitTlv(0x04, key))))
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
}

/** @source RFC 8410 §4 */
function publicKeyObject(curve: Curve, key: Uint8Array): KeyObject {
  requireKeyOf(LENGTHS[curve], key)
  const der = emitTlv(0x30, concatBytes(algorithmOf(curve), emitTlv(0x03, concatBytes(Uint8Array.of(0), key))))
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
}

/** The key itself ends the SubjectPublicKeyInfo. */
function publicKeyOf(curve: Curve, privateKey: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyObject(curve, privateKey)).export({ format: 'der', type: 'spki' })
  return Uint8Array.from(spki.subarray(-LENGTHS[curve]))
}

/** Node has no door to the prehashed forms. */
export const nodeSafeCurves: SafeCurves = {
  ...nobleSafeCurves,
  xdhPublicKey: publicKeyOf,
  xdh(curve, privateKey, publicKey) {
    const keys = { privateKey: privateKeyObject(curve, privateKey), publicKey: publicKeyObject(curve, publicKey) }
    try {
      return plain(diffieHellman(keys))
    } catch {
      throw new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'a point of small order', { source: 'RFC 7748 §6' })
    }
  },
  eddsaPublicKey: publicKeyOf,
  eddsaSign: (curve, privateKey, message) => plain(sign(null, message, privateKeyObject(curve, privateKey))),
  eddsaVerify: (curve, publicKey, message, signature) =>
    verify(null, message, publicKeyObject(curve, publicKey), signature),
}
