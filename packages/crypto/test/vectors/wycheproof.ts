import { fromHex } from '@gridcard/bytes'
import type {
  EcCurveName,
  EddsaCurve,
  HashName,
  RsaEncryptionScheme,
  RsaSignatureScheme,
  XdhCurve,
} from '../../src/index.ts'
import selection from './wycheproof-selection.json' with { type: 'json' }

// The selection as what it is; its bytes are hex. A result that is missing means: refused.

interface Case {
  readonly file: string
  readonly tcId: number
  readonly comment: string
}

export interface EcdsaCase extends Case {
  readonly curve: EcCurveName
  readonly hash: HashName
  readonly encoding: 'der' | 'plain'
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly isValid: boolean
}

export interface AgreementCase<Curve> extends Case {
  readonly curve: Curve
  readonly privateKey: string
  readonly publicKey: string
  readonly shared?: string
}

export interface EddsaCase extends Case {
  readonly curve: EddsaCurve
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly isValid: boolean
}

export interface RsaSignatureCase extends Case {
  readonly scheme: RsaSignatureScheme
  readonly modulus: string
  readonly publicExponent: string
  readonly message: string
  readonly signature: string
  readonly isValid: boolean
}

export interface RsaDecryptionCase extends Case {
  readonly scheme: Omit<RsaEncryptionScheme, 'label'> & { readonly label?: string }
  readonly key: Readonly<Record<'p' | 'q' | 'dp' | 'dq' | 'qInverse', string>>
  readonly modulus: string
  readonly privateExponent: string
  readonly ciphertext: string
  readonly message?: string
}

export interface CcmCase extends Case {
  readonly key: string
  readonly nonce: string
  readonly aad: string
  readonly plaintext: string
  readonly sealed: string
  readonly tagLengthBytes: number
  readonly isValid: boolean
}

export interface HkdfCase extends Case {
  readonly hash: HashName
  readonly secret: string
  readonly salt: string
  readonly info: string
  readonly lengthBytes: number
  readonly key?: string
}

interface Selection {
  readonly ecdsa: readonly EcdsaCase[]
  readonly ecdh: readonly AgreementCase<EcCurveName>[]
  readonly xdh: readonly AgreementCase<XdhCurve>[]
  readonly eddsa: readonly EddsaCase[]
  readonly rsaSignature: readonly RsaSignatureCase[]
  readonly rsaDecryption: readonly RsaDecryptionCase[]
  readonly ccm: readonly CcmCase[]
  readonly hkdf: readonly HkdfCase[]
}

/** JSON's types are wider than the names in it. */
export const wycheproof = selection as unknown as Selection

export function encryptionSchemeOf({ label, ...scheme }: RsaDecryptionCase['scheme']): RsaEncryptionScheme {
  return { ...scheme, ...(label === undefined ? {} : { label: fromHex(label) }) } as RsaEncryptionScheme // as in the JSON
}
