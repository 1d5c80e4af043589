import { ed448, ed448ph, x448 } from '@noble/curves/ed448.js'
import { ed25519, ed25519ph, x25519 } from '@noble/curves/ed25519.js'
import { CryptoPortError } from '../errors.ts'
import { eddsaKeyLengthBytes, type SafeCurves, xdhKeyLengthBytes } from '../port/safe-curves.ts'
import { requireKeyOf } from '../requirements.ts'

const MONTGOMERY = { X25519: x25519, X448: x448 } as const
const EDWARDS = { Ed25519: ed25519, Ed448: ed448 } as const
const PREHASHED = { Ed25519: ed25519ph, Ed448: ed448ph } as const

export const nobleSafeCurves: SafeCurves = {
  xdhPublicKey(curve, privateKey) {
    requireKeyOf(xdhKeyLengthBytes[curve], privateKey)
    return MONTGOMERY[curve].getPublicKey(privateKey)
  },
  xdh(curve, privateKey, publicKey) {
    requireKeyOf(xdhKeyLengthBytes[curve], privateKey)
    requireKeyOf(xdhKeyLengthBytes[curve], publicKey)
    try {
      return MONTGOMERY[curve].getSharedSecret(privateKey, publicKey)
    } catch {
      throw new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'a point of small order', { source: 'RFC 7748 §6' })
    }
  },
  eddsaPublicKey(curve, privateKey) {
    requireKeyOf(eddsaKeyLengthBytes[curve], privateKey)
    return EDWARDS[curve].getPublicKey(privateKey)
  },
  eddsaSign(curve, privateKey, message) {
    requireKeyOf(eddsaKeyLengthBytes[curve], privateKey)
    return EDWARDS[curve].sign(message, privateKey)
  },
  eddsaVerify(curve, publicKey, message, signature) {
    requireKeyOf(eddsaKeyLengthBytes[curve], publicKey)
    if (signature.length !== 2 * eddsaKeyLengthBytes[curve]) return false
    // RFC 8032 as it stands; noble's default is the looser rule of a blockchain.
    return EDWARDS[curve].verify(signature, message, publicKey, { zip215: false })
  },
  eddsaPhSign(curve, privateKey, message) {
    requireKeyOf(eddsaKeyLengthBytes[curve], privateKey)
    return PREHASHED[curve].sign(message, privateKey)
  },
  eddsaPhVerify(curve, publicKey, message, signature) {
    requireKeyOf(eddsaKeyLengthBytes[curve], publicKey)
    if (signature.length !== 2 * eddsaKeyLengthBytes[curve]) return false
    return PREHASHED[curve].verify(signature, message, publicKey, { zip215: false })
  },
}
