import { type DsaHashName, type HashName, isRecoveryHash } from '@gridcard/crypto'
import { PAD } from './block-padding.ts'
import { HASH_BY_DIGEST } from './message-digest.ts'

/** Signature.SIG_CIPHER_*. */
export const SIG_CIPHER = {
  DES_MAC4: 1,
  DES_MAC8: 2,
  RSA: 3,
  DSA: 4,
  ECDSA: 5,
  AES_MAC128: 6,
  HMAC: 7,
  ECDSA_PLAIN: 9,
  AES_CMAC128: 10,
  EDDSA: 13,
  EDDSAPH: 14,
  EDDSA_ED25519: 15,
  EDDSA_ED448: 16,
  EDDSAPH_ED25519: 17,
  EDDSAPH_ED448: 18,
} as const

export interface SignatureScheme {
  /** MessageDigest.ALG_*, 0 for none. */
  readonly digest: number
  readonly cipher: number
  /** Cipher.PAD_* */
  readonly padding: number
  /** Length of the key, for algorithms that name it. */
  readonly keyBytes?: number
}

const { DES_MAC4, DES_MAC8, RSA, DSA, ECDSA, AES_MAC128, HMAC, ECDSA_PLAIN, AES_CMAC128 } = SIG_CIPHER
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
  9: scheme(SHA1, RSA, PAD.ISO9796),
  10: scheme(SHA1, RSA, PAD.PKCS1),
  11: scheme(MD5, RSA, PAD.PKCS1),
  12: scheme(RIPEMD160, RSA, PAD.ISO9796),
  13: scheme(RIPEMD160, RSA, PAD.PKCS1),
  14: scheme(SHA1, DSA, PAD.NULL),
  15: scheme(SHA1, RSA, PAD.RFC2409),
  16: scheme(MD5, RSA, PAD.RFC2409),
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
  30: scheme(SHA1, RSA, PAD.ISO9796_MR),
  31: scheme(RIPEMD160, RSA, PAD.ISO9796_MR),
  33: scheme(SHA256, ECDSA, PAD.NULL),
  34: scheme(SHA384, ECDSA, PAD.NULL),
  // Named after blocks that AES does not have; taken for what they are used for, keys of that length.
  35: { ...scheme(0, AES_MAC128, PAD.NOPAD), keyBytes: 24 },
  36: { ...scheme(0, AES_MAC128, PAD.NOPAD), keyBytes: 32 },
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
      return hasHash && padding === PAD.NULL
    case ECDSA:
    case ECDSA_PLAIN:
      return (hasHash || digest === 0) && padding === PAD.NULL
    case RSA:
      return hasHash && isRsaSignaturePadding(digest, padding)
    case DSA:
      return isDsaHash(HASH_BY_DIGEST[digest]) && padding === PAD.NULL
    case SIG_CIPHER.EDDSA:
    case SIG_CIPHER.EDDSA_ED25519:
    case SIG_CIPHER.EDDSA_ED448:
      return digest === 0 && padding === PAD.NULL
    case SIG_CIPHER.EDDSAPH:
    case SIG_CIPHER.EDDSAPH_ED25519:
      return (digest === 0 || digest === SHA512) && padding === PAD.NULL
    case SIG_CIPHER.EDDSAPH_ED448:
      return digest === 0 && padding === PAD.NULL
    default:
      return false
  }
}

function isRsaSignaturePadding(digest: number, padding: number): boolean {
  const name = HASH_BY_DIGEST[digest]!
  switch (padding) {
    case PAD.PKCS1:
    case PAD.PKCS1_PSS:
    case PAD.RFC2409:
      return true
    default:
      return RECOVERY[padding] !== undefined && isRecoveryHash(name)
  }
}

export const isDsaHash = (name: HashName | undefined): name is DsaHashName => {
  return name === 'sha1' || name === 'sha224' || name === 'sha256' || name === 'sha384' || name === 'sha512'
}

export type Family = 'block-mac' | 'hmac' | 'ecdsa' | 'rsa' | 'dsa' | 'eddsa' | 'recovery'

export function familyOf({ cipher, padding }: SignatureScheme): Family {
  switch (cipher) {
    case HMAC:
      return 'hmac'
    case RSA:
      return RECOVERY[padding] === undefined ? 'rsa' : 'recovery'
    case DSA:
      return 'dsa'
    case ECDSA:
    case ECDSA_PLAIN:
      return 'ecdsa'
    default:
      return cipher >= SIG_CIPHER.EDDSA ? 'eddsa' : 'block-mac'
  }
}

/** ISO/IEC 9796-2: which of its schemes, and how its block ends. */
export interface Recovery {
  readonly number: 1 | 2 | 3
  readonly trailer: 'implicit' | 'explicit'
}

const RECOVERY: Readonly<Record<number, Recovery>> = {
  [PAD.ISO9796]: { number: 1, trailer: 'implicit' },
  [PAD.ISO9796_MR]: { number: 1, trailer: 'implicit' },
  [PAD.ISO9796_MR_SCHEME_2]: { number: 2, trailer: 'implicit' },
  [PAD.ISO9796_MR_SCHEME_3]: { number: 3, trailer: 'implicit' },
  [PAD.ISO9796_MR_SCHEME_1_OPT_2]: { number: 1, trailer: 'explicit' },
  [PAD.ISO9796_MR_SCHEME_2_OPT_2]: { number: 2, trailer: 'explicit' },
  [PAD.ISO9796_MR_SCHEME_3_OPT_2]: { number: 3, trailer: 'explicit' },
}

/** Undefined for other paddings. */
export const recoveryOf = (padding: number): Recovery | undefined => RECOVERY[padding]

/** The object has SignatureMessageRecovery, and refuses the methods of Signature that do not fit it. */
export const recoversMessages = ({ padding }: SignatureScheme): boolean => {
  return padding !== PAD.ISO9796 && RECOVERY[padding] !== undefined
}

/** The ALG constant of a scheme, 0 where it has none. */
export function algorithmOf({ digest, cipher, padding, keyBytes }: SignatureScheme): number {
  const found = Object.entries(SCHEME_BY_ALGORITHM).find(([, one]) => {
    return one.digest === digest && one.cipher === cipher && one.padding === padding && one.keyBytes === keyBytes
  })
  return found ? Number(found[0]) : 0
}

/** ECDSA over what is given as it is: a digest made elsewhere. Below 3.0.5 the only way to verify one. */
export const isRawEcdsa = (scheme: SignatureScheme): boolean => familyOf(scheme) === 'ecdsa' && scheme.digest === 0

/** The scheme over a hash whose digests have that length; undefined where there is no such hash. */
export function rawEcdsaOver(lengthBytes: number, scheme: SignatureScheme): SignatureScheme | undefined {
  const digest = { 20: SHA1, 28: SHA224, 32: SHA256, 48: SHA384, 64: SHA512 }[lengthBytes]
  return digest && { ...scheme, digest }
}

export const hashOf = ({ digest }: SignatureScheme): HashName => HASH_BY_DIGEST[digest]!
