import type { HashName } from '@gridcard/crypto'
import { PAD } from './block-padding.ts'
import { HASH_BY_DIGEST } from './message-digest.ts'

/** Signature.SIG_CIPHER_*. */
export const SIG_CIPHER = {
  DES_MAC4: 1,
  DES_MAC8: 2,
  RSA: 3,
  ECDSA: 5,
  AES_MAC128: 6,
  HMAC: 7,
  ECDSA_PLAIN: 9,
  AES_CMAC128: 10,
} as const

export interface SignatureScheme {
  /** MessageDigest.ALG_*, 0 for none. */
  readonly digest: number
  readonly cipher: number
  /** Cipher.PAD_* */
  readonly padding: number
}

const { DES_MAC4, DES_MAC8, RSA, ECDSA, AES_MAC128, HMAC, ECDSA_PLAIN, AES_CMAC128 } = SIG_CIPHER
const scheme = (digest: number, cipher: number, padding: number): SignatureScheme => ({ digest, cipher, padding })
const [SHA1, MD5, RIPEMD160, SHA256, SHA384, SHA512, SHA224] = [1, 2, 3, 4, 5, 6, 7] as const

/** Signature.ALG_*. */
const SCHEME_BY_ALGORITHM: Readonly<Record<number, SignatureScheme>> = {
  1: scheme(0, DES_MAC4, PAD.NOPAD),
  2: scheme(0, DES_MAC8, PAD.NOPAD),
  3: scheme(0, DES_MAC4, PAD.ISO9797_M1),
  4: scheme(0, DES_MAC8, PAD.ISO9797_M1),
  5: scheme(0, DES_MAC4, PAD.ISO9797_M2),
  6: scheme(0, DES_MAC8, PAD.ISO9797_M2),
  7: scheme(0, DES_MAC4, PAD.PKCS5),
  8: scheme(0, DES_MAC8, PAD.PKCS5),
  10: scheme(SHA1, RSA, PAD.PKCS1),
  11: scheme(MD5, RSA, PAD.PKCS1),
  13: scheme(RIPEMD160, RSA, PAD.PKCS1),
  17: scheme(SHA1, ECDSA, PAD.NULL),
  18: scheme(0, AES_MAC128, PAD.NOPAD),
  19: scheme(0, DES_MAC4, PAD.ISO9797_1_M2_ALG3),
  20: scheme(0, DES_MAC8, PAD.ISO9797_1_M2_ALG3),
  21: scheme(SHA1, RSA, PAD.PKCS1_PSS),
  22: scheme(MD5, RSA, PAD.PKCS1_PSS),
  23: scheme(RIPEMD160, RSA, PAD.PKCS1_PSS),
  24: scheme(SHA1, HMAC, PAD.NULL),
  25: scheme(SHA256, HMAC, PAD.NULL),
  26: scheme(SHA384, HMAC, PAD.NULL),
  27: scheme(SHA512, HMAC, PAD.NULL),
  28: scheme(MD5, HMAC, PAD.NULL),
  29: scheme(RIPEMD160, HMAC, PAD.NULL),
  33: scheme(SHA256, ECDSA, PAD.NULL),
  34: scheme(SHA384, ECDSA, PAD.NULL),
  37: scheme(SHA224, ECDSA, PAD.NULL),
  38: scheme(SHA512, ECDSA, PAD.NULL),
  39: scheme(SHA224, RSA, PAD.PKCS1),
  40: scheme(SHA256, RSA, PAD.PKCS1),
  41: scheme(SHA384, RSA, PAD.PKCS1),
  42: scheme(SHA512, RSA, PAD.PKCS1),
  43: scheme(SHA224, RSA, PAD.PKCS1_PSS),
  44: scheme(SHA256, RSA, PAD.PKCS1_PSS),
  45: scheme(SHA384, RSA, PAD.PKCS1_PSS),
  46: scheme(SHA512, RSA, PAD.PKCS1_PSS),
  47: scheme(0, DES_MAC4, PAD.ISO9797_1_M1_ALG3),
  48: scheme(0, DES_MAC8, PAD.ISO9797_1_M1_ALG3),
  49: scheme(0, AES_CMAC128, PAD.NULL),
}

const DES_PADDINGS: readonly number[] = [1, 2, 3, 4, 5, 6]
const AES_PADDINGS: readonly number[] = [PAD.NOPAD, PAD.ISO9797_M1, PAD.ISO9797_M2, PAD.PKCS5]

export const findScheme = (algorithm: number): SignatureScheme | undefined => SCHEME_BY_ALGORITHM[algorithm]

/** What the form of getInstance with three numbers may ask for; more than there are ALG constants. */
export function isScheme({ digest, cipher, padding }: SignatureScheme): boolean {
  const hasHash = HASH_BY_DIGEST[digest] !== undefined
  switch (cipher) {
    case DES_MAC4:
    case DES_MAC8:
      return digest === 0 && DES_PADDINGS.includes(padding)
    case AES_MAC128:
      return digest === 0 && AES_PADDINGS.includes(padding)
    case AES_CMAC128:
      return digest === 0 && padding === PAD.NULL
    case HMAC:
    case ECDSA:
    case ECDSA_PLAIN:
      return hasHash && padding === PAD.NULL
    case RSA:
      return hasHash && (padding === PAD.PKCS1 || padding === PAD.PKCS1_PSS)
    default:
      return false
  }
}

/** The ALG constant of a scheme, 0 where it has none. */
export function algorithmOf({ digest, cipher, padding }: SignatureScheme): number {
  const found = Object.entries(SCHEME_BY_ALGORITHM).find(([, one]) => {
    return one.digest === digest && one.cipher === cipher && one.padding === padding
  })
  return found ? Number(found[0]) : 0
}

export const hashOf = ({ digest }: SignatureScheme): HashName => HASH_BY_DIGEST[digest]!
