/** The curves of RFC 7748 and RFC 8032. A private key is as many random bytes as the curve takes. */
export interface SafeCurves {
  xdhPublicKey(curve: XdhCurve, privateKey: Uint8Array): Uint8Array
  /** @throws CryptoPortError `CRYPTO_BAD_PUBLIC_KEY` when the secret would be zero (RFC 7748 §6) */
  xdh(curve: XdhCurve, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array
  eddsaPublicKey(curve: EddsaCurve, privateKey: Uint8Array): Uint8Array
  /** Pure EdDSA without context. */
  eddsaSign(curve: EddsaCurve, privateKey: Uint8Array, message: Uint8Array): Uint8Array
  eddsaVerify(curve: EddsaCurve, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** Ed25519ph, Ed448ph: of the message's digest, by SHA-512 or SHAKE256, without context. */
  eddsaPhSign(curve: EddsaCurve, privateKey: Uint8Array, message: Uint8Array): Uint8Array
  eddsaPhVerify(curve: EddsaCurve, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** Lengths of a private key, and of a public one. */
export const xdhKeyLengthBytes = { X25519: 32, X448: 56 } as const
export const eddsaKeyLengthBytes = { Ed25519: 32, Ed448: 57 } as const

export type XdhCurve = keyof typeof xdhKeyLengthBytes
export type EddsaCurve = keyof typeof eddsaKeyLengthBytes
